"""docs/course-archive.md has each field of each file, with the bounds and the default that the shapes have."""

import re
from typing import Any

import pytest
from pydantic import TypeAdapter

from config import ROOT
from services.archive.shapes import (
    CategoryEntry,
    CertificateEntry,
    CheckEntry,
    CourseFile,
    LessonMatter,
    ModuleFile,
    QuizFile,
)

TEXT = (ROOT / "docs" / "course-archive.md").read_text()
# The headings below which the tables stand, and which table it is there.
TABLES: dict[str, type[Any]] = {
    "## course.yaml": CourseFile,
    "A category has": CategoryEntry,
    "A certificate asks": CertificateEntry,
    "## module.yaml": ModuleFile,
    "## Lessons": LessonMatter,
    "## Quizzes": QuizFile,
    "A step has": CheckEntry,
}
# A course without a language is in English.
SAID_OTHERWISE = {("CourseFile", "language"): "`en`"}


def rows(heading: str) -> dict[str, tuple[str, str]]:
    """Return {field: (type, default)} of the first table below a heading."""
    below = TEXT[TEXT.index(f"\n{heading}") :]
    table = re.search(r"(?m)^\| Field .*\n\| ---.*\n((?:\|.*\n)+)", below)
    assert table is not None
    cells = [[cell.strip() for cell in line.strip("|").split("|")] for line in table[1].splitlines()]
    return {name.strip("`"): (kind, default) for name, kind, default, _meaning in cells}


def fields(shape: type[Any]) -> dict[str, tuple[str | None, str]]:
    """Return {field: (bounds where it is a number, default)} as the documentation is to write them."""
    schema = TypeAdapter(shape).json_schema()
    return {
        name: (bounds(value), default(shape, name, value, name in schema.get("required", ())))
        for name, value in schema["properties"].items()
    }


def bounds(value: dict[str, Any]) -> str | None:
    number = next((one for one in value.get("anyOf", [value]) if one.get("type") == "integer"), {})
    return f"{number['minimum']:,} to {number['maximum']:,}" if "minimum" in number else None


def default(shape: type[Any], name: str, value: dict[str, Any], is_required: bool) -> str:
    if (shape.__name__, name) in SAID_OTHERWISE:
        return SAID_OTHERWISE[shape.__name__, name]
    if is_required:
        return "required"
    match value.get("default", ""):  # a list has none in the schema
        case bool(flag):
            return f"`{str(flag).lower()}`"
        case int(number):
            return f"{number:,}"
        case None:
            return "none"
    return f"`{value['default']}`" if value.get("default") else ""


@pytest.mark.parametrize(("heading", "shape"), TABLES.items())
def test_the_table_of_a_file_says_what_its_shape_takes(heading: str, shape: type[Any]) -> None:
    written = rows(heading)

    assert {name: default for name, (_kind, default) in written.items()} == {
        name: default for name, (_bounds, default) in fields(shape).items()
    }
    assert {name: written[name][0] for name, (limits, _default) in fields(shape).items() if limits} == {
        name: limits for name, (limits, _default) in fields(shape).items() if limits
    }
