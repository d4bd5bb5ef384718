"""Web servers in labs, seen through the gateway: for their student alone, and never as the site itself."""

import asyncio
import hashlib
import uuid
from collections.abc import AsyncIterator
from http.cookies import SimpleCookie
from typing import Any

import psutil
import pytest
from aiohttp import ClientError, ClientPayloadError, ClientResponse, WSMsgType, WSServerHandshakeError, web
from aiohttp.test_utils import TestClient, TestServer

from gateway import __main__ as process
from gateway import port_headers, ports
from models import utcnow
from services import access, labs, tickets
from tests.gateway.conftest import Stage, noted
from tests.gateway.lab_servers import (
    GO,
    MEGABYTE,
    TALLY,
    Machine,
    Said,
    Tally,
    away,
    cookies,
    echo,
    large,
    show,
    stream,
)

pytestmark = pytest.mark.anyio
Browser = TestClient[Any, Any]


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
    stage.change(lambda found: labs.move(found, "queued", "starting", claimed_at=now))
    stage.change(lambda found: labs.move(found, "starting", "running", **times))
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
    ticket = tickets.port(stage.redis, stage.holder(), session_id=stage.session, port=port)
    headers = {"Host": host(stage, port)}
    response = await browser.get(f"/.yurt/enter?ticket={ticket}", headers=headers, allow_redirects=False)
    assert (response.status, response.headers["Location"]) == (303, "/")
    return response.headers["Set-Cookie"].partition(";")[0]


def policies(response: ClientResponse) -> list[str]:
    return response.headers.getall("Content-Security-Policy")


async def test_a_request_reaches_the_port_as_it_was(browser: Browser, stage: Stage, server: TestServer) -> None:
    address = prefix(stage, server.port) + "/a%2Fb/c?x=%20y&z"

    response = await browser.post(address, data=b"body", headers={"X-Mine": "yes", "X-Forwarded-For": "6.6.6.6"})

    seen = await response.json()
    assert (seen["method"], seen["path"]) == ("POST", "/a%2Fb/c?x=%20y&z")
    assert seen["digest"] == hashlib.sha256(b"body").hexdigest()
    assert (seen["headers"]["x-mine"], seen["headers"]["host"]) == ("yes", f"localhost:{server.port}")
    assert "x-forwarded-for" not in seen["headers"]
    assert seen["headers"]["x-forwarded-prefix"] == prefix(stage, server.port)


async def test_a_body_of_unknown_length_arrives(browser: Browser, stage: Stage, server: TestServer) -> None:
    async def parts() -> AsyncIterator[bytes]:
        for _ in range(50):
            yield bytes(65536)

    response = await browser.put(prefix(stage, server.port) + "/", data=parts())

    assert (await response.json())["digest"] == hashlib.sha256(bytes(50 * 65536)).hexdigest()


async def test_the_sites_cookies_stay_with_the_site(browser: Browser, stage: Stage, server: TestServer) -> None:
    port = server.port
    headers = {"Cookie": f"yurt_session=secret; remember_token=x; yurt-lab-{port}-session=abc; yurt-lab-1-other=no"}

    on_path = await (await browser.get(prefix(stage, port) + "/", headers=headers)).json()

    assert on_path["headers"]["cookie"] == "session=abc"


async def test_the_labs_cookies_stay_with_the_lab(browser: Browser, stage: Stage, server: TestServer) -> None:
    port = server.port

    response = await browser.get(prefix(stage, port) + "/cookies")

    found = response.headers.getall("Set-Cookie")
    names = [value.partition("=")[0] for value in found]
    assert names == [f"yurt-lab-{port}-session", f"yurt-lab-{port}-yurt_session"]
    for value in found:
        (morsel,) = SimpleCookie(value).values()
        assert morsel["path"] == f"/live/ports/{stage.session}/{port}/"
        assert morsel["domain"] == ""
    assert "HttpOnly" in found[0]


async def test_a_page_on_the_path_lives_in_a_sandbox(browser: Browser, stage: Stage, server: TestServer) -> None:
    response = await browser.get(prefix(stage, server.port) + "/cookies")

    (sandbox,) = [policy for policy in policies(response) if "sandbox" in policy]
    assert "allow-scripts" in sandbox
    assert "allow-same-origin" not in sandbox and "allow-top-navigation" not in sandbox
    assert "default-src 'self'" in policies(response)
    assert not any("frame-ancestors 'none'" in policy for policy in policies(response))
    for name in (
        "Clear-Site-Data", "Strict-Transport-Security", "X-Frame-Options", "Service-Worker-Allowed", "X-Private",
        "Access-Control-Allow-Origin",
    ):  # fmt: skip
        assert name not in response.headers
    assert response.headers["Referrer-Policy"] == "no-referrer"
    assert response.headers["Cache-Control"] == "no-store"


