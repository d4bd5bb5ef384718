"""Terminals: tickets, what travels, and how they end."""

import asyncio
import uuid

import pytest
from aiohttp import WSCloseCode, WSServerHandshakeError
from aiohttp.test_utils import TestClient, TestServer

from backends import BackendUnavailable
from backends.local import LocalBackend
from config import Settings
from gateway.__main__ import build
from gateway.terminals import (
    LAB_ENDED,
    MAX_MESSAGE,
    NOT_RUNNING,
    TICKET_REFUSED,
)
from services import tickets
from services.idleness import activity
from tests.gateway.conftest import Browser, Shell, Stage, noted, open_shell

TERMINALS_PER_USER = Settings.model_fields["limit_terminals"].default

pytestmark = pytest.mark.anyio


async def test_what_is_typed_comes_back_done(shell: Shell) -> None:
    await shell.type("echo $((6 * 7)) things\r")

    await shell.see("\n42 things\n")


async def test_the_screen_has_the_browsers_size(shell: Shell) -> None:
    await shell.type("stty size\r")
    await shell.see("\n30 100\n")
    await shell.socket.send_json({"type": "resize", "columns": 57, "rows": 19})
    await shell.type("stty size\r")

    await shell.see("\n19 57\n")


async def test_every_byte_arrives(shell: Shell) -> None:
    await shell.type("stty raw -echo; echo go; head -c 256 | sha256sum; stty sane\r")
    await shell.see("\ngo\n")

    await shell.socket.send_bytes(bytes(range(256)))

    await shell.see("40aff2e9d2d8922e47afd4648e6967497158785fbd1da870e7110266bf944880")


async def test_another_tab_sees_the_same_shell_and_what_it_said(gateway: Browser, stage: Stage, shell: Shell) -> None:
    await shell.type("here=$((40 + 2)); echo before\r")
    await shell.see("\nbefore\n")

    other = await open_shell(gateway, stage)
    await other.see("\nbefore\n")
    await other.type("echo here $here\r")

    await other.see("\nhere 42\n")
    await shell.see("\nhere 42\n")


async def test_a_ticket_opens_one_terminal(gateway: Browser, stage: Stage, shell: Shell) -> None:
    ticket = stage.terminal()
    await (await open_shell(gateway, stage, ticket)).see("$ ")

    again = await open_shell(gateway, stage, ticket)

    assert await again.end() == TICKET_REFUSED


@pytest.mark.parametrize("kind", ["none", "made up", "of another lab", "late", "of a page"])
async def test_a_ticket_that_is_not_for_this_opens_no_terminal(
    gateway: Browser, stage: Stage, shell: Shell, kind: str
) -> None:
    ticket = {
        "none": "",
        "made up": "x" * 43,
        "of another lab": stage.terminal(session=uuid.uuid4()),
        "late": stage.terminal(),
        "of a page": stage.watch(),
    }[kind]
    if kind == "late":
        stage.redis.expire(tickets.terminal_key(ticket), 0)

    refused = await open_shell(gateway, stage, ticket)

    assert await refused.end() == TICKET_REFUSED
    assert refused.raw == b""


async def test_a_stolen_ticket_of_another_person_opens_nothing(gateway: Browser, stage: Stage, shell: Shell) -> None:
    refused = await open_shell(gateway, stage, stage.terminal(user_id=stage.charlie))

    assert await refused.end() == NOT_RUNNING


@pytest.mark.parametrize(
    "origin", [None, "", "null", "https://elsewhere.example", "http://localhost.elsewhere.example"]
)
async def test_pages_of_other_sites_open_no_terminal(gateway: Browser, stage: Stage, origin: str | None) -> None:
    ticket = stage.terminal()
    headers = {} if origin is None else {"Origin": origin}

    with pytest.raises(WSServerHandshakeError) as refusal:
        await gateway.ws_connect(f"/live/terminals/{stage.session}?ticket={ticket}", headers=headers)

    assert refusal.value.status == 403
    assert stage.redis.exists(tickets.terminal_key(ticket))


async def test_an_origin_is_compared_with_the_sites_names_and_not_with_the_host_sent(
    gateway: Browser, stage: Stage
) -> None:
    path = f"/live/terminals/{stage.session}?ticket={stage.terminal()}"

    refused = await gateway.get(path, headers={"Host": "evil.example", "Origin": "http://evil.example"})
    forwarded = await gateway.get(path, headers={"X-Forwarded-Host": "evil.example", "Origin": "http://evil.example"})

    assert (refused.status, forwarded.status) == (421, 421)
    assert refused.content_type == "application/problem+json"


async def test_the_gateway_says_to_machines_that_it_lives_under_any_name(gateway: Browser) -> None:
    assert (await gateway.get("/healthz", headers={"Host": "10.1.2.3:8001"})).status == 200


