"""Reads what students did in a course, a part at a time, and tells it as statements."""

import json
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal

from sqlalchemy import ColumnElement, Select, and_, or_, select

from extensions import db
from models import Attempt, CheckRun, Completion, Enrolment, Lab, LabCheck, LabSession, Lesson, Quiz, User
from models.attempt import GRADED
from services import markdown
from services.statements.shapes import Frame, duration, score

Format = Literal["ndjson", "json"]
Statement = dict[str, Any]
CHUNK = 500


@dataclass(frozen=True)
class Span:
    """The time that is asked for: from `since` on, and before `until`."""

    since: datetime | None = None
    until: datetime | None = None

    def holds(self, at: datetime | None) -> bool:
        """Whether a moment lies in it."""
        return at is not None and (self.since is None or at >= self.since) and (self.until is None or at < self.until)

    def touches(self, *columns: Any) -> ColumnElement[bool]:
        """Match the rows of which one of these times lies in it."""
        matches = []
        for column in columns:
            bounds = [column.is_not(None)]
            bounds += [column >= self.since] if self.since is not None else []
            bounds += [column < self.until] if self.until is not None else []
            matches.append(and_(*bounds))
        return or_(*matches)


def written(frame: Frame, span: Span, form: Format) -> Iterator[str]:
    """Yield the file: a statement a line, or one JSON array."""
    if form == "ndjson":
        yield from (f"{json.dumps(each, ensure_ascii=False)}\n" for each in statements(frame, span))
        return
    yield "["
    for number, each in enumerate(statements(frame, span)):
        yield f"{',' if number else ''}\n{json.dumps(each, ensure_ascii=False)}"
    yield "\n]\n"


def statements(frame: Frame, span: Span) -> Iterator[Statement]:
    """Yield the statements of the course's students: lessons, attempts, labs, then checks, each in their order."""
    yield from _lessons(frame, span)
    yield from _attempts(frame, span)
    yield from _labs(frame, span)
    yield from _checks(frame, span)


def _lessons(frame: Frame, span: Span) -> Iterator[Statement]:
    query = (
        select(Completion, Lesson, User)
        .join(Lesson, Lesson.id == Completion.activity_id)
        .join(User, User.id == Completion.user_id)
        .where(Lesson.course_id == frame.course_id, span.touches(Completion.completed_at))
    )
    for done, lesson, user in _rows(query, frame, Completion.user_id, (Completion.user_id, Completion.activity_id)):
        who = frame.who(user.id, user.handle, user.display_name)
        thing = frame.activity("lesson", f"/lessons/{lesson.slug}", markdown.plain(lesson.title))
        key = f"completion:{done.user_id}:{done.activity_id}"
        yield frame.statement(key, who, "completed", thing, done.completed_at, result={"completion": True})


def _attempts(frame: Frame, span: Span) -> Iterator[Statement]:
    query = (
        select(Attempt, Quiz, User)
        .join(Quiz, Quiz.id == Attempt.quiz_id)
        .join(User, User.id == Attempt.user_id)
        .where(Quiz.course_id == frame.course_id, span.touches(Attempt.started_at, Attempt.closed_at))
    )
    for attempt, quiz, user in _rows(query, frame, Attempt.user_id, (Attempt.id,)):
        who = frame.who(user.id, user.handle, user.display_name)
        thing = frame.activity("quiz", f"/quizzes/{quiz.slug}", markdown.plain(quiz.title))
        registration = frame.name(f"attempt:{attempt.id}:{who.account}")
        if span.holds(attempt.started_at):
            key = f"attempt:{attempt.id}:began"
            yield frame.statement(key, who, "attempted", thing, attempt.started_at, registration=registration)
        if span.holds(attempt.closed_at):
            verb, result = _outcome(attempt, quiz)
            key = f"attempt:{attempt.id}:closed"
            yield frame.statement(key, who, verb, thing, attempt.closed_at, registration=registration, result=result)


