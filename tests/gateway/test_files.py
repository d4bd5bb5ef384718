"""The files of a lab: both ways, whatever their names are, for their student alone."""

import asyncio
import hashlib
import os
from collections.abc import AsyncIterator
from typing import Any

import psutil
import pytest
from aiohttp import ClientOSError, ClientPayloadError, ClientResponse
from aiohttp.test_utils import TestClient

from config import Settings
from gateway import file_scripts, files
from gateway.file_scripts import token_of
from services import tickets
from tests.gateway.conftest import Stage, noted

TRANSFERS = Settings.model_fields["limit_transfers"].default

pytestmark = pytest.mark.anyio
Browser = TestClient[Any, Any]
HOSTILE = [
    b"two words.txt",
    b"line\nbreak",
    b"'; touch pwned; '",
    b'"$(touch pwned)`touch pwned`',
    b"-rf",
    b"*",
    b"\x1b]0;title\x07\x1b[31mred",
    "right-to-left \u202egnp.exe".encode(),
    b"not utf-8 \xff\xfe",
    b"end in a newline\n",
    "юрта".encode(),
    b"n" * 255,
]


class Panel:
    """The file panel of a page."""

    def __init__(self, browser: Browser, stage: Stage, ticket: str | None = None) -> None:
        self.browser, self.stage = browser, stage
        self.ticket = stage.watch(f"files:{stage.session}") if ticket is None else ticket

    async def ask(
        self, method: str, part: str = "", path: bytes = b"", data: Any = None, **query: str
    ) -> ClientResponse:
        params = {"ticket": self.ticket, "path": token_of(path), **query}
        return await self.browser.request(method, f"/live/files/{self.stage.session}{part}", params=params, data=data)

    async def look(self, path: bytes = b"") -> dict[str, Any]:
        response = await self.ask("GET", path=path)
        assert response.status == 200, await response.text()
        return await response.json()

    async def names(self, path: bytes = b"") -> list[str]:
        return [entry["name"] for entry in (await self.look(path))["entries"]]

    async def upload(self, name: str, data: Any, path: bytes = b"", **query: str) -> int:
        return (await self.ask("PUT", "/content", path, data, name=name, **query)).status

    async def download(self, path: bytes) -> bytes:
        response = await self.ask("GET", "/content", path)
        assert response.status == 200, await response.text()
        return await response.read()

    async def code(self, method: str, part: str = "", path: bytes = b"", **query: str) -> tuple[int, str]:
        response = await self.ask(method, part, path, **query)
        return response.status, (await response.json())["code"]


@pytest.fixture
async def panel(gateway: Browser, stage: Stage) -> AsyncIterator[Panel]:
    """The panel of bob's lab, which runs."""
    await asyncio.to_thread(stage.run)
    yield Panel(gateway, stage)


async def in_lab(stage: Stage, script: str) -> str:
    """Do something in the lab as its student."""
    result = await asyncio.to_thread(stage.backend.execute, stage.job_id, script, timeout_s=20, output_limit=100_000)
    assert result.exit_code == 0, result
    return result.output.decode(errors="replace")


@pytest.mark.parametrize("size", [0, 1, files.MEGABYTE, 3 * files.MEGABYTE + 7])
async def test_what_is_uploaded_comes_back_byte_by_byte(panel: Panel, stage: Stage, size: int) -> None:
    data = os.urandom(size)

    assert await panel.upload("data.bin", data) == 201

    assert await panel.download(b"data.bin") == data
    assert hashlib.sha256(data).hexdigest() in await in_lab(stage, "sha256sum data.bin")
    assert not await in_lab(stage, f"ls -A | grep -F {file_scripts.TEMPORARY} || true")


async def test_a_listing_tells_kinds_sizes_and_times(panel: Panel, stage: Stage) -> None:
    await in_lab(stage, "mkdir -p work/deep; printf 12345 > work/a.txt; touch -d @1700000000 work/a.txt; mkfifo work/p")
    await in_lab(stage, "ln -s a.txt work/link; ln -s nowhere work/lost")

    found = await panel.look(b"work")

    rows = {entry["name"]: entry for entry in found["entries"]}
    assert [part["name"] for part in found["path"]] == ["work"]
    assert list(rows) == ["deep", "a.txt", "link", "lost", "p"]
    assert (rows["a.txt"]["size"], rows["a.txt"]["modified_at"], rows["a.txt"]["kind"]) == (5, 1700000000, "file")
    assert (rows["deep"]["kind"], rows["p"]["kind"], rows["lost"]["kind"]) == ("folder", "other", "other")
    assert rows["link"]["is_link"] and rows["link"]["kind"] == "file"


