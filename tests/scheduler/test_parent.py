"""The parent that keeps the scheduler at work: a killed child has a successor, an end reaches both."""

import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

import psutil
import pytest
from prometheus_client.parser import text_string_to_metric_families

from config import ROOT
from services import measures
from tests.scheduler.test_process import eventually, scheduler
from tests.sites import until

WORKS = "(open(f'{sys.argv[1]}/{os.getpid()}', 'w'), [ending.wait(1) for _ in iter(ending.is_set, True)], 0)[-1]"


@contextmanager
def kept(folder: Path, work: str) -> Iterator["subprocess.Popen[bytes]"]:
    code = f"import os, signal, sys; from scheduler import parent; sys.exit(parent.keep(lambda ending: {work}))"
    with subprocess.Popen([sys.executable, "-c", code, str(folder)], cwd=ROOT, start_new_session=True) as process:
        try:
            yield process
        finally:
            with suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGKILL)


def child_of(folder: Path, *, after: tuple[int, ...] = ()) -> int:
    """Wait for a child that works, and return its PID."""
    until(lambda: bool(set(os.listdir(folder)) - set(map(str, after))))
    (pid,) = set(os.listdir(folder)) - set(map(str, after))
    return int(pid)


def test_a_killed_child_has_a_successor_of_the_same_parent(tmp_path: Path) -> None:
    with kept(tmp_path, WORKS) as process:
        first = child_of(tmp_path)

        os.kill(first, signal.SIGKILL)
        second = child_of(tmp_path, after=(first,))

        assert [child.pid for child in psutil.Process(process.pid).children()] == [second]


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_request_to_end_is_passed_on(tmp_path: Path, number: int) -> None:
    with kept(tmp_path, WORKS) as process:
        child = child_of(tmp_path)

        process.send_signal(number)

        assert process.wait(60) == 0
        assert not psutil.pid_exists(child)


def test_a_child_whose_parent_is_gone_ends(tmp_path: Path) -> None:
    with kept(tmp_path, WORKS) as process:
        child = child_of(tmp_path)

        process.kill()

        until(lambda: not psutil.pid_exists(child))


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGKILL])
def test_who_waits_for_the_end_without_a_time_hears_of_it(tmp_path: Path, number: int) -> None:
    works = "(open(f'{sys.argv[1]}/{os.getpid()}', 'w'), ending.wait(), 0)[-1]"
    with kept(tmp_path, works) as process:
        child = child_of(tmp_path)

        process.send_signal(number)

        until(lambda: not psutil.pid_exists(child))


@pytest.mark.parametrize("code", [0, 3])
def test_a_child_that_ends_by_itself_ends_the_parent_likewise(tmp_path: Path, code: int) -> None:
    with kept(tmp_path, str(code)) as process:
        assert process.wait(60) == code


def test_a_child_that_dies_again_and_again_is_given_up(tmp_path: Path) -> None:
    with kept(tmp_path, "os.kill(os.getpid(), signal.SIGKILL)") as process:
        assert process.wait(60) == 1


def test_the_scheduler_and_its_parent_are_counted_once_each(committed_db: Any, tmp_path: Path) -> None:
    redis, log = committed_db.app.extensions["yurt_redis"], tmp_path / "log"

    def counted() -> set[tuple[str, str]]:
        texts = [json.loads(value)["text"] for value in redis.hgetall(measures.KEY).values()]
        families = [family for text in texts for family in text_string_to_metric_families(text)]
        samples = [sample for family in families for sample in family.samples]
        found = [sample.labels for sample in samples if sample.name == "yurt_process_threads"]
        return {(labels["process"], labels["pid"]) for labels in found}

    with committed_db.app.app_context(), scheduler(committed_db.settings, log) as process:
        eventually(counted, log)
        (child,) = [one for one in psutil.Process(process.pid).children() if "scheduler" in one.cmdline()]

        assert counted() == {("scheduler.parent", str(process.pid)), ("scheduler", str(child.pid))}
