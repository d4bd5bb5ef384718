"""A virtual machine that can't come up is given up early, with words for whoever waits; one that is slow isn't."""

import contextlib
import os
import socket
import threading
import time
from pathlib import Path

import pytest

from backends.inside import vm
from backends.inside.entry import Refused

BOOT = b"\x1bc\x1b[?7l\x1b[2J\x1b[0mSeaBIOS (version 1.16.2-debian-1.16.2-1)\nBooting from ROM..\n"


def test_a_machine_that_starts_again_and_again_is_given_up(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("YURT_CONSOLE", str(tmp_path / "con.sock"))
    monkeypatch.setattr(vm, "_is_up", lambda _patience: False)
    (tmp_path / "con.log").write_bytes(BOOT * 6)

    with pytest.raises(Refused, match="starts again and again. It has too little memory"):
        vm.fill(None, b"")


@pytest.mark.parametrize("log", [None, b"", BOOT * 3 + b"login: "])
def test_a_machine_that_takes_its_time_is_waited_for(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, log: bytes | None
) -> None:
    answers = iter([False, False, True])
    monkeypatch.setenv("YURT_CONSOLE", str(tmp_path / "con.sock"))
    monkeypatch.setattr(vm, "_is_up", lambda _patience: next(answers))
    if log is not None:
        (tmp_path / "con.log").write_bytes(log)

    vm.fill(None, b"")

    assert next(answers, None) is None


def test_a_machine_slower_than_it_is_asked_is_not_asked_faster_than_it_answers(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    for name, value in (("ASK_AGAIN_S", 0.05), ("BOOT_S", 10.0)):
        monkeypatch.setattr(vm, name, value)
    monkeypatch.setenv("YURT_CONTROL", str(tmp_path / "ctl.sock"))
    monkeypatch.setenv("YURT_CONSOLE", str(tmp_path / "con.sock"))
    control = socket.create_server(str(tmp_path / "ctl.sock"), family=socket.AF_UNIX, backlog=128)

    def answer() -> None:
        while True:
            try:
                connection, _address = control.accept()
            except OSError:
                return
            with connection, contextlib.suppress(OSError), connection.makefile("rb") as lines:
                mark = next(line for line in lines if line.startswith(b"yurt-run ")).split()[1]
                time.sleep(0.2)
                connection.sendall(b"yurt-begin %b\nyurt-end %b 0\n" % (mark, mark))

    machine = threading.Thread(target=answer, daemon=True)
    machine.start()

    vm.fill(None, b"")

    control.shutdown(socket.SHUT_RDWR)
    control.close()
    machine.join(5)


@pytest.mark.parametrize("is_slow", [True, False])
def test_a_size_that_a_slow_machine_did_not_hear_is_told_again(monkeypatch: pytest.MonkeyPatch, is_slow: bool) -> None:
    answer = vm.Result(-1 if is_slow else 1, b"", is_timed_out=is_slow, is_truncated=False)
    monkeypatch.setattr(vm, "run", lambda *_asked: answer)
    console = vm.ConsoleSize()
    console.wanted = 80, 24

    console.tell()
    console.ended(os.waitpid(console.child, 0)[1])

    assert console.is_waiting == is_slow
