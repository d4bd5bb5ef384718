"""Web servers in labs, seen through the gateway: never as the site itself."""

import asyncio
import hashlib
from collections.abc import AsyncIterator
from http.cookies import SimpleCookie

import psutil
import pytest
from aiohttp import ClientPayloadError, WSMsgType, WSServerHandshakeError
from aiohttp.test_utils import TestServer

import body_time
from gateway import port_headers, ports
from tests.gateway import lab_browsers
from tests.gateway.conftest import Stage, noted, trickle
from tests.gateway.lab_browsers import Browser, policies, prefix
from tests.gateway.lab_servers import (
    GO,
    MEGABYTE,
    TALLY,
    Machine,
    Said,
)

pytestmark = pytest.mark.anyio
server, browser = lab_browsers.server, lab_browsers.browser


async def test_a_request_reaches_the_port_as_it_was(browser: Browser, stage: Stage, server: TestServer) -> None:
    address = prefix(stage, server.port)

    response = await browser.post(
        f"{address}/a%2Fb/c?x=%20y&z", data=b"body", headers={"X-Mine": "yes", "X-Forwarded-For": "6.6.6.6"}
    )

    seen = await response.json()
    assert (seen["method"], seen["path"]) == ("POST", "/a%2Fb/c?x=%20y&z")
    assert seen["digest"] == hashlib.sha256(b"body").hexdigest()
    assert (seen["headers"]["x-mine"], seen["headers"]["host"]) == ("yes", f"localhost:{server.port}")
    assert "x-forwarded-for" not in seen["headers"]
    assert seen["headers"]["x-forwarded-prefix"] == address


async def test_a_body_of_unknown_length_arrives(browser: Browser, stage: Stage, server: TestServer) -> None:
    async def parts() -> AsyncIterator[bytes]:
        for _ in range(50):
            yield bytes(65536)

    response = await browser.put(prefix(stage, server.port) + "/", data=parts())

    assert (await response.json())["digest"] == hashlib.sha256(bytes(50 * 65536)).hexdigest()


async def test_a_body_that_trickles_is_answered(
    browser: Browser, stage: Stage, server: TestServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(body_time, "GRACE_S", 1.0)

    async with asyncio.timeout(60):
        response = await browser.put(prefix(stage, server.port) + "/", data=trickle())

    assert response.status == 408


async def test_a_server_has_its_time_after_the_body(
    browser: Browser, stage: Stage, server: TestServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(ports, "HEAD_S", 1.0)

    async def steady() -> AsyncIterator[bytes]:
        for _ in range(20):
            yield bytes(1000)
            await asyncio.sleep(0.1)

    response = await browser.put(prefix(stage, server.port) + "/", data=steady())

    assert (await response.json())["digest"] == hashlib.sha256(bytes(20_000)).hexdigest()


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
    address = prefix(stage, server.port)

    response = await browser.get(f"{address}/away", allow_redirects=False)

    assert response.headers["Location"] == f"{address}/login?next=1"


async def test_what_a_server_sends_bit_by_bit_arrives_so(browser: Browser, stage: Stage, server: TestServer) -> None:
    async with asyncio.timeout(60):
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
    async with asyncio.timeout(60):
        seen = -1
        while server.app[TALLY].sent > seen:
            seen = server.app[TALLY].sent
            await asyncio.sleep(0.3)

    assert seen < 60 * MEGABYTE
    assert psutil.Process().memory_info().rss - before < 40 * MEGABYTE
    assert len(await response.read()) == 100 * MEGABYTE


async def test_web_sockets_pass_both_ways(browser: Browser, stage: Stage, server: TestServer) -> None:
    async with asyncio.timeout(60):
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
    async with asyncio.timeout(60):
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
    prefix, cookies = "/live/ports/x/8000/t/", "yurt-lab-8000-"
    address = port_headers.PortAddress(8000, "null", prefix, False, True, "https://a.example", cookies)
    given = [("Set-Cookie", f"c{number}=1") for number in range(100)]
    had = [("Cookie", "; ".join(f"yurt-lab-8000-h{number}=1" for number in range(15)))]

    told = port_headers.to_browser(given, address, had)

    assert len([name for name, _value in told if name == "Set-Cookie"]) == port_headers.MOST_COOKIES - 15
