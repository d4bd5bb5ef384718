"""Shapes of what a course holds, made of those of the archive's files: a program sends what a file would say."""

from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, create_model

from blueprints.schemas import Output, Query, Written
from services.archive.messages import fields_of
from services.archive.read import MAX_LESSON
from services.archive.shapes import MAX_BLOCK, CourseFile, LabFile, LessonMatter, ModuleFile, QuizFile, Slug

# A lab has so many texts and scripts at most: a solution and 50 checks for each of 50 steps would be more.
MAX_LAB_FILES = 500


class Sent(BaseModel):
    """What a program sends for a part. Each field is as strict as in a file; texts keep the space around them."""

    model_config = ConfigDict(extra="forbid")


def _shaped(shape: type, *but: str, only: tuple[str, ...] = ()) -> dict[str, Any]:
    """Return the fields of a shape, all but some, or only some."""
    known = fields_of(shape)
    names = only or tuple(name for name in known if name not in but)
    return {name: (known[name].annotation, known[name]) for name in names}


def _model(name: str, words: str, base: type[BaseModel], example: dict[str, Any], **fields: Any) -> Any:
    model = create_model(name, __base__=base, __doc__=words, __module__=__name__, **fields)
    model.model_config["json_schema_extra"] = {"examples": [example]}
    return model


Position = Annotated[
    int | None, Field(strict=True, ge=1, le=1_000, description="its place there, from 1; else the last")
]
Body = Annotated[str, Field(max_length=MAX_LESSON, description="Markdown")]
About = Annotated[str, Field(max_length=MAX_BLOCK, description="Markdown of the course's page")]
LabFiles = Annotated[
    dict[Annotated[str, Field(max_length=200)], Annotated[str, Field(max_length=MAX_BLOCK)]],
    Field(max_length=MAX_LAB_FILES, description="its texts and scripts, by their paths in the lab's folder"),
]
Order = Annotated[list[Slug] | None, Field(max_length=200, description="in this order; null: as they are")]

LESSON: dict[str, Any] = {"title": "Pipes", "minutes": 10, "points": 5, "body": "One program's *output* …\n"}
QUIZ: dict[str, Any] = {"title": "What you remember", "instructions": "No notes.", "is_shuffled": True}
LAB: dict[str, Any] = {
    "title": "First steps",
    "setup": "setup.sh",
    "steps": [
        {
            "title": "Look around",
            "file": "steps/1-look.md",
            "checks": [{"slug": "looked", "title": "You looked", "script": "checks/looked.sh", "points": 10}],
        }
    ],
    "files": {
        "setup.sh": "mkdir -p work\n",
        "steps/1-look.md": "Make `work/done`.\n",
        "checks/looked.sh": "test -e work/done\n",
    },
}
MODULE: dict[str, Any] = {"title": "Basics", "summary": "Where everybody begins.", "activities": ["first-words"]}
COURSE: dict[str, Any] = {"title": "The shell", "is_published": True, "enrolment": "code", "enrol_code": "shell-2026"}
CREATED: dict[str, Any] = {"slug": (Slug, ...), "module": (Slug, Field(description="where it stands"))}
MOVED: dict[str, Any] = {"module": (Slug | None, Field(default=None, description="another module; null: the same"))}
# What was read may be put back as a whole: these are known, and aren't changed.
READ: dict[str, Any] = {"slug": (str | None, Field(default=None, description="as it was read"))}
READ_LAB = {**READ, "cannot_start": (Any, Field(default=None, description="as it was read"))}
PLACED: dict[str, Any] = {"position": (Position, None)}
NEW = {"slug": "pipes", "module": "basics"}

_lesson = {**_shaped(LessonMatter), "body": (Body, "")}
_quiz = _shaped(QuizFile, only=("title", "instructions", "is_shuffled"))
_lab = {**_shaped(LabFile), "files": (LabFiles, Field(default_factory=dict))}
_module = {**_shaped(ModuleFile, "activities"), "activities": (Order, None)}
_course = {
    **_shaped(CourseFile, "format", "slug", "modules", "enrol_code"),
    "enrol_code": (Annotated[str | None, Field(max_length=64)], None),
    "about": (About, ""),
    "modules": (Order, None),
}

