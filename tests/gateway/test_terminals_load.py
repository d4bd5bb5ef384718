"""Terminals whose two ends are not equally fast: what waits, where, and how much of it."""

import asyncio
import hashlib

import psutil
import pytest

from gateway.terminals import (
    BYTES,
)
from tests.gateway.conftest import PATIENCE_S, Browser, Shell, Stage

pytestmark = pytest.mark.anyio


async def test_a_browser_that_does_not_read_costs_bounded_memory(gateway: Browser, stage: Stage, shell: Shell) -> None:
    before, carried = psutil.Process().memory_info().rss, BYTES.labels("out")._value

    await shell.type("yes | head -c 200000000\r")  # 200 MB that nobody reads
    async with asyncio.timeout(PATIENCE_S):
        seen = 0.0
        while seen == 0.0 or carried.get() > seen:
            seen = carried.get()
            await asyncio.sleep(0.5)

    assert 64_000 < seen < 100_000_000
    assert psutil.Process().memory_info().rss - before < 60_000_000


async def test_a_large_paste_goes_in_pieces_each_answered(shell: Shell) -> None:
    pieces, size = 41, 32 * 1024
    await shell.type(f"stty raw -echo; echo go; head -c {pieces * size} | sha256sum; stty sane\r")
    await shell.see("\ngo\n")
    data = bytes(range(256)) * (size // 256)
    for number in range(pieces):
        await shell.socket.send_bytes(data)
        async with asyncio.timeout(PATIENCE_S):
            while len(shell.said) < number - 2:
                await shell._read()

    await shell.see(hashlib.sha256(data * pieces).hexdigest())
    assert shell.said.count({"type": "taken"}) >= pieces - 3


async def test_a_lab_that_reads_nothing_does_not_cost_the_connection(shell: Shell) -> None:
    await shell.type("stty raw -echo; echo go; sleep 600; cat > /dev/null\r")
    await shell.see("\ngo\n")
    for _ in range(10):
        await shell.socket.send_bytes(b"x" * 32 * 1024)

    await shell.socket.send_str('{"type":"ping"}')

    async with asyncio.timeout(PATIENCE_S):
        while {"type": "pong"} not in shell.said:
            await shell._read()
