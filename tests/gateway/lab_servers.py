"""Web servers as students write them, good and bad, and a backend whose labs' ports are this machine's."""

import asyncio
import hashlib
from dataclasses import dataclass

from aiohttp import WSMsgType, web

from backends import BackendUnavailable

MEGABYTE = 1024 * 1024


@dataclass
class Tally:
    """How many bytes the server has sent."""

    sent: int = 0


GO, TALLY = web.AppKey("go", asyncio.Event), web.AppKey("tally", Tally)


class Tcp:
    """A stream to a server of the test's own."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.reader, self.writer = reader, writer

    async def read(self) -> bytes:
        return await self.reader.read(65536)

    async def write(self, data: bytes) -> None:
        self.writer.write(data)
        await self.writer.drain()

    async def close(self) -> None:
        self.writer.close()


class Machine:
    """A backend whose labs' ports are those of this very machine."""

    name, has_events, has_warm = "machine", False, False

    def __init__(self) -> None:
        self.answer: bytes | None = None

    async def connect(self, _job_id: str, port: int) -> Tcp:
        try:
            return Tcp(*await asyncio.open_connection("127.0.0.1", port))
        except OSError as error:
            raise BackendUnavailable("nobody listens") from error

    async def leave(self) -> None:
        """Nothing is kept open."""


async def show(request: web.Request) -> web.Response:
    """Tell what arrived."""
    body = await request.read()
    seen = {
        "method": request.method,
        "path": request.raw_path,
        "headers": {name.lower(): value for name, value in request.headers.items()},
        "digest": hashlib.sha256(body).hexdigest(),
    }
    return web.json_response(seen)


async def cookies(_request: web.Request) -> web.Response:
    response = web.Response(text="<p>hello</p>", content_type="text/html")
    for value in (
        "session=abc; Path=/; Domain=example.org; HttpOnly",
        "yurt_session=stolen; SameSite=None",
        "__Host-yurt-lab=other; Secure; Path=/",
        "broken",
    ):
        response.headers.add("Set-Cookie", value)
    response.headers["Clear-Site-Data"] = '"*"'
    response.headers["Strict-Transport-Security"] = "max-age=1"
    response.headers["X-Frame-Options"] = "DENY"
    response.headers["Content-Security-Policy"] = "default-src 'self'; frame-ancestors 'none'"
    response.headers["Service-Worker-Allowed"] = "/"
    response.headers["Access-Control-Allow-Origin"] = "https://elsewhere.example"
    response.headers["Connection"] = "close, X-Private"
    response.headers["X-Private"] = "hop"
    return response


async def away(_request: web.Request) -> web.Response:
    raise web.HTTPFound("/login?next=1")


async def stream(request: web.Request) -> web.StreamResponse:
    response = web.StreamResponse(headers={"Content-Type": "text/event-stream"})
    await response.prepare(request)
    for number in range(3):
        await response.write(f"data: {number}\n\n".encode())
        await request.app[GO].wait()
        request.app[GO].clear()
    return response


async def large(request: web.Request) -> web.StreamResponse:
    response = web.StreamResponse()
    await response.prepare(request)
    for _ in range(100):
        await response.write(bytes(MEGABYTE))
        request.app[TALLY].sent += MEGABYTE
    return response


async def echo(request: web.Request) -> web.WebSocketResponse:
    socket = web.WebSocketResponse(protocols=("chat",))
    await socket.prepare(request)
    async for message in socket:
        if message.type is WSMsgType.TEXT and message.data == "bye":
            await socket.close(code=4001)
        elif message.type is WSMsgType.TEXT:
            await socket.send_str(message.data + "!")
        else:
            await socket.send_bytes(message.data)
    return socket


class Said:
    """A stream that says what it was given, some bytes at a time."""

    def __init__(self, data: bytes, step: int = 7) -> None:
        self.parts = [data[at : at + step] for at in range(0, len(data), step)]

    async def read(self) -> bytes:
        return self.parts.pop(0) if self.parts else b""

    async def write(self, data: bytes) -> None: ...

    async def close(self) -> None: ...
