"""Many open terminals at one gateway process: how soon a line comes back, and what a terminal costs.

`run` starts a gateway of its own, on a backend whose labs say back what they are told, and opens a real WebSocket for
each terminal. Tickets and activity go through the Redis that it is given. It returns a row for each promise.
"""

import argparse
import asyncio
import contextlib
import resource
import signal
import subprocess
import sys
import tempfile
import time
import uuid
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import psutil
from aiohttp import ClientSession, ClientWebSocketResponse, TCPConnector, UnixConnector, web
from redis import Redis
from redis.asyncio import Redis as AsyncRedis

from bench.labs_queue import Row
from gateway import tasks
from gateway.hints import Hints
from gateway.notes import Notes
from gateway.terminals import Terminals
from gateway.visitors import Visitors
from services import tickets

ROOT = Path(__file__).resolve().parent.parent
ORIGIN = "http://bench.example"
P99_MS, KILOBYTES = 250.0, 100.0
OPENING = 50
PATIENCE_S = 60.0


class Echo:
    """A terminal that shows what is typed, and waits while nobody reads."""

    def __init__(self) -> None:
        self._lines: asyncio.Queue[bytes] = asyncio.Queue(16)

    async def read(self) -> bytes:
        return await self._lines.get()

    async def write(self, data: bytes) -> None:
        await self._lines.put(data)

    async def resize(self, columns: int, rows: int) -> None: ...

    async def close(self) -> None: ...


class EchoBackend:
    """A backend of which terminals are all that is asked."""

    name, has_events, has_warm = "echo", False, False

    async def attach(self, _job_id: str, *, columns: int, rows: int) -> Echo:
        return Echo()


def run(redis_url: str, *, terminals: int = 2000, seconds: float = 60.0) -> list[Row]:
    """Open that many terminals, type a line a second into each, and look at what came back, and when."""
    _raise_limit()
    with _gateway(redis_url) as (process, socket):
        return asyncio.run(_measure(process, socket, redis_url, terminals, seconds))


