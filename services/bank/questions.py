"""Questions of a bank: found, listed, written and edited. What they say is kept by `versions`, where they stand by
`states`."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import Select, func, select, tuple_
from sqlalchemy.orm import joinedload

from extensions import db
from models import Course, Question, QuestionVersion
from models.question import DRAFT
from question_hints import Hint
from question_rubrics import RubricItem
from question_types import type_of
from reasons import Code, Reason
from services import audit
from services.bank import named_files, versions
from services.bank.rendering import renderer
from services.bank.states import touch
from services.courses import turns
from services.errors import Conflict, InvalidInput, NotFound
from services.quizzes import lab_checks
from services.searches import finds

# The file to which an export writes what was made on the site.
FILE = "questions"
PER_PAGE = 50


class ChangedMeanwhile(Conflict):
    """Somebody else has changed this question meanwhile. Nothing of yours was saved; look at their version first."""

    def __init__(self, number: int) -> None:
        super().__init__()
        self.number = number


@dataclass(frozen=True)
class Written:
    """A question as its author wrote it: `spec` is what its type's `parse` returned."""

    kind: str
    prompt: str
    spec: dict[str, Any]
    points: float = 1.0
    feedback: str = ""
    tags: tuple[str, ...] = ()
    difficulty: str | None = None
    hints: tuple[Hint, ...] = ()
    rubric: tuple[RubricItem, ...] = ()


@dataclass(frozen=True)
class Filter:
    """Which questions of a bank: empty asks for all."""

    tag: str = ""
    state: str = ""
    difficulty: str = ""
    text: str = ""


@dataclass(frozen=True)
class Slice:
    """A page of a bank by slug; `after` is where the next one begins, None at the end."""

    rows: Sequence[Question]
    after: int | None
    usage: Mapping[int, tuple[int, int]] = field(default_factory=dict)


def parse(kind: str, fields: dict[str, Any]) -> dict[str, Any]:
    """Return the specification of a type's own fields; raise InvalidInput, which names the field."""
    return type_of(kind).parse(fields)


def find(course: Course, question_id: int) -> Question:
    """Return a question of the course with its current version; raise NotFound, for archived ones, too."""
    query = _of_course(course).where(Question.id == question_id) if question_id < 2**63 else None
    question = db.session.scalar(query) if query is not None else None
    if question is None:
        raise NotFound
    return question


def page(course: Course, wanted: Filter, *, after: int | None = None, per_page: int = PER_PAGE) -> Slice:
    """Return questions in the order of their slugs, those after the one with the ID `after`."""
    query = _filtered(_of_course(course), wanted).order_by(Question.slug, Question.id).limit(per_page + 1)
    if after is not None:
        last = select(Question.slug, Question.id).where(Question.id == min(after, 2**63 - 1), _is_of(course))
        query = query.where(tuple_(Question.slug, Question.id) > last.scalar_subquery())
    rows = db.session.scalars(query).all()
    return Slice(rows[:per_page], rows[per_page - 1].id if len(rows) > per_page else None)


def all_of(course: Course, wanted: Filter) -> Sequence[Question]:
    """Return every question that matches, by slug."""
    return db.session.scalars(_filtered(_of_course(course), wanted).order_by(Question.slug, Question.id)).all()


def count(course: Course, wanted: Filter) -> int:
    """Return how many questions there are."""
    query = _filtered(_of_course(course), wanted).with_only_columns(Question.id).order_by(None)
    return db.session.scalar(select(func.count()).select_from(query.subquery())) or 0


def tags(course: Course) -> list[str]:
    """Return every tag of the course's questions, by name."""
    every = select(func.unnest(Question.tags).label("tag")).where(_is_of(course), ~Question.is_archived).subquery()
    return list(db.session.scalars(select(every.c.tag).distinct().order_by(every.c.tag)))


def create(course: Course, slug: str, said: Written) -> Question:
    """Add a draft to the bank; raise InvalidInput where the slug is taken."""
    _require(course, said)
    turns.take(course.slug)
    if db.session.scalar(select(Question.id).where(_is_in_bank(course), Question.slug == slug)) is not None:
        raise InvalidInput("slug", Reason(Code.SLUG_TAKEN, slug=slug))
    last = select(func.max(Question.position)).where(_is_in_bank(course), Question.file == FILE)
    question = Question(
        course_id=course.id,
        slug=slug,
        file=FILE,
        position=(db.session.scalar(last) or 0) + 1,
        tags=list(said.tags),
        difficulty=said.difficulty,
        state=DRAFT,
    )
    db.session.add(question)
    db.session.flush()
    versions.write(question, said, renderer(course, *versions.texts_of(said)))
    audit.note("question.created", course.id, question=question.id, slug=slug)
    return question


def edit(course: Course, question_id: int, said: Written, *, based_on: int) -> bool:
    """Give a question a new version, and new tags and difficulty; return whether anything changed.

    `based_on` is the number of the version that the caller saw: ChangedMeanwhile where another one is current now.
    """
    _require(course, said)
    turns.take(course.slug)
    # What was read before the turn may be old.
    question = db.session.scalar(_of_course(course).where(Question.id == question_id))
    if question is None:
        raise NotFound
    number = question.current.number if question.current else 0
    if number != based_on:
        raise ChangedMeanwhile(number)
    is_changed = versions.write(question, said, renderer(course, *versions.texts_of(said)))
    if question.tags != list(said.tags) or question.difficulty != said.difficulty:
        question.tags, question.difficulty = list(said.tags), said.difficulty
        is_changed = True
    if is_changed:
        touch(course.id)
        audit.note("question.edited", course.id, question=question.id, slug=question.slug)
    return is_changed


def history(question: Question) -> Sequence[QuestionVersion]:
    """Return every version of a question, the newest first."""
    query = select(QuestionVersion).where(QuestionVersion.question_id == question.id)
    return db.session.scalars(query.order_by(QuestionVersion.number.desc())).all()


def _require(course: Course, said: Written) -> None:
    """Raise InvalidInput where a question names something that its course doesn't have."""
    lab_checks.require(course.id, said.kind, said.spec)
    named_files.require(course, said)


def _is_of(course: Course) -> Any:
    return Question.course_id == course.id


def _is_in_bank(course: Course) -> Any:
    return _is_of(course) & Question.quiz_id.is_(None)


def _of_course(course: Course) -> Select[Question]:
    return (
        select(Question)
        .join(Question.current)
        .options(joinedload(Question.current), joinedload(Question.quiz))
        .where(_is_of(course), ~Question.is_archived)
        .execution_options(populate_existing=True)
    )


def _filtered(query: Select[Question], wanted: Filter) -> Select[Question]:
    if wanted.tag:
        query = query.where(Question.tags.contains([wanted.tag]))
    if wanted.state:
        query = query.where(Question.state == wanted.state)
    if wanted.difficulty:
        query = query.where(Question.difficulty == wanted.difficulty)
    if wanted.text:
        text = wanted.text.replace("\x00", "")
        query = query.where(finds(Question.slug, text) | finds(QuestionVersion.prompt_md, text))
    return query