async def test_names_are_never_code_and_never_lost(panel: Panel, stage: Stage) -> None:
    for name in HOSTILE:
        printed = "".join(f"\\x{byte:02x}" for byte in name)
        await in_lab(stage, f'mkdir d; cd d; n=$\'{printed}\'; printf kept > "./$n"; mkdir -p "../e/$n"')

        (entry,) = (await panel.look(b"d"))["entries"]
        assert entry["path"] == token_of(b"d/" + name)
        assert entry["name"].isprintable()
        assert await panel.download(b"d/" + name) == b"kept"
        assert await panel.upload("in.txt", b"x", b"e/" + name) == 201
        assert (await panel.ask("POST", "/rename", b"d/" + name, name="plain")).status == 200
        assert await panel.names(b"d") == ["plain"]
        assert (await panel.ask("DELETE", path=b"d")).status == 200
        assert (await panel.ask("DELETE", path=b"e/" + name)).status == 200
        assert await panel.names(b"e") == []
    assert "pwned" not in await in_lab(stage, "find .")


async def test_new_things_may_have_such_names_too(panel: Panel) -> None:
    for name in HOSTILE:
        if b"\xff" in name:
            continue  # people type text
        assert await panel.upload(name.decode(), b"data") == 201
        assert await panel.download(name) == b"data"
        assert (await panel.ask("DELETE", path=name)).status == 200
        assert (await panel.ask("POST", "/folders", name=name.decode())).status == 201
        assert file_scripts.display(name) in await panel.names()


async def test_a_download_is_saved_and_never_shown(panel: Panel) -> None:
    await panel.upload('a "b"\r\n<script>.html', b"<script>alert(1)</script>")

    response = await panel.ask("GET", "/content", b'a "b"\r\n<script>.html')

    assert response.headers["Content-Disposition"].startswith('attachment; filename="a _b__r_n<script>.html"')
    assert "%22b%22" in response.headers["Content-Disposition"]
    assert response.headers["Content-Type"] == "application/octet-stream"
    assert response.headers["X-Content-Type-Options"] == "nosniff"
    assert "sandbox" in response.headers["Content-Security-Policy"]


async def test_a_path_that_leaves_the_home_is_no_path(panel: Panel) -> None:
    for path in (b"..", b"../..", b"/etc", b"a/../../b", b"a//b", b".", b"a\0b"):
        assert await panel.code("GET", path=path) == (422, "name")
        assert await panel.code("GET", "/content", path) == (422, "name")
        assert await panel.code("DELETE", path=path) == (422, "name")


async def test_a_name_that_is_none_is_refused(panel: Panel) -> None:
    for name in ("", ".", "..", "a/b", "/a", "a\0b", "n" * 256):
        assert await panel.code("POST", "/folders", name=name) == (422, "name")
        assert await panel.code("PUT", "/content", name=name) == (422, "name")


async def test_links_do_not_lead_out(panel: Panel, stage: Stage) -> None:
    await in_lab(
        stage, "ln -s /etc out; ln -s /etc/passwd pass; mkdir in; printf hi > in/f; ln -s in door; ln -s in/f l"
    )

    assert await panel.code("GET", path=b"out") == (403, "outside")
    assert await panel.code("GET", "/content", b"pass") == (403, "outside")
    assert await panel.code("GET", "/content", b"out/passwd") == (403, "outside")
    assert await panel.code("PUT", "/content", b"out", name="x") == (403, "outside")
    assert await panel.names(b"door") == ["f"]
    assert await panel.download(b"l") == b"hi"


async def test_removing_a_link_leaves_what_it_leads_to(panel: Panel, stage: Stage) -> None:
    await in_lab(
        stage, "mkdir in; printf hi > in/f; ln -s in door; mkdir -p shut/in; touch shut/in/f; chmod 555 shut/in"
    )

    assert (await panel.ask("DELETE", path=b"door")).status == 200
    assert (await panel.ask("DELETE", path=b"shut")).status == 200

    assert await panel.names() == ["in"]
    assert await panel.download(b"in/f") == b"hi"


