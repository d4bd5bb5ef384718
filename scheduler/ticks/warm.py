"""Keeps machines warm: starts those that are missing, stops those that aren't wanted any more, one at a time."""

from collections.abc import Callable
from datetime import datetime, timedelta

import structlog

from backends import Backend, BackendError, LabSpec, NoRoom, StartFailed, reason_of
from config import Settings
from extensions import db
from models import Lab, WarmLab, utcnow
from scheduler.ticks.lease_renewals import LeaseKeeper, nothing
from scheduler.ticks.starts import leave
from services.capacity.order import Limits
from services.labs import warm_stock

# A lab whose warm machine finds no room, or can't start at all, gets none for this time.
ROOM_PAUSE = timedelta(seconds=30)
FAULT_PAUSE = timedelta(minutes=10)

log = structlog.get_logger("yurt.scheduler")


def warmer(
    settings: Settings, backend: Backend, limits: Limits, keeper: LeaseKeeper | None = None
) -> Callable[..., bool]:
    """Return the work of the tick; `keeper` keeps what is being started from being taken over."""
    keeper = keeper or LeaseKeeper()
    paused: dict[int, datetime] = {}

    def work(claimed_one: Callable[[], None] = nothing) -> bool:
        now = utcnow()
        warm_stock.drain(now)
        db.session.commit()
        going = warm_stock.claim_stop(now, keeper.of(WarmLab))
        db.session.commit()
        if going is not None:
            with keeper.hold(going.id, WarmLab):
                claimed_one()
                stop(backend, going)
            return True
        resting = frozenset(lab_id for lab_id, until in list(paused.items()) if until > now)
        coming = warm_stock.claim_start(limits, now, resting, keeper.of(WarmLab))
        db.session.commit()
        if coming is None:
            return False
        lab_id = coming.lab_id
        with keeper.hold(coming.id, WarmLab):
            claimed_one()
            pause = start(settings, backend, coming)
        if pause is not None:
            paused[lab_id] = utcnow() + pause
        return True

    return work


def start(settings: Settings, backend: Backend, coming: WarmLab) -> timedelta | None:
    """Start a claimed machine; return for how long its lab gets no other one, None where it may."""
    spec, warm_id, tries = spec_of(settings, coming), coming.id, coming.tries + 1
    db.session.commit()
    pause: timedelta | None = None
    try:
        backend.start(spec)
    except (NoRoom, StartFailed) as error:
        log.warning("no warm lab", job=spec.job_id, code=reason_of(error).code, reason=str(error))
        pause = ROOM_PAUSE if isinstance(error, NoRoom) else FAULT_PAUSE
    except (BackendError, OSError) as error:
        log.warning("warm lab not started", job=spec.job_id, code=reason_of(error).code, error=str(error))
        if warm_stock.RETRIES.is_over(tries):
            pause = FAULT_PAUSE
        else:
            warm_stock.put_off(warm_id, tries, utcnow(), reason_of(error))
    else:
        if not warm_stock.ready(warm_id, utcnow()):
            # It was given up while it started; whoever stopped it may have come too early.
            db.session.commit()
            leave(backend, spec.job_id)
    if pause is not None:
        warm_stock.discard(warm_id)
    db.session.commit()
    return pause


def stop(backend: Backend, going: WarmLab) -> None:
    """Stop a claimed machine and forget it."""
    warm_id, job_id, tries = going.id, going.job_id, going.tries + 1
    db.session.commit()
    try:
        backend.stop(job_id)
    except (BackendError, OSError) as error:
        log.warning("warm lab not stopped", job=job_id, code=reason_of(error).code, error=str(error))
        warm_stock.put_off(warm_id, tries, utcnow(), reason_of(error))
    else:
        warm_stock.gone(warm_id)
    db.session.commit()


def spec_of(settings: Settings, coming: WarmLab) -> LabSpec:
    """Translate the definition into a machine for nobody, whose life is long enough to wait and then be a whole lab."""
    lab = db.session.get_one(Lab, coming.lab_id)
    return LabSpec.of(
        lab,
        job_id=coming.job_id,
        instance=settings.instance,
        session_id="",
        course=lab.course.slug,
        handle=warm_stock.HANDLE,
        home_key=coming.job_id,
        setup_script=lab.setup_script,
        life=timedelta(minutes=lab.max_life_minutes) + warm_stock.LONGEST * 2,
        is_warm=True,
    )