async def test_a_page_in_the_sandbox_reads_its_own_server(browser: Browser, stage: Stage, server: TestServer) -> None:
    asked = {"Origin": "null", "Access-Control-Request-Method": "PUT", "Access-Control-Request-Headers": "x-a"}

    before = await browser.options(prefix(stage, server.port) + "/api", headers=asked)
    response = await browser.get(prefix(stage, server.port) + "/api", headers={"Origin": "null"})

    assert (before.status, before.headers["Access-Control-Allow-Methods"]) == (204, "PUT")
    assert response.headers["Access-Control-Allow-Origin"] == "null"
    assert (await response.json())["headers"]["origin"] == f"http://localhost:{server.port}"


@pytest.mark.parametrize(
    "headers",
    [
        {"Sec-Fetch-Site": "same-origin", "Sec-Fetch-Dest": "script"},
        {"Sec-Fetch-Site": "same-origin", "Sec-Fetch-Dest": "empty"},
        {"Sec-Fetch-Site": "same-origin", "Sec-Fetch-Dest": "style"},
        {"Service-Worker": "script"},
    ],
)
async def test_the_sites_own_pages_load_nothing_from_a_lab(
    browser: Browser, stage: Stage, server: TestServer, headers: dict[str, str]
) -> None:
    refused = await browser.get(prefix(stage, server.port) + "/", headers=headers)
    framed = {"Sec-Fetch-Site": "same-origin", "Sec-Fetch-Dest": "iframe"}

    assert refused.status == 403
    assert (await browser.get(prefix(stage, server.port) + "/", headers=framed)).status == 200


async def test_redirects_stay_below_the_prefix(browser: Browser, stage: Stage, server: TestServer) -> None:
    response = await browser.get(prefix(stage, server.port) + "/away", allow_redirects=False)

    assert response.headers["Location"] == prefix(stage, server.port) + "/login?next=1"


async def test_what_a_server_sends_bit_by_bit_arrives_so(browser: Browser, stage: Stage, server: TestServer) -> None:
    async with asyncio.timeout(20):
        response = await browser.get(prefix(stage, server.port) + "/stream")
        for number in range(3):
            assert await response.content.readuntil(b"\n\n") == f"data: {number}\n\n".encode()
            server.app[GO].set()
        assert await response.content.read() == b""


async def test_a_browser_that_does_not_read_slows_the_server(
    browser: Browser, stage: Stage, server: TestServer
) -> None:
    before = psutil.Process().memory_info().rss

    response = await browser.get(prefix(stage, server.port) + "/large")
    async with asyncio.timeout(20):
        seen = -1
        while server.app[TALLY].sent > seen:
            seen = server.app[TALLY].sent
            await asyncio.sleep(0.3)

    assert seen < 60 * MEGABYTE
    assert psutil.Process().memory_info().rss - before < 40 * MEGABYTE
    assert len(await response.read()) == 100 * MEGABYTE


async def test_web_sockets_pass_both_ways(browser: Browser, stage: Stage, server: TestServer) -> None:
    async with asyncio.timeout(20):
        socket = await browser.ws_connect(prefix(stage, server.port) + "/echo", protocols=("chat",), compress=15)
        await socket.send_str("hello")
        text = await socket.receive_str()
        data = bytes(range(256)) * 8192
        await socket.send_bytes(data)
        back = await socket.receive_bytes()
        await socket.send_str("bye")
        ended = await socket.receive()

    assert (text, socket.protocol, back == data) == ("hello!", "chat", True)
    assert (ended.type, socket.close_code) == (WSMsgType.CLOSE, 4001)


