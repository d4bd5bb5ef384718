"""What pages and programs are told of the tests of an answer: how far they are, and which ones passed."""

from typing import Any

import flask_babel

from models import Attempt, GradingRun, QuestionVersion
from models.grading_run import OPEN_RUNS, RUN_DONE
from reasons import sentence
from services.quizzes import runs
from services.quizzes.reveal import Reveal


def of_attempt(attempt: Attempt, shown: Reveal, *, is_staff: bool) -> dict[int, dict[str, Any]]:
    """Give the tests of each answer of a closed attempt that is graded by some. No query where none is."""
    asked = {item.position: item.version for item in attempt.items}
    tested = {place for place, version in asked.items() if runs.tests_of(version.kind, version.spec) is not None}
    if not tested or attempt.is_open:
        return {}
    return {
        position: document(_version(run, asked[position]), run, shown, is_staff=is_staff)
        for position, run in runs.of_attempt(attempt.id).items()
        if position in tested
    }


def _version(run: GradingRun, asked: QuestionVersion) -> QuestionVersion:
    key = run.regrade.key if run.regrade else None
    return key or asked


def document(version: QuestionVersion, run: GradingRun, shown: Reveal, *, is_staff: bool) -> dict[str, Any]:
    """Give one answer's tests. What a hidden one runs and prints is the staff's alone."""
    tests = runs.tests_of(version.kind, version.spec)
    names = [case["name"] for case in version.spec["tests"]["cases"]]
    cases = []
    if tests is not None and run.state == RUN_DONE and shown.correctness:
        for name, case, outcome in zip(names, tests.cases, run.outcomes, strict=False):
            is_open = is_staff or not case.is_hidden
            cases.append(
                {
                    "name": name if is_open else "",
                    "is_hidden": case.is_hidden,
                    "is_passed": outcome["is_passed"],
                    "is_timed_out": outcome["is_timed_out"],
                    "command": case.command if is_open else None,
                    "stdin": case.stdin.decode() if is_open else None,
                    "expected": case.output if is_open else None,
                    "printed": outcome["output"] if is_open else None,
                }
            )
    return {
        "state": run.state,
        "is_open": run.state in OPEN_RUNS,
        "reason": sentence(run.reason, flask_babel) if run.reason else None,
        "cases": cases,
    }
