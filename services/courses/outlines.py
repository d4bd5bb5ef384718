"""A course's outline: modules and activities in order. Cached by course version, so it is never stale."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache as cached
from typing import Any, TypeVar

from sqlalchemy import BigInteger, ScalarSelect, Select, Text, bindparam, func, select

from database.prepared import KEEPS_PLAN
from extensions import cache, db
from models import Activity, Completion, Course, Lab, LabCheck, Lesson, Module, Question, Quiz, QuizSlot
from models.question import READY
from services.errors import NotFound

KEPT_S = 900
Kind = TypeVar("Kind", bound=Activity)


@dataclass(frozen=True)
class Entry:
    """An activity as the outline shows it. minutes: reading time or limit; count: questions or checks."""

    id: int
    slug: str
    kind: str
    title: str
    module_id: int
    minutes: int | None
    count: int
    points: int


@dataclass(frozen=True)
class Section:
    """A module and its activities."""

    id: int
    slug: str
    title: str
    summary: str
    activities: tuple[Entry, ...]


@dataclass(frozen=True)
class Outline:
    """All of a course, without archived parts."""

    sections: tuple[Section, ...]

    @property
    def entries(self) -> list[Entry]:
        """Every activity in the order of the course."""
        return [entry for section in self.sections for entry in section.activities]

    def around(self, slug: str) -> tuple[Entry | None, Entry | None]:
        """Return what comes before and after the activity called `slug`."""
        entries = self.entries
        at = next((index for index, entry in enumerate(entries) if entry.slug == slug), None)
        if at is None:
            return None, None
        return (entries[at - 1] if at else None), (entries[at + 1] if at + 1 < len(entries) else None)


def outline(course: Course) -> Outline:
    """Return the outline, from the cache where it is."""
    return outlines([course])[course.id]


def outlines(courses: Sequence[Course]) -> dict[int, Outline]:
    """Return the outlines of several courses by their ids: one question to the cache, whatever their number."""
    keys = [f"outline:{course.id}:{course.version}" for course in courses]
    by_course: dict[int, Outline] = {}
    for course, key, kept in zip(courses, keys, cache.get_many(*keys) if keys else [], strict=True):
        if kept is None:
            kept = _load(course)
            cache.set(key, kept, timeout=KEPT_S)
        by_course[course.id] = kept
    return by_course


def activity(course: Course, slug: str, kind: type[Kind]) -> Kind:
    """Return the lesson, quiz or lab called `slug` in the course; raise NotFound for archived ones too."""
    entry: Kind | None = db.session.scalar(_activity(kind), {"of": course.id, "called": slug.replace("\x00", "")})
    if entry is None:
        raise NotFound
    return entry


@cached
def _activity(kind: type[Activity]) -> Select[Any]:
    """Build the question of nearly every page of an activity once."""
    course_id, slug = bindparam("of", type_=BigInteger), bindparam("called", type_=Text)
    return (
        select(kind)
        .where(kind.course_id == course_id, kind.slug == slug, ~kind.is_archived)
        .execution_options(**KEEPS_PLAN)
    )


def count_asked(quiz_id: Any) -> ScalarSelect[int]:
    """Count what the quiz of a column asks: its fixed questions that are ready, and what its slots draw."""
    is_asked = QuizSlot.question_id.is_(None) | ((Question.state == READY) & ~Question.is_archived)
    return (
        select(func.coalesce(func.sum(QuizSlot.count), 0))
        .select_from(QuizSlot)
        .outerjoin(Question, Question.id == QuizSlot.question_id)
        .where(QuizSlot.quiz_id == quiz_id, is_asked)
        .correlate_except(QuizSlot, Question)
        .scalar_subquery()
    )


def done_ids(user_id: int | None, course: Course) -> set[int]:
    """Return the ids of the activities that a person has finished."""
    if user_id is None:
        return set()
    query = (
        select(Completion.activity_id)
        .join(Activity, Activity.id == Completion.activity_id)
        .where(Completion.user_id == user_id, Activity.course_id == course.id, ~Activity.is_archived)
    )
    return set(db.session.scalars(query))


def _load(course: Course) -> Outline:
    questions = count_asked(Activity.id)
    checks = select(func.count()).where(LabCheck.lab_id == Activity.id, ~LabCheck.is_archived).scalar_subquery()
    earned = (
        select(func.coalesce(func.sum(LabCheck.points), 0))
        .where(LabCheck.lab_id == Activity.id, ~LabCheck.is_archived)
        .scalar_subquery()
    )
    lessons, quizzes, labs = Lesson.__table__, Quiz.__table__, Lab.__table__
    table = Activity.__table__
    query = (
        select(
            table.c.id,
            table.c.slug,
            table.c.kind,
            table.c.title,
            table.c.module_id,
            func.coalesce(lessons.c.minutes, quizzes.c.time_limit_s / 60).label("minutes"),
            (questions + checks).label("size"),
            (func.coalesce(lessons.c.points, 0) + func.coalesce(quizzes.c.points, 0) + earned).label("points"),
        )
        .select_from(table)
        .outerjoin(lessons, lessons.c.id == table.c.id)
        .outerjoin(quizzes, quizzes.c.id == table.c.id)
        .outerjoin(labs, labs.c.id == table.c.id)
        .where(table.c.course_id == course.id, ~table.c.is_archived)
        .order_by(table.c.position, table.c.id)
    )
    entries = [
        Entry(
            row.id,
            row.slug,
            row.kind,
            row.title,
            row.module_id,
            int(row.minutes) if row.minutes is not None else None,
            int(row.size),
            int(row.points),
        )
        for row in db.session.execute(query)
    ]
    modules = db.session.scalars(
        select(Module).where(Module.course_id == course.id, ~Module.is_archived).order_by(Module.position, Module.id)
    )
    return Outline(
        tuple(
            Section(m.id, m.slug, m.title, m.summary, tuple(e for e in entries if e.module_id == m.id)) for m in modules
        )
    )
