"""CSV: a table of questions, a line each, whose first line names the columns (docs/moving.md). Read only.

Texts are Markdown, because people write such tables for Yurt.
"""

import csv
import io
import re
from fractions import Fraction
from typing import Any

from question_types import TYPES
from reasons import Code, Reason
from services.formats import building
from services.formats.base import Format, Item, NotCarried, Notes, Reading, refused
from services.formats.building import Option
from services.formats.decoding import glimpse, text_of

# What a column may be called, in small letters.
COLUMNS = {
    "prompt": ("prompt", "question", "question text", "text"),
    "right": ("right", "answer", "answers", "correct", "correct answer", "correct answers", "key"),
    "wrong": ("wrong", "distractors", "incorrect"),
    "kind": ("kind", "type", "question type"),
    "name": ("name", "title", "slug", "id"),
    "points": ("points", "marks", "score"),
    "feedback": ("feedback", "explanation"),
    "tags": ("tags", "category", "topic"),
    "difficulty": ("difficulty", "level"),
    "tolerance": ("tolerance",),
    "unit": ("unit",),
}
_CALLED = {name: column for column, names in COLUMNS.items() for name in names}
_CHOICE = re.compile(r"(?:option|choice|answer)?[ _-]?([a-h]|[1-8])")
_TRUTH = {"true": True, "t": True, "false": False, "f": False}
DELIMITERS = ",;\t"


def looks_like(data: bytes) -> bool:
    """Whether its first line names a column for the text, and one more that is known."""
    first = glimpse(data[:4000]).partition("\n")[0]
    names = {cell.strip().strip('"').lower() for cell in re.split(f"[{DELIMITERS}]", first)}
    return bool(names & set(COLUMNS["prompt"])) and len(names & _CALLED.keys()) > 1


def read(data: bytes, reading: Reading) -> None:
    """Read line after line."""
    text = text_of(data)
    head = text.partition("\n")[0]
    delimiter = max(DELIMITERS, key=head.count)
    rows = csv.reader(io.StringIO(text), delimiter=delimiter, strict=True)
    try:
        names = [cell.strip().lower() for cell in next(rows, [])]
        if not any(_CALLED.get(name) == "prompt" for name in names):
            raise refused(Code.IMPORT_HEADER, column="question")
        for row in rows:
            if any(cell.strip() for cell in row):
                _question(dict(zip(names, (cell.strip() for cell in row), strict=False)), reading)
    except csv.Error as error:
        raise refused(Code.IMPORT_TABLE, said=str(error)[:200]) from error


def _question(row: dict[str, str], reading: Reading) -> None:
    said = {_CALLED[name]: value for name, value in row.items() if name in _CALLED and value}
    choices = {found[1]: value for name, value in row.items() if (found := _CHOICE.fullmatch(name)) and value}
    with reading.question(said.get("name") or said.get("prompt", "")[:60]) as notes:
        for name, value in row.items():
            if value and name not in _CALLED and not _CHOICE.fullmatch(name):
                notes.no_place(name or "text", value)
        kind, fields = _answers(said, choices, notes)
        points = building.number(said.get("points", "1"))
        item = Item(
            name=said.get("name", "") or said.get("prompt", "")[:60],
            kind=kind,
            fields=fields,
            prompt=said.get("prompt", ""),
            feedback=said.get("feedback", ""),
            points=float(points) if points is not None else 1.0,
            tags=_parts(said.get("tags", ""), ",|\n"),
            slug=said.get("name", ""),
        )
        if points is None:
            notes.changed("points", said["points"], "1")
        level = said.get("difficulty", "").lower()
        if level in ("easy", "medium", "hard"):
            item.difficulty = level
        elif level:
            notes.no_place("difficulty", level)
        reading.add(notes, item)


def _parts(cell: str, marks: str = "|\n") -> list[str]:
    return [part.strip() for part in re.split(f"[{re.escape(marks)}]", cell) if part.strip()]


def _answers(said: dict[str, str], choices: dict[str, str], notes: Notes) -> tuple[str, dict[str, Any]]:
    kind, right, wrong = said.get("kind", "").lower(), _parts(said.get("right", "")), _parts(said.get("wrong", ""))
    if kind and kind not in TYPES:
        raise NotCarried("question", Reason(Code.MOVE_KIND_UNKNOWN, kind=kind[:200]))
    if choices and kind in ("", "single", "multiple"):
        return _chosen(choices, right, kind, notes)
    if wrong or kind in ("single", "multiple"):
        return _made([(text, True) for text in right] + [(text, False) for text in wrong], kind, notes)
    if kind == "truefalse" or (not kind and len(right) == 1 and right[0].lower() in ("true", "false")):
        if not right or right[0].lower() not in _TRUTH:
            raise NotCarried("answer", Reason(Code.MOVE_ANSWER_MISSING))
        return "truefalse", {"is_true": _TRUTH[right[0].lower()]}
    if kind == "numeric" or (not kind and "tolerance" in said):
        unit = {"unit": said["unit"]} if "unit" in said else {}
        return "numeric", {**building.numeric(right[0] if right else "", said.get("tolerance", "0")), **unit}
    if kind == "matching":
        pairs = [part.partition("=") for part in right]
        fields = {"pairs": [{"left": left.strip(), "right": other.strip()} for left, _equals, other in pairs]}
        return kind, {**fields, "extra": wrong} if wrong else fields
    if kind == "ordering":
        return kind, {"items": right}
    if right and kind in ("", "text"):
        return "text", {"accept": right}
    if kind in ("", "essay"):
        return "essay", {"model_answer": "\n".join(right)} if right else {}
    raise NotCarried("question", Reason(Code.MOVE_KIND_UNKNOWN, kind=kind))


def _chosen(choices: dict[str, str], right: list[str], kind: str, notes: Notes) -> tuple[str, dict[str, Any]]:
    """Read choices in columns of their own; the right ones are named by letter, number or text."""
    named = [
        part for cell in right for part in (re.split(r"[\s,;]+", cell) if cell not in choices.values() else [cell])
    ]
    wanted = {part.lower() for part in named if part}
    is_letter = wanted <= choices.keys()
    made = [(text, key in wanted if is_letter else text in right) for key, text in choices.items()]
    return _made(made, kind, notes)


def _made(choices: list[tuple[str, bool]], kind: str, notes: Notes) -> tuple[str, dict[str, Any]]:
    many = sum(is_right for _text, is_right in choices)
    each = Fraction(1, max(1, many))
    if kind == "multiple" or (many > 1 and kind != "single"):
        return building.multiple([Option(text, each if is_right else -each) for text, is_right in choices], notes)
    return building.single([Option(text, Fraction(is_right)) for text, is_right in choices], notes)


FORMAT = Format(title="CSV", rank=80, looks_like=looks_like, read=read)
