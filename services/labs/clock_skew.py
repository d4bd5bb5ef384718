"""What becomes of rows that a clock wrote which has been set back since: nothing waits for a time that was a mistake.

Claims and pauses are short. One that lies further ahead than the longest of its kind is of a clock that ran ahead, and
ends now; otherwise a claim of a scheduler that died would hold its row until the clock gets there again.
"""

from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import ColumnElement, and_, or_, select, update

from extensions import db
from models import CheckRun, LabSession, WarmLab
from models.lab_session import ENDED, RUNNING
from services import leases
from services.labs import saving
from services.leases import LEASE

# The clocks of several hosts differ by less.
SKEW = timedelta(seconds=30)
LONGEST = max(leases.LONGEST_PAUSE, LEASE) + SKEW


def mend(now: datetime) -> None:
    """End every pause and every claim that lies too far ahead."""
    faults: tuple[tuple[Any, Any, ColumnElement[bool]], ...] = (
        (LabSession, LabSession.next_try_at, _sessions_ahead(now)),
        (WarmLab, WarmLab.next_try_at, WarmLab.next_try_at > now + LONGEST),
        (WarmLab, WarmLab.claimed_at, WarmLab.claimed_at > now + SKEW),
        (CheckRun, CheckRun.claimed_at, and_(CheckRun.finished_at.is_(None), CheckRun.claimed_at > now + SKEW)),
    )
    # One statement finds that there is nothing to mend, which is so nearly always.
    is_any = or_(*(select(model.id).where(is_ahead).exists() for model, _column, is_ahead in faults))
    if not db.session.scalar(select(is_any)):
        return
    for model, column, is_ahead in faults:
        statement = update(model).where(is_ahead).values({column: now})
        db.session.execute(statement.execution_options(synchronize_session=False))


def _sessions_ahead(now: datetime) -> ColumnElement[bool]:
    # Of labs that run it is the pause before their save is tried again.
    is_too_far = or_(
        and_(LabSession.state != RUNNING, LabSession.next_try_at > now + LONGEST),
        LabSession.next_try_at > now + saving.RETRY + SKEW,
    )
    return and_(LabSession.state != ENDED, is_too_far)
