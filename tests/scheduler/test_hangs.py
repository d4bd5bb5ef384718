"""A process that hangs ends, however it hangs; one that works or ends by itself is left alone."""

import subprocess
import sys
import time

import pytest

from config import ROOT

BEGIN = "import time, os, signal; from watchdog import Watchdog; dog = Watchdog(1.5); dog.beat(); "


def run(code: str) -> tuple[int, float, str]:
    began = time.monotonic()
    command = [sys.executable, "-c", BEGIN + code]
    ended = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=30, check=False)
    return ended.returncode, time.monotonic() - began, ended.stderr


@pytest.mark.parametrize("hangs", ["time.sleep(20)", "os.kill(os.getpid(), signal.SIGSTOP); time.sleep(20)"])
def test_a_process_that_hangs_is_killed_and_that_is_said(hangs: str) -> None:
    code, took, told = run(hangs)

    assert code == -9
    assert took < 15
    assert "hangs, and is killed" in told


def test_a_process_that_works_is_left_alone() -> None:
    code, took, told = run("[(dog.beat(), time.sleep(0.3)) for _ in range(9)]; dog.end()")

    assert (code, told) == (0, "")
    assert took > 2.5
