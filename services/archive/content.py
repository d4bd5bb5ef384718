"""A course as data: what an archive's folder says, free of files and of tables.

Reading makes these from a folder, export makes them from the models; writing and applying take them. Texts
are normalised (see `line_text` and `block_text`), so that equal courses are equal values.
"""

from dataclasses import dataclass
from typing import Any

from lab_definition import LabDefinition
from models.question import READY
from question_hints import Hint
from question_rubrics import RubricItem
from quiz_settings import QuizSettings

FORMAT = 1


@dataclass(frozen=True)
class LessonContent:
    """A page to read. minutes: reading time."""

    slug: str
    title: str
    body: str
    minutes: int | None = None
    points: int = 0

    kind = "lesson"


@dataclass(frozen=True)
class QuestionContent:
    """A question; `spec` is what its kind's `parse` returned. None is "not said"."""

    slug: str
    kind: str
    prompt: str
    spec: dict[str, Any]
    points: float = 1.0
    feedback: str = ""
    tags: tuple[str, ...] = ()
    difficulty: str | None = None
    state: str = READY
    hints: tuple[Hint, ...] = ()
    rubric: tuple[RubricItem, ...] = ()


@dataclass(frozen=True)
class TakenContent:
    """A question of the bank that a quiz asks; without points its own count."""

    slug: str
    points: float | None = None


@dataclass(frozen=True)
class DrawContent:
    """Questions of a tag, and perhaps a difficulty, that are drawn anew for each attempt; points are each one's."""

    tag: str
    count: int
    difficulty: str | None = None
    points: float | None = None


@dataclass(frozen=True)
class BankFileContent:
    """A file of questions that no quiz holds; `name` is its own, without folder and ending."""

    name: str
    questions: tuple[QuestionContent, ...]


@dataclass(frozen=True, kw_only=True)
class QuizContent(QuizSettings):
    """A quiz; None is "no limit". What it asks is its own, taken from the bank, or drawn from all of the course."""

    slug: str
    title: str
    questions: tuple[QuestionContent | TakenContent | DrawContent, ...]
    instructions: str = ""
    time_limit_s: int | None = None
    attempts_allowed: int | None = None
    counts: str = "best"
    points: int = 0
    pass_percent: int = 50
    is_shuffled: bool = False

    kind = "quiz"


@dataclass(frozen=True)
class CheckContent:
    """A script that exits 0 in the lab when the work is done; `file` is its path in the lab's folder."""

    slug: str
    title: str
    file: str
    script: str
    points: int = 0
    hint: str = ""
    timeout_s: int = 10


@dataclass(frozen=True)
class StepContent:
    """One step of a lab's instructions and its solution; files are paths in the lab's folder."""

    title: str
    file: str
    body: str
    checks: tuple[CheckContent, ...] = ()
    solution_file: str = ""
    solution: str = ""


@dataclass(frozen=True)
class LabContent(LabDefinition):
    """A machine to work in: its definition, with its texts. Scripts are whole files; empty is none."""

    slug: str
    title: str
    steps: tuple[StepContent, ...]
    summary: str = ""
    setup: str = ""
    solution: str = ""

    kind = "lab"

    @property
    def checks(self) -> tuple[CheckContent, ...]:
        """Every check, in the order of the steps."""
        return tuple(check for step in self.steps for check in step.checks)


ActivityContent = LessonContent | QuizContent | LabContent


@dataclass(frozen=True)
class ModuleContent:
    """A part of a course."""

    slug: str
    title: str
    activities: tuple[ActivityContent, ...]
    summary: str = ""


@dataclass(frozen=True)
class FileContent:
    """A file under the path that Markdown uses, such as `files/tree.svg`."""

    path: str
    data: bytes


@dataclass(frozen=True)
class CategoryContent:
    """Activities that count alike towards the grade, by their slugs; `extra_credit` are some of them."""

    title: str
    weight: float
    activities: tuple[str, ...]
    drop_lowest: int = 0
    extra_credit: tuple[str, ...] = ()
    is_extra: bool = False


@dataclass(frozen=True)
class CertificateContent:
    """What a course asks of who gets its certificate: at least one thing. What is left out isn't asked for."""

    lessons_percent: int | None = None
    quiz_percent: int | None = None
    lab_percent: int | None = None
    grade_percent: int | None = None
    leave_out: tuple[str, ...] = ()


@dataclass(frozen=True)
class CourseContent:
    """A whole course. Files, also the bank's, are in the order of their paths."""

    slug: str
    title: str
    modules: tuple[ModuleContent, ...]
    summary: str = ""
    about: str = ""
    language: str = "en"
    is_published: bool = False
    enrolment: str = "open"
    enrol_code: str | None = None
    offers_practice: bool = False
    grading: tuple[CategoryContent, ...] = ()
    certificate: CertificateContent | None = None
    files: tuple[FileContent, ...] = ()
    bank: tuple[BankFileContent, ...] = ()


def activity_file(module_slug: str, activity: ActivityContent) -> str:
    """Return the path of the file that defines an activity."""
    ending = {"lesson": ".md", "quiz": ".quiz.yaml", "lab": ".lab/lab.yaml"}[activity.kind]
    return f"{module_slug}/{activity.slug}{ending}"


def line_text(text: str) -> str:
    """Normalise a text that stands within YAML: no space around it, Unix line ends."""
    return unix_lines(text).strip()


def block_text(text: str) -> str:
    """Normalise a text that is a file: no blank lines or byte order mark around it, one line end at its end."""
    body = unix_lines(text).lstrip("\n\ufeff").rstrip("\n")
    return f"{body}\n" if body else ""


def unix_lines(text: str) -> str:
    """Return the text with Unix line ends."""
    return text.replace("\r\n", "\n").replace("\r", "\n")
