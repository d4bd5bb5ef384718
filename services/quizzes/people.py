"""What changed scores, or changed rules of a quiz, do to people: their points on the board, and whether it is done."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from fractions import Fraction
from typing import Any

from sqlalchemy import BigInteger, DateTime, Select, delete, func, literal, select
from sqlalchemy.dialects.postgresql import insert

from extensions import db
from models import Attempt, Completion, PointEntry, Quiz
from models.attempt import IN_PROGRESS
from services import rows
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
    return _found(quiz, quiz.pass_percent, {user_id for user_id, _worth in changed.values()}, changed)


def of_rules(quiz: Quiz, *, passed_from: int) -> dict[int, Person]:
    """Return everybody with an attempt, by the quiz's rules as they are now; `passed_from` was its pass mark.

    One statement.
    """
    return _found(quiz, passed_from, None, {})


def complete(quiz: Quiz, found: Mapping[int, Person]) -> None:
    """Let the quiz be done for those who pass now, and not for those who don't any more."""
    moved = [(user_id, each) for user_id, each in found.items() if each.before.is_done != each.after.is_done]
    gained = [(user_id, each.done_at) for user_id, each in moved if each.after.is_done]
    lost = [user_id for user_id, each in moved if not each.after.is_done]
    if gained:
        theirs = rows.given(gained, user_id=BigInteger(), at=DateTime(timezone=True))
        done = select(theirs.c.user_id, literal(quiz.id), theirs.c.at)
        names = ["user_id", "activity_id", "completed_at"]
        db.session.execute(insert(Completion).from_select(names, done).on_conflict_do_nothing())
    if lost:
        theirs = rows.given([[user_id] for user_id in lost], user_id=BigInteger())
        db.session.execute(
            delete(Completion).where(Completion.activity_id == quiz.id, Completion.user_id == theirs.c.user_id),
            execution_options={"synchronize_session": False},
        )


def _found(
    quiz: Quiz, passed_from: int, user_ids: Iterable[int] | None, changed: Mapping[int, tuple[int, Worth]]
) -> dict[int, Person]:
    found: dict[int, tuple[int, bool, list[_Made]]] = {}
    for row in db.session.execute(_attempts(quiz, user_ids)):
        made = _Made(row.id, row.number, row.score, row.max_score, row.closed_at)
        found.setdefault(row.user_id, (int(row.held), row.completed_at is not None, []))[2].append(made)
    return {
        user_id: _person(quiz, passed_from, Standing(held, is_done), made, changed)
        for user_id, (held, is_done, made) in found.items()
    }


def _person(
    quiz: Quiz, passed_from: int, before: Standing, made: list[_Made], changed: Mapping[int, tuple[int, Worth]]
) -> Person:
    following = [_changed(each, changed) for each in made]
    counted = scores.counted(following, quiz.counts)
    points = round(quiz.points * counted.share) if counted else 0
    passed, passes = _passing(made, passed_from), _passing(following, quiz.pass_percent)
    # Whether it passes is all that a score says of it: where that stays as it is, so does the completion.
    will_be_done = before.is_done if bool(passed) == bool(passes) else bool(passes)
    return Person(before, Standing(points, will_be_done), min(passes, default=None))


def _changed(made: _Made, changed: Mapping[int, tuple[int, Worth]]) -> _Made:
    if made.id not in changed:
        return made
    worth = changed[made.id][1]
    return replace(made, score=worth.score, max_score=worth.points)


def _passing(made: Iterable[_Made], pass_percent: int) -> list[datetime]:
    """Return when the attempts were handed in that pass."""
    return [each.closed_at for each in made if scores.passes(each.score, each.max_score, pass_percent)]


def _attempts(quiz: Quiz, user_ids: Iterable[int] | None) -> Select[*tuple[Any, ...]]:
    held = (
        select(PointEntry.user_id, func.sum(PointEntry.points).label("points"))
        .where(PointEntry.source == grading.source_of(quiz), *_one_of(PointEntry.user_id, user_ids))
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
        .where(Attempt.quiz_id == quiz.id, Attempt.state != IN_PROGRESS, *_one_of(Attempt.user_id, user_ids))
        .order_by(Attempt.user_id, Attempt.number)
    )


def _one_of(column: Any, user_ids: Iterable[int] | None) -> list[Any]:
    return [] if user_ids is None else [column.in_(user_ids)]