@pytest.fixture
def narrow(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let one connection at once into a lab."""
    monkeypatch.setattr(ports, "EACH_LAB", 1)
    monkeypatch.setattr(ports, "PATIENCE_S", 0.2)


async def test_a_lab_that_is_busy_says_so_until_it_is_not(
    narrow: None, browser: Browser, stage: Stage, server: TestServer
) -> None:
    socket = await browser.ws_connect(prefix(stage, server.port) + "/echo")

    refused = await browser.get(prefix(stage, server.port) + "/")
    await socket.close()

    assert (refused.status, "The lab is busy" in await refused.text()) == (503, True)
    async with asyncio.timeout(20):
        while (await browser.get(prefix(stage, server.port) + "/")).status != 200:
            pass


async def test_a_web_socket_to_what_speaks_none_is_refused(browser: Browser, stage: Stage, server: TestServer) -> None:
    with pytest.raises(WSServerHandshakeError) as refusal:
        await browser.ws_connect(prefix(stage, server.port) + "/plain")

    assert refusal.value.status == 200


async def test_a_port_where_nobody_listens_is_said(browser: Browser, stage: Stage, server: TestServer) -> None:
    port = server.port
    await server.close()
    ticket = stage.watch(f"probe:{stage.session}:{port}")

    response = await browser.get(prefix(stage, port) + "/")
    probe = await browser.get(f"/live/ports/{stage.session}/{port}?ticket={ticket}")

    assert response.status == 502
    assert f"Nobody listens on port {port}" in await response.text()
    assert any("sandbox" in policy for policy in policies(response))
    assert await probe.json() == {"listens": False}


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
    stage.change(lambda found: labs.stop(found, reason="user", now=utcnow()))

    assert (await browser.get(prefix(stage, server.port) + "/")).status == 409


async def test_what_is_open_to_a_port_ends_with_the_session(browser: Browser, stage: Stage, server: TestServer) -> None:
    address = prefix(stage, server.port)
    socket = await browser.ws_connect(address + "/echo")
    streaming = await browser.get(address + "/stream")
    cookie = {"Host": host(stage, server.port), "Cookie": await enter(browser, stage, server.port)}
    assert (await browser.get("/x", headers=cookie)).status == 200

    def sign_out(_found: object) -> None:
        access.end_session(stage.holder().session, now=utcnow())

    await asyncio.to_thread(stage.change, sign_out)

    async with asyncio.timeout(2.0):
        while (await socket.receive()).type not in (WSMsgType.CLOSE, WSMsgType.CLOSED, WSMsgType.ERROR):
            pass
        with pytest.raises(ClientError):
            await streaming.read()
    assert [(await browser.get(address + "/")).status, (await browser.get("/x", headers=cookie)).status] == [403, 403]


async def test_a_labs_own_host_opens_with_a_ticket_once(browser: Browser, stage: Stage, server: TestServer) -> None:
    port = server.port
    ticket = tickets.port(stage.redis, stage.holder(), session_id=stage.session, port=port)
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
    async with asyncio.timeout(20):
        own = await browser.ws_connect("/echo", headers={**headers, "Origin": f"http://{name}"})
        await own.send_str("a")
        assert await own.receive_str() == "a!"
        await own.close()

    assert refusal.value.status == 403


async def test_a_ports_ticket_opens_no_terminal(browser: Browser, stage: Stage, server: TestServer) -> None:
    ticket = tickets.port(stage.redis, stage.holder(), session_id=stage.session, port=server.port)
    origin = str(browser.make_url("/")).rstrip("/")

    socket = await browser.ws_connect(f"/live/terminals/{stage.session}?ticket={ticket}", headers={"Origin": origin})

    assert (await socket.receive()).type is WSMsgType.CLOSE
    assert socket.close_code == 4401


async def test_requests_to_a_port_are_activity(browser: Browser, stage: Stage, server: TestServer) -> None:
    await browser.get(prefix(stage, server.port) + "/")

    assert float(await noted(stage, "http")) > 1_700_000_000


async def test_an_answer_that_breaks_off_is_not_taken_for_whole(
    browser: Browser, stage: Stage, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def connect(_self: Machine, _job_id: str, _port: int) -> Said:
        return Said(b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nonly this")

    monkeypatch.setattr(Machine, "connect", connect)
    response = await browser.get(prefix(stage, 8000) + "/")

    with pytest.raises(ClientPayloadError):
        await response.read()


def test_only_so_many_cookies_are_taken() -> None:
    door = port_headers.Door(8000, "null", "/live/ports/x/8000/t/", False, True, "https://a.example", "yurt-lab-8000-")
    given = [("Set-Cookie", f"c{number}=1") for number in range(100)]
    had = [("Cookie", "; ".join(f"yurt-lab-8000-h{number}=1" for number in range(15)))]

    told = port_headers.to_browser(given, door, had)

    assert len([name for name, _value in told if name == "Set-Cookie"]) == port_headers.MOST_COOKIES - 15
