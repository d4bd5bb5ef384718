"""The client of the speed benches reads HTTP as browsers do, and tells what didn't come."""

import asyncio
import gzip
from collections.abc import Awaitable, Callable

import pytest

from bench.speed.client import Answer, Connection

Handler = Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]


def asked(handler: Handler, times: int = 1, **options: float) -> list[Answer]:
    async def talk() -> list[Answer]:
        server = await asyncio.start_server(handler, "127.0.0.1", 0)
        connection = Connection(server.sockets[0].getsockname()[1])
        try:
            return [await connection.ask("GET", "/page", **options) for _ in range(times)]
        finally:
            connection.close()
            server.close()

    return asyncio.run(talk())


def test_a_packed_answer_in_chunks_is_read_and_the_connection_serves_the_next_request() -> None:
    packed = gzip.compress(b"all of it")

    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while not (await reader.readuntil(b"\r\n\r\n")).startswith(b"POST"):
            writer.write(b"HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nTransfer-Encoding: chunked\r\n\r\n")
            for part in (packed[:7], packed[7:]):
                writer.write(f"{len(part):x}\r\n".encode() + part + b"\r\n")
            writer.write(b"0\r\n\r\n")

    answers = asked(answer, times=2)

    assert [each.body for each in answers] == [b"all of it", b"all of it"]


def test_a_connection_that_was_closed_at_rest_is_opened_again() -> None:
    async def answer_once(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nhi")
        writer.close()

    assert [each.body for each in asked(answer_once, times=3)] == [b"hi"] * 3


def test_a_site_that_hangs_up_without_an_answer_is_a_failure() -> None:
    async def hang_up(_reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.close()

    with pytest.raises((OSError, EOFError)):
        asked(hang_up)


def test_a_site_that_says_nothing_is_a_failure_in_time() -> None:
    async def say_nothing(reader: asyncio.StreamReader, _writer: asyncio.StreamWriter) -> None:
        await reader.read()

    with pytest.raises(TimeoutError):
        asked(say_nothing, patience=0.2)
