"""What is long-lived passes both front doors as it comes."""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from aiohttp import ClientSession, web
from aiohttp.test_utils import TestServer

from tests.deploy.doors import nginx_for, running_caddy, running_nginx

pytestmark = pytest.mark.anyio
needs_nginx = nginx_for("live connections")
GO = web.AppKey("go", asyncio.Event)
PLACES = ("/live", "/live/ports", "/live/files")


@pytest.fixture
def anyio_backend() -> str:
    """The gateway's event loop."""
    return "asyncio"


async def echo(request: web.Request) -> web.WebSocketResponse:
    """Say everything again."""
    socket = web.WebSocketResponse()
    await socket.prepare(request)
    async for message in socket:
        await socket.send_str(f"{message.data}!")
    return socket


async def events(request: web.Request) -> web.StreamResponse:
    """Tell one thing, and the next when the first has arrived."""
    response = web.StreamResponse(headers={"Content-Type": "text/event-stream"})
    await response.prepare(request)
    await response.write(b"data: first\n\n")
    await request.app[GO].wait()
    await response.write(b"data: second\n\n")
    return response


async def refuse(_request: web.Request) -> web.Response:
    """Give a body up, as the gateway does."""
    return web.json_response({"code": "cut"}, status=408, content_type="application/problem+json")


@pytest.fixture
async def gateway(anyio_backend: str) -> AsyncIterator[TestServer]:
    """Stands behind the doors in the gateway's place."""
    application = web.Application()
    application[GO] = asyncio.Event()
    for place in PLACES:
        application.add_routes(
            [web.get(f"{place}/echo", echo), web.get(f"{place}/events", events), web.put(f"{place}/late", refuse)]
        )
    async with TestServer(application) as server:
        yield server


@pytest.fixture(params=["caddy", pytest.param("nginx", marks=needs_nginx)])
async def site(request: pytest.FixtureRequest, gateway: TestServer, tmp_path: Path) -> AsyncIterator[str]:
    """The address of each door in turn."""
    tmp_path.chmod(0o755)
    assert gateway.port
    running = (
        running_caddy(tmp_path, 9, gateway=gateway.port)
        if request.param == "caddy"
        else running_nginx(tmp_path, [9], gateway=gateway.port)
    )
    port = await asyncio.to_thread(running.__enter__)
    try:
        yield f"http://127.0.0.1:{port}"
    finally:
        await asyncio.to_thread(running.__exit__, None, None, None)


@pytest.mark.parametrize("place", PLACES)
async def test_what_is_live_passes_as_it_comes(site: str, gateway: TestServer, place: str) -> None:
    async with asyncio.timeout(60), ClientSession(headers={"Host": "127.0.0.1"}) as browser:
        async with browser.ws_connect(f"{site}{place}/echo") as socket:
            await socket.send_str("hello")
            said = await socket.receive_str()
        async with browser.get(f"{site}{place}/events") as response:
            first = await response.content.readuntil(b"\n\n")
            gateway.app[GO].set()
            rest = await response.content.read()

    assert (said, first, rest) == ("hello!", b"data: first\n\n", b"data: second\n\n")


@pytest.mark.parametrize("place", PLACES)
async def test_what_the_gateway_says_of_a_late_body_arrives(site: str, place: str) -> None:
    async with (
        asyncio.timeout(60),
        ClientSession(headers={"Host": "127.0.0.1"}) as browser,
        browser.put(f"{site}{place}/late", data=b"whole") as response,
    ):
        told = await response.json()

    assert (response.status, told) == (408, {"code": "cut"})
