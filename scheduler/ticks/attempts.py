"""Closes attempts whose time is over, and grades them as saved."""

from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, ScalarSelect, func, select

from extensions import db
from models import Attempt, utcnow
from models.attempt import IN_PROGRESS
from services.quizzes import attempts, terms

BATCH = 20


def work() -> bool:
    """Close a batch; there may be more when it was full."""
    closed = attempts.close_overdue(utcnow(), BATCH)
    db.session.commit()
    return closed == BATCH


def due(_now: ColumnElement[datetime]) -> ScalarSelect[Any]:
    """Ask from when on the next attempt is overdue."""
    first = select(func.min(Attempt.deadline_at) + terms.GRACE).where(Attempt.state == IN_PROGRESS)
    return first.scalar_subquery()


def oldest(now: ColumnElement[datetime]) -> ScalarSelect[Any]:
    """Ask for the deadline that was first missed."""
    first = select(func.min(Attempt.deadline_at)).where(Attempt.state == IN_PROGRESS, Attempt.deadline_at < now)
    return first.scalar_subquery()
