"""What each YAML file of an archive may say: its fields, their types, bounds and defaults (docs/course-archive.md).

What concerns several files, or fields beside each other, is checked by whoever reads the file.
"""

import re
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, BeforeValidator, ConfigDict, Field, Strict
from pydantic.dataclasses import dataclass
from pydantic_core import PydanticCustomError

from lab_definition import MAX_LINE, LabDefinition
from question_hints import FREE, MAX_HINTS, price_of
from question_rubrics import MAX_ITEMS, MOST_POINTS
from quiz_settings import Counts, Percent, Points, QuizSettings
from services.archive.content import FORMAT
from services.archive.documents import Shape

MAX_SLUG = 60
MAX_BLOCK = 50_000
SETUP, SOLUTION = "setup.sh", "solution.sh"
_SLUG = re.compile(r"[a-z0-9]+(-[a-z0-9]+)*")
_LANGUAGE = re.compile(r"[a-z]{2,3}(-[A-Za-z0-9]{2,8})*")
_CODE = re.compile(r"\S{4,64}")
_KNOWN = ConfigDict(extra="forbid")


def _refuse(message: str, **facts: Any) -> PydanticCustomError:
    return PydanticCustomError("archive", message, facts)


def _line(text: str) -> str:
    if len(text) > MAX_LINE:
        raise _refuse("is over {limit} characters", limit=MAX_LINE)
    if "\n" in text:
        raise _refuse("must be a single line")
    return text


def _given(text: str) -> str:
    if not text:
        raise _refuse("is empty")
    return text


def _slug(text: str) -> str:
    if not _SLUG.fullmatch(text) or len(text) > MAX_SLUG:
        raise _refuse("must be a-z, 0-9 and single hyphens, at most {limit} characters", limit=MAX_SLUG)
    return text


def _format(number: int) -> int:
    if number != FORMAT:
        raise _refuse("must be {format}, the only format that this version of Yurt knows", format=FORMAT)
    return number


def _like(pattern: re.Pattern[str]) -> AfterValidator:
    def check(text: str) -> str:
        if text and not pattern.fullmatch(text):
            raise _refuse("has a wrong form: {text}", text=repr(text))
        return text

    return AfterValidator(check)


def _two_decimals(number: float) -> float:
    if round(number, 2) != number:
        raise _refuse("has more than two decimals")
    return number


def _whole(low: int, high: int) -> Any:
    return Field(strict=True, ge=low, le=high)


# A value is of the type that is written: `false` is no 0, and "5" no number.
Flag = Annotated[bool, Strict()]
Line = Annotated[str, AfterValidator(_line)]
Title = Annotated[Line, AfterValidator(_given)]
Block = Annotated[str, Field(max_length=MAX_BLOCK)]
# As blueprints/schemas.py says it of titles that come out.
Heading = Annotated[Title, Field(description="As its author writes it: one line of Markdown, with its marks.")]
Prompt = Annotated[Block, AfterValidator(_given)]
Slug = Annotated[Line, AfterValidator(_given), AfterValidator(_slug)]
Difficulty = Literal["easy", "medium", "hard"]
Weight = Annotated[float, Field(strict=True, ge=0.01, le=1_000, allow_inf_nan=False), AfterValidator(_two_decimals)]


@dataclass(frozen=True, kw_only=True, config=_KNOWN)
class CategoryEntry(Shape):
    """A category of the grading scheme; `activities` and `extra_credit` are slugs."""

    title: Heading
    weight: Weight
    activities: Annotated[list[Slug], Field(max_length=200)]
    drop_lowest: Annotated[int, _whole(0, 200)] = 0
    extra_credit: Annotated[list[Slug], Field(max_length=200)] = Field(default_factory=list)
    is_extra: Flag = False


@dataclass(frozen=True, kw_only=True, config=_KNOWN)
class CertificateEntry(Shape):
    """What the course's certificate asks: shares in per cent; `leave_out` are slugs."""

    lessons_percent: Annotated[int, _whole(1, 100)] | None = None
    quiz_percent: Annotated[int, _whole(1, 100)] | None = None
    lab_percent: Annotated[int, _whole(1, 100)] | None = None
    grade_percent: Annotated[int, _whole(1, 100)] | None = None
    leave_out: Annotated[list[Slug], Field(max_length=200)] = Field(default_factory=list)


@dataclass(frozen=True, kw_only=True, config=_KNOWN)
class CourseFile(Shape):
    """course.yaml; `modules` are folders."""

    format: Annotated[int, Strict(), AfterValidator(_format)]
    slug: Slug
    title: Heading
    summary: Block = ""
    language: Annotated[Line, _like(_LANGUAGE)] = ""
    is_published: Flag = False
    enrolment: Literal["open", "code", "closed"] = "open"
    enrol_code: Annotated[Line, _like(_CODE)] = ""
    offers_practice: Flag = False
    modules: Annotated[list[Slug], Field(max_length=100)]
    grading: Annotated[list[CategoryEntry], Field(max_length=50)] = Field(default_factory=list)
    certificate: CertificateEntry | None = None


