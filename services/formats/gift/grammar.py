"""The grammar of GIFT: questions between blank lines, escapes, answers with their weights and feedback."""

import re
from collections.abc import Iterator
from dataclasses import dataclass

from reasons import Code, Reason
from services.formats.base import MAX_ANSWERS, NotCarried

# What stands behind a backslash is itself: ~ = # { } : and the backslash; \n is a line's end.
ESCAPED = "~=#{}:\\"
_BRACE = re.compile(r"\\.|[{}]")
# How many comments before a question are looked at.
MAX_COMMENTS = 20
_FORMAT = re.compile(r"\s*\[(html|moodle|plain|markdown)\]", re.IGNORECASE)
_WEIGHT = re.compile(r"\s*%(-?\d*[.,]?\d+)%")
_TAG = re.compile(r"\[tag:((?:\\\]|[^\]])*)\]")
_ID = re.compile(r"\[id:((?:\\\]|[^\]])*)\]")


@dataclass(frozen=True)
class Block:
    """A question as it stands in the file, with what comments before it say of it."""

    text: str
    category: str = ""
    tags: tuple[str, ...] = ()
    slug: str = ""


@dataclass(frozen=True)
class Text:
    """A text with its format, escapes read."""

    text: str
    form: str = ""


@dataclass(frozen=True)
class Answer:
    """An answer: its sign, its weight in per cent where one is given, and its feedback; escapes aren't read yet."""

    sign: str
    weight: str | None
    text: str
    feedback: str = ""


def blocks(text: str) -> Iterator[Block]:
    """Yield the questions of a file. Blank lines part them; within braces they don't."""
    category, comments, lines, is_open = "", list[str](), list[str](), False
    for line in [*text.split("\n"), "", "}"]:
        bare = line.strip()
        if bare.startswith("//"):
            # Within a question it is none of the question.
            comments = [*comments[1 - MAX_COMMENTS :], bare] if not lines else comments
        elif bare.upper().startswith("$CATEGORY:") and not lines:
            category = bare.partition(":")[2].strip()
        elif not bare and not is_open:
            if lines:
                yield _block("\n".join(lines), category, " ".join(comments))
                lines, comments = [], []
        else:
            lines.append(line)
            is_open = _is_open(line, is_open)
    left = "\n".join(lines).removesuffix("}").strip()
    if left:
        yield _block(left, category, " ".join(comments))


def _block(text: str, category: str, comments: str) -> Block:
    found = _ID.search(comments)
    tags = tuple(tag.replace("\\]", "]").strip() for tag in _TAG.findall(comments))
    return Block(text.strip(), category, tags, found[1].replace("\\]", "]").strip() if found else "")


def _is_open(line: str, was_open: bool) -> bool:
    """Whether a brace is open behind a line: answers go on after a blank line, as code does."""
    for mark in _BRACE.findall(line):
        was_open = mark == "{" if mark in "{}" else was_open
    return was_open


def find(text: str, mark: str, start: int = 0) -> int:
    """Return where a mark stands that no backslash takes away; -1 for nowhere."""
    at = start
    while at < len(text):
        if text[at] == "\\":
            at += 2
        elif text.startswith(mark, at):
            return at
        else:
            at += 1
    return -1


def split(text: str, marks: str) -> list[tuple[str, str]]:
    """Part a text before each of these marks: (mark, what follows); what stands before the first has none."""
    parts, mark, begin, at = list[tuple[str, str]](), "", 0, 0
    while at < len(text):
        if text[at] == "\\":
            at += 2
        elif text[at] in marks:
            parts.append((mark, text[begin:at]))
            mark, begin = text[at], at + 1
            at += 1
        else:
            at += 1
    return [*parts, (mark, text[begin:])]


def plain(text: str) -> str:
    """Return a text with its escapes read."""
    made = re.sub(
        r"\\([~=#{}:\\n])", lambda found: "\n" if found[1] == "n" else found[1], text.strip(), flags=re.DOTALL
    )
    return made.strip()


def read_text(text: str, form: str = "") -> Text:
    """Return a text and its format: its own, or that of the question."""
    found = _FORMAT.match(text)
    said = {"html": "html", "moodle": "moodle_auto_format", "plain": "plain_text", "markdown": "markdown"}
    if found:
        return Text(plain(text[found.end() :]), said[found[1].lower()])
    return Text(plain(text), form)


def answers(text: str) -> list[Answer]:
    """Return the answers between braces; raise ValueError for what stands before the first sign."""
    parts = split(text, "=~")
    if len(parts) > MAX_ANSWERS:
        raise NotCarried("answers", Reason(Code.MOVE_TOO_MANY, many=len(parts), most=MAX_ANSWERS))
    if len(parts) == 1:
        # One answer alone needs no sign.
        return [_answer("=", text)]
    if parts[0][1].strip():
        raise ValueError(parts[0][1].strip())
    return [_answer(sign, body) for sign, body in parts[1:]]


def _answer(sign: str, body: str) -> Answer:
    weight = _WEIGHT.match(body)
    if weight:
        body = body[weight.end() :]
    at = find(body, "#")
    text, feedback = (body, "") if at < 0 else (body[:at], body[at + 1 :])
    return Answer(sign, weight[1] if weight else None, text.strip(), feedback.strip())


def escaped(text: str) -> str:
    """Write a text so that it is read as it is; lines stay in one paragraph of the file."""
    made = re.sub(r"([~=#{}:\\])", r"\\\1", text.strip())
    return made.replace("\n", "\\n")
