"""Changing when and how a quiz is taken: what teachers change is checked as a whole, and what hangs on it follows,
also where a course's folder changes it.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Annotated, Any

from pydantic import Field, TypeAdapter, ValidationError
from pydantic.dataclasses import dataclass as checked
from sqlalchemy import exists, select

from extensions import db
from models import Attempt, Course, Quiz
from models.attempt import BY_DEADLINE
from quiz_settings import REVEALED, Counts, Percent, Points, QuizSettings, columns_of, faults_between, values_of
from reasons import Code, Reason
from services import audit
from services.errors import InvalidInput
from services.quizzes import accommodations, prerequisites, settling, unreadable
from services.quizzes.terms import ACCEPTED_FOR

Place = tuple[str | int, ...]


@checked(frozen=True, kw_only=True)
class Changeable(QuizSettings):
    """What teachers change on a quiz's page: its settings, the time limit, the number of attempts, what they earn."""

    time_limit_s: Annotated[int, Field(strict=True, ge=1, le=604_800, description="the time limit, in seconds")] | None
    attempts_allowed: Annotated[int, Field(strict=True, ge=1, le=1_000, description="None: any number")] | None
    counts: Annotated[Counts, Field(description="which score of several attempts counts")]
    points: Annotated[Points, Field(description="what a perfect attempt earns")]
    pass_percent: Annotated[Percent, Field(description="the score from which on the quiz is done")]


CHANGEABLE: dict[str, Any] = vars(Changeable)["__pydantic_fields__"]
_READ = TypeAdapter(Changeable)
# What a change of reaches attempts that are graded.
REACHING_BACK = ("counts", "points", "pass_percent")
COURSE = Course.__table__
BESIDE = ("time_limit_s", "attempts_allowed", *REACHING_BACK)


@dataclass(frozen=True)
class Fault:
    """What is wrong with a value: its place, such as ("late_credit", 1, "hours"), and why."""

    place: Place
    why: Reason

    @property
    def field(self) -> str:
        """The place as the API writes it: late_credit.1.hours."""
        return ".".join(map(str, self.place))


class Wrong(InvalidInput):
    """Some settings can't be used; `faults` are all of them."""

    def __init__(self, faults: list[Fault]) -> None:
        super().__init__(faults[0].field, faults[0].why)
        self.faults = faults

    def each(self) -> list[InvalidInput]:
        """Return every value that can't be used."""
        return [InvalidInput(fault.field, fault.why) for fault in self.faults]


def current(quiz: Quiz) -> dict[str, Any]:
    """Return a quiz's settings as they are now."""
    return {**values_of(quiz), **{name: getattr(quiz, name) for name in BESIDE}}


def change(course: Course, quiz: Quiz, given: Mapping[str, Any], *, by_id: int, now: datetime) -> bool:
    """Change the settings that are given; return whether any differed. Raise Wrong with every fault.

    Attempts that are open end when they would if they began now with these settings. Points, and whether the quiz is
    done, follow for all attempts that are graded.
    """
    if any(name in given for name in REACHING_BACK):
        # The course before the quiz, as an import takes them.
        db.session.execute(select(COURSE.c.id).where(COURSE.c.id == course.id).with_for_update(key_share=True))
        quiz = settling.hold(quiz.id)
    settings = _read({**current(quiz), **given})
    faults = [Fault(place, why) for place, why in faults_between(settings)]
    if "requires" in given:
        found = prerequisites.faults(course.id, quiz.slug, settings.requires)
        faults += [Fault(("requires", index), why) for index, why in found]
    if refusal := late_answers_refused(quiz, settings.late_answers, now=now):
        faults.append(Fault(("late_answers",), refusal))
    if faults:
        raise Wrong(faults)
    changed = _differing(quiz, _columns(settings))
    if changed:
        # What is kept of the course's outline has the old time limit.
        course.version += 1
        before = {name: getattr(quiz, name) for name in changed}
        differing = audit.differences(before, changed)
        audit.note("quiz.settings_changed", course.id, quiz=quiz.slug, changed=differing)
        _set(quiz, changed, by_id=by_id, now=now)
    return bool(changed)


def bring(quiz: Quiz, source: Any, *, now: datetime) -> tuple[bool, int]:
    """Bring a quiz to the settings that its course's folder says, which are checked.

    What follows of a change made by `change` follows of this one. Return whether any setting differed, and how many
    people's points followed. The caller holds the course's row.
    """
    columns = _columns(source)
    if any(name in _differing(quiz, columns) for name in REACHING_BACK):
        db.session.flush()
        quiz = settling.hold(quiz.id)
    changed = _differing(quiz, columns)
    return bool(changed), _set(quiz, changed, by_id=None, now=now) if changed else 0


def late_answers_refused(quiz: Quiz, late_answers: str, *, now: datetime) -> Reason | None:
    """Say why a quiz can't begin to accept late answers now; None where it can, or does, or isn't to."""
    is_beginning = late_answers == "accept" != quiz.late_answers
    return Reason(Code.LATE_ANSWERS_SEEN) if is_beginning and _have_seen(quiz, now) else None


def _columns(source: Any) -> dict[str, Any]:
    return {name: getattr(source, name) for name in BESIDE} | columns_of(source)


def _differing(quiz: Quiz, columns: Mapping[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in columns.items() if getattr(quiz, name) != value}


def _set(quiz: Quiz, changed: Mapping[str, Any], *, by_id: int | None, now: datetime) -> int:
    """Set what differs; deadlines of open attempts follow, and what graded ones earn. Return whose points did."""
    passed_from = quiz.pass_percent
    for name, value in changed.items():
        setattr(quiz, name, value)
    db.session.flush()
    accommodations.move_deadlines(Attempt.quiz_id == quiz.id, now=now)
    if not any(name in changed for name in REACHING_BACK):
        return 0
    return settling.by_new_rules(quiz, passed_from=passed_from, by_id=by_id, now=now)


def _have_seen(quiz: Quiz, now: datetime) -> bool:
    """Say whether students may have seen what is right whose late answers would count from now on."""
    if not any(getattr(quiz, f"reveal_{name}") == "submitted" for name in REVEALED if name != "score"):
        return False
    is_of_today = (Attempt.closed_by == BY_DEADLINE, Attempt.deadline_at > now - ACCEPTED_FOR)
    return bool(db.session.scalar(select(exists().where(Attempt.quiz_id == quiz.id, *is_of_today))))


def _read(values: dict[str, Any]) -> Changeable:
    try:
        return _READ.validate_python(values)
    except ValidationError as error:
        known = [Fault(_place(fault["loc"]), unreadable.reason_of(fault)) for fault in error.errors(include_url=False)]
        raise Wrong(known) from error


def _place(loc: tuple[int | str, ...]) -> Place:
    return tuple(part for part in loc if isinstance(part, int) or part.isidentifier())
