"""The files of a lab: looked at, downloaded, uploaded, renamed, removed, each by a script that runs in the lab.

Nothing is kept here, and no file is held whole: both ways it goes block by block. A ticket of the lab's page names who
asks; that the lab is theirs and runs is looked up each time.
"""

import asyncio
import contextlib
import secrets
import uuid
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from typing import Any
from urllib.parse import quote

import structlog
from aiohttp import web

from backends.base import BackendUnavailable
from gateway import file_scripts as scripts
from gateway.access import Access, Revoked
from gateway.activity_buffer import ActivityBuffer
from gateway.bodies import Body, Late
from gateway.labs import Labs, Limit, again_of
from gateway.tickets import Tickets
from services.accounts.grants import Grant

MEGABYTE = 1024 * 1024
UPLOAD_LIMIT, DOWNLOAD_LIMIT = 10 * MEGABYTE, 256 * MEGABYTE
LIST_LIMIT = 512 * 1024
SCRIPT_S = 20.0
# A transfer in which nothing moves for this time ends, and gives its place to others.
STALL_S = 30.0
SAFE = {
    "Cache-Control": "no-store",
    "X-Content-Type-Options": "nosniff",
    "Content-Security-Policy": "default-src 'none'; sandbox",
    "Cross-Origin-Resource-Policy": "same-origin",
}

CODES = {403: "ticket", 404: "missing", 409: "stopped", 429: "busy"}

log = structlog.get_logger("yurt.gateway")
Handler = Callable[[web.Request, "Place"], Awaitable[web.StreamResponse]]


class Refused(Exception):
    """The lab or we said no; `code` is a word that the page has a sentence for."""

    def __init__(self, status: int, code: str) -> None:
        super().__init__(code)
        self.status, self.code = status, code


class Place:
    """One request's lab, and the scripts in it."""

    def __init__(self, labs: Labs, session_id: str, job_id: str) -> None:
        self.session_id, self._labs, self._job_id = session_id, labs, job_id

    async def run(self, script: str, *values: bytes, data: bytes = b"", limit: int = 4096) -> tuple[bytes, bool]:
        """Return (what the script printed, whether that was cut off); raise Refused."""
        stdin = scripts.arguments(*values) + data
        try:
            result = await self._labs.execute(self._job_id, script, stdin, timeout_s=SCRIPT_S, limit=limit)
        except BackendUnavailable as error:
            log.warning("files unavailable", job=self._job_id, error=str(error))
            raise Refused(503, "away") from error
        if result.is_timed_out:
            raise Refused(504, "slow")
        if result.exit_code:
            raise Refused(*scripts.REFUSALS.get(result.exit_code, (502, "failed")))
        return result.output, result.is_truncated


