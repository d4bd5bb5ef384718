"""Which questions of a course may be practised: none that could still be asked for marks, or whose answer is secret.

A question is left out while a quiz that takes it, or may draw it, isn't over for the last of its students, or never
shows its answers, and while it stands in an open attempt of the person. One that quizzes have asked may then be
practised; one that no quiz asks, if it has the tag `practice`. Questions that are answered in a lab, or by files, are
left out: only an attempt can take those.
"""

from collections.abc import Collection
from datetime import datetime

from sqlalchemy import ColumnElement, and_, any_, exists, or_, select

from extensions import db
from models import Activity, Attempt, AttemptItem, Course, Question, QuestionVersion, Quiz, QuizSlot
from models.attempt import IN_PROGRESS
from models.question import READY
from question_types import TYPES
from services.quizzes import accommodations
from services.quizzes.terms import accepts_until

# The tag by which an author offers a question of the bank for practice.
TAG = "practice"
# What only an attempt can take: answers that a lab's check gives, and files.
NOT_HERE = [name for name, kind in TYPES.items() if kind.check_of is not None or kind.takes_files]


def may_be_practised(user_id: int, course: Course, now: datetime) -> ColumnElement[bool]:
    """Return the condition on `Question`, for one person. One statement, and two or three where quizzes have closed."""
    over = over_ids(course.id, now)
    asks = or_(
        QuizSlot.question_id == Question.id,
        and_(
            QuizSlot.tag == any_(Question.tags),
            or_(QuizSlot.difficulty.is_(None), QuizSlot.difficulty == Question.difficulty),
        ),
    )
    asked = exists().where(
        QuizSlot.quiz_id == Activity.id, Activity.course_id == course.id, ~Activity.is_archived, asks
    )
    still_asked = asked.where(Activity.id.not_in(over)) if over else asked
    # An attempt keeps its questions, also when its quiz asks something else by now.
    is_open = exists().where(
        Attempt.user_id == user_id,
        Attempt.state == IN_PROGRESS,
        AttemptItem.attempt_id == Attempt.id,
        QuestionVersion.id == AttemptItem.version_id,
        QuestionVersion.question_id == Question.id,
    )
    offered: ColumnElement[bool] = Question.tags.contains([TAG])
    if over:
        offered = or_(offered, exists().where(QuizSlot.quiz_id.in_(over), asks))
    return and_(
        Question.course_id == course.id,
        Question.state == READY,
        ~Question.is_archived,
        Question.current.has(QuestionVersion.kind.not_in(NOT_HERE)),
        ~still_asked,
        ~is_open.correlate(Question),
        offered,
    )


def over_ids(course_id: int, now: datetime) -> Collection[int]:
    """Return the quizzes that are over for the last of their students, and show their answers then."""
    closed = select(Quiz).where(
        Quiz.course_id == course_id, ~Quiz.is_archived, Quiz.closes_at <= now, Quiz.reveal_answer != "never"
    )
    quizzes = db.session.scalars(closed).all()
    last = accommodations.last_closes(quizzes)
    return [quiz.id for quiz in quizzes if quiz.id in last and _over_at(quiz, last[quiz.id]) <= now]


def _over_at(quiz: Quiz, last_close: datetime) -> datetime:
    """Return from when on no answer counts any more that comes late."""
    return accepts_until(quiz.late_answers, None, last_close) or last_close
