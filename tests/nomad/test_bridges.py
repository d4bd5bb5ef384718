"""What joins Nomad's exec to a lab: it goes when its caller does, and a way that breaks isn't the lab's end."""

import asyncio
import os
import socket
import struct
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from backends.base import BackendUnavailable, LabSpec
from backends.nomad import NomadBackend
from backends.nomad.execs import Bridge
from config import ROOT
from gateway import tasks
from tests.backends.conftest import Screen, look, nomad_settings
from tests.nomad.agents import Cluster
from tests.relays import Relay, relay_to
from tests.sites import until

# Two lines for each bridge: `grep` is one process, and the shell that names the socket is another.
BRIDGES = "cat /proc/[0-9]*/cmdline 2>/dev/null | tr '\\0' '\\n' | grep -c '^view[.]sock$'"
SHORT = "from backends.inside import bridge; bridge.SILENCE_S = 0.3; bridge.main()"


@pytest.fixture
def relay(nomad: Cluster) -> Iterator[Relay]:
    """The way to Nomad, which can be cut."""
    with relay_to(nomad.server.http) as made:
        yield made


@pytest.fixture
def far(nomad: Cluster, relay: Relay, backend: NomadBackend) -> Iterator[NomadBackend]:
    """The backend of `make_lab`, at the other end of the relay."""
    settings = nomad_settings(nomad, "exec").model_copy(update={"nomad_addr": (relay.url,)})
    made = NomadBackend(settings.model_copy(update={"instance": backend.instance}))
    yield made
    made.close()


def test_viewers_that_left_leave_no_process_in_the_lab(backend: NomadBackend, make_lab: Callable[..., LabSpec]) -> None:
    lab = make_lab()

    async def look_and_leave() -> None:
        for _ in range(3):
            screen = await look(backend, lab)
            await screen.terminal.close()
        await backend.leave()

    def bridges() -> int:
        ran = backend.execute(lab.job_id, BRIDGES, timeout_s=10, output_limit=100)
        return int(ran.output or b"0")

    asyncio.run(look_and_leave())

    until(lambda: bridges() == 0, explain=lambda: f"{bridges()} bridges are left")


def test_a_way_that_breaks_is_not_the_end_of_the_lab(
    far: NomadBackend, relay: Relay, make_lab: Callable[..., LabSpec]
) -> None:
    lab = make_lab()

    async def lose_and_come_back() -> str:
        screen = await look(far, lab)
        await screen.type("kept=$((40 + 2)); echo set\r")
        await screen.see(r"^set$")
        relay.cut()
        with pytest.raises(BackendUnavailable):
            await screen.end()
        await screen.terminal.close()
        again: Screen = await look(far, lab)
        await again.type("echo still $kept\r")
        await again.see(r"^still 42$")
        await again.terminal.close()
        await far.leave()
        return again.text

    assert "set" in asyncio.run(lose_and_come_back())


def test_whoever_is_cancelled_on_the_way_to_a_port_leaves_no_process_in_the_lab(
    backend: NomadBackend, make_lab: Callable[..., LabSpec]
) -> None:
    lab = make_lab()
    count = "cat /proc/[0-9]*/cmdline 2>/dev/null | tr '\\0' '\\n' | grep -c '^do[.]sock$'"

    async def give_up() -> None:
        joined = asyncio.Event()
        find = backend._sessions.bridge

        async def bridge(alloc_id: str, name: str) -> Bridge:
            made = await find(alloc_id, name)
            made.read = asyncio.Event().wait  # type: ignore[assignment, method-assign]  # an answer that doesn't come
            joined.set()
            return made

        backend._sessions.bridge = bridge  # type: ignore[method-assign]
        asking = asyncio.create_task(backend.connect(lab.job_id, 9))
        await joined.wait()
        await tasks.end(asking)
        backend._sessions.bridge = find  # type: ignore[method-assign]
        assert not [task for task in asyncio.all_tasks() if "_beat" in repr(task)]
        await asyncio.sleep(0)
        await backend.leave()

    asyncio.run(give_up())

    def bridges() -> int:
        return int(backend.execute(lab.job_id, count, timeout_s=10, output_limit=100).output or b"0")

    # The one that runs the script is always there.
    until(lambda: bridges() == 1, 60, lambda: f"{bridges()} bridges are left")


@pytest.fixture
def bridge(tmp_path: Path) -> Iterator[tuple[socket.socket, "subprocess.Popen[bytes]"]]:
    """The bridge by itself with little patience, and what it is joined to."""
    (tmp_path / "yurt").mkdir()
    os.chdir(tmp_path / "yurt")
    listener = socket.socket(socket.AF_UNIX)
    listener.bind("do.sock")
    os.chdir(ROOT)
    listener.listen()
    process = subprocess.Popen(
        [sys.executable, "-c", SHORT, "do.sock"],
        env={**os.environ, "NOMAD_ALLOC_DIR": str(tmp_path), "PYTHONPATH": str(ROOT)},
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
    )
    joined, _address = listener.accept()
    joined.settimeout(10)
    yield joined, process
    process.kill()
    process.wait()
    joined.close()
    listener.close()


def test_a_bridge_whose_caller_is_silent_goes(bridge: tuple[socket.socket, "subprocess.Popen[bytes]"]) -> None:
    joined, process = bridge
    assert process.stdin is not None
    process.stdin.write(struct.pack("!I", 5) + b"hello")
    process.stdin.flush()

    assert joined.recv(5) == b"hello"
    assert joined.recv(1) == b""
    assert process.wait(60) == 0


def test_a_bridge_goes_as_soon_as_its_caller_says_so(bridge: tuple[socket.socket, "subprocess.Popen[bytes]"]) -> None:
    joined, process = bridge
    assert process.stdin is not None and process.stdout is not None
    joined.sendall(b"answer")
    assert process.stdout.read(11) == b"+" + struct.pack("!I", 6) + b"answer"

    process.stdin.write(struct.pack("!II", 0, 0xFFFFFFFF))
    process.stdin.flush()

    assert process.wait(60) == 0
