"""The program of a lab's network: it is started again when it ends, and ever later where that doesn't help."""

import json
import os
from pathlib import Path

import pytest

from backends.local import holder


class Clock:
    """The time, which only a test moves on."""

    def __init__(self) -> None:
        self.now = 1000.0

    def monotonic(self) -> float:
        return self.now


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    """The holder's clock."""
    made = Clock()
    monkeypatch.setattr(holder, "time", made)
    return made


@pytest.fixture
def network(tmp_path: Path) -> holder.Network:
    """A network whose program writes that it began, and ends."""
    program = tmp_path / "program"
    program.write_text(f"#!/bin/sh\necho began >> '{tmp_path}/starts'\nexit 1\n")
    program.chmod(0o755)
    (tmp_path / "init").write_text(json.dumps({"child-pid": os.getpid()}))
    return holder.Network([str(program)], tmp_path)


def pass_time(network: holder.Network, clock: Clock, seconds: float) -> int:
    """Let the holder look around ten times a second; return how often the program has begun so far."""
    for _ in range(round(10 * seconds)):
        network.tend()
        if network.child:
            os.waitid(os.P_PID, network.child, os.WEXITED | os.WNOWAIT)
        clock.now += 0.1
    return (network.folder / "starts").read_text().count("began")


def test_program_that_ends_at_once_is_started_again_ever_later(network: holder.Network, clock: Clock) -> None:
    assert 3 <= pass_time(network, clock, 3) <= 5
    before = pass_time(network, clock, 60)

    begun = pass_time(network, clock, 60) - before

    assert 60 / holder.LONGEST_REST_S - 2 <= begun <= 60 / holder.LONGEST_REST_S


def test_program_that_ran_for_long_is_started_again_at_once(network: holder.Network, clock: Clock) -> None:
    pass_time(network, clock, 60)
    while not network.child:
        clock.now += 0.1
        network.tend()
    os.waitid(os.P_PID, network.child, os.WEXITED | os.WNOWAIT)
    # It ended only now.
    clock.now += 3600

    network.tend()
    assert not network.child
    clock.now += holder.REST_S
    network.tend()

    assert network.child
    os.waitpid(network.child, 0)
