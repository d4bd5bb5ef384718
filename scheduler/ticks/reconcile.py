"""Compares sessions with jobs, both ways, and mends what a crash left."""

from collections.abc import Callable

import structlog
from prometheus_client import Gauge

from extensions import db
from models import utcnow
from scheduler.backends import Backend, BackendError
from services import lab_repairs
from services.lab_repairs import Repair

ORPHANS = Gauge("yurt_lab_orphans", "Jobs without a session, at the last look.", multiprocess_mode="livemostrecent")
log = structlog.get_logger("yurt.scheduler")


def reconciler(backend: Backend) -> Callable[[], bool]:
    """Return the work of the tick."""

    def work() -> bool:
        repairs = survey(backend)
        for repair in repairs:
            carry_out(backend, repair)
        return False

    return work


def survey(backend: Backend) -> list[Repair]:
    """Look at both sides and decide: the jobs first, and no transaction is open meanwhile."""
    looked_at = utcnow()
    jobs = backend.observe()
    repairs = lab_repairs.plan(lab_repairs.known(), jobs, looked_at)
    db.session.commit()
    ORPHANS.set(sum(1 for repair in repairs if repair.action == "stop"))
    return repairs


def carry_out(backend: Backend, repair: Repair) -> None:
    """Repair one thing; what moved meanwhile is left alone, and what fails is found again by the next look."""
    try:
        if repair.action == "stop":
            is_wanted = lab_repairs.is_wanted(repair.job_id)
        else:
            # A list that was incomplete must cost nobody their work: ask for this very job.
            job = backend.status(repair.job_id)
            is_wanted = (job is not None and job.state != "dead") or not lab_repairs.lose(repair, utcnow())
        db.session.commit()
        if not is_wanted:
            log.warning("repair", action=repair.action, job=repair.job_id)
            backend.stop(repair.job_id)
    except (BackendError, OSError) as error:
        log.warning("repair failed", action=repair.action, job=repair.job_id, error=str(error))
