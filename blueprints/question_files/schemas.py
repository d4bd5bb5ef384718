"""Shapes of imports and exports of questions."""

from datetime import datetime
from typing import Any, Literal

from pydantic import Field

from blueprints.bank.schemas import Difficulty, State
from blueprints.schemas import Input, Output, PageQuery, Query

EntryState = Literal["new", "same", "similar", "lost"]


class ImportQuery(Query):
    """The file's name, and its format where that isn't told by what it holds."""

    name: str = Field(min_length=1, max_length=200)
    format: str = Field(default="", max_length=40)


class EntriesQuery(PageQuery):
    """Which questions of an import: of one state, or all."""

    state: EntryState | None = None


class ApplyImportIn(Input):
    """The `digest` of the preview that was seen, and whether questions come in that are nearly in the bank already."""

    digest: str = Field(max_length=40)
    adds_similar: bool = False


class ExportQuery(Query):
    """Which questions of the course go out: those that match, or all."""

    tag: str = Field(default="", max_length=60)
    state: State | None = None
    difficulty: Difficulty | None = None
    text: str = Field(default="", max_length=200)


class LeftOut(Output):
    """Something that isn't carried: what (a code, or a name from the file) with its words, and why. `is_whole` says
    that the question itself stays behind."""

    what: str
    part: str
    reason: dict[str, Any]
    message: str
    is_whole: bool


class ImportedOut(Output):
    """A question of the file. `slug` is its name in the bank, `other` the question there that is the same, or near."""

    number: int
    name: str
    state: EntryState
    kind: str
    slug: str
    other: str
    findings: list[LeftOut]


class CountsOut(Output):
    """How many questions of a file are new, in the bank already, nearly so, and can't be carried."""

    new: int
    same: int
    similar: int
    lost: int


class ImportOut(Output):
    """An import: a preview until it is applied; then `new` are the questions that came in. `findings` are those of the
    file itself."""

    id: int
    state: Literal["previewed", "applied"]
    format: str
    file_name: str
    digest: str
    counts: CountsOut
    files: int
    made_at: datetime
    applied_at: datetime | None
    findings: list[LeftOut]
    entries: list[ImportedOut]
    page: int
    pages: int
    total: int


class LeftOutOfExport(LeftOut):
    """The same of a question of the bank, by its slug."""

    question: str


class ExportOut(Output):
    """What a file of a format would hold: how many of the questions that match, its bytes, and what is left out."""

    format: str
    format_name: str
    questions: int
    written: int
    bytes: int
    findings: list[LeftOutOfExport]
