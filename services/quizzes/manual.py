"""Grading by hand what no machine can: marks and a comment for one answer.

Owns that nobody's marks are replaced unseen. What an attempt is worth with them, and earns, is `grading.settle`.
"""

from datetime import datetime
from fractions import Fraction

from sqlalchemy import select
from sqlalchemy.orm import joinedload

from extensions import db
from models import Attempt, AttemptItem, Quiz
from models.attempt import GRADED, NEEDS_GRADING
from models.marks import exact
from services import changes
from services.errors import Conflict, InvalidInput, NotFound
from services.quizzes import grading

MAX_COMMENT = 10_000
# Marks have two decimals, as the points of an author.
STEPS = 100


class AlreadyGraded(Conflict):
    """Somebody else has graded this answer meanwhile."""

    def __init__(self, item: AttemptItem) -> None:
        super().__init__()
        self.item = item


def load(attempt_id: int, position: int) -> AttemptItem:
    """Return an answer with its question, its attempt, whose it is and who graded it; raise NotFound."""
    of_attempt = joinedload(AttemptItem.attempt)
    query = (
        select(AttemptItem)
        .where(AttemptItem.attempt_id == attempt_id, AttemptItem.position == position)
        .options(
            joinedload(AttemptItem.version),
            joinedload(AttemptItem.graded_by),
            of_attempt.joinedload(Attempt.user),
            of_attempt.joinedload(Attempt.quiz).joinedload(Quiz.course),
        )
        .execution_options(populate_existing=True)
    )
    item = db.session.scalar(query) if attempt_id < 2**63 and position < 2**31 else None
    if item is None:
        raise NotFound
    return item


def is_for_people(item: AttemptItem) -> bool:
    """Whether a person grades the answer: nobody has yet, or a person did; and its attempt is closed."""
    return item.attempt.state in (NEEDS_GRADING, GRADED) and (item.own_score is None or item.graded_at is not None)


def give(
    attempt_id: int,
    position: int,
    *,
    marks: Fraction,
    comment: str,
    grader_id: int,
    now: datetime,
    replaces: datetime | None = None,
) -> AttemptItem:
    """Give an answer its marks; the last one of an attempt gives the attempt its score and its points.

    `replaces` is when those marks were given that the caller saw and corrects, None where they saw none. AlreadyGraded
    has what somebody else gave meanwhile. The same again, by the same person, changes nothing. `marks` are for the
    answer: what its hints cost is taken off here.
    """
    # Before the answer, as in saves: two people who give the last two marks take turns, and the second one settles.
    db.session.execute(select(Attempt.id).where(Attempt.id == attempt_id).with_for_update())
    item = load(attempt_id, position)
    if not is_for_people(item):
        raise Conflict
    _check(marks, comment, item)
    marks = max(marks - item.hint_cost, Fraction(0))
    if (item.own_score, item.comment, item.graded_by_id) == (marks, comment, grader_id):
        return item
    kept = AttemptItem.asked_score if item.is_regraded else AttemptItem.score
    seen = kept.is_(None) if replaces is None else AttemptItem.graded_at == replaces
    given = changes.one(
        AttemptItem,
        AttemptItem.attempt_id == attempt_id,
        AttemptItem.position == position,
        seen,
        comment=comment,
        graded_by_id=grader_id,
        graded_at=now,
    )
    if given is None:
        raise AlreadyGraded(item)
    grading.remark(given, given.version, marks, now=now)
    return given


def _check(marks: Fraction, comment: str, item: AttemptItem) -> None:
    if not 0 <= marks <= exact(item.own_points):
        raise InvalidInput("marks", f"must be from 0 to {item.own_points:g}")
    if (marks * STEPS).denominator != 1:
        raise InvalidInput("marks", "must have at most two decimals")
    if len(comment) > MAX_COMMENT or "\x00" in comment:
        raise InvalidInput("comment", f"must be a text of at most {MAX_COMMENT:,} characters")
