"""Fixtures of a browser at the gateway, and of the web server in the lab that it looks at."""

import asyncio
from collections.abc import AsyncIterator

import pytest
from aiohttp import ClientResponse, web
from aiohttp.test_utils import TestClient, TestServer

from gateway import __main__ as process
from models import utcnow
from services.labs import moves
from tests.gateway.conftest import Browser, Stage
from tests.gateway.lab_servers import (
    GO,
    MEGABYTE,
    TALLY,
    Machine,
    Tally,
    away,
    cookies,
    echo,
    large,
    show,
    stream,
)


@pytest.fixture
async def server() -> AsyncIterator[TestServer]:
    """What the student built."""
    application = web.Application(client_max_size=100 * MEGABYTE)
    application[GO], application[TALLY] = asyncio.Event(), Tally()
    for path, handler in (
        ("/cookies", cookies), ("/away", away), ("/stream", stream), ("/large", large), ("/echo", echo),
    ):  # fmt: skip
        application.router.add_get(path, handler)
    application.router.add_route("*", "/{rest:.*}", show)
    async with TestServer(application) as running:
        yield running


@pytest.fixture
async def browser(stage: Stage, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Browser]:
    """A browser at a gateway; bob's lab runs. Labs have hosts below labs.example.org too."""
    monkeypatch.setattr(process, "make_backend", lambda _settings: Machine())
    now = utcnow()
    times = {"started_at": now, "last_active_at": now, "expires_at": now.replace(year=2100)}
    stage.change(lambda found: moves.move(found, "queued", "starting", claimed_at=now))
    stage.change(lambda found: moves.move(found, "starting", "running", **times))
    settings = stage.settings.model_copy(update={"lab_ports_host": "*.labs.example.org"})
    async with TestClient(TestServer(process.build(settings))) as client:
        yield client


def prefix(stage: Stage, port: int, user_id: int | None = None) -> str:
    ticket = stage.watch(f"port:{stage.session}:{port}", user_id)
    return f"/live/ports/{stage.session}/{port}/{ticket}"


def host(stage: Stage, port: int) -> str:
    return f"{port}-{stage.session.hex}.labs.example.org"


async def enter(browser: Browser, stage: Stage, port: int) -> str:
    """Change a ticket for the cookie of the lab's own host."""
    ticket = stage.issuer().port(stage.session, port)
    headers = {"Host": host(stage, port)}
    response = await browser.get(f"/.yurt/enter?ticket={ticket}", headers=headers, allow_redirects=False)
    assert (response.status, response.headers["Location"]) == (303, "/")
    return response.headers["Set-Cookie"].partition(";")[0]


def policies(response: ClientResponse) -> list[str]:
    return response.headers.getall("Content-Security-Policy")
