"""Answers that wait for a person, and not for their tests: how many, in which order, and which one is next."""

from typing import Any

from sqlalchemy import Select, func, select, tuple_
from sqlalchemy.orm import contains_eager

from extensions import db
from models import Attempt, AttemptItem, QuestionVersion, Quiz
from models.attempt import NEEDS_GRADING
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


def after(item: AttemptItem) -> tuple[int, int] | None:
    """Return the attempt and the position of the answer to grade after this one: to the same question, if one waits.

    After the newest comes the oldest, which may have been left out.
    """
    attempt, question_id = item.attempt, item.version.question_id
    here = tuple_(attempt.closed_at, item.attempt_id, item.position)
    query = (
        _waiting(select(AttemptItem.attempt_id, AttemptItem.position), attempt.quiz)
        .where(tuple_(AttemptItem.attempt_id, AttemptItem.position) != (item.attempt_id, item.position))
        .order_by(
            QuestionVersion.question_id != question_id,
            tuple_(*PLACE) < here,
            QuestionVersion.question_id,
            *PLACE,
        )
        .limit(1)
    )
    return db.session.execute(query).tuples().one_or_none()


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
