"""The way to a web server in a virtual machine, up to the socket of its virtio port; tests/nomad has real machines."""

import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from backends.inside import vm_ports

MARK_BYTES = 32


@pytest.fixture
def make_port(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[[], socket.socket]]:
    """Make sockets as QEMU does for a machine's virtio ports."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("YURT_PORTS", str(tmp_path / "port-"))
    # It would stay with the tests' own process.
    monkeypatch.setattr(vm_ports, "yield_memory", lambda: None)
    made: list[socket.socket] = []

    def make() -> socket.socket:
        made.append(socket.create_server(str(tmp_path / f"port-{len(made)}.sock"), family=socket.AF_UNIX))
        return made[-1]

    yield make
    for port in made:
        port.close()


@contextmanager
def reaching() -> Iterator[socket.socket]:
    """Ask for port 8000; the block is who asked."""
    ours, theirs = socket.socketpair()

    def reach() -> None:
        with theirs:
            vm_ports.reach(theirs, 8000)

    thread = threading.Thread(target=reach, daemon=True)
    thread.start()
    ours.settimeout(20)
    with ours:
        yield ours
    thread.join(20)
    assert not thread.is_alive()


def asked(machine: socket.socket) -> bytes:
    """Read a request as the machine's program does, and return its mark."""
    with machine.makefile("rb", buffering=0) as lines:
        words = next(line for line in lines if line.startswith(b"yurt-connect ")).split()
    assert words[2:] == [b"8000"] and len(words[1]) == MARK_BYTES
    return words[1]


def test_what_an_earlier_connection_left_is_passed_over_and_the_end_is_found_in_pieces(make_port) -> None:
    port = make_port()

    with reaching() as caller:
        machine, _address = port.accept()
        mark = asked(machine)
        machine.sendall(b"left over\x1eyurt-end 0123\nyurt-connected " + mark + b"\nHTTP/1.1 200\n\x1eyurt-end 4567\n")
        caller.sendall(b"GET")
        blocks = machine.recv(100)
        ending = b"\x1eyurt-end " + mark + b"\n"
        for piece in (b"more", ending[:5], ending[5:]):
            machine.sendall(piece)
        received = b"".join(iter(lambda: caller.recv(100), b""))
        goodbye = machine.recv(100)
        machine.close()

    assert received == b"+HTTP/1.1 200\n\x1eyurt-end 4567\nmore"
    assert (blocks, goodbye) == (b"3\nGET", b"0\n")


def test_a_beginning_of_the_end_that_is_none_is_not_held_back(make_port) -> None:
    port = make_port()

    with reaching() as caller:
        machine, _address = port.accept()
        machine.sendall(b"yurt-connected " + asked(machine) + b"\nevent\x1eyurt-")
        received = b""
        while len(received) < len(b"+event\x1eyurt-"):
            received += caller.recv(100)
        machine.close()

    assert received == b"+event\x1eyurt-"


def test_a_port_that_is_in_use_or_silent_is_passed_over(make_port, monkeypatch) -> None:
    monkeypatch.setattr(vm_ports, "ASK_S", 0.3)
    ports = [make_port(), make_port(), make_port()]

    with reaching() as first:
        used, _address = ports[0].accept()
        used.sendall(b"yurt-connected " + asked(used) + b"\n")
        assert first.recv(1) == b"+"
        with reaching() as second:
            machine, _address = ports[2].accept()
            machine.sendall(b"yurt-connected " + asked(machine) + b"\n")
            assert second.recv(1) == b"+"
            machine.close()
        used.close()


@pytest.mark.parametrize("has_ports", [True, False])
def test_a_machine_that_has_no_such_port_or_where_nobody_listens_says_no(make_port, monkeypatch, has_ports) -> None:
    monkeypatch.setattr(vm_ports, "WAIT_S", 0.5)
    port = make_port() if has_ports else None
    if port is None:
        monkeypatch.setenv("YURT_PORTS", "")

    with reaching() as caller:
        if port is not None:
            machine, _address = port.accept()
            machine.sendall(b"yurt-refused " + asked(machine) + b"\n")
        assert caller.recv(10) == b"-"
