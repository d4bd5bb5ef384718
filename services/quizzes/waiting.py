"""Answers that wait for a person, and not for their tests: how many, in which order, and which one is next."""

from collections.abc import Iterable
from datetime import datetime
from typing import Any

from sqlalchemy import Select, func, select, tuple_
from sqlalchemy.orm import contains_eager

from extensions import db
from models import Attempt, AttemptItem, GradingHold, GradingRun, QuestionVersion, Quiz
from models.attempt import NEEDS_GRADING
from models.grading_run import RUN_ERROR
from reasons import Reason
from services import leases
from services.paging import Page, paginate
from services.quizzes import runs

# Those of one question together, the oldest first.
PLACE = (Attempt.closed_at, AttemptItem.attempt_id, AttemptItem.position)


def count(quiz: Quiz) -> int:
    """Count the answers to a quiz that wait."""
    return db.session.scalar(_waiting(select(func.count()), quiz)) or 0


def counts(quiz: Quiz) -> dict[int, int]:
    """Count the answers that wait, by the question's id."""
    query = _waiting(select(QuestionVersion.question_id, func.count()), quiz).group_by(QuestionVersion.question_id)
    return dict(db.session.execute(query).tuples().all())


def page(quiz: Quiz, number: int, per_page: int) -> Page[AttemptItem]:
    """Return a page of the answers that wait, with their questions and their people, by question."""
    query = (
        _waiting(select(AttemptItem), quiz)
        .join(Attempt.user)
        .options(
            contains_eager(AttemptItem.version),
            contains_eager(AttemptItem.attempt).contains_eager(Attempt.user),
        )
        .order_by(QuestionVersion.question_id, *PLACE)
    )
    return paginate(query, number, per_page)


def why_not_tested(items: Iterable[AttemptItem]) -> dict[tuple[int, int], Reason]:
    """Return why tests could not be run that were to grade these answers, by attempt and position. One
    statement, and none where no question has tests."""
    tested = [item for item in items if runs.tests_of(item.version.kind, item.version.spec)]
    places = [(item.attempt_id, item.position) for item in tested]
    query = select(GradingRun.attempt_id, GradingRun.position, GradingRun.reason).where(
        tuple_(GradingRun.attempt_id, GradingRun.position).in_(places),
        ~GradingRun.is_trial,
        GradingRun.regrade_id.is_(None),
        GradingRun.state == RUN_ERROR,
    )
    return {(run[0], run[1]): run[2] for run in db.session.execute(query) if run[2] is not None} if places else {}


def following(quiz: Quiz, user_id: int, now: datetime, *, after: AttemptItem | None = None) -> tuple[int, int] | None:
    """Return the attempt and the position of the next answer that nobody else has before them.

    That is the oldest one; after an answer it is the one after it to the same question, if one waits. After the newest
    comes the oldest, which may have been left out.
    """
    others = (
        select(GradingHold.id)
        .where(GradingHold.attempt_id == AttemptItem.attempt_id, GradingHold.position == AttemptItem.position)
        .where(GradingHold.holder != str(user_id), ~leases.is_due(GradingHold, now))
    )
    query = _waiting(select(AttemptItem.attempt_id, AttemptItem.position), quiz).where(~others.exists())
    if after is not None:
        here = tuple_(after.attempt.closed_at, after.attempt_id, after.position)
        query = query.where(
            tuple_(AttemptItem.attempt_id, AttemptItem.position) != (after.attempt_id, after.position)
        ).order_by(QuestionVersion.question_id != after.version.question_id, tuple_(*PLACE) < here)
    found = query.order_by(QuestionVersion.question_id, *PLACE).limit(1)
    return db.session.execute(found).tuples().one_or_none()


def _waiting(query: Select[*tuple[Any, ...]], quiz: Quiz) -> Select[*tuple[Any, ...]]:
    return (
        query.select_from(AttemptItem)
        .join(Attempt, Attempt.id == AttemptItem.attempt_id)
        .join(QuestionVersion, QuestionVersion.id == AttemptItem.version_id)
        .where(
            Attempt.quiz_id == quiz.id,
            Attempt.state == NEEDS_GRADING,
            AttemptItem.score.is_(None),
            ~runs.is_being_run(),
        )
    )
