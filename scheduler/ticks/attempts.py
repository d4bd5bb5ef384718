"""Closes attempts whose time is over, and grades them as saved."""

from extensions import db
from models import utcnow
from services import attempts

BATCH = 20


def work() -> bool:
    """Close a batch; there may be more when it was full."""
    closed = attempts.close_overdue(utcnow(), BATCH)
    db.session.commit()
    return closed == BATCH
