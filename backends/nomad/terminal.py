"""What is carried through an exec session: a lab's screen and keyboard, a port of it, a request to its agent."""

import asyncio
import contextlib
import json
import struct
from typing import Any

from backends.base import BackendUnavailable, ExecResult, LabSpec, StartFailed
from backends.nomad.execs import Bridge
from reasons import Reason

HEADER = struct.Struct("!cI")
ANSWER_S = 10.0
LONGEST_LINE = 65_536


class NomadStream:
    """A port of a lab; `first` are the bytes that came with the answer."""

    def __init__(self, bridge: Bridge, first: bytes) -> None:
        self._bridge, self._first = bridge, first

    async def read(self) -> bytes:
        """Wait for bytes; empty at the end."""
        first, self._first = self._first, b""
        return first or await self._bridge.read()

    async def write(self, data: bytes) -> None:
        """Send."""
        await self._bridge.write(data)

    async def close(self) -> None:
        """Leave."""
        await self._bridge.close()


class NomadTerminal:
    """A viewer of the agent's screen."""

    def __init__(self, bridge: Bridge) -> None:
        self._bridge = bridge

    async def read(self) -> bytes:
        """Wait for output; empty at the lab's end. BackendUnavailable where only the way to it ended."""
        return await self._bridge.read()

    async def close(self) -> None:
        """Leave; the shell goes on."""
        await self._bridge.close()

    async def write(self, data: bytes) -> None:
        """Type."""
        await self._bridge.write(HEADER.pack(b"i", len(data)) + data)

    async def resize(self, columns: int, rows: int) -> None:
        """Set the size of the screen, within what terminals can be."""
        size = struct.pack("!HH", max(2, min(columns, 1000)), max(1, min(rows, 1000)))
        await self._bridge.write(HEADER.pack(b"r", len(size)) + size)


async def enter(bridge: Bridge, spec: LabSpec, uid: int) -> None:
    """Make the lab the student's; raise StartFailed for what can't work, BackendUnavailable for what may."""
    setup, saved = spec.setup_script.encode(), spec.saved
    request = {
        "do": "enter",
        "session": spec.session_id,
        "handle": spec.handle,
        "uid": uid,
        "has_network": spec.has_network,
        "memory_mb": max(spec.memory_mb, spec.memory_max_mb),
        "disk_mb": spec.disk_mb,
        "setup": len(setup),
        "saved": None if saved is None else len(saved),
    }
    answer, _payload = await _ask(bridge, request, (saved or b"") + setup)
    if answer.get("is_final"):
        raise StartFailed(Reason.said(str(answer["error"])))
    if "error" in answer:
        raise BackendUnavailable(str(answer["error"]))


async def run(bridge: Bridge, script: bytes, stdin: bytes, timeout_s: float, limit: int) -> ExecResult:
    """Run a script as the student; raise BackendUnavailable."""
    sizes = {"script": len(script), "stdin": len(stdin)}
    request = {"do": "run", "timeout_s": timeout_s, "limit": limit, **sizes}
    answer, payload = await _ask(bridge, request, script + stdin)
    if "error" in answer:
        raise BackendUnavailable(str(answer["error"]))
    return ExecResult(int(answer["exit_code"]), payload, bool(answer["is_timed_out"]), bool(answer["is_truncated"]))


async def reach(bridge: Bridge, port: int) -> NomadStream:
    """Connect to a port of the lab; raise BackendUnavailable where nobody listens."""
    try:
        async with asyncio.timeout(ANSWER_S):
            await bridge.write(json.dumps({"do": "port", "port": port}).encode() + b"\n")
            first = await bridge.read()
    except (TimeoutError, BackendUnavailable):
        first = b""
    except BaseException:
        bridge.abandon()
        raise
    if not first.startswith(b"+"):
        await bridge.close()
        raise BackendUnavailable(f"nobody listens on port {port}")
    return NomadStream(bridge, first[1:])


async def _ask(bridge: Bridge, request: dict[str, Any], payload: bytes) -> tuple[dict[str, Any], bytes]:
    """Send a request, and return the answer's line with what it announces."""
    sending = asyncio.create_task(bridge.write(json.dumps(request).encode() + b"\n" + payload))
    try:
        received = bytearray()
        while b"\n" not in received and len(received) < LONGEST_LINE:
            received += await _more(bridge)
        line, _newline, rest = bytes(received).partition(b"\n")
        answer: dict[str, Any] = json.loads(line)
        body, size = bytearray(rest), int(answer.get("size", 0))
        while len(body) < size:
            body += await _more(bridge)
        return answer, bytes(body[:size])
    except ValueError as error:
        raise BackendUnavailable("the lab's program speaks another language") from error
    finally:
        sending.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await sending


async def _more(bridge: Bridge) -> bytes:
    data = await bridge.read()
    if not data:
        raise BackendUnavailable("the lab's program ended without an answer")
    return data