async def test_nothing_is_overwritten_without_being_asked_for(panel: Panel, stage: Stage) -> None:
    await in_lab(stage, "printf old > f; chmod 755 f; mkdir d; ln -s /etc/passwd l")

    assert await panel.upload("f", b"new") == 409
    assert await panel.upload("d", b"new", replace="1") == 409
    assert await panel.code("POST", "/folders", name="f") == (409, "exists")
    assert await panel.code("POST", "/rename", b"d", name="f") == (409, "exists")
    assert await panel.download(b"f") == b"old"
    assert await panel.upload("f", b"new", replace="1") == 201
    assert await panel.upload("l", b"mine", replace="1") == 201
    assert await in_lab(stage, "cat f l; test -x f; test ! -L l") == "newmine"


async def test_what_is_not_there_or_shut_is_said(panel: Panel, stage: Stage) -> None:
    await in_lab(stage, "mkdir shut; chmod 0 shut; touch secret; chmod 0 secret; mkfifo pipe")

    assert await panel.code("GET", path=b"nowhere") == (404, "missing")
    assert await panel.code("DELETE", path=b"nowhere") == (404, "missing")
    assert await panel.code("GET", path=b"secret") == (409, "kind")
    assert await panel.code("GET", path=b"shut") == (403, "denied")
    assert await panel.code("GET", "/content", b"secret") == (403, "denied")
    assert await panel.code("GET", "/content", b"pipe") == (409, "kind")


async def test_too_much_is_refused_and_leaves_nothing(panel: Panel, stage: Stage) -> None:
    async def endless() -> AsyncIterator[bytes]:
        for _ in range(files.UPLOAD_LIMIT // 65536 + 2):
            yield bytes(65536)

    said = await panel.upload("big", bytes(files.UPLOAD_LIMIT + 1))
    unsaid = await panel.upload("big", endless())

    assert (said, unsaid) == (413, 413)
    assert await in_lab(stage, "ls -A | grep -e big -e upload || true") == ""


async def test_an_upload_that_breaks_off_leaves_nothing(panel: Panel, stage: Stage) -> None:
    await in_lab(stage, "printf old > f")

    async def breaking() -> AsyncIterator[bytes]:
        yield bytes(2 * files.MEGABYTE + 5)
        raise ConnectionError

    with pytest.raises(ClientOSError):
        await panel.upload("f", breaking(), replace="1")

    async with asyncio.timeout(20):
        while "upload" in await in_lab(stage, "ls -A"):
            await asyncio.sleep(0.1)
    assert await panel.download(b"f") == b"old"


async def test_a_file_that_changes_on_its_way_is_no_whole_file(
    panel: Panel, stage: Stage, monkeypatch: pytest.MonkeyPatch
) -> None:
    await in_lab(stage, "head -c 3000000 /dev/zero > f")
    before = files._block

    async def changed(place: files.Place, folder: bytes, name: bytes, number: int) -> Any:
        if number == 1:
            await in_lab(stage, "printf x >> f")
        return await before(place, folder, name, number)

    monkeypatch.setattr(files, "_block", changed)

    with pytest.raises(ClientPayloadError):
        await panel.download(b"f")


async def test_a_large_file_costs_bounded_memory(panel: Panel, stage: Stage) -> None:
    await in_lab(stage, "truncate -s 100M f")
    before, most, count = psutil.Process().memory_info().rss, 0, 0

    response = await panel.ask("GET", "/content", b"f")
    async for data in response.content.iter_chunked(65536):
        count += len(data)
        most = max(most, psutil.Process().memory_info().rss)

    assert count == 100 * files.MEGABYTE
    assert most - before < 30 * files.MEGABYTE


async def test_a_huge_file_is_refused(panel: Panel, stage: Stage) -> None:
    await in_lab(stage, f"truncate -s {files.DOWNLOAD_LIMIT + 1} f")

    assert await panel.code("GET", "/content", b"f") == (413, "large")


async def test_a_folder_of_very_many_is_listed_in_part(panel: Panel, stage: Stage) -> None:
    await in_lab(stage, "mkdir many; cd many; touch $(seq -f 'a-rather-long-name-of-a-file-%g' 9000)")
    await in_lab(stage, "cd many; touch $(seq -f 'another-rather-long-name-of-a-file-%g' 9000)")

    found = await panel.look(b"many")

    assert found["is_partial"]
    assert 2000 < len(found["entries"]) < 18000


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
