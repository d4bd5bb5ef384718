"""Quizzes that can't be started, because fewer questions are ready than they draw."""

from collections.abc import Iterable
from dataclasses import dataclass
from random import Random

from sqlalchemy import select

from extensions import db
from models import Question, Quiz, QuizSlot
from models.question import READY
from services.quizzes.draws import Candidate, Draw, choose


@dataclass(frozen=True)
class Shortage:
    """A draw of a quiz that gets fewer questions than it wants."""

    slug: str
    title: str
    tag: str
    wanted: int
    there: int


def of_course(course_id: int, *, but: Question | None = None) -> list[Shortage]:
    """Return the draws of a course's quizzes that get too few questions: now, or if `but` weren't ready."""
    slots = (
        select(Quiz.id, Quiz.slug, Quiz.title, QuizSlot.tag, QuizSlot.difficulty, QuizSlot.count, QuizSlot.question_id)
        .join(QuizSlot, QuizSlot.quiz_id == Quiz.id)
        .where(Quiz.course_id == course_id, ~Quiz.is_archived)
        .order_by(Quiz.title, Quiz.slug, QuizSlot.position)
    )
    quizzes: dict[int, list[tuple[str, str, Draw]]] = {}
    fixed: dict[int, set[int]] = {}
    for quiz_id, slug, title, tag, difficulty, count, question_id in db.session.execute(slots).tuples():
        if question_id is not None:
            fixed.setdefault(quiz_id, set()).add(question_id)
        else:
            quizzes.setdefault(quiz_id, []).append((slug, title, Draw(count, tag or "", difficulty)))
    if not quizzes:
        return []
    ready = [each for each in _ready(course_id) if but is None or each.id != but.id]
    return [
        short
        for quiz_id, drawing in quizzes.items()
        for short in _of_quiz(drawing, (each for each in ready if each.id not in fixed.get(quiz_id, ())))
    ]


def caused_by(question: Question) -> list[Shortage]:
    """Return the draws that would get too few questions if this one weren't ready, and get enough now."""
    if question.state != READY or not question.tags:
        return []
    now = {(short.slug, short.tag, short.wanted) for short in of_course(question.course_id)}
    without = of_course(question.course_id, but=question)
    return [short for short in without if (short.slug, short.tag, short.wanted) not in now]


def _ready(course_id: int) -> list[Candidate]:
    query = select(Question.id, Question.tags, Question.difficulty).where(
        Question.course_id == course_id,
        Question.state == READY,
        ~Question.is_archived,
        Question.current_id.is_not(None),
    )
    return [
        Candidate(number, tuple(tags), difficulty) for number, tags, difficulty in db.session.execute(query).tuples()
    ]


def _of_quiz(drawing: list[tuple[str, str, Draw]], free: Iterable[Candidate]) -> list[Shortage]:
    # How many each draw gets doesn't depend on chance where all get enough.
    chosen = choose([draw for _slug, _title, draw in drawing], free, Random(0))
    return [
        Shortage(slug, title, draw.tag, draw.count, len(ids))
        for (slug, title, draw), ids in zip(drawing, chosen, strict=True)
        if len(ids) < draw.count
    ]
