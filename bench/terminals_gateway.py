"""The gateway of the benches: the product's own terminals on its own Nomad backend, in one process, without the rest.

Who may have a terminal of which lab is told to it by the ticket alone, so that it needs no database: a session's ID is
its job's name, unless all terminals are to be those of one job.
"""

import argparse
import asyncio
import contextlib
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterable, Iterator
from pathlib import Path

import psutil
from aiohttp import web
from redis.asyncio import Redis

from backends.makers import make_backend
from bench.echo_nomad import INSTANCE, raise_limit
from config import ROOT
from gateway import middlewares, tasks
from gateway.access import Access
from gateway.activity_buffer import ActivityBuffer
from gateway.labs import Limit
from gateway.subscriptions import Subscriptions
from gateway.terminals import Terminals
from gateway.tickets import Tickets
from gateway.visitors import Visitors
from services.accounts.grants import Grant
from services.hosts import Hosts
from tests.engines import site_settings

ORIGIN = "http://bench.example"
PATIENCE_S = 60.0


@contextlib.contextmanager
def gateway(
    redis_url: str, nomad: str, job: str = "", instance: str = INSTANCE
) -> Iterator[tuple[psutil.Process, str]]:
    """Run a gateway of that instance on that cluster; give its process and the path of its socket."""
    with tempfile.TemporaryDirectory() as folder:
        socket = str(Path(folder) / "gateway")
        command = [sys.executable, "-m", "bench.terminals_gateway", socket, "--redis", redis_url, "--nomad", nomad]
        process = subprocess.Popen([*command, "--job", job, "--instance", instance], cwd=ROOT)
        try:
            deadline = time.monotonic() + PATIENCE_S
            while not Path(socket).exists():
                if process.poll() is not None or time.monotonic() > deadline:
                    raise RuntimeError("the gateway didn't start")
                time.sleep(0.05)
            yield psutil.Process(process.pid), socket
        finally:
            process.terminate()
            process.wait(PATIENCE_S)


async def _serve(socket: str, redis_url: str, nomad: str, job: str, instance: str) -> None:
    redis: Redis = Redis.from_url(redis_url)
    cluster = {"lab_backend": "nomad", "nomad_addr": [nomad], "instance": instance}
    settings = site_settings("postgresql://unused/yurt", redis_url, Path(socket).parent, **cluster)
    backend = make_backend(settings)
    assert backend is not None

    async def job_of(session_id: str, _user_id: int) -> tuple[str, str]:
        return job or session_id, "running"

    async def no_visit(_session_id: str, _user_id: int) -> None:
        return None

    async def everybody(grants: Iterable[Grant]) -> set[Grant]:
        return set(grants)

    subscriptions = Subscriptions(redis)
    visitors, access = Visitors(subscriptions, no_visit), Access(subscriptions, redis, everybody)
    activity_buffer, tickets = ActivityBuffer(redis), Tickets(settings.secret_key, redis)
    hosts, limit = Hosts(ORIGIN), Limit(10_000, 10_000)
    running = [asyncio.create_task(work) for work in (activity_buffer.run(), access.run())]
    terminals = Terminals(backend, tickets, job_of, hosts, visitors, activity_buffer, access, limit)
    application = web.Application(middlewares=[middlewares.refuse_foreign_hosts(hosts, 0)])
    application.add_routes([web.get(r"/live/terminals/{session_id:[0-9a-f-]{36}}", terminals.serve)])
    runner = web.AppRunner(application, access_log=None, handler_cancellation=True)
    await runner.setup()
    await web.UnixSite(runner, socket).start()
    ended = asyncio.Event()
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, ended.set)
    await ended.wait()
    await terminals.close_all()
    await runner.cleanup()
    await tasks.end(*running)
    await backend.leave()
    await redis.aclose()


def main() -> None:
    """Serve until SIGTERM."""
    parser = argparse.ArgumentParser(prog="python -m bench.terminals_gateway", description=__doc__)
    parser.add_argument("socket")
    parser.add_argument("--redis", required=True)
    parser.add_argument("--nomad", required=True)
    parser.add_argument("--job", default="")
    parser.add_argument("--instance", default=INSTANCE)
    options = parser.parse_args()
    raise_limit()
    asyncio.run(_serve(options.socket, options.redis, options.nomad, options.job, options.instance))


if __name__ == "__main__":
    main()
