"""The tests of a question about code: what they run, and what the program has to print."""

import re
from fractions import Fraction
from typing import Any

from question_types import raw
from question_types.base import MAX_PARTS, CaseInLab, Spec, TestsInLab, fed, shown_lines
from question_types.lab import slug
from services.errors import InvalidInput

MAX_CASES = 20
MAX_TEXT = 10_000
MAX_LINE = 1_000
SCORINGS = ("each", "all")
# What students may run before they hand in: the tests that aren't hidden, the program with input of their own, or both.
TRIALS = ("both", "cases", "input", "none")
DEFAULTS = {"run": "", "input": "", "name": "", "output": "", "weight": 1, "is_hidden": False}
_FILE = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_.-]{0,59}")
_CASE = ("name", "run", "input", "output", "weight", "is_hidden")


def parse(written: Any) -> Spec:
    """Read lab, file, run, time_limit, scoring, trial and cases."""
    if not isinstance(written, dict):
        raise InvalidInput("tests", "must have the fields lab, file, run, time_limit, scoring, trial, cases")
    try:
        return _read(written)
    except InvalidInput as error:
        raise InvalidInput(f"tests.{error.field}", error.message) from error


def _read(written: dict[str, Any]) -> Spec:
    raw.only(written, "lab", "file", "run", "time_limit", "scoring", "trial", "cases")
    file = raw.text(written, "file")
    if not _FILE.fullmatch(file):
        raise InvalidInput("file", "must be a file's name of a-z, A-Z, 0-9 and _.-")
    scoring = raw.text(written, "scoring", "each")
    if scoring not in SCORINGS:
        raise InvalidInput("scoring", f"must be one of {', '.join(SCORINGS)}")
    trial = raw.text(written, "trial", TRIALS[0])
    if trial not in TRIALS:
        raise InvalidInput("trial", f"must be one of {', '.join(TRIALS)}")
    command = _block(written, "run", MAX_LINE)
    cases = [_case(place, case, command) for place, case in raw.objects(written, "cases", 1, MAX_CASES, *_CASE)]
    if sum(case["weight"] for case in cases) > MAX_PARTS:
        raise InvalidInput("cases", f"have weights of over {MAX_PARTS} together")
    spec = {
        "lab": slug(written, "lab"),
        "file": file,
        "run": command,
        "time_limit": raw.whole(written, "time_limit", 1, 60, 10),
        "scoring": scoring,
        "cases": cases,
    }
    return {**spec, "trial": trial} if "trial" in written else spec


def _case(place: str, case: dict[str, Any], command: str) -> dict[str, Any]:
    try:
        own = _block(case, "run", MAX_LINE)
        if not (own or command):
            raise InvalidInput("run", "is missing, here or for all tests")
        return {
            "name": raw.text(case, "name", ""),
            "run": own,
            "input": _block(case, "input", MAX_TEXT).replace("\r\n", "\n").rstrip("\n"),
            "output": shown_lines(_block(case, "output", MAX_TEXT)),
            "weight": raw.whole(case, "weight", 1, MAX_PARTS, 1),
            "is_hidden": raw.flag(case, "is_hidden"),
        }
    except InvalidInput as error:
        raise InvalidInput(f"{place}{error.field}", error.message) from error


def _block(written: dict[str, Any], name: str, most: int) -> str:
    value = written.get(name, "")
    if not isinstance(value, str) or len(value) > most or raw.UNKEPT.search(value):
        raise InvalidInput(name, f"must be a text of at most {most:,} characters")
    return value


def export(tests: Spec) -> dict[str, Any]:
    """Return the fields as an author writes them."""
    cases = [{name: value for name, value in case.items() if value != DEFAULTS[name]} for case in tests["cases"]]
    return {name: value for name, value in {**tests, "cases": cases}.items() if value not in ("", None)}


def tests_of(spec: Spec) -> TestsInLab | None:
    """Return what is run to grade an answer; None where a person does."""
    tests = spec.get("tests")
    if tests is None:
        return None
    cases = [
        CaseInLab(case["run"] or tests["run"], fed(case["input"]), case["output"], is_hidden=case["is_hidden"])
        for case in tests["cases"]
    ]
    trial = tests.get("trial", TRIALS[0])
    return TestsInLab(
        lab=tests["lab"],
        file=tests["file"],
        time_limit_s=tests["time_limit"],
        cases=tuple(cases),
        tries_cases=trial in ("both", "cases"),
        own_command=tests["run"] if trial in ("both", "input") else "",
    )


def share(spec: Spec, passed: list[bool]) -> Fraction:
    """Return what the tests that passed earn: by their weights, or everything for all of them."""
    weights = [case["weight"] for case in spec["tests"]["cases"]]
    earned = sum(weight for weight, is_passed in zip(weights, passed, strict=True) if is_passed)
    if spec["tests"]["scoring"] == "all":
        return Fraction(int(earned == sum(weights)))
    return Fraction(earned, sum(weights))


def shown(spec: Spec) -> dict[str, Any]:
    """Return what students see of the tests before they hand in."""
    cases = spec["tests"]["cases"] if "tests" in spec else []
    visible = [
        {
            "name": case["name"],
            "run": case["run"] or spec["tests"]["run"],
            "input": case["input"],
            "output": case["output"],
        }
        for case in cases
        if not case["is_hidden"]
    ]
    return {"cases": visible, "hidden": len(cases) - len(visible), "file": spec["tests"]["file"] if cases else ""}
