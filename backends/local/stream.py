"""A connection to a port of a local lab: the streams of a command that runs in its namespaces."""

import asyncio
import contextlib
import os
import signal
from pathlib import Path

from backends import tunnel
from backends.base import BackendUnavailable, LabSpec
from backends.local import execution
from backends.local.jobs import Sandbox

CHUNK = 65_536
CONNECT_S = 5.0


class LocalStream:
    """One connection."""

    def __init__(self, process: asyncio.subprocess.Process) -> None:
        assert process.stdin is not None and process.stdout is not None
        self._process, self._in, self._out = process, process.stdin, process.stdout

    async def read(self) -> bytes:
        """Wait for bytes; empty at the end."""
        return await self._out.read(CHUNK)

    async def write(self, data: bytes) -> None:
        """Send."""
        with contextlib.suppress(ConnectionError):
            self._in.write(data)
            await self._in.drain()

    async def close(self) -> None:
        """Leave, whatever the server does: end the command and all that it started."""
        self._in.close()
        with contextlib.suppress(ProcessLookupError):
            os.killpg(self._process.pid, signal.SIGKILL)
        await self._process.wait()


async def open_stream(spec: LabSpec, lab_sandbox: Sandbox, home: Path, port: int) -> LocalStream:
    """Connect, or raise BackendUnavailable when nobody listens there."""
    try:
        process = await asyncio.create_subprocess_exec(
            *execution.way_in(spec, lab_sandbox, home),
            *tunnel.command(port),
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.DEVNULL,
            env={"PATH": os.defpath},
            cwd="/",
            start_new_session=True,
        )
    except OSError as error:
        raise BackendUnavailable(f"{spec.job_id} can't be entered: {error.strerror}") from error
    stream = LocalStream(process)
    try:
        async with asyncio.timeout(CONNECT_S):
            first = await stream._out.readexactly(len(tunnel.OPEN))
    except (TimeoutError, asyncio.IncompleteReadError) as error:
        await stream.close()
        raise BackendUnavailable(f"nobody listens on port {port} of {spec.job_id}") from error
    assert first == tunnel.OPEN
    return stream
