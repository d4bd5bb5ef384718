"""The states of a question, and who moved first: each move is a compare-and-set, checked against the table."""

from sqlalchemy import update

from extensions import db
from models import Course, Question
from models.question import STATES, TRANSITIONS
from reasons import Code, Reason
from services import audit, changes
from services.errors import Conflict, InvalidInput


class MovedMeanwhile(Conflict):
    """Somebody else has moved this question meanwhile. Look at it again."""


def move(question: Question, *, old: str, new: str) -> Question:
    """Move a question that the caller saw in the state `old`; raise MovedMeanwhile, or InvalidInput for a move that the
    table doesn't have. What quizzes ask changes with it, so the course has a new version."""
    if new not in STATES or old not in STATES:
        raise InvalidInput("state", Reason(Code.ONE_OF, choices=", ".join(STATES)))
    if new not in TRANSITIONS[old]:
        there = ", ".join(state for state in STATES if state in TRANSITIONS[old])
        raise InvalidInput("state", Reason(Code.STATE_NOT_NEXT, old=old, following=there))
    moved = changes.one(Question, Question.id == question.id, Question.state == old, ~Question.is_archived, state=new)
    if moved is None:
        raise MovedMeanwhile
    touch(question.course_id)
    audit.note("question.moved", moved.course_id, question=moved.id, slug=moved.slug, old=old, new=new)
    return moved


def touch(course_id: int) -> None:
    """Say that the course's content has changed, to whatever is kept by its version."""
    db.session.execute(update(Course).where(Course.id == course_id).values(version=Course.version + 1))
