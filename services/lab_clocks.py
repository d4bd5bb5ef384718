"""What becomes of rows that a clock wrote which has been set back since: nothing waits for a time that was a mistake.

Claims and pauses are short. One that lies further ahead than the longest of its kind is of a clock that ran ahead, and
ends now; otherwise a claim of a scheduler that died would hold its row until the clock gets there again.
"""

from datetime import datetime, timedelta

from sqlalchemy import ColumnElement, and_, or_, update

from extensions import db
from models import CheckRun, LabSession, WarmLab
from models.lab_session import ENDED, RUNNING
from services import lab_claims, saves

# The clocks of several hosts differ by less.
SKEW = timedelta(seconds=30)
LONGEST = max(lab_claims.LONGEST_PAUSE, lab_claims.HOLD, lab_claims.LOST_AFTER) + SKEW


def mend(now: datetime) -> None:
    """End every pause and every claim that lies too far ahead."""
    for model, column, is_ahead in (
        (LabSession, LabSession.next_try_at, _sessions_ahead(now)),
        (WarmLab, WarmLab.next_try_at, WarmLab.next_try_at > now + LONGEST),
        (WarmLab, WarmLab.claimed_at, WarmLab.claimed_at > now + SKEW),
        (CheckRun, CheckRun.claimed_at, and_(CheckRun.finished_at.is_(None), CheckRun.claimed_at > now + SKEW)),
    ):
        statement = update(model).where(is_ahead).values({column: now})
        db.session.execute(statement.execution_options(synchronize_session=False))


def _sessions_ahead(now: datetime) -> ColumnElement[bool]:
    # Of labs that run it is the pause before their save is tried again.
    is_too_far = or_(
        and_(LabSession.state != RUNNING, LabSession.next_try_at > now + LONGEST),
        LabSession.next_try_at > now + saves.RETRY + SKEW,
    )
    return and_(LabSession.state != ENDED, is_too_far)
