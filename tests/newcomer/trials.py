"""Trials of a newcomer's change: a copy of the checkout, steps that change its files, checks that judge the copy."""

import json
import shutil
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from config import ROOT

# What no trial needs: what was installed, and what only runs.
LEFT_OUT = {"bench", "courses", "migrations", "node_modules", "static", "translations", "typings", "var", "__pycache__"}
FOLDERS = [path.name for path in ROOT.iterdir() if path.is_dir() and path.name[0] != "." and path.name not in LEFT_OUT]
# Files from before and after: a step takes the old text ("" of a file that there isn't yet) and returns the new one.
Step = Callable[[str], str]
SKIPPED = shutil.ignore_patterns("img", "*.png", ".mypy_cache")


@dataclass(frozen=True)
class Outcome:
    """Whether the checks passed, and what they said."""

    is_good: bool
    said: str


class Checkout:
    """The copy, and one process that has the libraries loaded and runs each trial in a fork of itself."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        for name in FOLDERS:
            shutil.copytree(ROOT / name, folder / name, ignore=SKIPPED)
        shutil.copytree(ROOT / "static" / "js", folder / "static" / "js")
        for path in (*ROOT.glob("*.py"), ROOT / "pyproject.toml", ROOT / "Makefile", ROOT / ".env.example"):
            shutil.copy2(path, folder)
        command = [sys.executable, "-m", "tests.newcomer.judge"]
        self._judge = subprocess.Popen(command, cwd=folder, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)

    def end(self) -> None:
        """End the process."""
        self._judge.communicate()

    def tried(self, steps: dict[str, Step], *checks: str) -> Outcome:
        """Take the steps, run the checks (arguments of pytest), and put everything back."""
        before = {path: self._read(path) for path in steps}
        try:
            for path, step in steps.items():
                self._write(path, step(before[path] or ""))
            return self._judged(list(checks))
        finally:
            for path, text in before.items():
                if text is None:
                    (self.folder / path).unlink(missing_ok=True)
                else:
                    self._write(path, text)

    def _judged(self, checks: list[str]) -> Outcome:
        assert self._judge.stdin is not None and self._judge.stdout is not None
        self._judge.stdin.write(json.dumps(checks) + "\n")
        self._judge.stdin.flush()
        answer: dict[str, Any] = json.loads(self._judge.stdout.readline())
        return Outcome(answer["code"] == 0, answer["said"])

    def _read(self, path: str) -> str | None:
        file = self.folder / path
        return file.read_text() if file.exists() else None

    def _write(self, path: str, text: str) -> None:
        file = self.folder / path
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text)


def without(steps: dict[str, Step], left_out: str) -> dict[str, Step]:
    """Return the steps but for one."""
    return {path: step for path, step in steps.items() if path != left_out}


def new(text: str) -> Step:
    """Return the step that makes a file."""

    def step(before: str) -> str:
        assert not before, "the file was there before"
        return text

    return step


def after(line: str, added: str) -> Step:
    """Return the step that puts lines behind one that the file has."""

    def step(before: str) -> str:
        assert before.count(line) == 1, f"the file has {before.count(line)} times: {line}"
        return before.replace(line, line + added)

    return step


def both(*steps: Step) -> Step:
    """Return one step after the other."""

    def step(text: str) -> str:
        for each in steps:
            text = each(text)
        return text

    return step
