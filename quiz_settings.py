"""When and how a quiz is taken: each setting once, with its type, default, bounds and meaning.

An archive says these fields, the table `quizzes` keeps them, the page and the API of a quiz's settings change them, and
docs/course-archive.md describes them, which tests/quizzes/test_settings.py compares. Whether somebody may start, by
when they are done and what they see is decided in services/quizzes/.
"""

from collections.abc import Iterator
from dataclasses import fields
from datetime import UTC, datetime
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, BeforeValidator, ConfigDict, Field
from pydantic.dataclasses import dataclass
from pydantic.fields import FieldInfo
from pydantic_core import PydanticCustomError

from reasons import Code, Reason

MAX_STEPS = 10
MAX_REQUIREMENTS = 10
MAX_PASSWORD = 100
YEARS = (2000, 2200)
_KNOWN = ConfigDict(extra="forbid")


def _whole(low: int, high: int, meaning: str = "") -> Any:
    return Field(strict=True, ge=low, le=high, description=meaning)


def _meaning(words: str) -> Any:
    return Field(description=words)


def _moment(value: Any) -> datetime | None:
    """Read a time with its offset; to the second, in UTC."""
    fault = PydanticCustomError("moment", "must be a time with its offset, such as 2026-03-02T09:00:00Z")
    if value is None or value == "":
        return None
    try:
        at = value if isinstance(value, datetime) else datetime.fromisoformat(value) if isinstance(value, str) else None
        utc = at.astimezone(UTC).replace(microsecond=0) if at is not None and at.tzinfo is not None else None
    except (ValueError, OverflowError):
        raise fault from None
    if utc is None:
        raise fault
    if not YEARS[0] <= utc.year < YEARS[1]:
        raise PydanticCustomError("year", "must lie between {first} and {last}", {"first": YEARS[0], "last": YEARS[1]})
    return utc


def _secret(text: str) -> str:
    if text != text.strip() or not text.isprintable():
        raise PydanticCustomError("password", "must be a single line without spaces around it")
    return text


Moment = Annotated[datetime | None, BeforeValidator(_moment)]
Slug = Annotated[str, Field(max_length=60, pattern=r"^([a-z0-9]+(-[a-z0-9]+)*)?$")]
When = Literal["never", "submitted", "closed"]
Counts = Literal["best", "last", "first", "average"]
Points = Annotated[int, _whole(0, 10_000)]
Percent = Annotated[int, _whole(0, 100)]


@dataclass(frozen=True, kw_only=True, config=_KNOWN)
class LateStep:
    """What an attempt is worth that is handed in at most so many hours after the due date."""

    hours: Annotated[int, _whole(1, 8_760)]
    percent: Percent


@dataclass(frozen=True, kw_only=True, config=_KNOWN)
class Requirement:
    """What has to be done first: a lesson read, a quiz done so well, a lab finished, or one of its checks passed."""

    lesson: Slug = ""
    quiz: Slug = ""
    percent: Percent | None = None
    lab: Slug = ""
    check: Slug = ""


@dataclass(frozen=True, kw_only=True)
class QuizSettings:
    """When a quiz can be taken, what late work is worth, what must be done first, and what its students are shown."""

    opens_at: Annotated[Moment, _meaning("nobody starts before this time")] = None
    due_at: Annotated[Moment, _meaning("what is handed in later is late")] = None
    closes_at: Annotated[Moment, _meaning("nobody starts after this time, and open attempts end")] = None
    late_credit: Annotated[
        tuple[LateStep, ...],
        Field(max_length=MAX_STEPS),
        _meaning("steps of `hours` after `due_at` and the `percent` of the marks until then; after the last one, 0 %"),
    ] = ()
    cooldown_minutes: Annotated[int, _whole(0, 525_600, "the time between an attempt and the next one")] = 0
    password: Annotated[
        str,
        Field(max_length=MAX_PASSWORD),
        AfterValidator(_secret),
        _meaning("what students have to type to start"),
    ] = ""
    requires: Annotated[
        tuple[Requirement, ...],
        Field(max_length=MAX_REQUIREMENTS),
        _meaning("what has to be done first, each with one of `lesson`, `quiz` (and `percent`), `lab` (and `check`)"),
    ] = ()
    late_answers: Annotated[
        Literal["accept", "keep", "refuse"],
        _meaning(
            "what becomes of an answer that comes after the end and was typed before it, as its page says: it counts "
            "(for 24 hours, in which whose time was up isn't shown what was right), is kept for the teacher to see, or "
            "is refused"
        ),
    ] = "keep"
    reveal_score: Annotated[When, _meaning("when students see their score")] = "submitted"
    reveal_correctness: Annotated[When, _meaning("when they see what was right, and the marks of each question")] = (
        "submitted"
    )
    reveal_answer: Annotated[When, _meaning("when they see the right answers")] = "submitted"
    reveal_feedback: Annotated[When, _meaning("when they see the feedback")] = "submitted"


