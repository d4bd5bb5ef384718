"""What a format of questions is, and what reading and writing one gives: questions of the bank, files, and findings.

A finding says what couldn't be carried: of which question, what, and why, as codes with values. Readers and writers
know nothing of rows or of courses.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

from question_hints import Hint
from reasons import Code, Reason
from services.archive.content import QuestionContent
from services.errors import InvalidInput

MEGABYTE = 1024 * 1024
# What one import may be, packed and unpacked: a page holds it in memory.
MAX_FILE = 10 * MEGABYTE
MAX_UNPACKED = 50 * MEGABYTE
# What all texts of a file may have together: a thousand questions of a page each.
MAX_TEXTS = 6 * MEGABYTE
MAX_QUESTIONS = 1_000
# How much of a value a finding tells.
MAX_VALUE = 200


@dataclass(frozen=True)
class Finding:
    """Something of a question that isn't carried, or is carried as something else.

    `number` counts the questions of the file from 1, 0 is the file itself. `what` is a code of ours
    (`reasons.parts.TERMS`) or a name from the file. `is_whole` says that the question itself stays behind.
    """

    number: int
    name: str
    what: str
    why: Reason
    is_whole: bool = False


class NotCarried(Exception):
    """A question that stays behind as a whole, and why."""

    def __init__(self, what: str, why: Reason) -> None:
        super().__init__(why.code)
        self.what, self.why = what, why


@dataclass
class Notes:
    """Collects what isn't carried of one question."""

    number: int
    name: str
    findings: list[Finding] = field(default_factory=list)
    reading: "Reading | None" = None

    def spend(self, characters: int) -> None:
        """Count what is converted: a file whose texts are longer in all than any bank's is refused."""
        if self.reading is not None:
            self.reading.spend(characters)

    def no_place(self, what: str, value: object) -> None:
        """Note something for which there is no place."""
        self.say(what, Reason(Code.MOVE_NO_PLACE, value=shortened(value)))

    def changed(self, what: str, value: object, now: object) -> None:
        """Note something that is carried as something else."""
        self.say(what, Reason(Code.MOVE_CHANGED, value=shortened(value), now=shortened(now)))

    def say(self, what: str, why: Reason, *, is_whole: bool = False) -> None:
        """Note something; the same thing twice counts once."""
        made = Finding(self.number, self.name, what, why, is_whole)
        if made not in self.findings:
            self.findings.append(made)


@dataclass(kw_only=True)
class Item:
    """A question as a reader found it. `fields` are its type's own, as authors write them; texts are Markdown.

    `slug` is what the file calls it where it has such a name.
    """

    name: str
    kind: str
    fields: dict[str, Any]
    prompt: str
    feedback: str = ""
    points: float = 1.0
    tags: Sequence[str] = ()
    difficulty: str | None = None
    slug: str = ""
    hints: Sequence[Hint] = ()


@dataclass
class Found:
    """A question that was read, by its number in the file."""

    number: int
    name: str
    content: QuestionContent


@dataclass
class Reading:
    """What a file holds: questions, the files that they show by their paths in a course, and what isn't carried."""

    items: list[tuple[int, Item]] = field(default_factory=list)
    findings: list[Finding] = field(default_factory=list)
    files: dict[str, bytes] = field(default_factory=dict)
    found: list[Found] = field(default_factory=list)
    names: dict[int, str] = field(default_factory=dict)
    count: int = 0
    spent: int = 0

    @contextmanager
    def question(self, name: str) -> Iterator[Notes]:
        """Read one question: what is noted of it is kept, and NotCarried leaves it behind with its reason."""
        self.count += 1
        if self.count > MAX_QUESTIONS:
            raise refused(Code.IMPORT_TOO_MANY, most=MAX_QUESTIONS)
        notes = Notes(self.count, shortened(name) or str(self.count), reading=self)
        kept, self.names[notes.number] = len(self.items), notes.name
        try:
            yield notes
        except NotCarried as refusal:
            del self.items[kept:]
            notes.findings.clear()
            notes.say(refusal.what, refusal.why, is_whole=True)
        except RecursionError:
            del self.items[kept:]
            notes.findings.clear()
            notes.say("text", Reason(Code.IMPORT_DEEP, most=MAX_DEPTH), is_whole=True)
        self.findings += notes.findings

    def spend(self, characters: int) -> None:
        """Count characters of texts; raise InvalidInput beyond what a file may hold."""
        self.spent += characters
        if self.spent > MAX_TEXTS:
            raise refused(Code.IMPORT_TEXTS, most_mb=MAX_TEXTS // MEGABYTE)

    def add(self, notes: Notes, item: Item) -> None:
        """Take a question in."""
        self.items.append((notes.number, item))


@dataclass(frozen=True)
class Written:
    """A file that was written, and what of the questions isn't in it."""

    data: bytes
    findings: list[Finding]


Read = Callable[[bytes, Reading], None]
Write = Callable[[Sequence[QuestionContent], Mapping[str, bytes]], Written]
# How many answers or choices of a question are looked at.
MAX_ANSWERS = 500
# How deep elements may stand in each other: what a page's editor makes is far below.
MAX_DEPTH = 100


@dataclass(frozen=True, kw_only=True)
class Format:
    """A format that questions come in or go out by.

    title: what people call it. ending: of the files that are written. looks_like(data): whether a file is of it, by its
    bytes alone; formats are asked in the order of `rank`, the surest first. read(data, reading): put what it holds into
    the reading, or raise InvalidInput of the field "file". write(questions, files): the bytes, and what isn't in them.
    """

    title: str
    rank: int
    ending: str = ""
    media_type: str = ""
    looks_like: Callable[[bytes], bool]
    read: Read | None = None
    write: Write | None = None


def refused(code: Code, **params: Any) -> InvalidInput:
    """Say why a file as a whole isn't taken."""
    return InvalidInput("file", Reason(code, **params))


def shortened(value: object) -> str:
    """Return a value as a finding tells it: one line, not too long, without what no row keeps."""
    line = " ".join(str(value).split())
    line = "".join(char for char in line if char.isprintable())
    return line if len(line) <= MAX_VALUE else f"{line[: MAX_VALUE - 1]}…"
