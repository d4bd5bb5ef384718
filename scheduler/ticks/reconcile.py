"""Compares sessions with jobs and machines, and mends what a crash left."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

import structlog
from prometheus_client import Counter, Gauge

from backends import Backend, BackendError, reason_of
from config import Settings
from extensions import db
from models import utcnow
from services.labs import clock_skew, clusters
from services.labs import repairs as lab_repairs
from services.labs.repairs import Repair

ORPHANS = Gauge("yurt_lab_orphans", "Jobs without a session, at the last look.", multiprocess_mode="livemostrecent")
REPAIRS = Counter(
    "yurt_lab_repairs_total", "What looks at the cluster mended; `stop` ends a job without a session.", ["action"]
)
# A counter that Prometheus first sees at 1 has grown by nothing: the first orphan would be no alert.
for _action in ("stop", "lose", "move"):
    REPAIRS.labels(_action)

log = structlog.get_logger("yurt.scheduler")
# A machine takes five seconds to end, and may take longer.
STOPS_AT_ONCE = 8


def reconciler(settings: Settings, backend: Backend) -> Callable[[], bool]:
    """Return the work of the tick."""

    def work() -> bool:
        clock_skew.mend(utcnow())
        db.session.commit()
        mend_all(settings.instance, backend)
        return False

    return work


def mend_all(instance: str, backend: Backend) -> None:
    """Look at everything, and mend it.

    A node that goes takes many labs along: all are told before any machine is waited for, and these end side by side.
    """
    ending = [repair for repair in survey(instance, backend) if write(backend, repair) and repair.action != "move"]
    with ThreadPoolExecutor(STOPS_AT_ONCE) as pool:
        list(pool.map(lambda repair: end(backend, repair), ending))


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
    return write(backend, repair) and (repair.action == "move" or end(backend, repair))


def write(backend: Backend, repair: Repair) -> bool:
    """Write down what the repair does to its session; return whether it was still due."""
    try:
        job = None if repair.action == "stop" else backend.status(repair.job_id)
    except (BackendError, OSError) as error:
        log.warning(
            "repair failed", action=repair.action, job=repair.job_id, code=reason_of(error).code, error=str(error)
        )
        return False
    is_due = lab_repairs.carry_out(repair, job, utcnow())
    db.session.commit()
    if is_due:
        REPAIRS.labels(repair.action).inc()
        why = repair.why.as_json() if repair.why else None
        log.warning("repair", action=repair.action, job=repair.job_id, why=why)
    return is_due


def end(backend: Backend, repair: Repair) -> bool:
    """End the job that nobody wants any more; return whether it has ended."""
    try:
        backend.stop(repair.job_id)
    except (BackendError, OSError) as error:
        log.warning(
            "repair failed", action=repair.action, job=repair.job_id, code=reason_of(error).code, error=str(error)
        )
        return False
    return True
