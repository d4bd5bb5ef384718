"""Starts queued labs: claim and commit, call the backend, move on.

A scheduler that dies after its claim leaves the session `starting`; after a while another one starts the same job
again, which is harmless when it runs already. A cluster without room is no failure: the session goes back to its place
in the queue and says what it waits for. A start that fails keeps its slot, for its job may be there all the same; so
does one that waits for a cluster which doesn't answer, and that is no failure either.
"""

import threading
from collections.abc import Callable
from datetime import datetime, timedelta

import structlog
from prometheus_client import Histogram

from backends import Backend, BackendError, BackendUnavailable, LabSpec, NoRoom, StartFailed
from config import Settings
from extensions import db
from models import Course, Lab, LabSession, User, utcnow
from models.lab_session import ENDED, QUEUED, RUNNING, STARTING, STOPPING
from scheduler.ticks.holds import Hands, nothing
from services import timelines
from services.capacity import holdings
from services.idleness import rules
from services.labs import claims, lifecycle, repairs, saving
from services.labs.claims import Limits
from services.saves import store

MAX_FAILURES = 5
# A cluster without room, or one that doesn't answer, is asked again after this time.
ROOM_PAUSE = timedelta(seconds=5)
GAVE_UP = "The machine couldn't be started after several tries. Try again later, or tell your teacher."

STARTS = Histogram(
    "yurt_lab_start_seconds",
    "From a lab's turn to its running, by whether its machine was kept warm.",
    ["is_warm"],
    buckets=(0.25, 0.5, 1, 2, 3, 5, 8, 13, 30, 60, 120),
)

log = structlog.get_logger("yurt.scheduler")


def starter(settings: Settings, backend: Backend, limits: Limits, hands: Hands | None = None) -> Callable[..., bool]:
    """Return the work of the tick; `hands` keep what is being started from being taken over."""
    hands = hands or Hands()
    # Set while positions in the queue have changed that nobody has been told of.
    is_news = threading.Event()

    def work(claimed_one: Callable[[], None] = nothing) -> bool:
        now = utcnow()
        claimed = claims.claim_lost(now, hands.sessions(), limits.instance)
        if claimed is None:
            claimed = claims.claim_next(limits, now)
            if claimed is not None:
                is_news.set()
            elif is_news.is_set():
                # Once for a whole batch: each hint makes a page's state be read.
                is_news.clear()
                lifecycle.tell_queue()
        db.session.commit()
        if claimed is None:
            return False
        with hands.hold(claimed.id):
            claimed_one()
            start(settings, backend, claimed)
        return True

    return work


def start(settings: Settings, backend: Backend, lab_session: LabSession) -> None:
    """Start a claimed session's job, and write what came of it."""
    if lab_session.failures >= MAX_FAILURES:
        _put_off(lab_session, utcnow())
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
    if isinstance(fault, NoRoom) and claims.is_held(*claim):
        db.session.commit()
        leave(backend, spec.job_id)
    if not claims.is_held(*claim):
        _give_back(backend, spec.job_id)
    elif fault is None:
        _started(lab_session, node, utcnow())
    else:
        _not_started(settings, backend, lab_session, fault)
    db.session.commit()


def _give_back(backend: Backend, job_id: str) -> None:
    """Leave a start that is somebody else's by now; of a machine that nobody wants any more nothing stays."""
    is_wanted = repairs.is_wanted(job_id)
    db.session.commit()
    log.info("start taken over", job=job_id, is_wanted=is_wanted)
    if not is_wanted:
        leave(backend, job_id)


def _not_started(settings: Settings, backend: Backend, lab_session: LabSession, fault: Exception) -> None:
    log.warning("lab not started", job=lab_session.job_id, error=str(fault))
    if isinstance(fault, NoRoom):
        _wait(lab_session, fault.reason, utcnow())
    elif isinstance(fault, StartFailed):
        now = utcnow()
        if lifecycle.move(lab_session, STARTING, ENDED, reason="failed", detail=fault.reason, ended_at=now):
            timelines.note(lab_session.id, "failed", now, reason=fault.reason)
    elif isinstance(fault, BackendUnavailable) and holdings.is_down(settings.instance):
        _wait(lab_session, holdings.DOWN, utcnow())
    elif lab_session.is_warm:
        # The next start is one of its own: nothing of the warm machine may stay.
        job_id = lab_session.job_id
        _requeue(lab_session, utcnow())
        db.session.commit()
        leave(backend, job_id)
    else:
        _put_off(lab_session, utcnow())


def leave(backend: Backend, job_id: str) -> None:
    """Take a job back that isn't to stay; where that fails, the next start or the next look finds it."""
    try:
        backend.stop(job_id)
    except (BackendError, OSError) as error:
        log.warning("job not taken back", job=job_id, error=str(error))


def _started(lab_session: LabSession, node: str, now: datetime) -> None:
    life = timedelta(minutes=lab_session.lab.max_life_minutes)
    saving.note_restored(lab_session, now)
    is_moved = lifecycle.move(
        lab_session,
        STARTING,
        RUNNING,
        started_at=now,
        last_active_at=now,
        warned_at=None,
        warned_last_at=None,
        expires_at=now + life,
        failures=0,
        next_try_at=None,
        waiting_for="",
        node=node,
        **saving.BEGUN,
    )
    if is_moved:
        if lab_session.claimed_at is not None:
            STARTS.labels(str(lab_session.is_warm).lower()).observe((now - lab_session.claimed_at).total_seconds())
        if node:
            timelines.note(lab_session.id, "placed", now, node=node)
        timelines.note(lab_session.id, "running", now)
    # Whoever asked for the end while it started finds it `stopping`; the tick of stops does the rest.


def _wait(lab_session: LabSession, reason: str, now: datetime) -> None:
    """Go back to its place in the queue, or wait for the cluster where it is: its job may be there.

    That is no failure, and the timeline names each reason once.
    """
    is_new = reason != lab_session.waiting_for
    pause = {"next_try_at": now + ROOM_PAUSE, "waiting_for": reason, "claimed_at": None}
    if reason == holdings.DOWN:
        is_written = lifecycle.change(lab_session, STARTING, **pause)
    else:
        is_written = lifecycle.move(lab_session, STARTING, QUEUED, **pause)
    if is_written and is_new:
        timelines.note(lab_session.id, "waiting", now, reason=reason)


def _requeue(lab_session: LabSession, now: datetime) -> None:
    failures = lab_session.failures + 1
    again = now + claims.pause(failures)
    lifecycle.move(lab_session, STARTING, QUEUED, failures=failures, next_try_at=again, waiting_for="")


def _put_off(lab_session: LabSession, now: datetime) -> None:
    failures = lab_session.failures + 1
    if failures >= MAX_FAILURES:
        # Through `stopping`, for something of it may run.
        if lifecycle.move(
            lab_session, STARTING, STOPPING, reason="failed", detail=GAVE_UP, failures=0, next_try_at=now
        ):
            timelines.note(lab_session.id, "failed", now, reason=GAVE_UP)
    else:
        # It keeps its slot, for its job may be there or come: `claim_lost` takes it up, and counts this failure.
        lifecycle.change(lab_session, STARTING, next_try_at=now + claims.pause(failures), waiting_for="")


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
