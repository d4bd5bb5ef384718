"""The supervisor: programs that die are started again, those that won't end are ended."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from cli import processes
from cli.programs import Program
from cli.supervise import Supervisor
from config import ROOT
from tests.sites import until

ENVIRON = {"PATH": os.defpath}


@pytest.fixture
def lines() -> list[str]:
    """What the supervisor was told to say."""
    return []


@pytest.fixture
def supervisor(tmp_path: Path, lines: list[str]) -> Iterator[Supervisor]:
    """A supervisor whose programs don't outlive the test."""
    made = Supervisor(tmp_path / "record.json", lambda name, line: lines.append(f"{name}: {line}"))
    yield made
    made.end(within=0.1)


def shell(script: str, name: str = "one", **options: object) -> Program:
    return Program(name=name, command=["sh", "-c", script], environ=ENVIRON, output="lines", **options)  # type: ignore[arg-type]  # keywords pass through


def test_killed_program_starts_again(supervisor: Supervisor) -> None:
    supervisor.start(shell("exec sleep 60"))
    first = supervisor.pid("one")
    assert first is not None

    os.kill(first, signal.SIGKILL)

    assert supervisor.pump(lambda: supervisor.pid("one") not in (None, first), within=60)


def test_program_that_dies_at_once_waits_longer_each_time(supervisor: Supervisor, lines: list[str]) -> None:
    supervisor.start(shell("exit 3"))

    supervisor.pump(lambda: supervisor.deaths()["one"] >= 3, within=60)

    assert [line for line in lines if "ended" in line][:3] == [
        "one: ended (exit code 3), starts again in 0.2 s",
        "one: ended (exit code 3), starts again in 0.4 s",
        "one: ended (exit code 3), starts again in 0.8 s",
    ]


def test_output_arrives_whole_line_by_line(supervisor: Supervisor, lines: list[str]) -> None:
    supervisor.start(shell("printf 'a\\nb'; sleep 0.2; printf 'c\\nlast'", is_kept=False))

    assert supervisor.wait_for("one") == 0

    assert lines == ["one: a", "one: bc", "one: last"]


def test_program_that_ignores_the_request_is_killed(supervisor: Supervisor, lines: list[str]) -> None:
    supervisor.start(shell("trap '' TERM; echo ready; while :; do sleep 1; done"))
    supervisor.pump(lambda: "one: ready" in lines, within=60)
    started = time.monotonic()

    supervisor.end(within=0.5)

    assert not supervisor.is_alive("one")
    assert time.monotonic() - started < 30  # it would go on for ever


def test_what_a_program_started_ends_with_it(supervisor: Supervisor, lines: list[str]) -> None:
    supervisor.start(shell("sleep 60 & echo $!; wait"))
    supervisor.pump(lambda: len(lines) > 0, within=60)
    grandchild = int(lines[0].removeprefix("one: "))

    supervisor.end(within=0.5)

    until(lambda: processes.identity(grandchild) is None)


def test_record_names_who_lives(supervisor: Supervisor) -> None:
    supervisor.start(shell("exec sleep 60"))

    assert processes.living(supervisor.record) == [supervisor.pid("one")]

    supervisor.end(within=1)

    assert processes.living(supervisor.record) == []


def test_record_of_another_process_with_the_same_pid_is_nobody(tmp_path: Path) -> None:
    record = tmp_path / "record.json"
    record.write_text(f'[{{"name": "web", "pid": {os.getpid()}, "identity": "another start"}}]')

    assert processes.living(record) == []


def test_copy_of_the_process_runs_a_function(supervisor: Supervisor, tmp_path: Path) -> None:
    found = tmp_path / "found"
    supervisor.start(Program(name="copy", function=lambda: found.touch(), is_kept=False))

    assert supervisor.wait_for("copy") == 0

    assert found.exists()


if sys.platform == "linux":  # the kernel's word to orphans is Linux's

    def test_killed_supervisor_takes_its_programs_along(tmp_path: Path) -> None:
        script = (
            "import sys; from pathlib import Path; from cli.supervise import *\n"
            "s = Supervisor(Path(sys.argv[1]), print)\n"
            "s.start(Program(name='one', command=['sleep', '60'], environ={'PATH': '/usr/bin:/bin'}))\n"
            "s.pump()\n"
        )
        record = tmp_path / "record.json"
        owner = subprocess.Popen([sys.executable, "-c", script, str(record)], cwd=ROOT)
        until(lambda: len(processes.living(record)) == 1)
        orphan = processes.living(record)[0]

        owner.kill()
        owner.wait()

        until(lambda: processes.identity(orphan) is None)
