"""A class opens its pages at once: their streams wait for the gateway, and none is turned away."""

import resource
import socket
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest
from aiohttp import web

import open_files
from gateway.__main__ import site_of

pytestmark = pytest.mark.anyio
CLASS = 1000


@pytest.fixture
async def runner() -> AsyncIterator[web.AppRunner]:
    runner = web.AppRunner(web.Application())
    await runner.setup()
    yield runner
    await runner.cleanup()


@pytest.fixture
def few_files() -> Iterator[int]:
    """Start with few open files, as systems do."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (1024, hard))
    yield hard
    resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))


async def test_a_whole_class_waits_while_the_gateway_is_busy(runner: web.AppRunner, tmp_path: Path) -> None:
    path = tmp_path / "socket"
    await site_of(runner, f"unix:{path}").start()
    clients = [socket.socket(socket.AF_UNIX) for _ in range(CLASS)]

    # The loop accepts nobody meanwhile. As the door does it: who can't wait is told at once.
    for client in clients:
        client.setblocking(False)
        client.connect(str(path))

    for client in clients:
        client.close()


@pytest.mark.parametrize("bind", ["127.0.0.1:0", "unix:{path}"])
async def test_it_listens_where_it_is_told(runner: web.AppRunner, tmp_path: Path, bind: str) -> None:
    site = site_of(runner, bind.format(path=tmp_path / "socket"))

    await site.start()

    assert site.name.startswith("http://127.0.0.1" if ":" in bind[5:] else "http://unix:")


def test_more_files_may_be_open_where_the_system_allows_it(few_files: int) -> None:
    wanted = min(4000, few_files)

    assert open_files.allow(wanted) == wanted
    assert resource.getrlimit(resource.RLIMIT_NOFILE)[0] == wanted


def test_a_limit_that_is_larger_stays(few_files: int) -> None:
    assert open_files.allow(500) == 1024


def test_no_more_files_than_the_system_allows(few_files: int) -> None:
    assert open_files.allow(few_files + 1) == few_files
