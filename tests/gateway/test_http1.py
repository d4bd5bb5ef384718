"""Answers of web servers in labs, taken apart by the rules of HTTP/1.1."""

import pytest

from gateway import http1
from gateway.http1 import BadAnswer
from tests.gateway.lab_servers import Said

pytestmark = pytest.mark.anyio


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
    answer = http1.Answer(Said(said))
    head = await answer.head()

    assert b"".join([data async for data in answer.body("GET", head)]) == body


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
    ],
)
async def test_what_is_not_http_is_refused(said: bytes) -> None:
    with pytest.raises(BadAnswer):
        answer = http1.Answer(Said(said, 4096))
        head = await answer.head()
        _ = [data async for data in answer.body("GET", head)]
