"""The moves of an attempt: each a compare-and-set, checked against the table of transitions, and told to open pages.

Nobody else writes the state of an attempt. Grading decides what an attempt is worth; here it is only written.
"""

from collections.abc import Sequence
from datetime import datetime
from fractions import Fraction
from typing import Any

from sqlalchemy import BigInteger, ColumnElement, Integer, Text, case, update

from extensions import db
from models import Attempt
from models.attempt import BY_DEADLINE, BY_STUDENT, GRADED, IN_PROGRESS, NEEDS_GRADING, SUBMITTED, TRANSITIONS
from models.marks import Marks
from services import changes, live
from services import rows as many
from services.quizzes.terms import GRACE, WHOLE, worth


def hand_in(attempt_id: int, *, now: datetime) -> Attempt | None:
    """Take an attempt from its student, as saved; None where somebody else was faster.

    The row stays locked until the caller's commit, so saves are either in before it is graded, or refused. Whether its
    deadline was first is asked of the row, which may have moved since the caller read it.
    """
    by = case((Attempt.deadline_at <= now, BY_DEADLINE), else_=BY_STUDENT)
    return _told(_move(attempt_id, IN_PROGRESS, SUBMITTED, closed_by=by, closed_at=now))


def time_out(attempt_id: int, *, now: datetime) -> Attempt | None:
    """Take an attempt whose time is over; None where somebody else was faster, or it was given more time."""
    is_overdue = Attempt.deadline_at < now - GRACE
    return _told(_move(attempt_id, IN_PROGRESS, SUBMITTED, is_overdue, closed_by=BY_DEADLINE, closed_at=now))


def rescore(attempt_id: int, *, marks: Fraction, max_score: Fraction, credit_percent: int) -> Attempt | None:
    """Give a graded attempt another score; it stays graded."""
    score = worth(marks, credit_percent)
    graded = (Attempt.id == attempt_id, Attempt.state == GRADED)
    attempt = changes.one(Attempt, *graded, score=score, max_score=max_score, credit_percent=credit_percent)
    if attempt is not None:
        live.attempt_changed(attempt_id, graded=True)
    return attempt


def move_deadline(attempt: Attempt, deadline_at: datetime | None, *, break_s: int) -> bool:
    """Let an open attempt end at another time, and its breaks take so long; tell its pages. False where that is so, or
    it isn't open."""
    if attempt.deadline_at == deadline_at and attempt.break_s == break_s:
        return False
    values = {"deadline_at": deadline_at, "break_s": break_s}
    moved = changes.one(Attempt, Attempt.id == attempt.id, Attempt.state == IN_PROGRESS, **values)
    if moved is not None:
        live.attempt_terms_changed(attempt.id)
    return moved is not None


def pause(attempt_id: int, *, now: datetime) -> Attempt | None:
    """Begin a break; None where the attempt isn't open, its time is over, or it has a break already."""
    may = (Attempt.state == IN_PROGRESS, Attempt.paused_at.is_(None), Attempt.deadline_at > now)
    return changes.one(Attempt, Attempt.id == attempt_id, *may, paused_at=now)


def go_on(attempt: Attempt, *, paused_s: int) -> Attempt | None:
    """End the break that the caller saw, after which all breaks took `paused_s`; None where it has ended."""
    same = (Attempt.id == attempt.id, Attempt.state == IN_PROGRESS, Attempt.paused_at == attempt.paused_at)
    return changes.one(Attempt, *same, paused_at=None, paused_s=paused_s)


def wait_for_grader(attempt_id: int, *, max_score: Fraction) -> Attempt | None:
    """Leave an attempt to a person, or a lab: some of its answers no machine can grade here."""
    return _move(attempt_id, SUBMITTED, NEEDS_GRADING, max_score=max_score)


def finish(
    attempt_id: int, old: str, *, marks: Fraction, max_score: Fraction, credit_percent: int = WHOLE
) -> Attempt | None:
    """Give an attempt its score, once all of its answers have their marks; `old` is the state that the caller saw."""
    score = worth(marks, credit_percent)
    attempt = _move(attempt_id, old, GRADED, score=score, max_score=max_score, credit_percent=credit_percent)
    if attempt is not None:
        live.attempt_changed(attempt_id, graded=True)
    return attempt


def regrade(rows: Sequence[tuple[int, str, str, Fraction | None, Fraction, int]]) -> None:
    """Give attempts that the caller has locked another score: (id, old state, new, score, of so many, credit).

    A score of None is one that waits for a person again. One statement for all.
    """
    for _attempt_id, old, new, _score, _max, _credit in rows:
        if new != old and new not in TRANSITIONS[old]:
            raise ValueError(f"an attempt can't go from {old} to {new}")
    if not rows:
        return
    given = many.given(
        rows,
        id=BigInteger(),
        old=Text(),
        new=Text(),
        score=Marks(),
        max_score=Marks(),
        credit_percent=Integer(),
    )
    names = ("score", "max_score", "credit_percent")
    db.session.execute(
        update(Attempt)
        .where(Attempt.id == given.c.id, Attempt.state == given.c.old)
        .values(state=given.c.new, **{name: given.c[name] for name in names}),
        execution_options={"synchronize_session": False},
    )
    for attempt_id, *_rest in rows[: live.MOST_TOLD]:
        live.attempt_changed(attempt_id, graded=True)


def _told(attempt: Attempt | None) -> Attempt | None:
    if attempt is not None:
        live.attempt_changed(attempt.id, closed_by=attempt.closed_by)
    return attempt


def _move(attempt_id: int, old: str, new: str, *where: ColumnElement[bool], **values: Any) -> Attempt | None:
    if new not in TRANSITIONS[old]:
        raise ValueError(f"an attempt can't go from {old} to {new}")
    return changes.one(Attempt, Attempt.id == attempt_id, Attempt.state == old, *where, state=new, **values)
