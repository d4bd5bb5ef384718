"""Closing an attempt: the one transaction that grades it and awards its points."""

from collections.abc import Sequence
from datetime import datetime
from fractions import Fraction
from typing import Any

import structlog
from sqlalchemy import Integer, column, select, update, values
from sqlalchemy.orm.attributes import set_committed_value

from extensions import db
from models import Attempt, AttemptItem, QuestionVersion, Quiz
from models.attempt import NEEDS_GRADING, SUBMITTED
from models.marks import Marks, exact
from models.quiz import BEST
from question_types import type_of
from services.courses import progress
from services.errors import InvalidInput
from services.leaderboards import points
from services.quizzes import accommodations, lab_checks, lifecycle, runs, scores
from services.quizzes.terms import WHOLE, terms_of

log = structlog.get_logger("yurt.grading")


def close(attempt_id: int, *, now: datetime, quiz: Quiz | None = None, is_overdue: bool = False) -> bool:
    """Close an open attempt as saved, grade it, and award what it improves; return whether this call did it.

    With is_overdue only one whose time is over; `quiz` saves looking for it. Where a machine can't grade an answer, the
    attempt waits for the tests of a lab or for a person, and nothing is awarded yet.
    """
    attempt = (lifecycle.time_out if is_overdue else lifecycle.hand_in)(attempt_id, now=now)
    if attempt is None:
        return False
    marks = _grade(attempt, now)
    if None in marks:
        lifecycle.wait_for_grader(attempt_id)
        return True
    quiz = quiz or db.session.get_one(Quiz, attempt.quiz_id)
    total = sum((mark for mark in marks if mark is not None), Fraction(0))
    lifecycle.finish(attempt_id, SUBMITTED, marks=total, credit_percent=_credit(attempt, quiz))
    _reward(attempt, quiz, now)
    return True


def regrade(item: AttemptItem, version: QuestionVersion, *, now: datetime) -> None:
    """Grade one answer of a closed attempt, which has changed, and settle what the attempt earns.

    The caller holds the attempt's lock.
    """
    mark = _marks(item, version.kind, version.spec)
    key = (AttemptItem.attempt_id == item.attempt_id, AttemptItem.position == item.position)
    db.session.execute(
        update(AttemptItem).where(*key).values(score=mark), execution_options={"synchronize_session": False}
    )
    set_committed_value(item, "score", mark)
    settle(item.attempt_id, now=now)


def settle(attempt_id: int, *, now: datetime) -> None:
    """Give a closed attempt the score of its answers once all have their marks, and settle what it earns.

    The caller holds the attempt's lock.
    """
    marks = db.session.scalars(select(AttemptItem.score).where(AttemptItem.attempt_id == attempt_id)).all()
    attempt = db.session.get_one(Attempt, attempt_id, populate_existing=True)
    quiz = db.session.get_one(Quiz, attempt.quiz_id)
    if None in marks:
        return
    total = sum((each for each in marks if each is not None), Fraction(0))
    credit = _credit(attempt, quiz)
    if attempt.state == NEEDS_GRADING:
        lifecycle.finish(attempt.id, NEEDS_GRADING, marks=total, credit_percent=credit)
    else:
        lifecycle.rescore(attempt.id, marks=total, credit_percent=credit)
    _reward(attempt, quiz, now)


def _credit(attempt: Attempt, quiz: Quiz) -> int:
    """Return what its marks are worth. A deadline counts as the hand-in, however much later the scheduler came."""
    if not quiz.late_credit:
        return WHOLE
    _made, granted = accommodations.standing(attempt.user_id, quiz)
    times = [at for at in (attempt.closed_at, attempt.deadline_at) if at is not None]
    return terms_of(quiz, granted).credit(min(times))


def _grade(attempt: Attempt, now: datetime) -> Sequence[Fraction | None]:
    """Write the marks of every answer that a machine can grade; return all of them. Two round trips, and one more for
    each question that a lab's check answers and hasn't yet."""
    attempt_id = attempt.id
    rows = (
        db.session.execute(
            select(AttemptItem, QuestionVersion.kind, QuestionVersion.spec)
            .join(QuestionVersion, QuestionVersion.id == AttemptItem.version_id)
            .where(AttemptItem.attempt_id == attempt_id)
            .execution_options(populate_existing=True)
        )
        .tuples()
        .all()
    )
    lab_checks.fill(attempt, rows, now=now)
    marks = {item: _marks(item, kind, spec) for item, kind, spec in rows}
    graded = [(item.position, mark) for item, mark in marks.items() if mark is not None]
    if graded:
        given = values(column("position", Integer), column("score", Marks), name="given").data(graded)
        db.session.execute(
            update(AttemptItem)
            .where(AttemptItem.attempt_id == attempt_id, AttemptItem.position == given.c.position)
            .values(score=given.c.score),
            execution_options={"synchronize_session": False},
        )
    for item, mark in marks.items():
        set_committed_value(item, "score", mark)
    runs.queue(attempt, rows, now=now)
    return list(marks.values())


def _marks(item: AttemptItem, kind: str, spec: dict[str, Any]) -> Fraction | None:
    """Grade one answer. One that can't be graded waits for a person, and holds up neither this attempt nor others."""
    try:
        return after_hints(_score(kind, spec, item.response, item.frozen, item.points), item.hint_cost)
    except (InvalidInput, ArithmeticError, LookupError, TypeError, ValueError):
        log.exception("answer not graded", attempt=item.attempt_id, position=item.position)
        return None


def after_hints(marks: Fraction | None, cost: Fraction) -> Fraction | None:
    """Return what marks are worth where hints were taken that cost so much: never less than nothing."""
    return None if marks is None else max(marks - cost, Fraction(0))


def _score(kind: str, spec: dict[str, Any], response: Any, frozen: dict[str, Any], worth: float) -> Fraction | None:
    """Return the points of one answer, exactly; None where a person, or a lab, has to give them.

    They are rounded where they are shown, and nowhere else.
    """
    share = type_of(kind).grade(spec, response, frozen)
    return None if share is None else share * exact(worth)


def _reward(attempt: Attempt, quiz: Quiz, now: datetime) -> None:
    if (attempt.percent or 0) >= quiz.pass_percent:
        progress.complete(attempt.user_id, quiz, now=now)
    # Where the best counts, this one is asked alone: what earlier ones earned isn't lowered.
    is_best = quiz.counts == BEST
    points.settle(
        user_id=attempt.user_id,
        course_id=quiz.course_id,
        source=f"quiz:{quiz.id}",
        kind="quiz",
        points=worth_of(quiz.points, attempt.score, attempt.max_score) if is_best else _counted_worth(attempt, quiz),
        now=now,
        may_lower=not is_best,
    )


def _counted_worth(attempt: Attempt, quiz: Quiz) -> int:
    """Return what the score that counts earns: of the last, the first, or the average attempt."""
    counted = scores.of_students([quiz.id], [attempt.user_id]).get((attempt.user_id, quiz.id))
    return round(quiz.points * counted.share) if counted else 0


def worth_of(quiz_points: int, score: Fraction | None, max_score: Fraction) -> int:
    """Return what a score earns of the quiz's points, rounded to the nearest whole."""
    return round(quiz_points * score / max_score) if score and max_score else 0
