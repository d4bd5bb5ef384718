"""Closes attempts whose time is over, and grades them as saved."""

from datetime import datetime

from sqlalchemy import func, select

from extensions import db
from models import Attempt, utcnow
from models.attempt import OPEN
from services import attempts

BATCH = 20


def work() -> bool:
    """Close a batch; there may be more when it was full."""
    closed = attempts.close_overdue(utcnow(), BATCH)
    db.session.commit()
    return closed == BATCH


def oldest_due() -> datetime | None:
    """Return the deadline that was first missed."""
    first = select(func.min(Attempt.deadline_at)).where(Attempt.state == OPEN, Attempt.deadline_at < utcnow())
    return db.session.scalar(first)
