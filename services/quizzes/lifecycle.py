"""The moves of an attempt: each a compare-and-set, checked against the table of transitions, and told to open pages.

Nobody else writes the state of an attempt. Grading decides what an attempt is worth; here it is only written.
"""

from datetime import datetime
from fractions import Fraction
from typing import Any

from models import Attempt
from models.attempt import GRADED, IN_PROGRESS, NEEDS_GRADING, SUBMITTED, TRANSITIONS
from services import changes, live
from services.quizzes.terms import WHOLE, worth


def hand_in(attempt_id: int, *, by: str, now: datetime) -> Attempt | None:
    """Take an attempt from its student, as saved; `by` is who did it. None where somebody else was faster.

    The row stays locked until the caller's commit, so saves are either in before it is graded, or refused.
    """
    attempt = _move(attempt_id, IN_PROGRESS, SUBMITTED, closed_by=by, closed_at=now)
    if attempt is not None:
        live.attempt_changed(attempt_id, closed_by=by)
    return attempt


def wait_for_grader(attempt_id: int) -> Attempt | None:
    """Leave an attempt to a person, or a lab: some of its answers no machine can grade here."""
    return _move(attempt_id, SUBMITTED, NEEDS_GRADING)


def finish(attempt_id: int, old: str, *, marks: Fraction, credit_percent: int = WHOLE) -> Attempt | None:
    """Give an attempt its score, once all of its answers have their marks; `old` is the state that the caller saw."""
    score = worth(marks, credit_percent)
    attempt = _move(attempt_id, old, GRADED, score=score, credit_percent=credit_percent)
    if attempt is not None:
        live.attempt_changed(attempt_id, graded=True)
    return attempt


def _move(attempt_id: int, old: str, new: str, **values: Any) -> Attempt | None:
    if new not in TRANSITIONS[old]:
        raise ValueError(f"an attempt can't go from {old} to {new}")
    return changes.one(Attempt, Attempt.id == attempt_id, Attempt.state == old, state=new, **values)
