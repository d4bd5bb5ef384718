"""Starts queued labs: claim and commit, call the backend, move on.

A scheduler that dies after its claim leaves the session `starting`; after a while another one starts the same job
again, which is harmless when it runs already. A cluster without room is no failure: the session goes back to its place
in the queue and says what it waits for. A start that fails keeps its slot, because its job may exist nevertheless. So
does a start that waits for a cluster which doesn't answer; that counts as no failure either.
"""

import threading
from collections.abc import Callable
from datetime import datetime, timedelta

import structlog
from prometheus_client import Histogram

from backends import Backend, BackendError, BackendUnavailable, LabSpec, NoRoom, StartFailed, reason_of
from config import Settings
from extensions import db
from models import Course, Lab, LabSession, User, utcnow
from scheduler.ticks.lease_renewals import LeaseKeeper, nothing
from services import live
from services.capacity import holdings
from services.capacity.order import Limits
from services.idleness import rules
from services.labs import claims, lifecycle, repairs
from services.saves import store

STARTS = Histogram(
    "yurt_lab_start_seconds",
    "From a lab's turn to its running, by whether its machine was kept warm.",
    ["is_warm"],
    buckets=(0.25, 0.5, 1, 2, 3, 5, 8, 13, 30, 60, 120),
)

log = structlog.get_logger("yurt.scheduler")


def starter(
    settings: Settings, backend: Backend, limits: Limits, keeper: LeaseKeeper | None = None
) -> Callable[..., bool]:
    """Return the work of the tick; `keeper` keeps what is being started from being taken over."""
    keeper = keeper or LeaseKeeper()
    # Set while positions in the queue have changed that nobody has been told of.
    is_news = threading.Event()

    def work(claimed_one: Callable[[], None] = nothing) -> bool:
        now = utcnow()
        claimed = claims.claim_lost(now, keeper.of(LabSession), limits.instance)
        if claimed is None:
            claimed = claims.claim_next(limits, now)
            if claimed is not None:
                is_news.set()
            elif is_news.is_set():
                # Once for a whole batch: each hint makes every waiting page read its state.
                is_news.clear()
                live.places_changed()
        db.session.commit()
        if claimed is None:
            return False
        with keeper.hold(claimed.id):
            claimed_one()
            start(settings, backend, claimed)
        return True

    return work


def start(settings: Settings, backend: Backend, lab_session: LabSession) -> None:
    """Start a claimed session's job, and report the outcome."""
    if lifecycle.START_RETRIES.is_over(lab_session.tries):
        lifecycle.retry_start(lab_session, utcnow())
        db.session.commit()
        return
    spec = spec_of(settings, lab_session)
    claim = lab_session.id, spec.job_id, lab_session.claimed_at
    db.session.commit()  # no transaction is open while the backend works
    node = ""
    fault: Exception | None = None
    try:
        node = backend.start(spec)
    except (BackendError, OSError) as error:
        fault = error
        log.warning("lab not started", job=spec.job_id, code=reason_of(error).code, error=str(error))
    if isinstance(fault, NoRoom) and claims.is_held(*claim):
        db.session.commit()
        leave(backend, spec.job_id)
    if not claims.is_held(*claim):
        _give_back(backend, spec.job_id)
    elif fault is None:
        _started(lab_session, node, utcnow())
    elif _report(settings, lab_session, fault, utcnow()):
        db.session.commit()
        leave(backend, spec.job_id)
    db.session.commit()


def _started(lab_session: LabSession, node: str, now: datetime) -> None:
    if lifecycle.started(lab_session, node, now) and lab_session.claimed_at is not None:
        STARTS.labels(str(lab_session.is_warm).lower()).observe((now - lab_session.claimed_at).total_seconds())


def _report(settings: Settings, lab_session: LabSession, fault: Exception, now: datetime) -> bool:
    """Report a failed start; return whether its job must be stopped."""
    if isinstance(fault, NoRoom):
        lifecycle.no_room(lab_session, fault.reason, now)
    elif isinstance(fault, StartFailed):
        lifecycle.start_failed(lab_session, fault.reason, now)
    elif isinstance(fault, BackendUnavailable) and holdings.is_down(settings.instance):
        lifecycle.start_waits(lab_session, now)
    elif lab_session.is_warm:
        # The next start is of another job: nothing of the warm machine may stay.
        lifecycle.start_anew(lab_session, now)
        return True
    else:
        lifecycle.retry_start(lab_session, now)
    return False


def _give_back(backend: Backend, job_id: str) -> None:
    """Leave a start that another scheduler has taken over; stop the machine if no session wants it any more."""
    is_wanted = repairs.is_wanted(job_id)
    db.session.commit()
    log.info("start taken over", job=job_id, is_wanted=is_wanted)
    if not is_wanted:
        leave(backend, job_id)


def leave(backend: Backend, job_id: str) -> None:
    """Stop a job that isn't to stay; where that fails, the next start or the reconciler does it."""
    try:
        backend.stop(job_id)
    except (BackendError, OSError) as error:
        log.warning("job not taken back", job=job_id, code=reason_of(error).code, error=str(error))


def spec_of(settings: Settings, lab_session: LabSession) -> LabSpec:
    """Translate the definition and the session into what a backend starts."""
    lab, user, course = (
        db.session.get_one(Lab, lab_session.lab_id),
        db.session.get_one(User, lab_session.user_id),
        db.session.get_one(Course, lab_session.course_id),
    )
    return LabSpec.of(
        lab,
        job_id=lab_session.job_id,
        instance=settings.instance,
        session_id=str(lab_session.id),
        course=course.slug,
        handle=user.handle,
        home_key=f"{user.id}-{lab.id}",
        setup_script=lab.setup_script,
        life=timedelta(minutes=lab.max_life_minutes) + rules.GRACE,
        is_fresh=lab_session.is_fresh,
        saved=store.for_start(lab_session),
    )
