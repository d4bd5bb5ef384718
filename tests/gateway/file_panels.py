"""The Files panel of a lab as a test uses it."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

from aiohttp import ClientResponse

from gateway.file_scripts import token_of

if TYPE_CHECKING:
    from tests.gateway.conftest import Browser, Stage

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


async def in_lab(stage: Stage, script: str) -> str:
    """Do something in the lab as its student."""
    result = await asyncio.to_thread(stage.backend.execute, stage.job_id, script, timeout_s=20, output_limit=100_000)
    assert result.exit_code == 0, result
    return result.output.decode(errors="replace")
