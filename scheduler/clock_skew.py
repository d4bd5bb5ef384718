"""Mends rows that a clock wrote before it was set back, so that no row waits for a wrong time.

Leases and pauses are short. One that ends later than the longest of its kind was written by a clock that ran ahead, and
ends now; otherwise the lease of a dead scheduler would hold its row until the clock reaches that time again.
"""

from datetime import datetime, timedelta
from functools import cache

from sqlalchemy import ColumnElement, DateTime, Select, and_, bindparam, case, or_, select, update

from extensions import db
from models import (
    Backup,
    CheckRun,
    Generation,
    GradingHold,
    GradingRun,
    LabSession,
    LtiContext,
    LtiLineItem,
    Mail,
    WarmLab,
    WebhookDelivery,
)
from models.generation import OPEN_GENERATIONS
from models.grading_run import OPEN_RUNS
from models.lab_session import ENDED, RUNNING
from services import outbox
from services.backups import schedule
from services.generations import claims
from services.labs import checks, grading_runs, lifecycle, saving, warm_stock
from services.leases import LEASE, Kind, Retries
from services.lti import rosters, scores
from services.quizzes import holds
from services.webhooks import deliveries

# The clocks of several hosts differ by less.
SKEW = timedelta(seconds=30)
# The rows that wait for anything, as an index of each kind has them.
OPEN: dict[Kind, tuple[ColumnElement[bool], ...]] = {
    LabSession: (LabSession.state != ENDED,),
    WarmLab: (),
    CheckRun: (CheckRun.state.in_(("queued", "running")),),
    GradingRun: (GradingRun.state.in_(OPEN_RUNS),),
    Generation: (Generation.state.in_(OPEN_GENERATIONS),),
    LtiContext: (LtiContext.asked_at.is_not(None),),
    LtiLineItem: (),
    Mail: outbox.OPEN,
    WebhookDelivery: deliveries.OPEN,
    Backup: schedule.OPEN,
}
# How the work at a kind is tried again: what its longest pause follows from.
TRIED: dict[Kind, tuple[Retries, ...]] = {
    LabSession: (lifecycle.START_RETRIES, lifecycle.STOP_RETRIES, saving.RETRIES, saving.RETRIES_TO_REACH),
    WarmLab: (warm_stock.RETRIES,),
    CheckRun: (checks.RETRIES,),
    GradingRun: (grading_runs.RETRIES,),
    Generation: (claims.RETRIES, claims.AS_ASKED),
    LtiContext: (rosters.RETRIES,),
    LtiLineItem: (scores.RETRIES, scores.AS_ASKED),
    Mail: (outbox.RETRIES,),
    WebhookDelivery: (deliveries.RETRIES,),
    Backup: (schedule.RETRIES,),
}

# The leases of kinds that have one of their own.
LONGER: dict[Kind, timedelta] = {Mail: outbox.LEASE, Backup: schedule.LEASE}


def mend(now: datetime) -> None:
    """End every lease and every pause that lies too far ahead."""
    if not db.session.scalar(_is_any(), {"now": now}):
        return
    for kind in OPEN:
        is_lease_ahead, is_pause_ahead = _ahead(kind, now)
        values = {
            "leased_until": case((is_lease_ahead, now), else_=kind.leased_until),
            "retry_at": case((is_pause_ahead, now), else_=kind.retry_at),
        }
        statement = update(kind).where(*OPEN[kind], or_(is_lease_ahead, is_pause_ahead)).values(**values)
        db.session.execute(statement.execution_options(synchronize_session=False))
    held = update(GradingHold).where(_is_hold_ahead(now)).values(leased_until=now)
    db.session.execute(held.execution_options(synchronize_session=False))


@cache
def _is_any() -> Select[tuple[bool]]:
    """Ask whether there is anything to mend, which is nearly never so. Built once: building costs more than asking."""
    now = bindparam("now", type_=DateTime(timezone=True))
    faults = (select(kind.id).where(*OPEN[kind], or_(*_ahead(kind, now))).exists() for kind in OPEN)
    return select(or_(*faults, select(GradingHold.id).where(_is_hold_ahead(now)).exists()))


def _is_hold_ahead(now: datetime | ColumnElement[datetime]) -> ColumnElement[bool]:
    """Match the answers that a grader has before them for longer than a page may hold one."""
    return GradingHold.leased_until > now + holds.LEASE + SKEW


def longest_pause(kind: Kind) -> timedelta:
    """Return how long a row of that kind waits at most before it is tried again."""
    return max(retries.longest for retries in TRIED[kind])


def _ahead(kind: Kind, now: datetime | ColumnElement[datetime]) -> tuple[ColumnElement[bool], ColumnElement[bool]]:
    """Match the rows whose lease, and those whose pause ends later than it can."""
    lease = LONGER.get(kind, LEASE)
    is_pause_ahead = kind.retry_at > now + longest_pause(kind) + SKEW
    if kind is LabSession:
        # In a running lab it is the pause before its save is tried again.
        is_retry_ahead = kind.retry_at > now + saving.RETRY + SKEW
        is_pause_ahead = or_(and_(LabSession.state != RUNNING, is_pause_ahead), is_retry_ahead)
    return kind.leased_until > now + lease + SKEW, is_pause_ahead
