"""The bench of labs says what it can't measure, and keeps its table apart from the page's own words."""

import shutil

import pytest

import bench.__main__
from bench import labs, labs_click, students
from bench.labs import Outcome
from bench.labs_queue import Row
from bench.speed import run as speed


def test_without_nomad_it_says_so_in_one_line(monkeypatch, capsys):
    monkeypatch.setattr(shutil, "which", lambda _name: None)

    status = labs.main([])

    assert status == 1
    said = capsys.readouterr()
    assert said.out == "" and said.err.count("\n") == 1 and "nomad isn't on the PATH" in said.err


def test_what_is_not_held_is_said_in_the_table(tmp_path, monkeypatch):
    page = tmp_path / "page.md"
    page.write_text(f"before\n{labs.BEGIN}\nold\n{labs.END}\nafter\n")
    monkeypatch.setattr(labs, "PAGE", page)
    rows = [Outcome(Row("one", "< 1 s", "2 s", False), 0.5), Outcome(Row("two", "", "3 s", True), 4)]

    labs._write(labs._table(rows))

    text = page.read_text()
    assert text.startswith("before\n") and text.endswith("after\n") and "\nold\n" not in text
    assert "| one | < 1 s | 2 s | **no** | 0.5 |" in text and "| two |  | 3 s |  | 4.0 |" in text


@pytest.mark.parametrize("screen", [b"bob@yurt:~$ ", b"\x1b[1;32mbob@yurt\x1b[0m:\x1b[1;34m/tmp\x1b[0m$ "])
def test_a_prompt_is_known_in_colour_too(screen):
    assert labs_click.is_prompt(screen)
    assert not labs_click.is_prompt(screen + b"ls\r\n")


def test_the_bench_says_what_it_measures_when_it_is_asked_for_something_else(capsys):
    assert bench.__main__.main(["lab"]) == 2

    assert "python -m bench labs" in capsys.readouterr().err


def test_where_there_is_no_nomad_pages_and_the_class_are_measured_and_labs_are_said_to_be_left_out(monkeypatch, capsys):
    monkeypatch.setattr(shutil, "which", lambda _name: None)
    measured = []
    monkeypatch.setattr(students, "main", lambda _arguments: measured.append("class") or 0)
    monkeypatch.setattr(speed, "main", lambda _arguments: measured.append("speed") or 0)

    assert bench.__main__.main([]) == 0

    assert measured == ["speed", "class"]
    assert "NOT measured: nomad isn't on the PATH" in capsys.readouterr().err
