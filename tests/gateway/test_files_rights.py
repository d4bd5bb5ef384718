"""Who may reach the files of a lab, and how much at once."""

import asyncio
from collections.abc import AsyncIterator

import pytest

from services import tickets
from tests.gateway.conftest import Browser, Stage, noted
from tests.gateway.file_panels import Panel, in_lab
from tests.gateway.test_files import TRANSFERS

pytestmark = pytest.mark.anyio


@pytest.mark.parametrize("kind", ["none", "forged", "of the page", "of a terminal", "of another lab", "late"])
async def test_a_ticket_that_is_not_for_files_opens_none(
    panel: Panel, stage: Stage, kind: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    good = panel.ticket
    panel.ticket = {
        "none": "",
        "forged": good.rpartition(".")[0] + "." + "A" * 27,
        "of the page": stage.watch(),
        "of a terminal": stage.terminal(),
        "of another lab": stage.watch("files:00000000-0000-0000-0000-000000000000"),
        "late": good,
    }[kind]
    if kind == "late":
        monkeypatch.setattr(tickets, "FILES_SECONDS", -1)

    assert await panel.code("GET") == (403, "ticket")
    assert await panel.upload("f", b"x") == 403


async def test_anothers_lab_is_not_found(panel: Panel, stage: Stage) -> None:
    panel.ticket = stage.watch(f"files:{stage.session}", stage.charlie)

    assert await panel.code("GET") == (404, "missing")
    assert await panel.upload("f", b"x") == 404
    assert await in_lab(stage, "test -e f || echo none") == "none\n"


async def test_a_lab_that_does_not_run_has_no_files(gateway: Browser, stage: Stage) -> None:
    assert await Panel(gateway, stage).code("GET") == (409, "stopped")


async def test_a_lab_that_is_gone_is_said(panel: Panel, stage: Stage) -> None:
    await asyncio.to_thread(stage.backend.stop, stage.job_id)

    assert await panel.code("GET") == (503, "away")


async def test_one_person_does_so_much_at_once(panel: Panel, stage: Stage) -> None:
    held = asyncio.Event()

    async def slow() -> AsyncIterator[bytes]:
        yield b"x"
        await held.wait()

    opened = [asyncio.create_task(panel.upload(f"f{number}", slow())) for number in range(TRANSFERS + 1)]
    done, _waiting = await asyncio.wait(opened, return_when=asyncio.FIRST_COMPLETED)
    refused = await panel.ask("GET")
    held.set()

    assert ([task.result() for task in done], refused.status) == ([429], 429)
    assert refused.headers["Retry-After"] == "2"
    assert sorted(await asyncio.gather(*opened)) == [201] * TRANSFERS + [429]
    assert (await panel.ask("GET")).status == 200


async def test_what_is_done_with_files_is_activity(panel: Panel, stage: Stage) -> None:
    await panel.upload("f", b"x")

    await noted(stage, "input")
    assert stage.redis.hget("yurt:active:input", str(stage.session)) is not None