async def test_the_public_address_is_an_origin_too(gateway: Browser, stage: Stage) -> None:
    headers = {"Origin": stage.settings.public_url}
    path = f"/live/terminals/{stage.session}?ticket={stage.terminal()}"

    waiting = Shell(await gateway.ws_connect(path, headers=headers))

    assert await waiting.end() == NOT_RUNNING


async def test_the_end_of_the_lab_is_told(stage: Stage, shell: Shell) -> None:
    await asyncio.to_thread(stage.backend.stop, stage.job_id)

    assert await shell.end() == LAB_ENDED
    assert shell.said == [{"type": "ended", "reason": "ended"}]


async def test_nonsense_does_no_harm(shell: Shell) -> None:
    for text in ("", "{", "[]", "7", '{"type": 5}', '{"type": "resize"}', '{"type": "resize", "columns": "wide"}'):
        await shell.socket.send_str(text)
    for columns in (-1, 0, 10**9, 10**30):
        await shell.socket.send_json({"type": "resize", "columns": columns, "rows": columns})
    await shell.type("echo still $((1))\r")

    await shell.see("\nstill 1\n")


async def test_a_message_that_is_too_large_closes_the_terminal(shell: Shell) -> None:
    await shell.socket.send_bytes(b"x" * (MAX_MESSAGE + 1))

    assert await shell.end() == WSCloseCode.MESSAGE_TOO_BIG


async def test_typing_is_activity_and_looking_is_not(stage: Stage, shell: Shell) -> None:
    assert stage.redis.hget(activity.key("input"), str(stage.session)) is None

    await shell.type("echo a\r")
    await shell.see("\na\n")

    assert float(await noted(stage, "input")) > 1_700_000_000


async def test_the_first_prompt_is_noted_once(gateway: Browser, stage: Stage, shell: Shell) -> None:
    first = await noted(stage, "first_prompt")

    await (await open_shell(gateway, stage)).see("$ ")
    await (await open_shell(gateway, stage)).type("x")
    await noted(stage, "input")

    assert stage.redis.hget(activity.key("first_prompt"), str(stage.session)) == first


async def test_the_newest_size_counts_where_two_look(gateway: Browser, stage: Stage, shell: Shell) -> None:
    other = await open_shell(gateway, stage, query="&columns=60&rows=20")
    await other.see("$ ")
    await other.type("stty size\r")
    await other.see("\n20 60\n")

    await shell.socket.send_json({"type": "resize", "columns": 90, "rows": 25})
    await shell.type("stty size\r")

    await other.see("\n25 90\n")


async def test_the_tab_in_which_somebody_types_decides_the_size(gateway: Browser, stage: Stage, shell: Shell) -> None:
    other = await open_shell(gateway, stage, query="&columns=60&rows=20")
    await other.see("$ ")

    await shell.type("stty size\r")
    await shell.see("\n30 100\n")
    await other.type("echo go; read -rsn6 answer; echo; stty size\r")
    await other.see("\ngo\n")
    await shell.type("\x1b[1;1R")  # what every tab's terminal says when it is asked where the cursor is

    await other.see("\n20 60\n")


async def test_a_page_can_ask_whether_its_connection_lives(shell: Shell) -> None:
    await shell.socket.send_str('{"type":"ping"}')
    await shell.type("echo a\r")
    await shell.see("\na\n")

    assert shell.said == [{"type": "pong"}]


async def test_a_way_to_the_lab_that_breaks_is_not_its_end(
    gateway: Browser, stage: Stage, shell: Shell, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def read(_terminal: object) -> bytes:
        raise BackendUnavailable("the server has gone")

    attached = await LocalBackend.attach(stage.backend, stage.job_id, columns=80, rows=24)
    monkeypatch.setattr(type(attached), "read", read)
    broken = await open_shell(gateway, stage)
    await attached.close()

    assert await broken.end() == WSCloseCode.TRY_AGAIN_LATER
    assert broken.said == []


async def test_one_person_has_so_many_terminals(gateway: Browser, stage: Stage, shell: Shell) -> None:
    others = [await open_shell(gateway, stage) for _ in range(TERMINALS_PER_USER - 1)]
    for other in others:
        await other.see("$ ")

    refused = await open_shell(gateway, stage)

    assert await refused.end() == WSCloseCode.TRY_AGAIN_LATER


async def test_a_gateway_that_leaves_asks_everybody_to_come_back(stage: Stage) -> None:
    await asyncio.to_thread(stage.run)
    client = TestClient(TestServer(build(stage.settings)))
    await client.start_server()
    shell = await open_shell(client, stage)
    await shell.see("$ ")

    leaving = asyncio.create_task(client.server.close())

    assert await shell.end() == WSCloseCode.GOING_AWAY
    await leaving
    await client.close()