class Files:
    """The routes below `/live/files/<session>`."""

    def __init__(
        self, tickets: Tickets, labs: Labs, activity_buffer: ActivityBuffer, access: Access, limit: Limit
    ) -> None:
        self._tickets, self._labs, self._activity = tickets, labs, activity_buffer
        self._access, self._limit = access, limit

    def routes(self) -> list[web.RouteDef]:
        """Return the routes."""
        base = r"/live/files/{session_id:[0-9a-f-]{36}}"
        return [
            web.get(base, self._serve(self._list)),
            web.delete(base, self._serve(self._delete)),
            web.get(f"{base}/content", self._serve(self._download)),
            web.put(f"{base}/content", self._serve(self._upload)),
            web.post(f"{base}/folders", self._serve(self._make_folder)),
            web.post(f"{base}/rename", self._serve(self._rename)),
        ]

    def _serve(self, handler: Handler) -> Callable[[web.Request], Awaitable[web.StreamResponse]]:
        async def serve(request: web.Request) -> web.StreamResponse:
            session_id = request.match_info["session_id"]
            try:
                holder = self._tickets.live(request.query.get("ticket", ""), "files", session_id)
                async with self._limit.hold(holder.user_id):
                    place = Place(self._labs, session_id, await self._labs.job(session_id, holder.user_id))
                    async with self._access.hold(Grant(holder, "lab", lab=uuid.UUID(session_id))):
                        response = await handler(request, place)
            except Revoked:
                if request.transport is not None:
                    request.transport.abort()  # what was sent so far isn't the whole
                return _problem(403, "ticket")
            except Refused as refusal:
                return _problem(refusal.status, refusal.code)
            except Late:
                return _problem(408, "cut")
            except scripts.BadPath:
                return _problem(422, "name")
            except web.HTTPException as error:
                return _problem(error.status, CODES.get(error.status, "away"), again_of(error))
            self._activity.note(session_id, "input")
            return response

        return serve

    async def _list(self, request: web.Request, place: Place) -> web.StreamResponse:
        folder = _path(request)
        output, is_cut = await place.run(scripts.LIST, folder, limit=LIST_LIMIT)
        entries = [_entry(folder, entry) for entry in scripts.read_list(output)]
        return web.json_response({"path": _crumbs(folder), "entries": entries, "is_partial": is_cut}, headers=SAFE)

    async def _download(self, request: web.Request, place: Place) -> web.StreamResponse:
        folder, name = scripts.parent(_path(request))
        first = await _block(place, folder, name, 0)
        size, modified_at, data = first
        if size > DOWNLOAD_LIMIT:
            raise Refused(413, "large")
        response = web.StreamResponse(headers={**SAFE, "Content-Disposition": _attachment(name)})
        response.content_type, response.content_length = "application/octet-stream", size
        await response.prepare(request)
        sent = 0
        with contextlib.suppress(Refused, TimeoutError):
            while True:
                async with asyncio.timeout(STALL_S):
                    await response.write(data[: size - sent])
                sent += len(data)
                if sent >= size or not data:
                    break
                *facts, data = await _block(place, folder, name, sent // scripts.BLOCK)
                if facts != [size, modified_at]:
                    break
        if sent < size and request.transport is not None:
            request.transport.abort()  # changed or gone meanwhile: the browser must not take this for the whole file
        return response

    async def _upload(self, request: web.Request, place: Place) -> web.StreamResponse:
        if (request.content_length or 0) > UPLOAD_LIMIT:
            raise Refused(413, "large")
        folder, name = _path(request), _new_name(request)
        temporary = f"{scripts.TEMPORARY}{secrets.token_hex(8)}".encode()
        replaces = b"yes" if request.query.get("replace") == "1" else b""
        offset = 0
        try:
            async for block, is_last in _blocks(request):
                if offset + len(block) > UPLOAD_LIMIT:
                    raise Refused(413, "large")
                total = str(offset + len(block)) if is_last else ""
                values = (folder, name, temporary, str(offset).encode(), total.encode(), replaces)
                await place.run(scripts.WRITE, *values, data=block)
                offset += len(block)
        except BaseException:
            if offset:
                with contextlib.suppress(Refused):
                    await place.run(scripts.DISCARD, folder, temporary)
            raise
        return web.json_response({"size": offset}, status=201, headers=SAFE)

    async def _make_folder(self, request: web.Request, place: Place) -> web.StreamResponse:
        folder, name = _path(request), _new_name(request)
        await place.run(scripts.MAKE_FOLDER, folder, name)
        return web.json_response({"path": scripts.token_of(scripts.join(folder, name))}, status=201, headers=SAFE)

    async def _rename(self, request: web.Request, place: Place) -> web.StreamResponse:
        (folder, old), new = scripts.parent(_path(request)), _new_name(request)
        await place.run(scripts.RENAME, folder, old, new)
        return web.json_response({"path": scripts.token_of(scripts.join(folder, new))}, headers=SAFE)

    async def _delete(self, request: web.Request, place: Place) -> web.StreamResponse:
        await place.run(scripts.DELETE, *scripts.parent(_path(request)))
        return web.json_response({}, headers=SAFE)


async def _blocks(request: web.Request) -> AsyncIterator[tuple[bytes, bool]]:
    """Yield the body in blocks and whether each is the last; there is always one."""
    block, body = bytearray(), Body(request, STALL_S)
    while data := await body.read():
        if len(block) + len(data) > scripts.BLOCK:
            yield bytes(block), False
            block.clear()
        block += data
    yield bytes(block), True


async def _block(place: Place, folder: bytes, name: bytes, number: int) -> tuple[int, int, bytes]:
    values = (folder, name, str(number).encode())
    output, _is_cut = await place.run(scripts.READ, *values, limit=scripts.BLOCK + 100)
    block = scripts.read_block(output)
    if block is None:
        raise Refused(502, "failed")
    return block


def _path(request: web.Request) -> bytes:
    return scripts.path_of(request.query.get("path", ""))


def _new_name(request: web.Request) -> bytes:
    try:
        return scripts.check_name(request.query.get("name", "").encode())
    except UnicodeEncodeError as error:
        raise scripts.BadPath from error


def _entry(folder: bytes, entry: scripts.Entry) -> dict[str, Any]:
    return {
        "name": scripts.display(entry.name),
        "path": scripts.token_of(scripts.join(folder, entry.name)),
        "kind": entry.kind,
        "is_link": entry.is_link,
        "size": entry.size,
        "modified_at": entry.modified_at,
    }


def _crumbs(folder: bytes) -> list[dict[str, str]]:
    names = folder.split(b"/") if folder else []
    paths = [b"/".join(names[: number + 1]) for number in range(len(names))]
    return [
        {"name": scripts.display(name), "path": scripts.token_of(path)} for name, path in zip(names, paths, strict=True)
    ]


def _attachment(name: bytes) -> str:
    """Return a Content-Disposition that only ever saves (RFC 6266), whatever the name is."""
    shown = scripts.display(name)
    plain = "".join(char if char.isascii() and char not in '"\\%;' else "_" for char in shown)
    return f"attachment; filename=\"{plain}\"; filename*=UTF-8''{quote(shown, safe='')}"


def _problem(status: int, code: str, again: Mapping[str, str] | None = None) -> web.Response:
    body = {"type": "about:blank", "title": code, "status": status, "code": code}
    headers = {**SAFE, **(again or {})}
    return web.json_response(body, status=status, headers=headers, content_type="application/problem+json")
