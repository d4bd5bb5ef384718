"""`flask questions import` and `export`."""

from pathlib import Path

import pytest
from flask import Flask
from flask.testing import FlaskCliRunner

from cli.questions import questions_group
from tests.factories import Cast
from tests.moving.test_imports import GIFT, in_bank


@pytest.fixture
def runner(app: Flask, cast: Cast) -> FlaskCliRunner:
    return app.test_cli_runner()


def run(runner: FlaskCliRunner, *words: object) -> tuple[int, str]:
    result = runner.invoke(questions_group, [str(word) for word in words])
    return result.exit_code, result.output


def test_a_file_comes_in_and_goes_out(runner: FlaskCliRunner, cast: Cast, tmp_path: Path) -> None:
    (tmp_path / "sums.gift").write_text(GIFT)

    status, told = run(runner, "import", "shell", tmp_path / "sums.gift")
    out, left_out = run(runner, "export", "shell", tmp_path / "sums.xml", "--format", "moodle_xml", "--tag", "sums")

    assert (status, out) == (0, 0), (told, left_out)
    assert "new     four\n" in told
    assert "question: there is no such kind of question: description (left behind)" in told
    assert "2 new, 0 same, 0 similar, 1 lost; gift." in told
    assert b"<idnumber>four</idnumber>" in (tmp_path / "sums.xml").read_bytes()


def test_a_preview_changes_nothing(runner: FlaskCliRunner, cast: Cast, tmp_path: Path) -> None:
    (tmp_path / "sums.gift").write_text(GIFT)

    status, told = run(runner, "import", "shell", tmp_path / "sums.gift", "--preview")

    assert status == 0
    assert "2 new" in told
    assert in_bank(cast.course) == {}


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (("import", "none", "a.gift"), "There is no course called none."),
        (("import", "shell", "a.gift"), "a.gift is of no format that can be read here; nothing was changed."),
        (("export", "shell", "b.txt", "--format", "aiken"), "must be one of"),
        (("export", "shell", "a.gift", "--format", "gift"), "can't be written: File exists"),
    ],
)
def test_what_is_not_possible_is_told(
    runner: FlaskCliRunner, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, words: tuple[str, ...], told: str
) -> None:
    monkeypatch.chdir(tmp_path)
    Path("a.gift").write_text("nothing of the kind")

    status, output = run(runner, *words)

    assert status == 1
    assert told in output