NewLessonIn = _model("NewLessonIn", "A lesson to be.", Sent, {**NEW, **LESSON}, **CREATED, **PLACED, **_lesson)
LessonIn = _model("LessonIn", "A lesson, as its file says it.", Sent, LESSON, **READ, **MOVED, **PLACED, **_lesson)
NewQuizIn = _model(
    "NewQuizIn", "A quiz to be: it asks nothing yet.", Sent, {**NEW, **QUIZ}, **CREATED, **PLACED, **_quiz
)
QuizWordsIn = _model("QuizWordsIn", "A quiz's words.", Sent, QUIZ, **READ, **MOVED, **PLACED, **_quiz)
NewLabIn = _model("NewLabIn", "A lab to be.", Sent, {**NEW, **LAB}, **CREATED, **PLACED, **_lab)
LabIn = _model("LabIn", "A lab, as its folder says it.", Sent, LAB, **READ_LAB, **MOVED, **PLACED, **_lab)
NewModuleIn = _model(
    "NewModuleIn", "A module to be.", Sent, {"slug": "basics", **MODULE}, slug=(Slug, ...), **PLACED, **_module
)
ModuleIn = _model("ModuleIn", "A module, with its activities in order.", Sent, MODULE, **READ, **PLACED, **_module)
NewCourseIn = _model("NewCourseIn", "A course to be.", Sent, {"slug": "shell", **COURSE}, slug=(Slug, ...), **_course)
CourseIn = _model("CourseIn", "What a course itself says.", Sent, {**COURSE, "modules": ["basics"]}, **READ, **_course)

_place: dict[str, Any] = {"slug": (str, ...), "module": (str, ...), "position": (int, ...)}
_out: dict[str, Any] = {"slug": "pipes", "module": "basics", "position": 2}


class LessonDefinitionOut(Output):
    """A lesson as its author writes it, and where it stands."""

    model_config = ConfigDict(json_schema_extra={"examples": [{**_out, **LESSON}]})

    slug: str
    module: str
    position: int
    title: Written
    minutes: int | None
    points: int
    body: str


class QuizWordsOut(Output):
    """A quiz's words, and where it stands. Its settings and what it asks have addresses of their own."""

    model_config = ConfigDict(json_schema_extra={"examples": [{**_out, **QUIZ}]})

    slug: str
    module: str
    position: int
    title: Written
    instructions: str
    is_shuffled: bool


class HindranceOut(Output):
    """Why a lab can never start on this site: no machine runs its kind, or none is large enough."""

    code: str
    params: dict[str, Any]
    text: str


LabDefinitionOut = _model(
    "LabDefinitionOut",
    "A lab as its author writes it, with its texts and scripts, where it stands, and whether it can't start here.",
    Output,
    {**_out, **LAB, "cannot_start": None},
    cannot_start=(HindranceOut | None, None),
    **_place,
    **_lab,
)


class ModulePartOut(Output):
    """A module, with its activities in order."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"slug": "basics", "position": 1, **MODULE}]})

    slug: str
    position: int
    title: Written
    summary: Written
    activities: list[str]


class ModulePartsOut(Output):
    """All modules of a course, in order."""

    modules: list[ModulePartOut]


CourseDefinitionOut = _model(
    "CourseDefinitionOut",
    "What a course itself says; for those who may change it, because the enrolment code is in it.",
    Output,
    {"slug": "shell", **COURSE, "modules": ["basics"]},
    slug=(str, ...),
    **{**_course, "modules": (list[str], ...)},
)


class CourseFileOut(Output):
    """A picture or a download of a course: texts show it as `files/` and its path."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [{"path": "tree.png", "size": 5123, "content_type": "image/png", "version": "5f"}]
        }
    )

    path: str
    size: int
    content_type: str
    version: str


class CourseFilesOut(Output):
    """The files of a course by their paths."""

    files: list[CourseFileOut]


class RemovalQuery(Query):
    """`with_work` says that the caller knows of students' work, which goes out of sight with it."""

    with_work: Literal["true", "false"] = "false"


class LostOut(Output):
    """Work that went out of sight with an activity. It is kept, and comes back when the activity does."""

    name: str
    people: int
    completions: int
    attempts: int
    open_attempts: int
    answers: int
    sessions: int
    open_sessions: int


class RemovedOut(Output):
    """What was taken out of the course; `ended` counts lab sessions, whose work is saved first."""

    model_config = ConfigDict(
        json_schema_extra={"examples": [{"archived": ["lesson pipes"], "touched": [], "ended": 0}]}
    )

    archived: list[str]
    touched: list[LostOut]
    ended: int