@dataclass(frozen=True, kw_only=True, config=_KNOWN)
class ModuleFile(Shape):
    """module.yaml; each activity is a file or folder beside it."""

    title: Heading
    summary: Block = ""
    activities: Annotated[list[Slug], Field(max_length=200)]


@dataclass(frozen=True, kw_only=True, config=_KNOWN)
class LessonMatter(Shape):
    """The front matter of a lesson."""

    title: Heading
    minutes: Annotated[int, _whole(1, 1_000)] | None = None
    points: Points = 0


def _price(value: Any) -> str:
    try:
        return price_of(value)
    except ValueError as error:
        raise _refuse("{fault}", fault=str(error)) from error


@dataclass(frozen=True, kw_only=True, config=_KNOWN)
class HintEntry(Shape):
    """A hint of a question; the price is marks, or a text such as 10%."""

    text: Prompt
    price: Annotated[str, BeforeValidator(_price)] = FREE


@dataclass(frozen=True, kw_only=True, config=_KNOWN)
class RubricEntry(Shape):
    """An item of a question's rubric; its points are given, or taken off where they are below 0."""

    slug: Slug
    text: Title
    points: Annotated[
        float, Field(strict=True, ge=-MOST_POINTS, le=MOST_POINTS, allow_inf_nan=False), AfterValidator(_two_decimals)
    ]


@dataclass(frozen=True, kw_only=True, config=ConfigDict(extra="ignore"))
class QuestionEntry(Shape):
    """What all questions say, in a quiz or in the bank. The other fields are its kind's own, and judged by that."""

    slug: Slug
    prompt: Prompt
    points: Weight = 1.0
    feedback: Block = ""
    hints: Annotated[list[HintEntry], Field(max_length=MAX_HINTS)] = Field(default_factory=list)
    rubric: Annotated[list[RubricEntry], Field(max_length=MAX_ITEMS)] = Field(default_factory=list)
    kind: Title
    tags: Annotated[list[Slug], Field(max_length=20)] = Field(default_factory=list)
    difficulty: Difficulty | None = None
    state: Literal["draft", "in_review", "ready", "retired"] = "ready"


@dataclass(frozen=True, kw_only=True, config=_KNOWN)
class TakenEntry(Shape):
    """A question of the bank that a quiz asks."""

    bank: Slug
    points: Weight | None = None


@dataclass(frozen=True, kw_only=True, config=_KNOWN)
class Pool(Shape):
    """What a quiz draws from, and how many."""

    tag: Slug
    count: Annotated[int, _whole(1, 200)] = 1
    difficulty: Difficulty | None = None


@dataclass(frozen=True, kw_only=True, config=_KNOWN)
class DrawEntry(Shape):
    """Questions that a quiz draws."""

    draw: Pool
    points: Weight | None = None


@dataclass(frozen=True, kw_only=True, config=_KNOWN)
class BankFile(Shape):
    """bank/NAME.yaml."""

    questions: Annotated[list[dict[str, Any]], Field(max_length=1_000)]


@dataclass(frozen=True, kw_only=True, config=_KNOWN)
class QuizFile(QuizSettings, Shape):
    """NAME.quiz.yaml: when and how the quiz is taken, and its questions."""

    title: Heading
    instructions: Block = ""
    time_limit_minutes: Annotated[int, _whole(1, 10_080)] | None = None
    time_limit_seconds: Annotated[int, _whole(1, 604_800)] | None = None
    attempts_allowed: Annotated[int, _whole(1, 1_000)] | None = None
    counts: Counts = "best"
    points: Points = 0
    pass_percent: Percent = 50
    is_shuffled: Flag = False
    questions: Annotated[list[dict[str, Any]], Field(max_length=200)]


@dataclass(frozen=True, kw_only=True, config=_KNOWN)
class CheckEntry(Shape):
    """A check of a lab's step; `script` is a path in the lab's folder."""

    slug: Slug
    title: Heading
    script: Title
    points: Points = 0
    hint: Block = ""
    timeout_s: Annotated[int, _whole(1, 300)] = 10


@dataclass(frozen=True, kw_only=True, config=_KNOWN)
class StepEntry(Shape):
    """A step of a lab; `file` and `solution` are paths in the lab's folder."""

    title: Heading
    file: Title
    solution: Line = ""
    checks: Annotated[list[CheckEntry], Field(max_length=50)] = Field(default_factory=list)


@dataclass(frozen=True, kw_only=True, config=_KNOWN)
class LabFile(LabDefinition, Shape):
    """lab.yaml: the lab's definition, its texts and its scripts."""

    title: Heading
    summary: Block = ""
    setup: Literal["", "setup.sh"] = ""
    solution: Literal["", "solution.sh"] = ""
    steps: Annotated[list[StepEntry], Field(max_length=50)]
