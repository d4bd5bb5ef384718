"""What the gateway's routes into a lab share: whose lab it is, and calls to the backend in threads."""

import asyncio
from collections import Counter as Counting
from collections.abc import AsyncIterator, Awaitable, Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import asynccontextmanager

from aiohttp import web

from backends.base import Backend, BackendUnavailable, ExecResult

# A place is free again as soon as some connection ends, which may be any time.
AGAIN = {"Retry-After": "2"}
JobOf = Callable[[str, int], Awaitable[tuple[str, str] | None]]


def again_of(error: web.HTTPException) -> dict[str, str]:
    """Return the header that says when to come again, where the refusal has it."""
    return {name: error.headers[name] for name in AGAIN if name in error.headers}


class Limit:
    """A limit on connections or transfers at once, for each person and in all; more are refused."""

    def __init__(self, each: int, total: int) -> None:
        self.each, self.total = each, total
        self._now: Counting[int] = Counting()

    @asynccontextmanager
    async def hold(self, user_id: int) -> AsyncIterator[None]:
        """Count one more while the block runs; raise 429 or 503 where that is too many."""
        if self._now[user_id] >= self.each:
            raise web.HTTPTooManyRequests(headers=AGAIN)
        if self._now.total() >= self.total:
            raise web.HTTPServiceUnavailable(headers=AGAIN)
        self._now[user_id] += 1
        try:
            yield
        finally:
            self._now[user_id] -= 1
            if not self._now[user_id]:
                del self._now[user_id]


class Turns:
    """A limit on connections into one lab, each of which costs the lab memory; the next one waits for its turn."""

    def __init__(self, each: int, patience_s: float) -> None:
        self.each, self.patience_s = each, patience_s
        self._free: dict[str, asyncio.Semaphore] = {}
        self._here: Counting[str] = Counting()

    @asynccontextmanager
    async def hold(self, session_id: str) -> AsyncIterator[None]:
        """Have a turn while the block runs; raise 503 where none comes within `patience_s`."""
        free = self._free.setdefault(session_id, asyncio.Semaphore(self.each))
        self._here[session_id] += 1
        try:
            try:
                async with asyncio.timeout(self.patience_s):
                    await free.acquire()
            except TimeoutError as error:
                raise web.HTTPServiceUnavailable(headers=AGAIN) from error
            try:
                yield
            finally:
                free.release()
        finally:
            self._here[session_id] -= 1
            if not self._here[session_id]:
                del self._here[session_id], self._free[session_id]


class Labs:
    """The labs that run. `job_of(session, user)` gives (job ID, state) of a lab that is the user's."""

    def __init__(self, backend: Backend | None, job_of: JobOf, threads: int) -> None:
        self.backend, self._job_of = backend, job_of
        self._threads = ThreadPoolExecutor(threads, thread_name_prefix="labs")

    async def job(self, session_id: str, user_id: int) -> str:
        """Return the job of the user's lab; raise 404 where there is none, 409 where it doesn't run."""
        job = await self._job_of(session_id, user_id)
        if job is None or self.backend is None:
            raise web.HTTPNotFound
        job_id, state = job
        if state != "running":
            raise web.HTTPConflict
        return job_id

    async def execute(self, job_id: str, script: str, stdin: bytes, *, timeout_s: float, limit: int) -> ExecResult:
        """Run a script in the lab; raise BackendUnavailable."""
        if self.backend is None:
            raise BackendUnavailable("labs are off")
        backend = self.backend

        def run() -> ExecResult:
            return backend.execute(job_id, script, timeout_s=timeout_s, output_limit=limit, stdin=stdin)

        return await asyncio.get_running_loop().run_in_executor(self._threads, run)

    def close(self) -> None:
        """Take no more work; what runs ends by its own time limit."""
        self._threads.shutdown(wait=False, cancel_futures=True)
