"""What questions of the newer types say of files and fields, as an import tells it; and what authors can look up."""

from pathlib import Path

import pytest
from flask import Flask

from cli.courses import course_group
from question_types import TYPES
from services.archive import ArchiveError
from services.archive.read import read
from tests.archive.folders import COURSE, QUIZ, make_folder

SPOT = """\
title: A quiz
questions:
  - slug: spot
    kind: hotspot
    prompt: Where?
    picture: "![a dot](files/{name}.svg)"
    areas:
      - rectangle: [10, 10, 20, 20]
      - ellipse: [50, 50, 5, {height}]
"""


def faults(tmp_path: Path, quiz: str) -> list[str]:
    """Return what an import says of a course with that quiz."""
    folder = make_folder(tmp_path, {**COURSE, QUIZ: quiz})
    try:
        read(folder)
    except ArchiveError as error:
        return [str(fault) for fault in error.faults]
    return []


def test_a_picture_of_a_question_has_to_be_there(tmp_path: Path) -> None:
    assert faults(tmp_path / "good", SPOT.format(name="dot", height=5)) == []

    [said] = faults(tmp_path / "bad", SPOT.format(name="no-such", height=5))
    assert said.startswith(f"{QUIZ}:6:")
    assert "files/no-such.svg" in said


def test_a_fault_inside_of_a_field_is_told_at_its_line(tmp_path: Path) -> None:
    [said] = faults(tmp_path, SPOT.format(name="dot", height=500))

    assert said.startswith(f"{QUIZ}:9: questions[1].areas[2].ellipse[4]:")


@pytest.mark.parametrize("name", TYPES)
def test_an_author_can_look_up_what_a_type_needs(app: Flask, name: str) -> None:
    told = app.test_cli_runner().invoke(course_group, ["kinds", name])

    assert told.exit_code == 0
    assert f"kind: {name}" in told.output


def test_an_author_can_list_the_types(app: Flask) -> None:
    told = app.test_cli_runner().invoke(course_group, ["kinds"])

    assert [line.split()[0] for line in told.output.splitlines()] == list(TYPES)
    assert all(len(line.split()) > 2 for line in told.output.splitlines())