def _outcome(attempt: Attempt, quiz: Quiz) -> tuple[str, dict[str, Any]]:
    assert attempt.closed_at is not None  # it is told of its end
    said: dict[str, Any] = {"completion": True, "duration": duration(attempt.closed_at - attempt.started_at)}
    if attempt.state != GRADED or attempt.score is None:
        return "completed", said
    is_passed = (attempt.percent or 0) >= quiz.pass_percent
    graded = {"score": score(attempt.score, attempt.max_score), "success": is_passed}
    return ("passed" if is_passed else "failed"), {**graded, **said}


def _labs(frame: Frame, span: Span) -> Iterator[Statement]:
    query = (
        select(LabSession, Lab, User)
        .join(Lab, Lab.id == LabSession.lab_id)
        .join(User, User.id == LabSession.user_id)
        .where(LabSession.course_id == frame.course_id, LabSession.started_at.is_not(None))
        .where(span.touches(LabSession.started_at, LabSession.ended_at))
    )
    for session, lab, user in _rows(query, frame, LabSession.user_id, (LabSession.id,)):
        who = frame.who(user.id, user.handle, user.display_name)
        thing = frame.activity("lab", f"/labs/{lab.slug}", markdown.plain(lab.title))
        registration = frame.name(f"session:{session.id}:{who.account}")
        if span.holds(session.started_at):
            key = f"session:{session.id}:began"
            yield frame.statement(key, who, "launched", thing, session.started_at, registration=registration)
        if span.holds(session.ended_at):
            key, took = f"session:{session.id}:ended", duration(session.ended_at - session.started_at)
            yield frame.statement(
                key, who, "terminated", thing, session.ended_at, registration=registration, result={"duration": took}
            )


def _checks(frame: Frame, span: Span) -> Iterator[Statement]:
    query = (
        select(CheckRun, LabCheck, Lab, User)
        .join(LabSession, LabSession.id == CheckRun.session_id)
        .join(LabCheck, LabCheck.id == CheckRun.check_id)
        .join(Lab, Lab.id == LabCheck.lab_id)
        .join(User, User.id == LabSession.user_id)
        .where(LabSession.course_id == frame.course_id, CheckRun.state.in_(("passed", "failed")))
        .where(span.touches(CheckRun.finished_at))
    )
    for run, check, lab, user in _rows(query, frame, LabSession.user_id, (CheckRun.id,)):
        who = frame.who(user.id, user.handle, user.display_name)
        parent = frame.activity("lab", f"/labs/{lab.slug}", markdown.plain(lab.title))
        thing = frame.activity("check", f"/labs/{lab.slug}#check-{check.slug}", markdown.plain(check.title))
        registration = frame.name(f"session:{run.session_id}:{who.account}")
        yield frame.statement(
            f"check:{run.id}",
            who,
            run.state,
            thing,
            run.finished_at,
            registration=registration,
            parent=parent,
            result={"success": run.state == "passed"},
        )


def _rows(query: Select[*tuple[Any, ...]], frame: Frame, user_id: Any, keys: tuple[Any, ...]) -> Iterator[Any]:
    """Yield rows of the course's students in the order of their keys; a part of them is in memory at a time."""
    students = select(Enrolment.user_id).where(Enrolment.course_id == frame.course_id, Enrolment.role == "student")
    query = query.where(user_id.in_(students)).order_by(*keys)
    after: tuple[Any, ...] | None = None
    while True:
        part = query.limit(CHUNK)
        if after is not None:
            part = part.where(_behind(keys, after))
        rows = db.session.execute(part).all()
        yield from rows
        if len(rows) < CHUNK:
            return
        after = tuple(getattr(rows[-1][0], key.key) for key in keys)


def _behind(keys: tuple[Any, ...], after: tuple[Any, ...]) -> ColumnElement[bool]:
    if len(keys) == 1:
        return keys[0] > after[0]  # type: ignore[no-any-return]  # a column compared
    return or_(keys[0] > after[0], and_(keys[0] == after[0], keys[1] > after[1]))
