"""The way into a lab through Nomad's exec, where the command ends before it was of use."""

import asyncio
import base64
import json
from pathlib import Path
from typing import Any

import aiohttp
import pytest

from backends import nomad
from backends.base import BackendUnavailable, NoWay
from backends.nomad import NomadBackend, execs
from backends.nomad.execs import LENGTH, Sessions
from backends.nomad.servers import Forbidden, Servers
from tests.engines import site_settings

NOWHERE = {"lab_backend": "nomad", "nomad_addr": ["http://127.0.0.1:1"]}


class Command:
    """A command that says this, and has ended with this code if it says nothing."""

    def __init__(
        self, said: bytes, exit_code: int | None = None, errors: bytes = b"", *, is_forbidden: bool = False
    ) -> None:
        self.said, self.exit_code, self.errors, self.beat = said, exit_code, bytearray(errors), b""
        self.is_forbidden, self.is_cut_off = is_forbidden, False

    async def read(self) -> bytes:
        return self.said

    async def close(self) -> None: ...


def joining(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, *commands: Command) -> Any:
    """Return a function that joins a lab whose commands are these, one after the other, and those that are left."""
    settings = site_settings("postgresql://unused/yurt", "redis://unused", tmp_path, **NOWHERE)
    sessions, left = Sessions(settings, Servers(settings)), list(commands)

    async def open_next(*_arguments: object) -> Command:
        return left.pop(0)

    monkeypatch.setattr(sessions, "open", open_next)
    return lambda: asyncio.run(sessions.bridge("alloc", "do.sock")), left


def test_a_command_that_ends_well_before_it_began_is_started_again(tmp_path, monkeypatch):
    join, left = joining(tmp_path, monkeypatch, Command(b"", 0), Command(b"", 0), Command(b"+"))

    join()

    assert left == []


def test_a_command_that_fails_is_not(tmp_path, monkeypatch):
    join, left = joining(tmp_path, monkeypatch, Command(b"", 1, b"no such file"), Command(b"+"))

    with pytest.raises(BackendUnavailable, match="no such file"):
        join()

    assert len(left) == 1


def test_nobody_is_tried_for_ever(tmp_path, monkeypatch):
    join, left = joining(tmp_path, monkeypatch, *[Command(b"", 0) for _ in range(10)])

    with pytest.raises(BackendUnavailable):
        join()

    assert 0 < len(left) < 10


def test_a_token_that_is_not_good_for_exec_is_named(tmp_path, monkeypatch):
    denied = Command(b"", None, b"Permission denied", is_forbidden=True)
    join, _left = joining(tmp_path, monkeypatch, denied)

    with pytest.raises(Forbidden, match=r"NOMAD_TOKEN.*Permission denied"):
        join()


def test_a_lab_is_not_entered_again_and_again_with_such_a_token(tmp_path, monkeypatch, make_spec):
    backend = NomadBackend(site_settings("postgresql://unused/yurt", "redis://unused", tmp_path, **NOWHERE))
    tries: list[str] = []

    def refuse(alloc_id: str, *_arguments: object, **_values: object) -> None:
        tries.append(alloc_id)
        raise Forbidden("no")

    monkeypatch.setattr(backend, "_in_lab", refuse)

    with pytest.raises(Forbidden):
        backend._enter(make_spec(), "alloc")

    assert tries == ["alloc"]


class Slow(Command):
    """A command that takes its time to begin, and then answers what it is asked at once."""

    def __init__(self, begins_after_s: float) -> None:
        answer = b'{"exit_code": 0, "is_timed_out": false, "is_truncated": false, "size": 4}\ndone'
        super().__init__(b"+" + LENGTH.pack(len(answer)) + answer)
        self.begins_after_s, self.session = begins_after_s, self

    async def read(self) -> bytes:
        await asyncio.sleep(self.begins_after_s)
        said, self.said = self.said, b""
        return said

    async def write(self, data: bytes) -> None: ...

    def fall_silent(self) -> None: ...


def test_a_busy_node_is_given_the_time_that_the_caller_has(tmp_path, monkeypatch):
    monkeypatch.setattr(execs, "BRIDGE_S", 0.2)
    monkeypatch.setattr(nomad, "BRIDGE_S", 0.2)
    monkeypatch.setattr(nomad, "MARGIN_S", 0.1)
    backend = NomadBackend(site_settings("postgresql://unused/yurt", "redis://unused", tmp_path, **NOWHERE))
    monkeypatch.setattr(backend, "_running", lambda job_id: "alloc")

    async def begin(*_arguments: object) -> Slow:
        return Slow(0.6)

    monkeypatch.setattr(backend._sessions, "open", begin)

    with pytest.raises(BackendUnavailable):
        backend.execute("lab-a", "true", timeout_s=0.1, output_limit=10)
    patient = backend.execute("lab-a", "true", timeout_s=0.1, output_limit=10, patience_s=30)

    assert patient.output == b"done"


class Wire:
    """Nomad's end of a WebSocket: these messages come."""

    def __init__(self, *messages: aiohttp.WSMessage) -> None:
        self.messages, self.closed = list(messages), False

    async def receive(self) -> aiohttp.WSMessage:
        return self.messages.pop(0)

    async def close(self) -> None:
        self.closed = True


def joined_by(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, *messages: aiohttp.WSMessage) -> None:
    """Join a lab whose exec session consists of these messages."""
    settings = site_settings("postgresql://unused/yurt", "redis://unused", tmp_path, **NOWHERE)
    sessions = Sessions(settings, Servers(settings))

    async def begin(*_arguments: object) -> execs.Exec:
        return execs.Exec(Wire(*messages))  # type: ignore[arg-type]

    monkeypatch.setattr(sessions, "open", begin)
    asyncio.run(sessions.bridge("alloc", "do.sock"))


@pytest.mark.parametrize("reason", ["session shutdown", "No path to node", "rpc error: EOF"])
def test_a_server_that_has_no_way_to_the_node_says_nothing_of_the_lab(tmp_path, monkeypatch, reason):
    with pytest.raises(NoWay, match=reason):
        joined_by(tmp_path, monkeypatch, aiohttp.WSMessage(aiohttp.WSMsgType.CLOSE, 1011, reason))


def test_a_lab_cannot_say_that_there_is_no_way_to_it(tmp_path, monkeypatch):
    said = base64.b64encode(b"session shutdown").decode()
    frames = [{"stderr": {"data": said}}, {"exited": True, "result": {"exit_code": 1}}]

    with pytest.raises(BackendUnavailable, match="session shutdown") as raised:
        joined_by(
            tmp_path,
            monkeypatch,
            *[aiohttp.WSMessage(aiohttp.WSMsgType.TEXT, json.dumps(frame), None) for frame in frames],
        )

    assert not isinstance(raised.value, NoWay)
