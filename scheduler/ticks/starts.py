"""Starts queued labs: claim and commit, call the backend, move on.

A scheduler that dies after its claim leaves the session `starting`; after a while another one starts the same job
again, which is harmless when it runs already.
"""

import threading
from collections.abc import Callable
from datetime import datetime, timedelta

import structlog

from config import Settings
from extensions import db
from models import Course, Lab, LabSession, User, utcnow
from models.lab_session import ENDED, QUEUED, RUNNING, STARTING, STOPPING
from scheduler.backends import Backend, BackendError, LabSpec, StartFailed
from services import lab_claims, labs
from services.lab_claims import Limits

MAX_FAILURES = 5
GAVE_UP = "The machine couldn't be started after several tries. Try again later, or tell your teacher."

log = structlog.get_logger("yurt.scheduler")


def starter(settings: Settings, backend: Backend, limits: Limits) -> Callable[[], bool]:
    """Return the work of the tick."""
    # Set while positions in the queue have changed that nobody has been told of.
    is_news = threading.Event()

    def work() -> bool:
        now = utcnow()
        claimed = lab_claims.claim_lost(now)
        if claimed is None:
            claimed = lab_claims.claim_next(limits, now)
            if claimed is not None:
                is_news.set()
            elif is_news.is_set():
                # Once for a whole batch: each hint makes a page's state be read.
                is_news.clear()
                labs.tell_queue()
        db.session.commit()
        if claimed is None:
            return False
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
    db.session.commit()  # no transaction is open while the backend works
    try:
        backend.start(spec)
    except StartFailed as error:
        log.warning("lab can't start", job=spec.job_id, reason=error.reason)
        labs.move(lab_session, STARTING, ENDED, reason="failed", detail=error.reason, ended_at=utcnow())
    except (BackendError, OSError) as error:
        log.warning("lab not started", job=spec.job_id, error=str(error))
        _put_off(lab_session, utcnow())
    else:
        _started(lab_session, utcnow())
    db.session.commit()


def _started(lab_session: LabSession, now: datetime) -> None:
    life = timedelta(minutes=lab_session.lab.max_life_minutes)
    labs.move(
        lab_session,
        STARTING,
        RUNNING,
        started_at=now,
        last_active_at=now,
        warned_at=None,
        expires_at=now + life,
        failures=0,
        is_fresh=False,
        next_try_at=None,
    )
    # Whoever asked for the end while it started finds it `stopping`; the tick of stops does the rest.


def _put_off(lab_session: LabSession, now: datetime) -> None:
    failures = lab_session.failures + 1
    if failures >= MAX_FAILURES:
        # Through `stopping`, for something of it may run.
        labs.move(lab_session, STARTING, STOPPING, reason="failed", detail=GAVE_UP, failures=0, next_try_at=now)
    else:
        labs.move(lab_session, STARTING, QUEUED, failures=failures, next_try_at=now + lab_claims.pause(failures))


def spec_of(settings: Settings, lab_session: LabSession) -> LabSpec:
    """Translate the definition and the session into what a backend starts."""
    lab, user, course = (
        db.session.get_one(Lab, lab_session.lab_id),
        db.session.get_one(User, lab_session.user_id),
        db.session.get_one(Course, lab_session.course_id),
    )
    return LabSpec(
        job_id=lab_session.job_id,
        instance=settings.instance,
        session_id=str(lab_session.id),
        course=course.slug,
        lab=lab.slug,
        handle=user.handle,
        home_key=f"{user.id}-{lab.id}",
        template=lab.template,
        image=lab.image,
        cpu_mhz=lab.cpu_mhz,
        memory_mb=lab.memory_mb,
        disk_mb=lab.disk_mb,
        has_network=lab.has_network,
        max_life_s=lab.max_life_minutes * 60,
        setup_script=lab.setup_script,
        is_fresh=lab_session.is_fresh,
    )
