"""The production review's table: what it names is there, and a command that shows nothing doesn't count."""

import re
from pathlib import Path

import pytest

from bench import review
from config import ROOT

PATH = re.compile(
    r"(?:tests|services|models|blueprints|bench|cli|scheduler|backends|database|deploy|nomad-jobs)/[\w./*-]*"
)


def test_every_line_names_files_that_are_there_and_a_command_of_the_makefile() -> None:
    lines = review.lines()
    text = review.PAGE.read_text()
    gone = [path for path in PATH.findall(text) if not list(ROOT.glob(path.rstrip("./")))]
    other = [
        line.command for line in lines if not re.match(r"(YURT_TEST_ROWS=\d+ )?make (test|bench) ARGS=", line.command)
    ]

    assert len(lines) > 25
    assert gone == []
    assert set(other) == {""}, "an open line has no command"


@pytest.mark.parametrize(
    ("status", "output", "is_shown", "said"),
    [
        (0, "== 12 passed in 3.1s ==", True, "12 passed in 3.1s"),
        (0, "== 12 passed, 3 skipped in 3.1s ==", True, "3 NOT TRIED"),
        (0, "== 3 skipped in 3.1s ==", False, "nothing was tried"),
        (1, "== 1 failed, 12 passed in 3.1s ==", False, "ended with 1"),
        (2, "", False, "ended with 2"),
    ],
)
def test_a_command_that_tries_nothing_shows_nothing(status: int, output: str, is_shown: bool, said: str) -> None:
    verdict = review.judge(status, output, is_test=True)

    assert (verdict.is_shown, said in verdict.said) == (is_shown, True)


def test_an_open_line_is_told_and_fails_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    page = tmp_path / "page.md"
    page.write_text("| asked | where it stands | shown by |\n| --- | --- | --- |\n| traces | **open**: not begun | |\n")
    monkeypatch.setattr(review.lines, "__defaults__", (page,))

    assert review.main([]) == 0

    assert "0 of 1 lines shown, 0 not, 1 open" in capsys.readouterr().out


def test_a_command_is_run_with_the_variables_before_it(tmp_path: Path) -> None:
    told = tmp_path / "told"

    verdict = review.run(review.Line("a line", f"WHAT=this sh -c 'printf %s \"$WHAT\" > {told}'"))

    assert verdict.is_shown
    assert told.read_text() == "this"
