"""What a reader found -> questions as the bank has them: slugs, tags and texts in bounds, each checked by its type."""

import re
import unicodedata
from dataclasses import replace

from models.question import DIFFICULTIES, DRAFT
from question_types import type_of
from reasons import Code, Reason
from services.archive.content import QuestionContent, line_text
from services.archive.shapes import MAX_BLOCK, MAX_SLUG
from services.errors import InvalidInput
from services.formats.base import Finding, Found, Item, Notes, Reading, shortened

MAX_TAGS = 20
MAX_POINTS = 1_000
# As `pictures.path_of` names one.
FILE = re.compile(r"files/[a-z0-9-]+-[0-9a-f]{8}\.[a-z]+")
_SLUG = re.compile(r"[a-z0-9]+(-[a-z0-9]+)*")


def settle(reading: Reading) -> None:
    """Make questions of all items; what can't be one is a finding about the whole of it."""
    by_number: dict[int, list[Finding]] = {}
    for finding in reading.findings:
        by_number.setdefault(finding.number, []).append(finding)
    taken: set[str] = set()
    for number, item in reading.items:
        notes = Notes(number, reading.names[number])
        content = _content(item, notes, taken)
        if content is not None:
            reading.spend(sum(map(len, texts_in(content))))
        if content is not None:
            reading.found.append(Found(number, notes.name, content))
            taken.add(content.slug)
        by_number.setdefault(number, []).extend(notes.findings)
    reading.findings = [finding for number in sorted(by_number) for finding in by_number[number]]
    shown = {path for each in reading.found for text in texts_in(each.content) for path in FILE.findall(text)}
    reading.files = {path: data for path, data in reading.files.items() if path in shown}


def _content(item: Item, notes: Notes, taken: set[str]) -> QuestionContent | None:
    prompt, feedback = line_text(item.prompt), line_text(item.feedback)
    if not prompt:
        notes.say("text", Reason(Code.MOVE_TEXT_MISSING), is_whole=True)
        return None
    if max(len(prompt), len(feedback), *(len(hint.text) for hint in item.hints), 0) > MAX_BLOCK:
        notes.say("text", Reason(Code.MOVE_TOO_LONG, most=MAX_BLOCK), is_whole=True)
        return None
    try:
        spec = type_of(item.kind).parse(item.fields)
    except InvalidInput as error:
        notes.say(
            "question", Reason(Code.MOVE_REFUSED, field=error.field, said=shortened(error.message)), is_whole=True
        )
        return None
    content = QuestionContent(
        slug=free_slug(item.slug or slug_of(item.name) or slug_of(prompt) or f"question-{notes.number}", taken),
        kind=item.kind,
        prompt=prompt,
        spec=spec,
        points=_points(item, notes),
        feedback=feedback,
        tags=_tags(item, notes),
        difficulty=item.difficulty,
        state=DRAFT,
        hints=tuple(item.hints),
    )
    if content.difficulty is None:
        content = _with_difficulty(content)
    return content


def slug_of(text: str) -> str:
    """Return the words of a text as a slug; empty where it has no Latin letter or digit."""
    plain = unicodedata.normalize("NFKD", text.replace("ß", "ss")).encode("ascii", "ignore").decode().lower()
    return re.sub(r"[^a-z0-9]+", "-", plain).strip("-")[:MAX_SLUG].rstrip("-")


def free_slug(wanted: str, taken: set[str]) -> str:
    """Return the slug, or the first with a number that nobody has."""
    base = wanted if _SLUG.fullmatch(wanted) and len(wanted) <= MAX_SLUG else slug_of(wanted) or "question"
    if base not in taken:
        return base
    stem = base[: MAX_SLUG - 6].rstrip("-")
    return next(name for name in (f"{stem}-{number}" for number in range(2, 100_000)) if name not in taken)


def _points(item: Item, notes: Notes) -> float:
    points = round(item.points, 2)
    if not 0.01 <= points <= MAX_POINTS:
        now = 1.0 if points < 0.01 else float(MAX_POINTS)
        notes.changed("points", f"{item.points:g}", f"{now:g}")
        return now
    return points


def _tags(item: Item, notes: Notes) -> tuple[str, ...]:
    tags: dict[str, None] = {}
    for tag in item.tags:
        slug = slug_of(tag)
        if slug and len(tags) < MAX_TAGS:
            tags[slug] = None
        elif tag.strip() and slug not in tags:
            notes.no_place("tags", tag)
    return tuple(tags)


def _with_difficulty(content: QuestionContent) -> QuestionContent:
    """Take the difficulty from the tag by which our own exports say it."""
    said = [level for level in DIFFICULTIES if f"difficulty-{level}" in content.tags]
    if len(said) != 1:
        return content
    left = tuple(tag for tag in content.tags if tag != f"difficulty-{said[0]}")
    return replace(content, tags=left, difficulty=said[0])


def texts_in(content: QuestionContent) -> list[str]:
    """Return every text of a question, also those of its specification."""
    made: list[str] = [content.prompt, content.feedback, *(hint.text for hint in content.hints)]
    todo: list[object] = [content.spec]
    while todo:
        value = todo.pop()
        if isinstance(value, str):
            made.append(value)
        elif isinstance(value, dict):
            todo += value.values()
        elif isinstance(value, (list, tuple)):
            todo += value
    return made
