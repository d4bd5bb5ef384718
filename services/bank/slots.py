"""What a quiz asks: its slots, each a fixed question of the course or so many drawn by a tag. Written as a whole.

Attempts keep what they drew at their start: a change is for those to come. Imports, the API and pages write here.
"""

import hashlib
import json
from collections.abc import Sequence
from dataclasses import astuple, dataclass
from random import Random

from sqlalchemy import delete, func, select
from sqlalchemy.orm import joinedload

from extensions import db
from models import Attempt, Course, Question, Quiz, QuizSlot
from models.question import READY
from reasons import Code, Reason
from services import audit
from services.bank.questions import FILE
from services.bank.states import touch
from services.courses import turns
from services.errors import Conflict, InvalidInput
from services.quizzes.draws import Candidate, Draw, choose

MOST = 500


class SlotsChanged(Conflict):
    """Somebody else has changed what this quiz asks meanwhile. Nothing of yours was saved; look at it first."""


class Attempted(Conflict):
    """This quiz has attempts. They keep what they showed; say that you know it, and save again."""


@dataclass(frozen=True)
class Slot:
    """A place in a quiz: a question, or `count` with a tag and perhaps a difficulty. `points` None: each one's own."""

    question_id: int | None = None
    tag: str | None = None
    difficulty: str | None = None
    count: int = 1
    points: float | None = None


def of(quiz: Quiz) -> list[Slot]:
    """Return what a quiz asks, in its order."""
    return [Slot(row.question_id, row.tag, row.difficulty, row.count, row.points) for row in quiz.slots]


def version(slots: Sequence[Slot]) -> str:
    """Return a name of exactly these slots: whoever changes them says which ones they saw."""
    return hashlib.sha256(json.dumps([astuple(slot) for slot in slots]).encode()).hexdigest()[:16]


def attempts_made(quiz: Quiz) -> int:
    """Return how many attempts a quiz has."""
    return db.session.scalar(select(func.count()).where(Attempt.quiz_id == quiz.id)) or 0


def choosable(course: Course) -> list[Question]:
    """Return the questions that a quiz of the course may take, by slug: all that aren't archived. They come with what
    tells those of one slug apart, their quizzes and what they say."""
    query = select(Question).where(Question.course_id == course.id, ~Question.is_archived)
    query = query.options(joinedload(Question.quiz), joinedload(Question.current))
    return list(db.session.scalars(query.order_by(Question.slug, Question.id)))


def replace(course: Course, quiz: Quiz, wanted: Sequence[Slot], *, based_on: str, keeps_attempts: bool = False) -> bool:
    """Let a quiz ask these slots from now on; return whether that is another thing than before.

    InvalidInput names the slot that can't be (`slots.2.tag`), SlotsChanged says that `based_on` is over, and Attempted
    that the caller has to say `keeps_attempts` where there are attempts. A question that was written in the quiz's file
    and isn't asked there any more moves to the bank.
    """
    turns.take(course.slug)
    db.session.refresh(quiz, ["slots"])
    before = of(quiz)
    if version(before) != based_on:
        raise SlotsChanged
    _check(course, wanted)
    if list(wanted) == before:
        return False
    if not keeps_attempts and attempts_made(quiz):
        raise Attempted
    write(quiz, wanted)
    audit.note("quiz.questions_changed", course.id, quiz=quiz.slug, slots=len(wanted))
    _keep_in_bank(quiz, {slot.question_id for slot in wanted})
    touch(course.id)
    db.session.flush()
    return True


def write(quiz: Quiz, wanted: Sequence[Slot]) -> bool:
    """Write what a quiz asks, if that has changed; return whether it has. Nothing of students' hangs on a slot."""
    if list(wanted) == of(quiz):
        return False
    db.session.execute(delete(QuizSlot).where(QuizSlot.quiz_id == quiz.id))
    db.session.expire(quiz, ["slots"])
    db.session.add_all(
        QuizSlot(quiz_id=quiz.id, position=position, **vars(slot)) for position, slot in enumerate(wanted, start=1)
    )
    db.session.flush()
    return True


def _check(course: Course, wanted: Sequence[Slot]) -> None:
    if not wanted:
        raise InvalidInput("slots", Reason(Code.SLOTS_MISSING))
    if len(wanted) > MOST:
        raise InvalidInput("slots", Reason(Code.SLOTS_TOO_MANY, most=MOST))
    there = {question.id: question for question in choosable(course)}
    taken: set[int] = set()
    for index, slot in enumerate(wanted):
        if (slot.question_id is None) == (slot.tag is None):
            raise InvalidInput(f"slots.{index}", Reason(Code.SLOT_UNCLEAR))
        if slot.question_id is None:
            continue
        if slot.count != 1 or slot.difficulty:
            raise InvalidInput(f"slots.{index}", Reason(Code.SLOT_FIXED))
        if slot.question_id not in there:
            raise InvalidInput(f"slots.{index}.question_id", Reason(Code.QUESTION_UNKNOWN))
        if slot.question_id in taken:
            raise InvalidInput(f"slots.{index}.question_id", Reason(Code.QUESTION_TWICE))
        taken.add(slot.question_id)
    _check_draws(wanted, [row for row in there.values() if row.state == READY and row.id not in taken])


def _check_draws(wanted: Sequence[Slot], free: Sequence[Question]) -> None:
    drawing = [(index, Draw(slot.count, slot.tag, slot.difficulty)) for index, slot in enumerate(wanted) if slot.tag]
    pool = [Candidate(row.id, tuple(row.tags), row.difficulty) for row in free]
    for (index, draw), chosen in zip(drawing, choose([draw for _index, draw in drawing], pool, Random(0)), strict=True):
        if len(chosen) < draw.count:
            raise InvalidInput(
                f"slots.{index}.count", Reason(Code.SLOT_DRAWS_TOO_MANY, count=draw.count, left=len(chosen))
            )


def _keep_in_bank(quiz: Quiz, asked: set[int | None]) -> None:
    """Move questions of the quiz's file that it doesn't ask any more to the bank, under a name that is free there."""
    gone = [row for row in quiz.questions if row.id not in asked and not row.is_archived]
    if not gone:
        return
    in_bank = (Question.course_id == quiz.course_id, Question.quiz_id.is_(None))
    taken = set(db.session.scalars(select(Question.slug).where(*in_bank)))
    last = db.session.scalar(select(func.max(Question.position)).where(*in_bank, Question.file == FILE)) or 0
    for position, row in enumerate(gone, start=last + 1):
        row.slug = _free(row.slug, quiz.slug, taken)
        taken.add(row.slug)
        # What the folder held is in the bank by hand now: an import of the folder doesn't archive it.
        row.quiz, row.file, row.position, row.is_imported = None, FILE, position, False


def _free(slug: str, quiz_slug: str, taken: set[str]) -> str:
    names = [slug, f"{quiz_slug}-{slug}"[:60].rstrip("-")]
    names += [f"{slug[:54].rstrip('-')}-{number}" for number in range(2, 1_000)]
    return next(name for name in names if name not in taken)
