"""Many open terminals at one gateway process: how soon a line comes back, and what a terminal costs.

Each terminal is a real WebSocket to the gateway, and one from the gateway to a cluster whose labs say back what they
are told (bench/echo_nomad.py). Tickets and activity go through the Redis that is given.
"""

import argparse
import asyncio
import contextlib
import sys
import time
import uuid
from typing import Any

import psutil
from aiohttp import ClientSession, ClientWebSocketResponse, TCPConnector, UnixConnector, WSMsgType
from redis import Redis

from bench.echo_nomad import echo_nomad, raise_limit
from bench.labs_queue import Row
from bench.terminals_gateway import ORIGIN, PATIENCE_S, gateway
from extensions import SESSION_PREFIX
from services.tickets import Holder, Issuer

P99_MS, KILOBYTES = 250.0, 100.0
OPENING, LISTENING_S = 50, 2.0
# All are of one browser's session, which Redis has.
SESSION = "bench"


def run(redis_url: str, *, terminals: int = 2000, seconds: float = 60.0) -> list[Row]:
    """Open that many terminals, type a line a second into each, and look at what came back, and when."""
    raise_limit()
    with echo_nomad() as nomad, gateway(redis_url, nomad) as (process, socket):
        return asyncio.run(_measure(process, socket, redis_url, terminals, seconds))


async def _measure(process: psutil.Process, socket: str, redis_url: str, terminals: int, seconds: float) -> list[Row]:
    redis = Redis.from_url(redis_url)
    redis.set(SESSION_PREFIX + SESSION, "")
    connector: TCPConnector | UnixConnector = UnixConnector(socket, limit=0)
    async with ClientSession(connector=connector) as session:
        warm = [await open_one(session, redis, number) for number in range(20)]
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
    all_are_open, staying = asyncio.Event(), []
    while len(opened) < terminals:
        several = range(len(opened), min(terminals, len(opened) + OPENING))
        new = await asyncio.gather(*(open_one(session, redis, number) for number in several))
        staying += [asyncio.create_task(_stay(one, all_are_open)) for one in new]
        opened += new
    all_are_open.set()
    await asyncio.gather(*staying)
    return opened


async def _stay(socket: ClientWebSocketResponse, all_are_open: asyncio.Event) -> None:
    """Answer the gateway's pings, as a browser does: who says nothing for 20 s has gone."""
    while not all_are_open.is_set():
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(LISTENING_S):
                await socket.receive()


async def open_one(session: ClientSession, redis: Any, number: int) -> ClientWebSocketResponse:
    """Open a terminal as the page does, with a ticket of its own."""
    session_id = uuid.UUID(int=number)
    ticket = Issuer("", redis, Holder(number, SESSION, "")).terminal(session_id)
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
                if await _answer(socket) == line:
                    delays.append(time.monotonic() - began)
            due += 1
            await asyncio.sleep(max(0.0, due - time.monotonic()))
            late.append(time.monotonic() - due)
    return sent


async def _answer(socket: ClientWebSocketResponse) -> bytes:
    """Return what the terminal says next; that the gateway has taken what was typed is a message in between."""
    while (message := await socket.receive()).type == WSMsgType.TEXT:
        pass
    if message.type != WSMsgType.BINARY:
        raise TypeError("the terminal is closed")
    return bytes(message.data)


def main() -> int:
    """Run it by hand."""
    parser = argparse.ArgumentParser(prog="python -m bench.terminals", description=__doc__)
    parser.add_argument("--redis", default="redis://127.0.0.1:6379/0")
    parser.add_argument("--terminals", type=int, default=2000)
    parser.add_argument("--seconds", type=float, default=60.0)
    options = parser.parse_args()
    rows = run(options.redis, terminals=options.terminals, seconds=options.seconds)
    for row in rows:
        print(f"{'ok ' if row.is_met else 'NOT'} {row.what}: {row.measured} (aim: {row.aim})")
    return 0 if all(row.is_met for row in rows) else 1


if __name__ == "__main__":
    sys.exit(main())
