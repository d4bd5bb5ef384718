"""Runs the commands of docs/production-readiness.md: each line of the review is shown, or it is said that it isn't."""

import argparse
import os
import re
import shlex
import subprocess
import sys
import time
from dataclasses import dataclass
from pathlib import Path

from config import ROOT

PAGE = ROOT / "docs" / "production-readiness.md"
ROW = re.compile(r"^\| (?P<asked>.+?) \| (?P<where>.*?) \| (?P<shown>.*?) ?\|$")
# pytest's closing line.
COUNTED = re.compile(r"(\d+) (passed|failed|error|skipped)")


@dataclass(frozen=True)
class Line:
    """What a review asks, and the command that shows it; empty where it is open."""

    asked: str
    command: str


@dataclass(frozen=True)
class Verdict:
    """Whether a command showed its line, and in which words."""

    is_shown: bool
    said: str


def lines(page: Path = PAGE) -> list[Line]:
    """Read the page's tables."""
    found = []
    for text in page.read_text().splitlines():
        row = ROW.match(text)
        if row and row["asked"] not in ("asked", "---"):
            command = re.fullmatch(r"`(.+)`", row["shown"])
            found.append(Line(row["asked"], command[1] if command else ""))
    return found


def judge(status: int, output: str, *, is_test: bool) -> Verdict:
    """Judge a command by its end. Tests that were all skipped show nothing."""
    last = next((text for text in reversed(output.splitlines()) if text.strip()), "").strip(" =")
    if status:
        return Verdict(False, f"ended with {status}: {last}")
    counts = {kind: int(number) for number, kind in COUNTED.findall(last)}
    if is_test and not counts.get("passed"):
        return Verdict(False, f"nothing was tried: {last}")
    if is_test and (skipped := counts.get("skipped")):
        return Verdict(True, f"{counts['passed']} passed, {skipped} NOT TRIED (run it to see why)")
    return Verdict(True, last if is_test else "done")


def run(line: Line) -> Verdict:
    """Run a line's command in the repository, as somebody types it."""
    values, words = _parts(line.command)
    ended = subprocess.run(
        words, cwd=ROOT, env={**os.environ, **values}, capture_output=True, text=True, errors="replace", check=False
    )
    verdict = judge(ended.returncode, ended.stdout, is_test=words[:2] == ["make", "test"])
    if not verdict.is_shown:
        print(ended.stdout[-4000:], ended.stderr[-4000:], sep="\n", file=sys.stderr)
    return verdict


def _parts(command: str) -> tuple[dict[str, str], list[str]]:
    """Return the variables that stand before a command, and its words."""
    values, words = {}, shlex.split(command)
    while "=" in words[0]:
        name, _equals, value = words.pop(0).partition("=")
        values[name] = value
    return values, words


def main(arguments: list[str]) -> int:
    """Show every line; 1 where one isn't shown."""
    parser = argparse.ArgumentParser(prog="python -m bench review", description=__doc__)
    parser.add_argument("word", nargs="?", default="", help="only lines that have this word")
    wanted = parser.parse_args(arguments).word.lower()
    chosen = [line for line in lines() if wanted in line.asked.lower() or wanted in line.command.lower()]
    if not chosen:
        parser.error(f"no line has the word {wanted!r}")
    failed = 0
    for number, line in enumerate(chosen, start=1):
        print(f"[{number}/{len(chosen)}] {line.asked}", flush=True)
        if not line.command:
            print("      open", flush=True)
            continue
        began = time.monotonic()
        verdict = run(line)
        failed += not verdict.is_shown
        mark = "shown" if verdict.is_shown else "NOT SHOWN"
        print(f"      {mark}, {time.monotonic() - began:.0f} s: {verdict.said}", flush=True)
    still_open = sum(not line.command for line in chosen)
    print(f"{len(chosen) - failed - still_open} of {len(chosen)} lines shown, {failed} not, {still_open} open")
    return int(failed > 0)
