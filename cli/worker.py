"""The web workers: WEB_CONCURRENCY processes of waitress that accept from one listening socket.

The application is built once and each worker is a copy of this process: a worker that died is back in a moment, and
what it is made of (code, tables, templates) is shared in memory. Nothing that a copy must not share is there before
the fork: the app has no connection and no thread until its first request. The socket comes from `cli.web` as an
inherited descriptor, or is bound here.
"""

import argparse
import gc
import logging
import signal
import socket
import time
from typing import Any

from flask import Flask
from prometheus_client import multiprocess
from sqlalchemy.orm import configure_mappers
from waitress import wasyncore
from waitress.server import create_server

import body_time
import open_files
from app import create_app
from cli import cautions, lanes
from cli.checks import run_main
from cli.late_bodies import Watch
from cli.programs import Program
from cli.runtime import runtime_folder
from cli.supervise import Interrupted, Supervisor
from config import ROOT, Settings, settings_or_exit
from lines import relay
from services import process_figures
from services.accounts import passwords
from services.courses import pictures
from telemetry import configure_logging

MEGABYTE = 1024 * 1024
TEMPLATES = ROOT / "templates"
# What is under way when SIGTERM comes may finish; the front door and the process above wait a little longer.
DRAIN_S = 2.3
# A door opens one for each request. Each is an open file, and so is each big body; a worker has others besides.
MOST_CONNECTIONS, OTHER_FILES = 3200, 224
# A rush waits in the socket. Linux allows as many by itself (net.core.somaxconn).
BACKLOG = 4096


def main() -> int:
    """Run the workers until SIGTERM."""
    parser = argparse.ArgumentParser(prog="python -m cli.worker")
    address = parser.add_mutually_exclusive_group(required=True)
    address.add_argument("--fd", type=int, help="an inherited listening socket")
    address.add_argument("--bind", help="HOST:PORT to listen on")
    options = parser.parse_args()
    settings = settings_or_exit()
    listener = socket.socket(fileno=options.fd) if options.fd is not None else listen(options.bind)
    record = runtime_folder(settings.var_dir) / "workers.json"
    configure_logging(settings, "web")
    # What another version, or another key, put there; it comes again with the first who asks.
    pictures.forget(settings.door_dir / pictures.FOLDER)
    if options.bind:
        cautions.warn(settings)
    process_figures.note(settings.metrics_dir, "supervisor")
    supervisor = Supervisor(record, relay)
    supervisor.listen_to_signals()
    app = ready_app(settings)
    # What is alive now lives as long as we do: the collector needn't touch, and so copy, its pages in every worker.
    gc.collect()
    gc.freeze()
    try:
        for number in range(1, settings.web_concurrency + 1):
            supervisor.start(worker_program(f"worker.{number}", app, listener, settings))
        supervisor.pump()
    except Interrupted:
        supervisor.end(within=DRAIN_S + 0.5)
    return 0


def listen(bind: str) -> socket.socket:
    """Listen on HOST:PORT."""
    host, _, port = bind.rpartition(":")
    return socket.create_server((host, int(port)), backlog=BACKLOG)


def ready_app(settings: Settings) -> Flask:
    """Build the application, with all that its first requests would build in each worker."""
    app = create_app(settings)
    configure_mappers()
    for template in TEMPLATES.rglob("*.html"):
        app.jinja_env.get_template(str(template.relative_to(TEMPLATES)))
    return app


def worker_program(name: str, app: Flask, listener: socket.socket, settings: Settings) -> Program:
    """Return a worker as a program of the supervisor."""

    def forget_gauges(pid: int) -> None:
        if settings.metrics_dir:
            multiprocess.mark_process_dead(pid, str(settings.metrics_dir))  # type: ignore[no-untyped-call]  # prometheus_client has none

    return Program(name=name, function=lambda: serve(app, listener, settings), on_exit=forget_gauges)


def serve(app: Flask, listener: socket.socket, settings: Settings) -> None:
    """Answer requests until SIGTERM, then finish those under way."""
    process_figures.note(settings.metrics_dir, "web")
    # A request that waits its turn isn't worth a line; the time it took is measured.
    logging.getLogger("waitress.queue").setLevel(logging.ERROR)
    server = make_server(app, listener, settings.web_threads, allowed_connections())
    lanes.tell_waits(server, app.extensions["yurt_redis"])
    if answering := app.extensions.get("yurt_together"):
        lanes.answer_together(server, answering)
    watch = Watch(server)
    is_ending = False

    def lend(number: int) -> None:
        if not is_ending:
            server.task_dispatcher.set_thread_count(settings.web_threads + number)

    # Who waits for a password to be hashed takes no thread from those who ask for pages.
    passwords.turns.lend_with(lend)

    def end(*_: object) -> None:
        nonlocal is_ending
        is_ending = True
        server.pull_trigger()

    signal.signal(signal.SIGTERM, end)
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    while not is_ending:
        turn(server, watch)
    drain(server)


def allowed_connections() -> int:
    """Let this process open as many files as it wants and may; return how many connections that allows."""
    return max(1, min(MOST_CONNECTIONS, open_files.allow(MOST_CONNECTIONS + OTHER_FILES) - OTHER_FILES))


def make_server(app: Any, listener: socket.socket, threads: int, connections: int = MOST_CONNECTIONS) -> Any:
    """Return waitress, which does nothing until its turn."""
    dispatcher = lanes.Dispatcher()
    dispatcher.set_thread_count(threads)
    server = create_server(
        app,
        sockets=[listener],
        _dispatcher=dispatcher,
        connection_limit=connections,
        backlog=BACKLOG,
        # Of connections that say nothing. Those in the middle of a request are given up earlier, with an answer.
        channel_timeout=body_time.GRACE_S + 30,
        max_request_body_size=11 * MEGABYTE,
        max_request_header_size=64 * 1024,
        # The application decides how many proxies to believe.
        clear_untrusted_proxy_headers=False,
        asyncore_use_poll=True,
        ident=None,
    )
    lanes.accept_by_turns(server, threads)
    return server


def turn(server: Any, watch: Watch) -> None:
    """Let waitress handle what its sockets have to say, once."""
    _loop(server, 1.0)
    watch.look()


def _loop(server: Any, timeout: float) -> None:
    wasyncore.loop(timeout=timeout, use_poll=True, map=server._map, count=1)
    server.task_dispatcher.queue.together.finish()
    server.task_dispatcher.wake()


def drain(server: Any) -> None:
    """Accept nothing more, and send what is under way to its end. Other workers go on accepting."""
    server.accepting = False
    server.del_channel()
    # Connections taken a moment ago have yet to be read.
    soonest, latest = time.monotonic() + 0.2, time.monotonic() + DRAIN_S
    while time.monotonic() < soonest or any(map(is_busy, list(server.active_channels.values()))):
        if time.monotonic() > latest:
            break
        _loop(server, 0.05)
    server.task_dispatcher.shutdown(cancel_pending=True, timeout=0.5)


def is_busy(channel: Any) -> bool:
    """Say whether a connection has a request that isn't answered to the last byte."""
    return bool(channel.requests or channel.request is not None or channel.total_outbufs_len)


if __name__ == "__main__":
    run_main(main, is_log=True)
