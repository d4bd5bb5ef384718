"""`python -m gateway`: one event loop for every long-lived connection."""

import asyncio
import signal
import uuid
from collections.abc import AsyncIterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import structlog
from aiohttp import web
from flask import Flask
from redis.asyncio import Redis
from sqlalchemy.exc import SQLAlchemyError

from config import Settings, load_settings
from core import create_core
from extensions import db
from gateway import tasks
from gateway.hints import Hints
from gateway.streams import Streams
from gateway.terminals import Terminals
from models import LabSession, utcnow
from scheduler.backends import make_backend
from services import labs
from services.errors import ServiceError

# Snapshots are short queries; these threads share the process's one pool.
THREADS = 8
END_S = 2.0

log = structlog.get_logger("yurt.gateway")


class Database:
    """The gateway's questions to PostgreSQL, asked in threads."""

    def __init__(self, app: Flask) -> None:
        self._app = app
        self._threads = ThreadPoolExecutor(THREADS, thread_name_prefix="database")

    async def snapshot(self, session_id: str, user_id: int) -> dict[str, Any] | None:
        """Return the state document of the user's lab session."""
        found: dict[str, Any] | None = await self._ask(
            session_id, user_id, lambda lab_session: labs.describe(lab_session, utcnow())
        )
        return found

    async def job_of(self, session_id: str, user_id: int) -> tuple[str, str] | None:
        """Return (job ID, state) of the user's lab session."""
        found: tuple[str, str] | None = await self._ask(
            session_id, user_id, lambda lab_session: (lab_session.job_id, lab_session.state)
        )
        return found

    async def _ask(self, session_id: str, user_id: int, question: Any) -> Any:
        return await asyncio.get_running_loop().run_in_executor(
            self._threads, self._in_context, session_id, user_id, question
        )

    def _in_context(self, session_id: str, user_id: int, question: Any) -> Any:
        with self._app.app_context():
            try:
                found = db.session.get(LabSession, uuid.UUID(session_id))
                return question(found) if found is not None and found.user_id == user_id else None
            except (SQLAlchemyError, ServiceError) as error:
                log.warning("database unavailable", error=type(error).__name__)
                raise web.HTTPServiceUnavailable from error


def build(settings: Settings) -> web.Application:
    """Wire the routes to the engines."""
    redis: Redis = Redis.from_url(settings.redis_url, socket_connect_timeout=1, health_check_interval=15)
    database, hints = Database(create_core(settings, "gateway")), Hints(redis)
    streams = Streams(settings.secret_key, hints, database.snapshot)
    terminals = Terminals(make_backend(settings), redis, database.job_of, settings.public_url)
    application = web.Application()
    application.add_routes(
        [
            web.get(r"/live/labs/{session_id:[0-9a-f-]{36}}", streams.lab),
            web.get(r"/live/leaderboards/{course_id:\d{1,18}}", streams.board),
            web.get(r"/live/terminals/{session_id:[0-9a-f-]{36}}", terminals.serve),
            web.get("/healthz", healthz),
        ]
    )

    async def listening(_application: web.Application) -> AsyncIterator[None]:
        task = asyncio.create_task(hints.listen())
        yield
        await tasks.end(task)
        await redis.aclose()

    async def leave(_application: web.Application) -> None:
        await terminals.close_all()

    application.cleanup_ctx.append(listening)
    application.on_shutdown.append(leave)
    return application


async def healthz(_request: web.Request) -> web.Response:
    """Say that the process lives."""
    return web.json_response({"status": "ok"})


async def serve(settings: Settings) -> None:
    """Listen where the settings say until SIGTERM."""
    runner = web.AppRunner(build(settings), access_log=None, shutdown_timeout=END_S, handler_cancellation=True)
    await runner.setup()
    if settings.gateway_bind.startswith("unix:"):
        site: web.BaseSite = web.UnixSite(runner, settings.gateway_bind.removeprefix("unix:"))
    else:
        host, _colon, port = settings.gateway_bind.rpartition(":")
        site = web.TCPSite(runner, host, int(port))
    await site.start()
    log.info("gateway listens", bind=settings.gateway_bind)
    ended = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, ended.set)
    await ended.wait()
    await runner.cleanup()


if __name__ == "__main__":
    asyncio.run(serve(load_settings()))
