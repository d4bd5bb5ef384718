"""Compares sessions with jobs and machines, and mends what a crash left."""

from collections.abc import Callable

import structlog
from prometheus_client import Counter, Gauge

from config import Settings
from extensions import db
from models import utcnow
from scheduler.backends import Backend, BackendError
from services import clusters, lab_clocks, lab_repairs
from services.lab_repairs import Repair

ORPHANS = Gauge("yurt_lab_orphans", "Jobs without a session, at the last look.", multiprocess_mode="livemostrecent")
REPAIRS = Counter(
    "yurt_lab_repairs_total", "What looks at the cluster mended; `stop` ends a job without a session.", ["action"]
)
# A counter that Prometheus first sees at 1 has grown by nothing: the first orphan would be no alert.
for _action in ("stop", "lose", "move"):
    REPAIRS.labels(_action)

log = structlog.get_logger("yurt.scheduler")


def reconciler(settings: Settings, backend: Backend) -> Callable[[], bool]:
    """Return the work of the tick."""

    def work() -> bool:
        lab_clocks.mend(utcnow())
        db.session.commit()
        mend_all(settings.instance, backend)
        return False

    return work


def mend_all(instance: str, backend: Backend) -> None:
    """Look at everything, and mend it."""
    for repair in survey(instance, backend):
        carry_out(backend, repair)


def survey(instance: str, backend: Backend) -> list[Repair]:
    """Look at all sides and decide: the jobs first, and no transaction is open meanwhile."""
    looked_at = utcnow()
    jobs = backend.observe()
    repairs = lab_repairs.plan(lab_repairs.known(), jobs, looked_at, clusters.leaving(instance))
    db.session.commit()
    ORPHANS.set(sum(1 for repair in repairs if repair.action == "stop"))
    return repairs


def mend_one(instance: str, backend: Backend, job_id: str) -> None:
    """Look at one job and the session that it belongs to."""
    looked_at = utcnow()
    job = backend.status(job_id)
    known = [session for session in lab_repairs.known() if session.job_id == job_id]
    repairs = lab_repairs.plan(known, [job] if job else [], looked_at, clusters.leaving(instance))
    db.session.commit()
    for repair in repairs:
        carry_out(backend, repair)


def carry_out(backend: Backend, repair: Repair) -> bool:
    """Repair one thing; what moved meanwhile is left alone, and what fails is found again by the next look."""
    try:
        job = None if repair.action == "stop" else backend.status(repair.job_id)
        is_due = lab_repairs.carry_out(repair, job, utcnow())
        db.session.commit()
        if is_due:
            REPAIRS.labels(repair.action).inc()
            log.warning("repair", action=repair.action, job=repair.job_id, detail=repair.detail)
        if is_due and repair.action != "move":
            backend.stop(repair.job_id)
    except (BackendError, OSError) as error:
        log.warning("repair failed", action=repair.action, job=repair.job_id, error=str(error))
        return False
    return is_due
