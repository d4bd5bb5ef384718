"""`python -m gateway`: one event loop for every long-lived connection."""

import asyncio
import signal
from collections.abc import AsyncIterator

import structlog
from aiohttp import web
from redis.asyncio import Redis

import open_files
import quick_start
from backends.makers import make_backend
from config import Settings, settings_or_exit
from core import create_core
from gateway import measures, middlewares, tasks
from gateway.access import Access
from gateway.activity_buffer import ActivityBuffer
from gateway.database import Database
from gateway.files import Files
from gateway.labs import Labs, Limit
from gateway.port_access import PortAccess
from gateway.ports import Ports
from gateway.presence import Presence
from gateway.streams import Streams
from gateway.subscriptions import Subscriptions
from gateway.terminals import Terminals
from gateway.tickets import Tickets
from gateway.visitors import Visitors
from gateway.waits import Waits
from services import process_figures
from services.hosts import Hosts

END_S = 2.0
# A class that opens a page at once waits in the socket. Linux allows as many by itself (net.core.somaxconn).
BACKLOG = 4096
# Each page that follows something is an open file here, and terminals and the files of labs are others.
OTHER_FILES = 2000

log = structlog.get_logger("yurt.gateway")


def build(settings: Settings) -> web.Application:
    """Wire the routes to the engines."""

    def each(name: str) -> Limit:
        return Limit(getattr(settings, f"limit_{name}"), getattr(settings, f"limit_{name}_total"))

    hosts = Hosts(settings.public_url, settings.lab_ports_host, settings.trusted_hosts)
    redis: Redis = Redis.from_url(settings.redis_url, socket_connect_timeout=1, health_check_interval=15)
    database, subscriptions = Database(create_core(settings, "gateway")), Subscriptions(redis)
    backend = make_backend(settings)
    access = Access(subscriptions, redis, database.holding)
    presence = Presence(database.touch_visit, database.end_visit)
    activity_buffer, tickets = ActivityBuffer(redis), Tickets(settings.secret_key, redis)
    streams = Streams(tickets, subscriptions, database.snapshot, presence, activity_buffer, access, each("streams"))
    visitors = Visitors(subscriptions, database.visit_of)
    terminals = Terminals(
        backend, tickets, database.job_of, hosts, visitors, activity_buffer, access, each("terminals")
    )
    # Scripts in labs: threads of their own, so that the database's questions don't wait for them, and as many as there
    # are requests for files at once: a student can stop their scripts, and each then takes all of its time.
    labs_here = Labs(backend, database.job_of, settings.limit_transfers_total)
    port_access = PortAccess(tickets, settings.public_url, settings.lab_ports_host)
    ports = Ports(tickets, labs_here, activity_buffer, port_access, access, each("port_connections"))
    application = web.Application(
        middlewares=[
            middlewares.answer_failures(settings.trusted_proxies),
            middlewares.refuse_foreign_hosts(hosts, settings.trusted_proxies),
            ports.hosts,
        ]
    )
    application.add_routes(
        [
            web.get(r"/live/labs/{session_id:[0-9a-f-]{36}}", streams.lab),
            web.get(r"/live/attempts/{attempt_id:\d{1,18}}", streams.attempt),
            web.get(r"/live/leaderboards/{course_id:\d{1,18}}", streams.board),
            web.get(r"/live/labs-boards/{course_id:\d{1,18}}", streams.labs),
            web.get(r"/live/generations/{course_id:\d{1,18}}/{generation_id:\d{1,18}}", streams.generation),
            web.get(r"/live/terminals/{session_id:[0-9a-f-]{36}}", terminals.serve),
            *Files(tickets, labs_here, activity_buffer, access, each("transfers")).routes(),
            *ports.routes(),
            web.get("/live/waits", Waits(redis).tell),
            web.get("/healthz", healthz),
        ]
    )

    async def listening(_application: web.Application) -> AsyncIterator[None]:
        works = subscriptions.listen(), access.run(), activity_buffer.run(), measures.publish(settings, redis)
        running = [asyncio.create_task(work) for work in works]
        yield
        await tasks.end(*running)
        await activity_buffer.flush()
        await redis.aclose()
        labs_here.close()

    async def leave(_application: web.Application) -> None:
        await terminals.close_all()
        await presence.close()
        if backend is not None:
            await backend.leave()

    application.on_response_prepare.append(middlewares.add_request_id)
    application.cleanup_ctx.append(listening)
    application.on_shutdown.append(leave)
    return application


async def healthz(_request: web.Request) -> web.Response:
    """Say that the process lives."""
    return web.json_response({"status": "ok"})


def site_of(runner: web.AppRunner, bind: str) -> web.BaseSite:
    """Return where to listen: `unix:/path` or HOST:PORT. A class that opens a page at once waits its turn."""
    if bind.startswith("unix:"):
        return web.UnixSite(runner, bind.removeprefix("unix:"), backlog=BACKLOG)
    host, _colon, port = bind.rpartition(":")
    return web.TCPSite(runner, host, int(port), backlog=BACKLOG)


async def serve(settings: Settings) -> None:
    """Listen where the settings say until SIGTERM."""
    process_figures.note(settings.metrics_dir, "gateway")
    runner = web.AppRunner(build(settings), access_log=None, shutdown_timeout=END_S, handler_cancellation=True)
    await runner.setup()
    open_files.allow(settings.limit_streams_total + OTHER_FILES)
    await site_of(runner, settings.gateway_bind).start()
    log.info("gateway listens", bind=settings.gateway_bind)
    ended = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, ended.set)
    await ended.wait()
    await runner.cleanup()


if __name__ == "__main__":
    quick_start.end()
    asyncio.run(serve(settings_or_exit()))