DEFAULTS = QuizSettings()
REVEALED = ("score", "correctness", "answer", "feedback")
FIELDS: dict[str, FieldInfo] = vars(QuizSettings)["__pydantic_fields__"]


def values_of(source: Any) -> dict[str, Any]:
    """Return the settings of whatever has them: a definition, or a row, which keeps lists as JSON."""
    values = {name: getattr(source, name) for name in FIELDS}
    steps, requirements = values["late_credit"], values["requires"]
    values["late_credit"] = tuple(each if isinstance(each, LateStep) else LateStep(**each) for each in steps)
    values["requires"] = tuple(each if isinstance(each, Requirement) else Requirement(**each) for each in requirements)
    return values


def columns_of(source: Any) -> dict[str, Any]:
    """Return the settings as a row keeps them."""
    values = values_of(source)
    values["late_credit"] = [{"hours": step.hours, "percent": step.percent} for step in values["late_credit"]]
    values["requires"] = [said(requirement) for requirement in values["requires"]]
    return values


def said(requirement: Requirement) -> dict[str, Any]:
    """Return what a requirement says, without what it leaves out."""
    given = {field.name: getattr(requirement, field.name) for field in fields(requirement)}
    return {name: value for name, value in given.items() if value not in (None, "")}


def faults_between(settings: Any) -> Iterator[tuple[tuple[str | int, ...], Reason]]:
    """Return what each setting may be by itself, but not beside the others: its place, and why."""
    opens, due, closes = settings.opens_at, settings.due_at, settings.closes_at
    if opens and closes and opens >= closes:
        yield ("closes_at",), Reason(Code.TIMES_TURNED_ROUND)
    if opens and due and due < opens:
        yield ("due_at",), Reason(Code.DUE_BEFORE_OPENING)
    if due and closes and due > closes:
        yield ("due_at",), Reason(Code.DUE_AFTER_CLOSING)
    if settings.late_credit and not due:
        yield ("late_credit",), Reason(Code.NEEDS_DUE_AT)
    for index, (step, before) in enumerate(zip(settings.late_credit[1:], settings.late_credit, strict=False), start=1):
        if step.hours <= before.hours:
            yield ("late_credit", index, "hours"), Reason(Code.STEP_NOT_LATER, hours=before.hours)
        if step.percent > before.percent:
            yield ("late_credit", index, "percent"), Reason(Code.STEP_WORTH_MORE, percent=before.percent)
    for index, requirement in enumerate(settings.requires):
        for fault in _faults_of(requirement):
            yield ("requires", index), fault
    for name in REVEALED:
        if getattr(settings, f"reveal_{name}") == "closed" and not closes:
            yield (f"reveal_{name}",), Reason(Code.NEEDS_CLOSES_AT)


def _faults_of(requirement: Requirement) -> Iterator[Reason]:
    if sum(1 for name in ("lesson", "quiz", "lab") if getattr(requirement, name)) != 1:
        yield Reason(Code.REQUIREMENT_UNCLEAR)
    if requirement.percent is not None and not requirement.quiz:
        yield Reason(Code.PERCENT_WITHOUT_QUIZ)
    if requirement.check and not requirement.lab:
        yield Reason(Code.CHECK_WITHOUT_LAB)
