"""Executors of Nomad that outlived their lab: found by their command, judged by what Nomad says of the allocation."""

import json
import subprocess
import sys
import uuid
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from backends.nomad import leftovers
from backends.nomad.leftovers import Executor, judge

NOW = 1_800_000_000.0
ALLOC = "49b71727-4a98-de46-4950-214c430f4ab6"
# Above every pid that there can be.
NOBODY = 2**22 + 7


def alloc(state: str, ago_s: float) -> dict[str, object]:
    return {"ID": ALLOC, "JobID": "lab-a", "ClientStatus": state, "ModifyTime": int((NOW - ago_s) * 1e9)}


def executor(folder: Path, age_s: float = 3600.0) -> Executor:
    return Executor(NOBODY, ALLOC, folder, age_s)


@pytest.mark.parametrize(
    ("state", "ago_s", "is_left"),
    [
        ("running", 3600.0, False),
        ("pending", 3600.0, False),
        # Its node is silent, and may come back with it.
        ("unknown", 3600.0, False),
        # It may be about to end.
        ("complete", 30.0, False),
        ("complete", 90.0, True),
        ("failed", 90.0, True),
        ("lost", 90.0, True),
    ],
)
def test_an_executor_is_left_behind_a_minute_after_its_allocation_has_ended(
    tmp_path: Path, state: str, ago_s: float, is_left: bool
) -> None:
    found = judge([executor(tmp_path)], {ALLOC: alloc(state, ago_s)}, NOW)

    assert [(one.name, one.job_id, one.pids, one.is_sure) for one in found] == (
        [(ALLOC, "lab-a", (NOBODY,), True)] if is_left else []
    )


def test_one_whose_allocation_is_gone_may_be_somebody_elses_while_its_folder_is_there(tmp_path: Path) -> None:
    here, gone = executor(tmp_path), executor(tmp_path / "gone")
    young = executor(tmp_path / "gone", age_s=5.0)

    assert [one.is_sure for one in judge([here, gone, young], {}, NOW)] == [True, False]


@pytest.fixture
def run_as(tmp_path: Path) -> Iterator[Callable[..., int]]:
    """Run a process whose command reads as these words; it has a child."""
    script = "import subprocess, sys\nsubprocess.run([sys.executable, '-c', 'input()'])\n"
    started = []

    def run(*words: str) -> int:
        (tmp_path / words[1]).write_text(script)
        process = subprocess.Popen(words, executable=sys.executable, cwd=tmp_path, stdin=subprocess.PIPE)
        started.append(process)
        return process.pid

    yield run
    for process in started:
        process.communicate(b"\n", timeout=20)


def test_executors_are_found_by_their_command_alone(run_as: Callable[..., int], tmp_path: Path) -> None:
    ids = [str(uuid.uuid4()) for _ in range(3)]
    told = [json.dumps({"LogFile": f"{tmp_path}/a b/alloc/{one}/lab/executor.out", "LogLevel": "debug"}) for one in ids]

    pid = run_as("/usr/local/bin/nomad", "executor", told[0])
    run_as("nomad", "logmon", told[1])
    run_as("vim", "executor", told[2])

    found = [one for one in leftovers.executors() if one.alloc_id in ids]
    assert [(one.pid, one.alloc_id) for one in found] == [(pid, ids[0])]
    assert found[0].folder == tmp_path / "a b" / "alloc" / ids[0]
    assert 0 <= found[0].age_s < 60


def test_without_proc_there_is_nothing_to_find(tmp_path: Path) -> None:
    assert leftovers.executors(tmp_path / "proc") == []
