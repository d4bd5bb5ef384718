"""`flask labs`, as an operator types it."""

from collections.abc import Iterator
from typing import Any

import pytest

import cli.labs
import cli.labs_doctor
from backends import BackendUnavailable, Leftover, Observed
from cli.labs import labs_group
from cli.labs_doctor import doctor
from extensions import db as database
from models import LabSession, utcnow
from models.lab_session import ENDED, RUNNING
from tests.factories import Cast, run_lab
from tests.scheduler.scripted import ScriptedBackend


@pytest.fixture
def found(cast: Cast) -> LabSession:
    return run_lab(cast.bob, cast.lab, utcnow())


@pytest.fixture
def backend(monkeypatch: pytest.MonkeyPatch) -> Iterator[ScriptedBackend]:
    scripted = ScriptedBackend()
    scripted.jobs["lab-nobody-knows"] = Observed("lab-nobody-knows", "", "running")
    monkeypatch.setattr(cli.labs, "make_backend", lambda _settings: scripted)
    return scripted


def type_in(app: Any, *words: str) -> str:
    result = app.test_cli_runner().invoke(labs_group, words)
    assert result.exit_code == 0, result.output
    return result.output


def test_the_list_names_jobs_states_students_and_nodes(app: Any, found: LabSession) -> None:
    found.job_id, found.node = "lab-linux-files-warm-0123abcd", "node-7"
    database.session.commit()

    (line,) = type_in(app, "list").splitlines()

    assert line.split()[:4] == ["lab-linux-files-warm-0123abcd", "running", found.user.handle, "node-7"]


def test_a_dry_run_says_what_it_would_do_and_does_nothing(
    app: Any, found: LabSession, backend: ScriptedBackend
) -> None:
    said = type_in(app, "reconcile", "--dry-run")

    assert "lab-nobody-knows: stop" in said
    assert f"{found.job_id}: end its session as lost" in said
    assert (backend.calls, found.state) == ([], RUNNING)


def test_reconciling_makes_both_sides_agree(app: Any, found: LabSession, backend: ScriptedBackend) -> None:
    type_in(app, "reconcile")

    database.session.refresh(found)
    assert (found.state, found.reason, backend.jobs) == (ENDED, "lost", {})
    assert "agree" in type_in(app, "reconcile")


def test_the_doctor_says_how_to_end_what_is_left_and_keeps_apart_what_may_be_somebody_elses(
    app: Any, backend: ScriptedBackend, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(cli.labs_doctor, "make_backend", lambda _settings: backend)
    runner = app.test_cli_runner()
    assert (runner.invoke(doctor).exit_code, backend.left) == (0, [])

    backend.left = [Leftover("11aa", "lab-a", (71, 72), True), Leftover("22bb", "", (81,), False)]
    told = runner.invoke(doctor)

    lines = told.output.splitlines()
    assert told.exit_code == 1
    assert "  kill -9 71 72  # lab-a, allocation 11aa" in lines
    assert lines.index("  kill -9 81  # allocation 22bb") > next(
        number for number, line in enumerate(lines) if line.startswith("Not known to this cluster")
    )


def test_the_doctor_of_a_cluster_that_is_away_says_so(app: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    class Away(ScriptedBackend):
        def leftovers(self) -> list[Leftover]:
            raise BackendUnavailable("nobody answers")

    monkeypatch.setattr(cli.labs_doctor, "make_backend", lambda _settings: Away())

    told = app.test_cli_runner().invoke(doctor)

    assert (told.exit_code, "nobody answers" in told.output) == (1, True)
