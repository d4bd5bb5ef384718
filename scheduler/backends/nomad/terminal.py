"""What is carried through an exec session: a lab's screen and keyboard, a port of it, a request to its agent."""

import asyncio
import contextlib
import json
import struct
from typing import Any

from scheduler.backends.base import BackendUnavailable, ExecResult, LabSpec, StartFailed
from scheduler.backends.nomad.execs import Exec

HEADER = struct.Struct("!cI")
ANSWER_S = 10.0
LONGEST_LINE = 65_536


class ExecStream:
    """Bytes both ways."""

    def __init__(self, session: Exec) -> None:
        self._session = session

    async def read(self) -> bytes:
        """Wait for bytes; empty at the end."""
        return await self._session.read()

    async def write(self, data: bytes) -> None:
        """Send."""
        await self._session.write(data)

    async def close(self) -> None:
        """Leave."""
        await self._session.close()


class NomadTerminal(ExecStream):
    """A viewer of the agent's screen."""

    async def write(self, data: bytes) -> None:
        """Type."""
        await self._session.write(HEADER.pack(b"i", len(data)) + data)

    async def resize(self, columns: int, rows: int) -> None:
        """Set the size of the screen, within what terminals can be."""
        size = struct.pack("!HH", max(2, min(columns, 1000)), max(1, min(rows, 1000)))
        await self._session.write(HEADER.pack(b"r", len(size)) + size)


async def enter(session: Exec, spec: LabSpec, uid: int) -> None:
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
    answer, _payload = await _ask(session, request, (saved or b"") + setup)
    if answer.get("is_final"):
        raise StartFailed(str(answer["error"]))
    if "error" in answer:
        raise BackendUnavailable(str(answer["error"]))


async def run(session: Exec, script: bytes, stdin: bytes, timeout_s: float, limit: int) -> ExecResult:
    """Run a script as the student; raise BackendUnavailable."""
    sizes = {"script": len(script), "stdin": len(stdin)}
    request = {"do": "run", "timeout_s": timeout_s, "limit": limit, **sizes}
    answer, payload = await _ask(session, request, script + stdin)
    if "error" in answer:
        raise BackendUnavailable(str(answer["error"]))
    return ExecResult(int(answer["exit_code"]), payload, bool(answer["is_timed_out"]), bool(answer["is_truncated"]))


async def reach(session: Exec, port: int) -> ExecStream:
    """Connect to a port of the lab; raise BackendUnavailable where nobody listens."""
    await session.write(json.dumps({"do": "port", "port": port}).encode() + b"\n")
    try:
        async with asyncio.timeout(ANSWER_S):
            first = await session.read()
    except TimeoutError:
        first = b""
    if not first.startswith(b"+"):
        await session.close()
        raise BackendUnavailable(f"nobody listens on port {port}")
    session.unread = first[1:]
    return ExecStream(session)


async def _ask(session: Exec, request: dict[str, Any], payload: bytes) -> tuple[dict[str, Any], bytes]:
    """Send a request, and return the answer's line with what it announces."""
    sending = asyncio.create_task(session.write(json.dumps(request).encode() + b"\n" + payload))
    try:
        received = bytearray()
        while b"\n" not in received and len(received) < LONGEST_LINE:
            received += await _more(session)
        line, _newline, rest = bytes(received).partition(b"\n")
        answer: dict[str, Any] = json.loads(line)
        body, size = bytearray(rest), int(answer.get("size", 0))
        while len(body) < size:
            body += await _more(session)
        return answer, bytes(body[:size])
    except ValueError as error:
        raise BackendUnavailable("the lab's program speaks another language") from error
    finally:
        sending.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await sending


async def _more(session: Exec) -> bytes:
    data = await session.read()
    if not data:
        said = session.errors.decode(errors="replace").strip()[-300:]
        raise BackendUnavailable(f"the lab's program ended without an answer. {said}".strip())
    return data