async def _measure(process: psutil.Process, socket: str, redis_url: str, terminals: int, seconds: float) -> list[Row]:
    redis = Redis.from_url(redis_url)
    connector: TCPConnector | UnixConnector = UnixConnector(socket, limit=0)
    async with ClientSession(connector=connector) as session:
        warm = [await _open(session, redis, number) for number in range(20)]
        await asyncio.gather(*(one.close() for one in warm))
        before = process.memory_info().rss
        opened = await _open_all(session, redis, terminals)
        delays: list[float] = []
        late: list[float] = []
        asked = time.monotonic() + seconds
        cpu = sum(process.cpu_times()[:2])
        counts = await asyncio.gather(
            *(_type(one, number / terminals, asked, delays, late) for number, one in enumerate(opened))
        )
        cpu = sum(process.cpu_times()[:2]) - cpu
        memory = (process.memory_info().rss - before) / 1000 / terminals
        await asyncio.gather(*(one.close() for one in opened))
    delays.sort()
    late.sort()
    sent, p50, p99 = sum(counts), delays[len(delays) // 2] * 1000, delays[len(delays) * 99 // 100] * 1000
    # On a busy machine the client waits for a processor as the gateway does: this says how long it overslept.
    own = late[len(late) * 99 // 100] * 1000
    measured = f"p50 {p50:.1f} ms, p99 {p99:.1f} ms (the client itself was late by {own:.1f} ms, p99)"
    name = f"{terminals} open terminals, a line a second each, {seconds:.0f} s"
    return [
        Row(f"{name}: lines that came back", f"{sent} of {sent}", f"{len(delays)} of {sent}", len(delays) == sent > 0),
        Row(f"{name}: echo", f"p99 < {P99_MS:.0f} ms", measured, p99 < P99_MS),
        Row(f"{name}: memory a terminal", f"< {KILOBYTES:.0f} kB", f"{memory:.1f} kB", memory < KILOBYTES),
        Row(f"{name}: one gateway's processor", "< 100 % of a core", f"{cpu / seconds:.0%}", cpu < seconds),
    ]


async def _open_all(session: ClientSession, redis: Any, terminals: int) -> list[ClientWebSocketResponse]:
    opened: list[ClientWebSocketResponse] = []
    while len(opened) < terminals:
        several = range(len(opened), min(terminals, len(opened) + OPENING))
        opened += await asyncio.gather(*(_open(session, redis, number) for number in several))
    return opened


async def _open(session: ClientSession, redis: Any, number: int) -> ClientWebSocketResponse:
    session_id = uuid.UUID(int=number)
    ticket = tickets.terminal(redis, user_id=number, session_id=session_id)
    address = f"http://bench.example/live/terminals/{session_id}?ticket={ticket}&columns=80&rows=24"
    return await session.ws_connect(address, headers={"Origin": ORIGIN}, autoping=True)


async def _type(
    socket: ClientWebSocketResponse, phase: float, until: float, delays: list[float], late: list[float]
) -> int:
    """Type a line each second, in a phase of one's own; return how many were sent."""
    await asyncio.sleep(phase)
    sent, due = 0, time.monotonic()
    with contextlib.suppress(TimeoutError, TypeError):
        while due < until:
            line, began = f"echo {sent}\r".encode(), time.monotonic()
            sent += 1
            await socket.send_bytes(line)
            async with asyncio.timeout(PATIENCE_S):
                if await socket.receive_bytes() == line:
                    delays.append(time.monotonic() - began)
            due += 1
            await asyncio.sleep(max(0.0, due - time.monotonic()))
            late.append(time.monotonic() - due)
    return sent


@contextlib.contextmanager
def _gateway(redis_url: str) -> Iterator[tuple[psutil.Process, str]]:
    with tempfile.TemporaryDirectory() as folder:
        socket = str(Path(folder) / "gateway")
        command = [sys.executable, "-m", "bench.terminals", "--serve", socket, "--redis", redis_url]
        process = subprocess.Popen(command, cwd=ROOT)
        try:
            deadline = time.monotonic() + PATIENCE_S
            while not Path(socket).exists():
                if process.poll() is not None or time.monotonic() > deadline:
                    raise RuntimeError("the gateway didn't start")
                time.sleep(0.05)
            yield psutil.Process(process.pid), socket
        finally:
            process.terminate()
            process.wait(PATIENCE_S)


async def _serve(socket: str, redis_url: str) -> None:
    """Be the gateway, with the terminals alone."""
    redis: AsyncRedis = AsyncRedis.from_url(redis_url)

    async def job_of(session_id: str, _user_id: int) -> tuple[str, str]:
        return session_id, "running"

    async def no_visit(_session_id: str, _user_id: int) -> None:
        return None

    visitors, notes = Visitors(Hints(redis), no_visit), Notes(redis)
    writing = asyncio.create_task(notes.run())
    terminals = Terminals(EchoBackend(), redis, job_of, ORIGIN, visitors, notes)  # type: ignore[arg-type]  # as EchoBackend says
    application = web.Application()
    application.add_routes([web.get(r"/live/terminals/{session_id:[0-9a-f-]{36}}", terminals.serve)])
    runner = web.AppRunner(application, access_log=None, handler_cancellation=True)
    await runner.setup()
    await web.UnixSite(runner, socket).start()
    ended = asyncio.Event()
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, ended.set)
    await ended.wait()
    await terminals.close_all()
    await runner.cleanup()
    await tasks.end(writing)
    await redis.aclose()


def _raise_limit() -> None:
    """A terminal is an open file on each side."""
    _soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))


def main() -> int:
    """Serve for `run`, or run by hand."""
    parser = argparse.ArgumentParser(prog="python -m bench.terminals", description=__doc__)
    parser.add_argument("--redis", default="redis://127.0.0.1:6379/0")
    parser.add_argument("--serve", default="", help=argparse.SUPPRESS)
    parser.add_argument("--terminals", type=int, default=2000)
    parser.add_argument("--seconds", type=float, default=60.0)
    options = parser.parse_args()
    if options.serve:
        _raise_limit()
        asyncio.run(_serve(options.serve, options.redis))
        return 0
    rows = run(options.redis, terminals=options.terminals, seconds=options.seconds)
    for row in rows:
        print(f"{'ok ' if row.is_met else 'NOT'} {row.what}: {row.measured} (aim: {row.aim})")
    return 0 if all(row.is_met for row in rows) else 1


if __name__ == "__main__":
    sys.exit(main())
