"""The files of a lab: both ways, whatever their names are, for their student alone."""

import asyncio
import hashlib
import os
from collections.abc import AsyncIterator
from typing import Any

import psutil
import pytest
from aiohttp import ClientOSError, ClientPayloadError

import body_time
from config import Settings
from gateway import file_scripts, files
from gateway.file_scripts import token_of
from tests.gateway.conftest import Stage, trickle
from tests.gateway.file_panels import HOSTILE, Panel, in_lab

TRANSFERS = Settings.model_fields["limit_transfers"].default

pytestmark = pytest.mark.anyio


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

    async with asyncio.timeout(60):
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


async def test_an_upload_that_trickles_ends_and_leaves_nothing(
    panel: Panel, stage: Stage, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(body_time, "GRACE_S", 1.0)

    async with asyncio.timeout(60):
        response = await panel.ask("PUT", "/content", data=trickle(), name="f")
        told = await response.json()

    assert (response.status, told["code"]) == (408, "cut")
    assert not await in_lab(stage, f"ls -A | grep -x -e f -e '{file_scripts.TEMPORARY}.*' || true")
    # Nobody's place is held any longer.
    assert await asyncio.gather(*(panel.upload(f"f{number}", b"x") for number in range(TRANSFERS))) == [201] * TRANSFERS
