"""Who may open the web servers of a lab: their student alone, with a ticket, while nothing has ended that right."""

import asyncio
import uuid

import pytest
from aiohttp import ClientError, WSMsgType, WSServerHandshakeError
from aiohttp.test_utils import TestServer

from models import utcnow
from services import tickets
from services.accounts import grants
from services.labs import lifecycle
from tests.gateway import lab_browsers
from tests.gateway.conftest import Stage
from tests.gateway.lab_browsers import Browser, enter, host, policies, prefix

pytestmark = pytest.mark.anyio
server, browser = lab_browsers.server, lab_browsers.browser


@pytest.mark.parametrize("kind", ["forged", "of another port", "of another lab", "of a probe", "late"])
async def test_a_ticket_that_is_not_for_this_opens_no_port(
    browser: Browser, stage: Stage, server: TestServer, kind: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    def live(topic: str) -> str:
        return stage.watch(topic)

    good = live(f"port:{stage.session}:{server.port}")
    ticket = {
        "forged": good.rpartition(".")[0] + "." + "A" * 27,
        "of another port": live(f"port:{stage.session}:1"),
        "of another lab": live(f"port:{uuid.uuid4()}:{server.port}"),
        "of a probe": live(f"probe:{stage.session}:{server.port}"),
        "late": good,
    }[kind]
    if kind == "late":
        monkeypatch.setattr(tickets, "PORT_SECONDS", -1)

    response = await browser.get(f"/live/ports/{stage.session}/{server.port}/{ticket}/")

    assert response.status == 403


async def test_anothers_lab_has_no_ports(browser: Browser, stage: Stage, server: TestServer) -> None:
    response = await browser.get(prefix(stage, server.port, stage.charlie) + "/")

    assert response.status == 404


async def test_a_lab_that_ended_has_no_ports(browser: Browser, stage: Stage, server: TestServer) -> None:
    stage.change(lambda found: lifecycle.stop(found, reason="user", now=utcnow()))

    assert (await browser.get(prefix(stage, server.port) + "/")).status == 409


async def test_what_is_open_to_a_port_ends_with_the_session(browser: Browser, stage: Stage, server: TestServer) -> None:
    address = prefix(stage, server.port)
    socket = await browser.ws_connect(address + "/echo")
    streaming = await browser.get(address + "/stream")
    cookie = {"Host": host(stage, server.port), "Cookie": await enter(browser, stage, server.port)}
    assert (await browser.get("/x", headers=cookie)).status == 200

    def sign_out(_found: object) -> None:
        grants.end_session(stage.holder().session, now=utcnow())

    await asyncio.to_thread(stage.change, sign_out)

    async with asyncio.timeout(2.0):
        while (await socket.receive()).type not in (WSMsgType.CLOSE, WSMsgType.CLOSED, WSMsgType.ERROR):
            pass
        with pytest.raises(ClientError):
            await streaming.read()
    assert [(await browser.get(address + "/")).status, (await browser.get("/x", headers=cookie)).status] == [403, 403]


async def test_a_labs_own_host_opens_with_a_ticket_once(browser: Browser, stage: Stage, server: TestServer) -> None:
    port = server.port
    ticket = stage.issuer().port(stage.session, port)
    headers, address = {"Host": host(stage, port)}, f"/.yurt/enter?ticket={ticket}"

    entered = await browser.get(address, headers=headers, allow_redirects=False)
    again = await browser.get(address, headers=headers, allow_redirects=False)

    cookie = entered.headers["Set-Cookie"]
    assert (entered.status, again.status) == (303, 403)
    assert "HttpOnly" in cookie and "SameSite=Lax" in cookie and "Domain" not in cookie
    opened = await browser.get("/x", headers={**headers, "Cookie": cookie.partition(";")[0] + "; own=1"})
    seen = await opened.json()
    assert (seen["path"], seen["headers"]["cookie"]) == ("/x", "own=1")
    assert policies(opened) == [f"frame-ancestors {stage.settings.public_url}"]


async def test_a_cookie_opens_no_other_host(browser: Browser, stage: Stage, server: TestServer) -> None:
    cookie = await enter(browser, stage, server.port)
    browser.session.cookie_jar.clear()

    for name in (host(stage, 1), f"{server.port}-{uuid.uuid4().hex}.labs.example.org"):
        assert (await browser.get("/", headers={"Host": name, "Cookie": cookie})).status == 403
    assert (await browser.get("/", headers={"Host": host(stage, server.port)})).status == 403
    elsewhere = f"{server.port}-{stage.session.hex}.labs.example.com"
    assert (await browser.get("/", headers={"Host": elsewhere, "Cookie": cookie})).status == 421


async def test_nothing_of_the_gateway_is_on_a_labs_host(browser: Browser, stage: Stage, server: TestServer) -> None:
    cookie = await enter(browser, stage, server.port)
    headers = {"Host": host(stage, server.port), "Cookie": cookie}

    seen = await (await browser.get("/healthz", headers=headers)).json()

    assert seen["path"] == "/healthz"


async def test_pages_of_other_hosts_open_no_web_socket(browser: Browser, stage: Stage, server: TestServer) -> None:
    cookie, name = await enter(browser, stage, server.port), host(stage, server.port)
    headers = {"Host": name, "Cookie": cookie, "Origin": f"http://{host(stage, 1)}"}

    with pytest.raises(WSServerHandshakeError) as refusal:
        await browser.ws_connect("/echo", headers=headers)
    async with asyncio.timeout(60):
        own = await browser.ws_connect("/echo", headers={**headers, "Origin": f"http://{name}"})
        await own.send_str("a")
        assert await own.receive_str() == "a!"
        await own.close()

    assert refusal.value.status == 403


async def test_a_ports_ticket_opens_no_terminal(browser: Browser, stage: Stage, server: TestServer) -> None:
    ticket = stage.issuer().port(stage.session, server.port)
    origin = str(browser.make_url("/")).rstrip("/")

    socket = await browser.ws_connect(f"/live/terminals/{stage.session}?ticket={ticket}", headers={"Origin": origin})

    assert (await socket.receive()).type is WSMsgType.CLOSE
    assert socket.close_code == 4401
