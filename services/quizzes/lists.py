"""Quizzes as lists show them."""

from typing import Any

from sqlalchemy import func, select
from sqlalchemy.orm import joinedload

from extensions import db
from models import Accommodation, Attempt, Course, Module, Quiz, QuizOverride
from quiz_settings import columns_of
from services.courses.outlines import count_asked
from services.paging import Page, paginate
from services.quizzes.terms import Granted, terms_of

SHOWN = (
    *("id", "slug", "title", "instructions_html", "time_limit_s", "attempts_allowed", "counts", "points"),
    "pass_percent",
)


def overview(course: Course, user_id: int) -> list[dict[str, Any]]:
    """Return every quiz of the course in its order, with its questions counted and the attempts left. One query."""
    questions = count_asked(Quiz.id)
    made = select(func.count()).where(Attempt.quiz_id == Quiz.id, Attempt.user_id == user_id).scalar_subquery()
    query = (
        select(Quiz, questions, made, Accommodation, QuizOverride)
        .outerjoin(Accommodation, (Accommodation.course_id == Quiz.course_id) & (Accommodation.user_id == user_id))
        .outerjoin(QuizOverride, (QuizOverride.quiz_id == Quiz.id) & (QuizOverride.user_id == user_id))
        .join(Module, Module.id == Quiz.module_id)
        .where(Quiz.course_id == course.id, ~Quiz.is_archived)
        .order_by(Module.position, Quiz.position, Quiz.id)
    )
    rows = [(*row[:3], terms_of(row[0], Granted(*row[3:]))) for row in db.session.execute(query).tuples()]
    return [
        {
            **{name: getattr(quiz, name) for name in SHOWN},
            **{name: value for name, value in columns_of(quiz).items() if name != "password"},
            "needs_password": bool(quiz.password),
            "question_count": count,
            "attempts_left": terms.attempts_left(number),
            "your_time_limit_s": terms.time_limit_s,
            "your_opens_at": terms.opens_at,
            "your_due_at": terms.due_at,
            "your_closes_at": terms.closes_at,
        }
        for quiz, count, number, terms in rows
    ]


def quizzes_of(course: Course) -> list[Quiz]:
    """Return the quizzes of a course in its order."""
    query = select(Quiz).join(Module, Module.id == Quiz.module_id)
    query = query.where(Quiz.course_id == course.id, ~Quiz.is_archived)
    return list(db.session.scalars(query.order_by(Module.position, Quiz.position, Quiz.id)))


def attempts_at(quiz: Quiz, user_id: int | None, page: int, per_page: int) -> Page[Attempt]:
    """Return a page of the quiz's attempts, the newest first; of one person, or with None of all."""
    query = select(Attempt).where(Attempt.quiz_id == quiz.id).order_by(Attempt.id.desc())
    query = query.options(joinedload(Attempt.user)) if user_id is None else query.where(Attempt.user_id == user_id)
    return paginate(query, page, per_page)
