"""Browsers that don't behave: many at once, frames and tickets that are nonsense, answers that fool a proxy."""

import asyncio
from typing import Any

import pytest
from aiohttp import ClientError
from aiohttp.test_utils import TestClient, TestServer

from config import Settings
from gateway import __main__ as process
from gateway.terminals import TICKET_REFUSED
from models import utcnow
from services.labs import moves
from tests.gateway.conftest import Browser, Shell, Stage, open_shell
from tests.gateway.lab_servers import Machine, Said

STREAMS_PER_USER = Settings.model_fields["limit_streams"].default
TERMINALS_PER_USER = Settings.model_fields["limit_terminals"].default

pytestmark = pytest.mark.anyio


async def test_terminals_that_are_opened_together_are_counted(gateway: Browser, stage: Stage) -> None:
    await asyncio.to_thread(stage.run)

    shells = await asyncio.gather(*(open_shell(gateway, stage) for _ in range(TERMINALS_PER_USER + 8)))

    async def is_open(shell: Shell) -> bool:
        try:
            await shell.see("bob@lab")
        except AssertionError:
            return False
        return True

    assert sum(await asyncio.gather(*map(is_open, shells))) == TERMINALS_PER_USER
    await asyncio.gather(*(shell.socket.close() for shell in shells))


async def test_streams_that_are_opened_together_are_counted(gateway: Browser, stage: Stage) -> None:
    address = f"/live/labs/{stage.session}?ticket={stage.watch()}"

    responses = await asyncio.gather(*(gateway.get(address) for _ in range(STREAMS_PER_USER + 8)))

    statuses = [response.status for response in responses]
    assert (statuses.count(200), statuses.count(429)) == (STREAMS_PER_USER, 8)
    assert {response.headers.get("Retry-After") for response in responses if response.status == 429} == {"2"}
    for response in responses:
        response.close()


@pytest.mark.parametrize(
    "said",
    [
        '{"type": "resize", "columns": 1e999, "rows": 24}',
        '{"type": "resize", "columns": -Infinity, "rows": NaN}',
        '{"type": "resize", "columns": ' + "9" * 400 + ', "rows": 1}',
        "[" * 500_000,
        '{"type": "resize"}',
        '{"type": "resize", "columns": {}, "rows": []}',
        "null",
        "\x00",
    ],
)
async def test_a_command_that_is_none_changes_nothing(gateway: Browser, stage: Stage, said: str) -> None:
    await asyncio.to_thread(stage.run)
    shell = await open_shell(gateway, stage, query="&columns=" + "9" * 3000 + "&rows=-1")
    await shell.see("bob@lab:~$ ")

    await shell.socket.send_str(said)

    await shell.type("echo still $((40 + 2))\r")
    await shell.see("\nstill 42\n")
    await shell.socket.close()


@pytest.mark.parametrize("ticket", ["%ED%A0%80", "%00", "%FF", "x" * 7000, "%0d%0aSet-Cookie:%20a=b", "a&ticket=b"])
async def test_a_ticket_of_nonsense_is_refused(gateway: Browser, stage: Stage, ticket: str) -> None:
    assert await (await open_shell(gateway, stage, ticket)).end() == TICKET_REFUSED
    for path in ("labs/{}", "files/{}", "ports/{}/8000"):
        response = await gateway.get(f"/live/{path.format(stage.session)}?ticket={ticket}")
        assert response.status == 403


@pytest.fixture
async def answering(stage: Stage, monkeypatch: pytest.MonkeyPatch) -> Any:
    """A browser at a gateway, and what the server in bob's lab answers to everything."""
    machine = Machine()
    said: list[bytes] = []

    async def connect(_job_id: str, _port: int) -> Said:
        return Said(said[-1])

    monkeypatch.setattr(machine, "connect", connect)
    monkeypatch.setattr(process, "make_backend", lambda _settings: machine)
    now = utcnow()
    times = {"started_at": now, "last_active_at": now, "expires_at": now.replace(year=2100)}
    stage.change(lambda found: moves.move(found, "queued", "starting", claimed_at=now))
    stage.change(lambda found: moves.move(found, "starting", "running", **times))
    async with TestClient(TestServer(process.build(stage.settings))) as client:
        yield client, said


@pytest.mark.parametrize(
    "answer",
    [
        b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: h2c\r\nConnection: Upgrade\r\n\r\nGET /metrics HTTP/1.1\r\n\r\n",
        b"HTTP/1.1 101 \r\n\r\n",
        b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\nContent-Length: 6\r\n\r\nhello!",
        b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nX: a\x00b\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nX : a\r\n\r\n",
        b"HTTP/1.1 200 OK\r\n folded: a\r\n\r\n",
        b"HTTP/1.1 999999 OK\r\n\r\n",
        b"HTTP/1.1 200 OK\r\n" + b"X: " + b"a" * 200_000 + b"\r\n\r\n",
        b"",
    ],
)
async def test_an_answer_that_fools_a_proxy_is_not_passed_on(answering: Any, stage: Stage, answer: bytes) -> None:
    browser, said = answering
    said.append(answer)
    ticket = stage.watch(f"port:{stage.session}:8000")

    response = await browser.get(f"/live/ports/{stage.session}/8000/{ticket}/")

    assert response.status == 502
    assert (await browser.get("/healthz")).status == 200


async def test_a_body_that_ends_too_early_or_says_too_much_stays_one_answer(answering: Any, stage: Stage) -> None:
    browser, said = answering
    ticket = stage.watch(f"port:{stage.session}:8000")
    address = f"/live/ports/{stage.session}/8000/{ticket}/"

    said.append(b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhelloHTTP/1.1 200 OK\r\nSet-Cookie: a=b\r\n\r\n")
    response = await browser.get(address)
    assert (response.status, await response.read(), "Set-Cookie" in response.headers) == (200, b"hello", False)
    said.append(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n-1\r\n")
    with pytest.raises(ClientError):
        await (await browser.get(address)).read()
