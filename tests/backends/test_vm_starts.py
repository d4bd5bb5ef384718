"""A virtual machine that can't come up is given up early, with words for whoever waits."""

from pathlib import Path

import pytest

from scheduler.backends.inside import vm
from scheduler.backends.inside.entry import Refused

BOOT = b"\x1bc\x1b[?7l\x1b[2J\x1b[0mSeaBIOS (version 1.16.2-debian-1.16.2-1)\nBooting from ROM..\n"


def test_a_machine_that_starts_again_and_again_is_given_up(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("YURT_CONSOLE", str(tmp_path / "con.sock"))
    monkeypatch.setattr(vm, "_is_up", lambda: False)
    (tmp_path / "con.log").write_bytes(BOOT * 6)

    with pytest.raises(Refused, match="starts again and again. It has too little memory"):
        vm.fill(None, b"")


@pytest.mark.parametrize("log", [None, b"", BOOT * 3 + b"login: "])
def test_a_machine_that_takes_its_time_is_waited_for(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, log: bytes | None
) -> None:
    answers = iter([False, False, True])
    monkeypatch.setenv("YURT_CONSOLE", str(tmp_path / "con.sock"))
    monkeypatch.setattr(vm, "_is_up", lambda: next(answers))
    if log is not None:
        (tmp_path / "con.log").write_bytes(log)

    vm.fill(None, b"")

    assert next(answers, None) is None
