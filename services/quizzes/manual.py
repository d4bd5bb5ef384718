"""Grading by hand what no machine can: marks and a comment for one answer.

Owns that nobody's marks are replaced unseen. What an attempt is worth with them, and earns, is `grading.settle`.
"""

from collections.abc import Sequence
from datetime import datetime
from fractions import Fraction

from sqlalchemy import select
from sqlalchemy.orm import joinedload

import question_rubrics
from extensions import db
from models import Attempt, AttemptItem, Quiz
from models.attempt import GRADED, NEEDS_GRADING
from models.marks import exact
from question_rubrics import Choice, RubricItem
from reasons import Code, Reason
from services import audit, changes
from services.errors import Conflict, InvalidInput, NotFound
from services.quizzes import grading, rules

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
    comment: str,
    grader_id: int,
    now: datetime,
    marks: Fraction | None = None,
    chosen: Sequence[str] | None = None,
    replaces: datetime | None = None,
) -> AttemptItem:
    """Give an answer its marks; the last one of an attempt gives the attempt its score and its points.

    `replaces` is when those marks were given that the caller saw and corrects, None where they saw none. AlreadyGraded
    has what somebody else gave meanwhile. The same again, by the same person, changes nothing. `chosen` are the items
    of the rubric that were found in the answer: they make the marks, or stand beside other `marks`. These are for the
    answer: what its hints cost is taken off here.
    """
    # Before the answer, as in saves: two people who give the last two marks take turns, and the second one settles.
    db.session.execute(select(Attempt.id).where(Attempt.id == attempt_id).with_for_update())
    item = load(attempt_id, position)
    if not is_for_people(item):
        raise Conflict
    choice = None if chosen is None else _choice(item, chosen, marks)
    if choice is not None:
        # By the rubric that the question had: those that regrades bring work on what it makes.
        own = choice.marks(question_rubrics.read(item.version.rubric), exact(item.own_points))
        _check(marks if marks is not None else own, comment, item)
    elif marks is None:
        raise InvalidInput("marks", Reason(Code.MARKS_MISSING))
    else:
        own = marks
        _check(marks, comment, item)
    own = max(own - item.hint_cost, Fraction(0))
    kept = choice.kept() if choice else None
    if (item.own_score, item.comment, item.graded_by_id, item.rubric) == (own, comment, grader_id, kept):
        return item
    own_score = AttemptItem.asked_score if item.is_regraded else AttemptItem.score
    seen = own_score.is_(None) if replaces is None else AttemptItem.graded_at == replaces
    given = changes.one(
        AttemptItem,
        AttemptItem.attempt_id == attempt_id,
        AttemptItem.position == position,
        seen,
        comment=comment,
        rubric=kept,
        graded_by_id=grader_id,
        graded_at=now,
    )
    if given is None:
        raise AlreadyGraded(item)
    grading.remark(given, given.version, own, now=now)
    attempt = given.attempt
    told = {"attempt": attempt_id, "position": position, "marks": own}
    audit.note("grade.given", attempt.quiz.course_id, person_id=attempt.user_id, **told)
    return given


def rubric_of(item: AttemptItem) -> tuple[RubricItem, ...]:
    """Return the rubric by which an answer is graded now."""
    held = rules.of_item(item, item.attempt.quiz_id) if item.is_regraded else []
    return rules.rubric_of(item.version.rubric, held)


def _choice(item: AttemptItem, chosen: Sequence[str], marks: Fraction | None) -> Choice:
    """Return what was chosen, with how much the marks differ from what that makes."""
    rubric = rubric_of(item)
    unknown = set(chosen) - {each.slug for each in rubric}
    if unknown:
        raise InvalidInput("chosen", Reason(Code.RUBRIC_LACKS, item=min(unknown)[:60]))
    picked = tuple(each.slug for each in rubric if each.slug in chosen)
    made = question_rubrics.marks(rubric, picked, exact(item.own_points))
    return Choice(picked, marks - made if marks is not None else Fraction(0))


def _check(marks: Fraction, comment: str, item: AttemptItem) -> None:
    if not 0 <= marks <= exact(item.own_points):
        raise InvalidInput("marks", Reason(Code.MARKS_OUTSIDE, most=f"{item.own_points:g}"))
    if (marks * STEPS).denominator != 1:
        raise InvalidInput("marks", Reason(Code.MARKS_TOO_FINE))
    if len(comment) > MAX_COMMENT or "\x00" in comment:
        raise InvalidInput("comment", Reason(Code.TEXT_TOO_LONG, most=MAX_COMMENT))
