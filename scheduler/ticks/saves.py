"""Saves homes: before a machine ends, for the tick of stops; and where a save was asked for, or failed before."""

import time
from collections.abc import Callable

import structlog
from prometheus_client import Counter
from sqlalchemy.exc import DBAPIError

from backends import Backend, BackendError, NoWay, reason_of
from extensions import db
from models import LabSession, utcnow
from models.lab_session import END_REASONS
from reasons import Code, Reason
from scheduler.ticks.lease_renewals import LeaseKeeper, nothing
from services.capacity import holdings
from services.labs import saving
from services.labs.saving import Order, Outcome
from services.saves import archives
from services.saves.archives import Archive, NotSaved

TIMEOUT_S = 60.0
# A node on which many labs begin at once needs seconds, or tens of them, to run a script in one.
PATIENCE_S = 45.0
# A save that fails sooner than SOON_S is tried again at once; after a long wait it comes later, for others wait, too.
TRIES_AT_ONCE, SOON_S = 2, 10.0

SAVES = Counter("yurt_lab_saves_total", "Homes saved, by what for.", ["reason"])
SAVED_BYTES = Counter("yurt_lab_saved_bytes_total", "Bytes of the archives of saved homes.")
FAILURES = Counter("yurt_lab_save_failures_total", "Saves that failed, by what for and what then.", ["reason", "then"])
# A counter that Prometheus first sees at 1 has grown by nothing: the first lost work would be no alert.
for _reason in (*END_REASONS, "reset", "asked", "again"):
    FAILURES.labels(_reason, Outcome.STOP)

log = structlog.get_logger("yurt.scheduler")


def saver(backend: Backend, keeper: LeaseKeeper | None = None) -> Callable[..., bool]:
    """Return the work of the tick that saves labs while they run; `keeper` keeps them from being taken over."""
    keeper = keeper or LeaseKeeper()

    def work(claimed_one: Callable[[], None] = nothing) -> bool:
        lab_session = saving.claim_due(utcnow(), keeper.of(LabSession))
        if lab_session is None:
            db.session.commit()
            return False
        order = saving.order_of(lab_session, "asked" if lab_session.save_requested_at else "again")
        if order is None:
            saving.decline(lab_session)
        db.session.commit()
        if order is not None:
            with keeper.hold(order.session_id):
                claimed_one()
                save(backend, order)
        return True

    return work


def save(backend: Backend, order: Order) -> Outcome:
    """Save a home whose lease we hold, and commit; return STOP where its machine may end now."""
    try:
        archive = pack(backend, order)
    except NotSaved as fault:
        return _fail(order, fault)
    try:
        outcome = saving.keep(order, archive, utcnow())
        db.session.commit()
    except DBAPIError as error:
        # The archive was too much at once, or timed out; if the database is gone, writing this down fails, too.
        db.session.rollback()
        log.warning("save not stored", job=order.job_id, error=type(error).__name__)
        return _fail(order, NotSaved(Reason(Code.HOME_NOT_STORED)))
    SAVES.labels(order.reason).inc()
    SAVED_BYTES.inc(len(archive.data))
    return outcome


def _fail(order: Order, fault: NotSaved) -> Outcome:
    outcome = saving.fail(order, fault, utcnow())
    db.session.commit()
    if outcome is Outcome.WAIT:
        return outcome
    FAILURES.labels(order.reason, outcome).inc()
    log.warning("lab not saved", job=order.job_id, why=fault.reason.as_json(), then=outcome)
    return outcome


def pack(backend: Backend, order: Order) -> Archive:
    """Have the lab pack its home, and read the archive; raise NotSaved. Failing to reach the lab is tried again."""
    script, began = archives.script(order.limit), time.monotonic()
    for tries_left in reversed(range(TRIES_AT_ONCE)):
        try:
            result = backend.execute(
                order.job_id,
                script,
                timeout_s=TIMEOUT_S,
                output_limit=archives.output_limit(order.limit),
                patience_s=PATIENCE_S,
            )
            # Not again at once: a student who stops the packing would hold a worker for twice the time.
            if result.is_timed_out:
                break
            return archives.read(result.output, limit=order.limit, most_unpacked=order.most_unpacked)
        except NotSaved as fault:
            if fault.is_final or not tries_left:
                raise
        except (BackendError, OSError) as error:
            is_there = is_alive(backend, order.job_id)
            if is_there is None:
                raise NotSaved(holdings.DOWN, is_away=True) from error
            log.info("home not packed", job=order.job_id, code=reason_of(error).code, error=str(error))
            if not is_there:
                raise NotSaved(Reason(Code.MACHINE_GONE), is_gone=True) from error
            if isinstance(error, NoWay):
                raise NotSaved(error.reason, is_away=True) from error
            if not tries_left or time.monotonic() - began > SOON_S:
                raise NotSaved(Reason(Code.MACHINE_UNREACHED), is_unreached=True) from error
    raise NotSaved(Reason(Code.PACKING_TOO_SLOW, limit_s=round(TIMEOUT_S)))


def is_alive(backend: Backend, job_id: str) -> bool | None:
    """Say whether the machine exists; None while the cluster doesn't answer."""
    try:
        job = backend.status(job_id)
    except (BackendError, OSError):
        return None
    return job is not None and job.state != "dead"
