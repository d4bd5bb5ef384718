"""How soon a key shows in a real lab: through a WebSocket, the gateway, Nomad's exec and the lab's shell, and back."""

import asyncio
import statistics
import time
from typing import Any

from aiohttp import ClientSession, ClientWebSocketResponse, UnixConnector, WSMsgType
from redis import Redis

from bench.labs_click import GUEST_MB, PATIENCE_S, is_prompt, machine_definition, running_lab
from bench.labs_queue import Row
from bench.sites import Ground, Site
from bench.terminals import open_one
from bench.terminals_gateway import gateway

KEYS, EVERY_S, AIM_MS = 200, 0.05, 30.0
LINE = 40
CLEAR = b"\x15"  # Ctrl-U: readline forgets the line.


def run(ground: Ground) -> list[Row]:
    """Type in a lab of exec, then in a virtual machine."""
    rows = []
    for what, definition in (("exec", {}), (f"VM, {GUEST_MB} MB, tcg", machine_definition())):
        with ground.site(f"echo-{what[:2].lower()}") as site:
            took = _type_in(ground, site, definition)
        p50, p95 = statistics.median(took) * 1000, sorted(took)[int(len(took) * 0.95)] * 1000
        aim = f"p50 < {AIM_MS:.0f} ms"
        measured = f"p50 {p50:.1f} ms, p95 {p95:.1f} ms"
        rows.append(Row(f"a key's echo through the gateway, {what} ({KEYS} keys)", aim, measured, p50 < AIM_MS))
    return rows


def _type_in(ground: Ground, site: Site, definition: dict[str, Any]) -> list[float]:
    [student], lab_id = site.arrange(1, **definition)
    with site.scheduler():
        job_id = asyncio.run(running_lab(site, student, lab_id))
        redis_url, instance = site.settings.redis_url, site.settings.instance
        with gateway(redis_url, ground.nomad.url, job_id, instance) as (_process, socket):
            return asyncio.run(_measure(redis_url, socket))


async def _measure(redis_url: str, socket: str) -> list[float]:
    async with ClientSession(connector=UnixConnector(socket)) as session:
        opened = await open_one(session, Redis.from_url(redis_url), 1)
        await _read_until_prompt(opened)
        took: list[float] = []
        for number in range(KEYS):
            if number % LINE == 0:
                await opened.send_bytes(CLEAR)
                await _drain(opened)
            began = time.perf_counter()
            await opened.send_bytes(b"x")
            await _read_until(opened, b"x")
            took.append(time.perf_counter() - began)
            await asyncio.sleep(EVERY_S)
        await opened.close()
        return took


async def _read_until_prompt(socket: ClientWebSocketResponse) -> None:
    screen = b""
    async with asyncio.timeout(PATIENCE_S):
        while not is_prompt(screen):
            screen = (screen + await _bytes(socket))[-20_000:]


async def _read_until(socket: ClientWebSocketResponse, wanted: bytes) -> None:
    async with asyncio.timeout(PATIENCE_S):
        while wanted not in await _bytes(socket):
            pass


async def _drain(socket: ClientWebSocketResponse) -> None:
    """Read what the shell has to say to a cleared line: it is silent when nothing came for a while."""
    while True:
        try:
            async with asyncio.timeout(0.3):
                await _bytes(socket)
        except TimeoutError:
            return


async def _bytes(socket: ClientWebSocketResponse) -> bytes:
    message = await socket.receive()
    if message.type is WSMsgType.BINARY:
        return bytes(message.data)
    if message.type is WSMsgType.TEXT:
        return b""
    raise RuntimeError(f"the terminal ended: {message}")
