"""The tick that runs trials: in a machine as answers are tested in, with what errors say, and without marks."""

from pathlib import Path
from typing import Any

from sqlalchemy import select

from backends import BackendUnavailable, ExecResult
from backends.local import LocalBackend
from config import Settings
from extensions import db as database
from models import Attempt, GradingRun, Quiz, utcnow
from scheduler.ticks.grading import grader
from services.quizzes import attempts, trials
from tests.factories import Cast
from tests.scheduler.scripted import ScriptedBackend
from tests.scheduler.test_grading import LIMITS, due_again, only_run, quiz

__all__ = ["quiz"]


def begin(cast: Cast, quiz: Quiz) -> Attempt:
    made = attempts.start(cast.bob.id, quiz, now=utcnow())
    database.session.commit()
    return made


def run(settings: Settings, backend: Any, attempt: Attempt, program: str, stdin: str | None = None) -> GradingRun:
    """Ask for a trial and carry it out."""
    trials.request(attempt.id, 1, program, stdin, now=utcnow())
    database.session.commit()
    assert grader(settings, backend, LIMITS)()
    return only_run()


def test_only_the_tests_that_are_not_hidden_run(settings: Settings, cast: Cast, quiz: Quiz) -> None:
    backend = ScriptedBackend()
    backend.results = [ExecResult(3, b"2\n"), ExecResult(0, b"wc: \x1b[31moops\n"), ExecResult(0, b"")]

    made = run(settings, backend, begin(cast, quiz), "wc -l")

    assert made.outcomes == [
        {
            "is_passed": True,
            "output": "2",
            "errors": "wc: oops",
            "exit_code": 3,
            "is_timed_out": False,
            "is_truncated": False,
        }
    ]
    assert backend.inputs[0] == b"a\nb\n"
    assert backend.jobs == {}


def test_after_a_test_that_takes_too_long_the_others_are_not_run(settings: Settings, cast: Cast, quiz: Quiz) -> None:
    version = quiz.slots[0].question.current
    cases = [{**case, "is_hidden": False} for case in version.spec["tests"]["cases"]]
    version.spec = {**version.spec, "tests": {**version.spec["tests"], "cases": cases}}
    backend = ScriptedBackend()
    backend.results = [ExecResult(124, b"", is_timed_out=True), ExecResult(0, b""), ExecResult(0, b"")]

    made = run(settings, backend, begin(cast, quiz), "while :; do :; done")

    assert [outcome["is_timed_out"] for outcome in made.outcomes] == [True]


def test_a_fault_of_the_machine_is_tried_again(settings: Settings, cast: Cast, quiz: Quiz) -> None:
    attempt = begin(cast, quiz)
    backend = ScriptedBackend([BackendUnavailable("no way in")])

    assert run(settings, backend, attempt, "wc -l").state == "queued"
    due_again()
    assert grader(settings, backend, LIMITS)()

    assert only_run().state == "done"
    assert attempt.is_open


def test_without_its_lab_a_trial_says_so(settings: Settings, cast: Cast, quiz: Quiz) -> None:
    cast.lab.is_archived = True

    made = run(settings, ScriptedBackend(), begin(cast, quiz), "wc -l")

    assert (made.state, made.reason is not None) == ("error", True)


def test_programs_run_in_a_real_machine(settings: Settings, cast: Cast, quiz: Quiz, tmp_path: Path) -> None:
    attempt, backend = begin(cast, quiz), LocalBackend(tmp_path / "var")
    said = []
    try:
        for program, stdin in (
            ("wc -l; echo no >&2; exit 3\n", None),
            ('while read -r line; do echo "<$line>"; done\n', "one\ntwo words"),
            ("echo begun; echo slow >&2; sleep 60\n", None),
            ('ls -A "$HOME" | grep -c test\n', ""),
        ):
            (outcome,) = run(settings, backend, attempt, program, stdin).outcomes
            said.append([outcome[name] for name in ("output", "errors", "exit_code", "is_passed", "is_timed_out")])
        assert backend.observe() == []
    finally:
        backend.stop_all()

    assert said[0] == ["2", "no", 3, True, False]
    assert said[1] == ["<one>\n<two words>", "", 0, False, False]
    assert said[2][:2] == ["begun", "slow"]
    assert said[2][3:] == [False, True]
    assert said[3][0] == "1", "nothing is left of the program before"
    database.session.refresh(attempt)
    assert [item.response for item in attempt.items] == [None]
    assert len(database.session.scalars(select(GradingRun)).all()) == 1
