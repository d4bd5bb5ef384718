"""Closing an attempt: the one transaction that grades it and awards its points."""

from collections.abc import Iterable
from datetime import datetime
from fractions import Fraction
from typing import Any

from sqlalchemy import func, select, update

from extensions import db
from models import Attempt, AttemptItem, PointEntry, QuestionVersion, Quiz
from models.attempt import CLOSED, OPEN
from models.marks import exact
from services import live
from services.courses import progress
from services.leaderboards import points
from services.quizzes.questions import kind_of


def close(attempt_id: int, *, by: str, now: datetime) -> bool:
    """Close an open attempt as saved, grade it, and award what it improves; return whether this call did it."""
    changed = db.session.execute(
        select(Attempt).where(Attempt.id == attempt_id, Attempt.state == OPEN).with_for_update()
    ).scalar_one_or_none()
    if changed is None:
        return False
    rows = db.session.execute(
        select(AttemptItem, QuestionVersion)
        .join(QuestionVersion, QuestionVersion.id == AttemptItem.version_id)
        .where(AttemptItem.attempt_id == attempt_id)
        .execution_options(populate_existing=True)
    ).tuples()
    total = sum(_grade(rows), Fraction(0))
    db.session.execute(
        update(Attempt)
        .where(Attempt.id == attempt_id, Attempt.state == OPEN)
        .values(state=CLOSED, closed_by=by, closed_at=now, score=total)
        .execution_options(synchronize_session="fetch")
    )
    db.session.flush()
    live.attempt_changed(attempt_id, closed_by=by)
    _reward(changed, now)
    return True


def _grade(rows: Iterable[tuple[AttemptItem, QuestionVersion]]) -> Iterable[Fraction]:
    for item, version in rows:
        item.score = score(version, item.response)
        yield item.score


def score(version: QuestionVersion, response: Any) -> Fraction:
    """Return the points of one answer, exactly: they are rounded where they are shown, and nowhere else."""
    return kind_of(version.kind).grade(version.spec, response) * exact(version.points)


def _reward(attempt: Attempt, now: datetime) -> None:
    quiz = db.session.get(Quiz, attempt.quiz_id)
    if quiz is None:
        return
    if (attempt.percent or 0) >= quiz.pass_percent:
        progress.complete(attempt.user_id, quiz, now=now)
    worth = worth_of(quiz.points, attempt.score, attempt.max_score)
    earned = _earned_before(attempt)
    points.award(
        user_id=attempt.user_id,
        course_id=quiz.course_id,
        source=f"attempt:{attempt.id}",
        points=worth - earned,
        now=now,
    )


def worth_of(quiz_points: int, score: Fraction | None, max_score: Fraction) -> int:
    """Return what a score earns of the quiz's points, rounded to the nearest whole."""
    return round(quiz_points * score / max_score) if score and max_score else 0


def _earned_before(attempt: Attempt) -> int:
    """Return what earlier attempts at the quiz earned: only an improvement earns again."""
    sources = select(func.concat("attempt:", Attempt.id)).where(
        Attempt.user_id == attempt.user_id, Attempt.quiz_id == attempt.quiz_id
    )
    query = select(func.coalesce(func.sum(PointEntry.points), 0)).where(
        PointEntry.user_id == attempt.user_id, PointEntry.source.in_(sources)
    )
    return int(db.session.scalar(query) or 0)
