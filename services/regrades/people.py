"""What changed scores do to people: their points on the board, and whether the quiz is done."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from fractions import Fraction
from typing import Any

from sqlalchemy import Select, func, select

from extensions import db
from models import Attempt, Completion, PointEntry, Quiz
from models.attempt import IN_PROGRESS
from services.quizzes import grading, scores
from services.quizzes.rules import Worth


@dataclass(frozen=True, slots=True)
class Standing:
    """What somebody has of a quiz: its points in the ledger, and whether it counts as done."""

    points: int
    is_done: bool


@dataclass(frozen=True, slots=True)
class Person:
    """How somebody stands before and after; `done_at` is when they handed in what makes the quiz done afterwards."""

    before: Standing
    after: Standing
    done_at: datetime | None


@dataclass(frozen=True, slots=True)
class _Made:
    id: int
    number: int
    score: Fraction | None
    max_score: Fraction
    closed_at: datetime


def of_changed(quiz: Quiz, changed: Mapping[int, tuple[int, Worth]]) -> dict[int, Person]:
    """Return the people whose attempts change; `changed` has whose an attempt is and what it will be worth, by its ID.

    One statement. What counts of several attempts is the quiz's own rule, and any attempt that passes makes it done.
    """
    if not changed:
        return {}
    found: dict[int, tuple[int, bool, list[_Made]]] = {}
    for row in db.session.execute(_attempts(quiz, {user_id for user_id, _worth in changed.values()})):
        made = _Made(row.id, row.number, row.score, row.max_score, row.closed_at)
        found.setdefault(row.user_id, (int(row.held), row.completed_at is not None, []))[2].append(made)
    return {user_id: _person(quiz, held, is_done, made, changed) for user_id, (held, is_done, made) in found.items()}


def _person(
    quiz: Quiz, held: int, is_done: bool, made: list[_Made], changed: Mapping[int, tuple[int, Worth]]
) -> Person:
    following = [_changed(each, changed) for each in made]
    counted = scores.counted(following, quiz.counts)
    points = round(quiz.points * counted.share) if counted else 0
    passed, passes = _passing(made, quiz), _passing(following, quiz)
    # Whether it passes is all that a score says of it: where that stays as it is, so does the completion.
    will_be_done = is_done if bool(passed) == bool(passes) else bool(passes)
    return Person(Standing(held, is_done), Standing(points, will_be_done), min(passes, default=None))


def _changed(made: _Made, changed: Mapping[int, tuple[int, Worth]]) -> _Made:
    if made.id not in changed:
        return made
    worth = changed[made.id][1]
    return replace(made, score=worth.score, max_score=worth.points)


def _passing(made: Iterable[_Made], quiz: Quiz) -> list[datetime]:
    """Return when the attempts were handed in that pass."""
    return [each.closed_at for each in made if scores.passes(each.score, each.max_score, quiz.pass_percent)]


def _attempts(quiz: Quiz, user_ids: Iterable[int]) -> Select[*tuple[Any, ...]]:
    held = (
        select(PointEntry.user_id, func.sum(PointEntry.points).label("points"))
        .where(PointEntry.source == grading.source_of(quiz), PointEntry.user_id.in_(user_ids))
        .group_by(PointEntry.user_id)
        .subquery()
    )
    is_theirs = (Completion.user_id == Attempt.user_id) & (Completion.activity_id == Attempt.quiz_id)
    return (
        select(
            *(Attempt.id, Attempt.user_id, Attempt.number, Attempt.score, Attempt.max_score, Attempt.closed_at),
            func.coalesce(held.c.points, 0).label("held"),
            Completion.completed_at,
        )
        .outerjoin(held, held.c.user_id == Attempt.user_id)
        .outerjoin(Completion, is_theirs)
        .where(Attempt.quiz_id == quiz.id, Attempt.state != IN_PROGRESS, Attempt.user_id.in_(user_ids))
        .order_by(Attempt.user_id, Attempt.number)
    )
