"""`flask labs test`: a lab is started for real, and what it proves is told with an exit code."""

import json
import os
import signal
import subprocess
import sys
import uuid
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from flask import Flask

import cli.capsules
import cli.labs_test
from backends import BackendUnavailable, Observed, StartFailed
from backends.makers import make_backend, make_test_backend
from cli.capsules import LEFT_OVER_S, prove, spec_of, stop_left_over
from cli.labs_test import test_labs as command
from config import ROOT, ConfigError, load_settings
from extensions import db as database
from models import utcnow
from services import archive
from services.archive import LabContent
from services.archive.content import CheckContent, StepContent
from tests.archive.folders import COURSE, make_folder, with_line
from tests.scheduler.scripted import ScriptedBackend
from tests.sites import until

LAB = "basics/lab.lab/lab.yaml"
CHECK, SOLUTION = "basics/lab.lab/checks/done.sh", "basics/lab.lab/solution.sh"


@pytest.fixture
def type_in(app: Flask, tmp_path: Path) -> Any:
    """Type `flask labs test ...` on a site with local labs; return its exit code and output."""
    settings = app.extensions["yurt"]
    changes = {"lab_backend": "local", "lab_local_accept_risk": True, "var_dir": tmp_path / "var"}
    app.extensions["yurt"] = settings.model_copy(update=changes)

    def run(*words: str | Path) -> tuple[int, str]:
        result = app.test_cli_runner().invoke(command, [str(word) for word in words])
        assert result.exception is None or isinstance(result.exception, SystemExit), result.exception
        return result.exit_code, result.output

    yield run
    app.extensions["yurt"] = settings


def make_lab(**changes: Any) -> LabContent:
    check = CheckContent("done", "It's done", "checks/done.sh", "test -e done")
    values: dict[str, Any] = {"steps": (StepContent("Look", "steps/1.md", "Look", (check,)),), "solution": "touch done"}
    return LabContent("lab", "A lab", **{**values, **changes})


def test_a_sound_lab_is_proven_and_leaves_nothing_behind(type_in: Any, tmp_path: Path) -> None:
    code, said = type_in("--folder", make_folder(tmp_path / "course"))

    assert code == 0, said
    assert [line.split()[:3] for line in said.splitlines()[1:3]] == [
        ["check", "untouched", "solved"],
        ["done", "fails", "passes"],
    ]
    for folder in ("jobs", "homes", "locks"):
        assert list((tmp_path / "var" / "lab-tests" / folder).iterdir()) == []


def test_a_lab_of_the_database_is_found_by_its_name(type_in: Any, db: object, tmp_path: Path) -> None:
    archive.import_course(make_folder(tmp_path / "course"), now=utcnow())
    database.session.commit()

    whole, one = type_in("tiny"), type_in("tiny/lab", "--json")

    found = json.loads(one[1])
    assert (whole[0], one[0], found["is_proven"]) == (0, 0, True)
    assert found["labs"][0]["job_id"].startswith("lab-tiny-lab-test-")
    assert found["labs"][0]["checks"][0]["solved"]["verdict"] == "passes"


@pytest.mark.parametrize(
    ("changes", "faults"),
    [
        ({CHECK: "echo 'Well done.'\n"}, ["done passes on an untouched lab", "| Well done."]),
        ({SOLUTION: "touch elsewhere\n"}, ["done fails on the solved lab"]),
        (
            {SOLUTION: "echo 'no such thing' >&2; exit 3\n"},
            ["the solution ends with the status 3", "| no such thing", "done fails on the solved lab"],
        ),
        (
            {CHECK: "sleep 60\n", **with_line(LAB, "points: 10", "points: 10\n        timeout_s: 1")},
            ["done is too slow on an untouched lab", "done is too slow on the solved lab"],
        ),
        ({"basics/lab.lab/setup.sh": "exit 7\n"}, ["can't start: The lab's setup failed 7"]),
        (
            with_line(LAB, "title: A lab", "title: A lab\ntemplate: docker\nimage: debian"),
            ["can't start", "need Nomad"],
        ),
    ],
)
def test_what_is_wrong_with_a_lab_is_told(
    type_in: Any, tmp_path: Path, changes: dict[str, str | bytes | None], faults: list[str]
) -> None:
    code, said = type_in("--folder", make_folder(tmp_path / "course", changes), "lab")

    assert code == 1
    assert all(fault in said for fault in faults), said
    assert list((tmp_path / "var" / "lab-tests" / "jobs").iterdir()) == []


@pytest.mark.parametrize(
    ("solution", "said_too"), [("echo half way; sleep 600\n", ["| half way"]), ("trap '' TERM; sleep 4\n" * 9, [])]
)
def test_a_solution_that_hangs_is_ended_and_shows_how_far_it_came(
    type_in: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, solution: str, said_too: list[str]
) -> None:
    monkeypatch.setattr(cli.capsules, "SOLUTION_S", 1.0)
    monkeypatch.setattr(cli.capsules, "END_S", 2.0)

    code, said = type_in("--folder", make_folder(tmp_path / "course", {SOLUTION: solution}), "lab")

    assert code == 1
    assert all(words in said for words in ["the solution takes longer than 1 s", *said_too]), said
    assert list((tmp_path / "var" / "lab-tests" / "jobs").iterdir()) == []


def test_a_lab_that_can_prove_nothing_says_so(type_in: Any, tmp_path: Path) -> None:
    unsolved = make_folder(tmp_path / "unsolved", {SOLUTION: None, **with_line(LAB, "solution: solution.sh\n", "")})
    cut = COURSE[LAB][: COURSE[LAB].index("    checks:")]
    unchecked = make_folder(tmp_path / "unchecked", {CHECK: None, LAB: cut})

    first, second = type_in("--folder", unsolved), type_in("--folder", unchecked)

    assert (first[0], second[0]) == (1, 1)
    assert "It has no solution.sh: only the untouched half was tried." in first[1]
    assert "It has no checks: there is nothing to prove." in second[1]


