"""Answers of web servers in labs, taken apart by the rules of HTTP/1.1."""

import pytest

from gateway import http1
from gateway.http1 import BadAnswer
from tests.gateway.lab_servers import Said

pytestmark = pytest.mark.anyio


async def asked(stream: Said, method: str = "GET", target: str = "/") -> http1.Exchange:
    """Send a request without a body."""
    exchange = http1.Exchange(stream)
    await exchange.ask(method, target, [("Host", "localhost:8000")])
    await exchange.end()
    return exchange


@pytest.mark.parametrize(
    ("said", "body"),
    [
        (b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhelloEXTRA", b"hello"),
        (b"HTTP/1.0 200 OK\r\n\r\nuntil the end", b"until the end"),
        (b"HTTP/1.1 200\r\nTransfer-Encoding: chunked\r\n\r\n3;x=y\r\nabc\r\n2\r\n01\r\n0\r\nT: 1\r\n\r\n", b"abc01"),
        (b"HTTP/1.1 103 Early\r\nLink: x\r\n\r\nHTTP/1.1 204 No\r\nContent-Length: 9\r\n\r\n", b""),
    ],
)  # fmt: skip
async def test_answers_end_where_http_says(said: bytes, body: bytes) -> None:
    exchange = await asked(Said(said))
    await exchange.head()

    assert b"".join([data async for data in exchange.body()]) == body


@pytest.mark.parametrize(
    "said",
    [
        b"SSH-2.0-OpenSSH\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhel",
        b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\nContent-Length: 6\r\n\r\nhello!",
        b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: gzip\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n-1\r\n",
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nabc\r\n0\r\n\r\n",
        b"HTTP/1.1 200 OK\r\n folded: x\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nX: " + b"x" * 200_000,
        b"",
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nab",
        b"HTTP/1.1 101 Switching Protocols\r\n\r\n",
        # What h11 would take.
        b"HTTP/1.1 200 OK\r\nX: a\r\n folded: x\r\n\r\n",
        b"HTTP/1.1 200 OK\nContent-Length: 5\n\nhello\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nX: a\nContent-Length: 5\r\n\r\nhello",
        b"HTTP/2.0 200 OK\r\nContent-Length: 5\r\n\r\nhello",
        b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\nContent-Length: 5\r\n\r\nhello",
        b"HTTP/1.1 200 OK\r\nContent-Length: 5, 5\r\n\r\nhello",
        b"HTTP/1.1 304 OK\r\nContent-Length: 1000000000000000000\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\nContent-Length: 0\r\n\r\n0\r\n\r\n",
        b"HTTP/1.1 103 Early\r\n folded: x\r\n\r\nHTTP/1.1 204 No\r\n\r\n",
    ],
)
async def test_what_is_not_http_is_refused(said: bytes) -> None:
    with pytest.raises(BadAnswer):
        exchange = await asked(Said(said, 4096))
        await exchange.head()
        _ = [data async for data in exchange.body()]


async def test_an_answer_to_head_has_a_length_and_no_body() -> None:
    exchange = await asked(Said(b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\n"), "HEAD")
    head = await exchange.head()

    assert (head.get("content-length"), [data async for data in exchange.body()]) == ("5", [])


async def test_headers_keep_their_names_their_order_and_their_characters() -> None:
    exchange = await asked(Said("HTTP/1.1 200 Så\r\nX-aB: é\r\nSet-Cookie: a=1\r\nset-cookie: b=2\r\n\r\n".encode()))

    head = await exchange.head()

    assert (head.status, head.reason) == (200, "Så".encode().decode("latin-1"))
    assert head.headers == [("X-aB", "é"), ("Set-Cookie", "a=1"), ("set-cookie", "b=2")]


async def test_after_an_upgrade_bytes_come_as_they_are() -> None:
    exchange = http1.Exchange(Said(b"HTTP/1.1 101 Switching\r\nUpgrade: websocket\r\n\r\n\x81\x02hi\r\n\r\n", 60))
    await exchange.ask("GET", "/", [("Host", "x"), ("Connection", "Upgrade"), ("Upgrade", "websocket")])
    head = await exchange.head()

    assert (head.status, b"".join([data async for data in exchange.rest()])) == (101, b"\x81\x02hi\r\n\r\n")


class Heard(Said):
    """A stream that keeps what is sent."""

    heard = b""

    async def write(self, data: bytes) -> None:
        self.heard += data


async def test_a_request_is_sent_as_it_was_but_in_ascii() -> None:
    stream = Heard(b"")
    exchange = http1.Exchange(stream)
    await exchange.ask("PUT", "/é?a=%20\udcff", [("Host", "x"), ("X-aB", "é"), ("Transfer-Encoding", "chunked")])
    await exchange.send(b"hello")
    await exchange.end()

    head = "PUT /%C3%A9?a=%20%FF HTTP/1.1\r\nHost: x\r\nX-aB: é\r\nTransfer-Encoding: chunked\r\n\r\n".encode()
    assert stream.heard == head + b"5\r\nhello\r\n0\r\n\r\n"


@pytest.mark.parametrize(
    ("target", "header"),
    [("/\r\nX: y", ("X", "y")), ("/ HTTP/1.1", ("X", "y")), ("/", ("X", "a\r\nB: c")), ("/", ("X\r\nB", "c"))],
)
async def test_what_would_be_another_request_is_not_sent(target: str, header: tuple[str, str]) -> None:
    stream = Heard(b"")

    with pytest.raises(ValueError, match="no head"):
        await http1.Exchange(stream).ask("GET", target, [("Host", "x"), header])

    assert stream.heard == b""
