"""Who asks a question, and how often it was given and answered."""

from collections.abc import Iterable
from dataclasses import dataclass

from sqlalchemy import func, or_, select

from extensions import db
from models import AttemptItem, Question, QuestionVersion, Quiz, QuizSlot


@dataclass(frozen=True)
class Given:
    """In how many attempts something was, and in how many of them it was answered."""

    given: int = 0
    answered: int = 0


@dataclass(frozen=True)
class AskedBy:
    """A quiz that asks a question: always, or, if `is_drawn`, perhaps."""

    slug: str
    title: str
    is_drawn: bool


def given(question_ids: Iterable[int]) -> dict[int, Given]:
    """Return how often each of these questions was given; those that never were are left out."""
    query = (
        select(QuestionVersion.question_id, func.count(), func.count(AttemptItem.response))
        .join(AttemptItem, AttemptItem.version_id == QuestionVersion.id)
        .where(QuestionVersion.question_id.in_(list(question_ids)))
        .group_by(QuestionVersion.question_id)
    )
    return {number: Given(*counts) for number, *counts in db.session.execute(query)}


def given_by_version(question: Question) -> dict[int, Given]:
    """Return the same of one question, by the number of its version."""
    query = (
        select(QuestionVersion.number, func.count(), func.count(AttemptItem.response))
        .join(AttemptItem, AttemptItem.version_id == QuestionVersion.id)
        .where(QuestionVersion.question_id == question.id)
        .group_by(QuestionVersion.number)
    )
    return {number: Given(*counts) for number, *counts in db.session.execute(query)}


def asked_by(question: Question) -> list[AskedBy]:
    """Return the quizzes that take a question, and those that may draw it, whatever its state, by their titles."""
    fits = (
        QuizSlot.tag.in_(question.tags)
        & or_(QuizSlot.difficulty.is_(None), QuizSlot.difficulty == question.difficulty)
        & (Quiz.course_id == question.course_id)
    )
    query = (
        select(Quiz.slug, Quiz.title, func.bool_and(QuizSlot.question_id.is_(None)))
        .join(QuizSlot, QuizSlot.quiz_id == Quiz.id)
        .where((QuizSlot.question_id == question.id) | fits, ~Quiz.is_archived)
        .group_by(Quiz.id, Quiz.slug, Quiz.title)
        .order_by(Quiz.title, Quiz.slug)
    )
    return [AskedBy(*row) for row in db.session.execute(query)]
