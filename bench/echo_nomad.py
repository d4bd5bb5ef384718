"""A stand-in for a cluster of thousands of labs: the questions of a terminal, answered as Nomad answers them.

Real labs would each take a program's memory on the machine that measures the gateway. Here a lab shows what is typed
into it. Protocols: Nomad's allocations of a job, Nomad's exec (backends/nomad/execs.py), and the framing of
the program in the lab (backends/inside/bridge.py).
"""

import asyncio
import base64
import contextlib
import json
import resource
import struct
import subprocess
import sys
from collections.abc import Iterator

from aiohttp import WSMsgType, web

from config import ROOT
from tests.sites import free_port, wait_for_page

# Whose its labs are.
INSTANCE = "bench"
HEADER, LENGTH, LEAVE = struct.Struct("!cI"), struct.Struct("!I"), 0xFFFFFFFF


async def _allocations(request: web.Request) -> web.Response:
    job = request.match_info["job"]
    alloc = {"ID": job, "JobID": job, "CreateIndex": 1, "DesiredStatus": "run", "ClientStatus": "running"}
    return web.json_response([{**alloc, "TaskStates": {"lab": {"State": "running"}}}])


async def _job(request: web.Request) -> web.Response:
    return web.json_response({"ID": request.match_info["job"], "Meta": {"yurt_instance": INSTANCE}})


async def _exec(request: web.Request) -> web.WebSocketResponse:
    socket = web.WebSocketResponse(compress=False)
    await socket.prepare(request)
    await _say(socket, b"+")
    blocks, typed = bytearray(), bytearray()
    async for message in socket:
        if message.type is WSMsgType.TEXT:
            data = (json.loads(message.data).get("stdin") or {}).get("data")
            blocks += base64.b64decode(data or "")
            for block in _blocks(blocks):
                typed += block
            for line in _typed(typed):
                await _say(socket, LENGTH.pack(len(line)) + line)
    return socket


def _blocks(received: bytearray) -> Iterator[bytes]:
    """Take the whole blocks off; a heartbeat is an empty one, and one of LEAVE has nothing in it."""
    while len(received) >= LENGTH.size:
        (length,) = LENGTH.unpack_from(received)
        length = 0 if length == LEAVE else length
        if len(received) < LENGTH.size + length:
            break
        yield bytes(received[LENGTH.size : LENGTH.size + length])
        del received[: LENGTH.size + length]


def _typed(received: bytearray) -> Iterator[bytes]:
    """Take the whole messages of a viewer off; give what was typed, sizes of the screen left out."""
    while len(received) >= HEADER.size:
        kind, length = HEADER.unpack_from(received)
        if len(received) < HEADER.size + length:
            break
        if kind == b"i":
            yield bytes(received[HEADER.size : HEADER.size + length])
        del received[: HEADER.size + length]


async def _say(socket: web.WebSocketResponse, data: bytes) -> None:
    with contextlib.suppress(ConnectionError):
        await socket.send_str(json.dumps({"stdout": {"data": base64.b64encode(data).decode()}}))


async def _healthy(_request: web.Request) -> web.Response:
    return web.Response()


@contextlib.contextmanager
def echo_nomad() -> Iterator[str]:
    """Run it in a process of its own; give its address."""
    port = free_port()
    process = subprocess.Popen([sys.executable, "-m", "bench.echo_nomad", str(port)], cwd=ROOT)
    address = f"http://127.0.0.1:{port}"
    try:
        wait_for_page(f"{address}/healthz")
        yield address
    finally:
        process.terminate()
        process.wait()


def raise_limit() -> None:
    """A terminal is an open file on each side."""
    _soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))


def main() -> None:
    """Serve on the port that the first argument names."""
    raise_limit()
    application = web.Application()
    application.add_routes(
        [
            web.get("/healthz", _healthy),
            web.get("/v1/job/{job}", _job),
            web.get("/v1/job/{job}/allocations", _allocations),
            web.get("/v1/client/allocation/{job}/exec", _exec),
        ]
    )
    asyncio.set_event_loop(asyncio.new_event_loop())
    web.run_app(application, host="127.0.0.1", port=int(sys.argv[1]), access_log=None, print=None, backlog=4096)


if __name__ == "__main__":
    main()