def test_what_a_solution_leaves_running_runs_while_the_checks_look(tmp_path: Path, app: Flask, type_in: Any) -> None:
    serve = 'python3 -c \'import time; open("up", "w"); time.sleep(60)\' &\nuntil [[ -e up ]]; do sleep 0.05; done\n'
    changes = {SOLUTION: serve, CHECK: "pgrep -f time.sleep > /dev/null && test -e up\n"}

    code, said = type_in("--folder", make_folder(tmp_path / "course", changes))

    assert code == 0, said


@pytest.mark.parametrize(
    ("words", "answer"),
    [
        ((), "Say which course"),
        (("nowhere",), "There is no course called nowhere."),
        (("tiny/none",), "The course tiny has no such lab. Its labs: lab."),
    ],
)
def test_a_wrong_name_is_told(type_in: Any, db: object, tmp_path: Path, words: tuple[str, ...], answer: str) -> None:
    archive.import_course(make_folder(tmp_path / "course"), now=utcnow())
    database.session.commit()

    code, said = type_in(*words)

    assert code != 0
    assert answer in said


def test_a_folder_with_faults_is_not_tried(type_in: Any, tmp_path: Path) -> None:
    code, said = type_in("--folder", make_folder(tmp_path / "course", {CHECK: None}))

    assert code == 1
    assert f"{LAB}:11: steps[1].checks[1].script: there is no {CHECK}" in said


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_whoever_interrupts_the_command_has_its_machine_stopped(tmp_path: Path, number: int) -> None:
    folder = make_folder(
        tmp_path / "course",
        {CHECK: "sleep 120\n", **with_line(LAB, "points: 10", "points: 10\n        timeout_s: 200")},
    )
    environ = {"SECRET_KEY": "f" * 64, "LAB_BACKEND": "local", "LAB_LOCAL_ACCEPT_RISK": "true"}
    jobs = tmp_path / "var" / "lab-tests" / "jobs"
    started = subprocess.Popen(
        [sys.executable, "-m", "flask", "labs", "test", "--folder", str(folder)],
        cwd=ROOT,
        env={**os.environ, **environ, "YURT_VAR": str(tmp_path / "var")},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        # What runs in the background of a script ignores interrupts, and so would all that it starts.
        preexec_fn=partial(signal.signal, signal.SIGINT, signal.SIG_DFL),
    )
    until(lambda: any(jobs.glob("*/ready")), 60)

    started.send_signal(number)
    said, _ = started.communicate(timeout=60)

    assert (started.returncode, list(jobs.iterdir())) == (1, []), said


def test_a_machine_that_comes_late_is_waited_for_and_one_that_never_comes_is_stopped(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(cli.capsules, "PAUSE_S", 0.0)
    late = ScriptedBackend([BackendUnavailable("no leader")])
    never = ScriptedBackend([StartFailed("no such image")])

    prove(late, "test", "tiny", make_lab(solution=""))
    report = prove(never, "test", "tiny", make_lab())

    assert [name for name, _ in late.calls] == ["start", "start", "execute", "stop"]
    assert [name for name, _ in never.calls] == ["start", "stop"]
    assert report.faults == ["can't start: no such image"]


def test_a_fault_of_the_machinery_is_tried_again_and_then_told(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(cli.capsules, "PAUSE_S", 0.0)
    backend = ScriptedBackend()
    faults = {"execute": [BackendUnavailable("no way in")] * 3, "stop": [BackendUnavailable("busy")] * 3}

    def fail(name: str, _job_id: str) -> None:
        if faults.get(name):
            raise faults[name].pop()

    backend.before = fail
    report = prove(backend, "test", "tiny", make_lab())

    assert report.faults == [
        "couldn't run a script, 3 times: no way in",
        f"{report.job_id} still runs: couldn't stop the machine, 3 times: busy",
    ]
    assert not report.is_proven


def test_only_machines_of_tests_that_were_killed_long_ago_are_stopped() -> None:
    backend, spec = ScriptedBackend(), spec_of("yurt.test", "tiny", make_lab())
    backend.jobs = {
        "fresh": Observed("fresh", spec.session_id, "running"),
        "unreadable": Observed("unreadable", "", "dead"),
    }

    now = stop_left_over(backend, datetime.now(UTC))
    later = stop_left_over(backend, datetime.now(UTC) + timedelta(seconds=LEFT_OVER_S + 60))

    assert (now, later) == (["unreadable"], ["fresh"])


def test_the_site_beside_it_does_not_see_the_machine_of_a_test(app: Flask, tmp_path: Path) -> None:
    changes = {"lab_backend": "local", "var_dir": tmp_path}
    settings = app.extensions["yurt"].model_copy(update=changes)
    site, tests = make_backend(settings), make_test_backend(settings)
    assert site is not None and tests is not None
    spec = spec_of("yurt.test", "tiny", make_lab())

    tests.start(spec)
    try:
        seen, known = site.observe(), [job.job_id for job in tests.observe()]
    finally:
        tests.stop(spec.job_id)

    assert (seen, known) == ([], [spec.job_id])
    assert uuid.UUID(spec.session_id).version == 1


def test_no_site_can_have_the_name_of_the_tests(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SECRET_KEY", "f" * 64)
    monkeypatch.setenv("YURT_INSTANCE", "yurt.test")

    with pytest.raises(ConfigError, match="YURT_INSTANCE"):
        load_settings()
