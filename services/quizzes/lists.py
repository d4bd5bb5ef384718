"""Quizzes as lists show them."""

from typing import Any

from sqlalchemy import func, select
from sqlalchemy.orm import joinedload

from extensions import db
from models import Attempt, Course, Module, Quiz
from quiz_settings import columns_of
from services.courses.outlines import count_asked
from services.paging import Page, paginate
from services.quizzes import attempts

SHOWN = (
    *("id", "slug", "title", "instructions_html", "time_limit_s", "attempts_allowed", "counts", "points"),
    "pass_percent",
)


def overview(course: Course, user_id: int) -> list[dict[str, Any]]:
    """Return every quiz of the course in its order, with its questions counted and the attempts left. One query."""
    questions = count_asked(Quiz.id)
    made = select(func.count()).where(Attempt.quiz_id == Quiz.id, Attempt.user_id == user_id).scalar_subquery()
    query = (
        select(Quiz, questions, made)
        .join(Module, Module.id == Quiz.module_id)
        .where(Quiz.course_id == course.id, ~Quiz.is_archived)
        .order_by(Module.position, Quiz.position, Quiz.id)
    )
    return [
        {
            **{name: getattr(quiz, name) for name in SHOWN},
            **{name: value for name, value in columns_of(quiz).items() if name != "password"},
            "needs_password": bool(quiz.password),
            "question_count": count,
            "attempts_left": attempts.attempts_left(quiz, number),
        }
        for quiz, count, number in db.session.execute(query)
    ]


def attempts_at(quiz: Quiz, user_id: int | None, page: int, per_page: int) -> Page[Attempt]:
    """Return a page of the quiz's attempts, the newest first; of one person, or with None of all."""
    query = select(Attempt).where(Attempt.quiz_id == quiz.id).order_by(Attempt.id.desc())
    query = query.options(joinedload(Attempt.user)) if user_id is None else query.where(Attempt.user_id == user_id)
    return paginate(query, page, per_page)
