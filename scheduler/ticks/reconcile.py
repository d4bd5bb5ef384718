"""Compares sessions with jobs and machines, and mends what a crash left."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

import structlog
from prometheus_client import Counter, Gauge

from backends import Backend, BackendError, reason_of
from config import Settings
from extensions import db
from models import utcnow
from scheduler import clock_skew
from services.labs import clusters
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
    """Compare all sessions and jobs, and repair what differs.

    A node that fails takes many labs along: all their sessions are written before any machine is ended, and the
    machines end side by side.
    """
    ending = [repair for repair in survey(instance, backend) if write(backend, repair) and repair.action != "move"]
    with ThreadPoolExecutor(STOPS_AT_ONCE) as pool:
        list(pool.map(lambda repair: end(backend, repair), ending))


def survey(instance: str, backend: Backend) -> list[Repair]:
    """Read jobs and sessions, and decide on repairs. Jobs come first: no transaction is open while they are read."""
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
    known = lab_repairs.known(job_id)
    repairs = lab_repairs.plan(known, [job] if job else [], looked_at, clusters.leaving(instance))
    db.session.commit()
    for repair in repairs:
        carry_out(backend, repair)


def carry_out(backend: Backend, repair: Repair) -> bool:
    """Carry out one repair. A session that moved meanwhile is left alone; a repair that fails comes up again."""
    return write(backend, repair) and (repair.action == "move" or end(backend, repair))


def write(backend: Backend, repair: Repair) -> bool:
    """Move the repair's session; return whether the repair was still due."""
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
