"""In which order a worker does what waits for it: nobody is refused in a rush, and nobody is held up by it."""

import contextlib
import socket
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from flask import Flask

from cli import lanes, worker
from cli.late_bodies import Watch
from cli.web import listening_socket
from tests.sites import until

THREADS = 2


class Busy:
    """An application whose requests stay in hand until they are let go; it notes what it was asked."""

    def __init__(self) -> None:
        self.begun: list[str] = []
        self.let_go = threading.Event()
        self.is_quick = lambda path: path == "/quick"

    def __call__(self, environ: dict[str, Any], start: Callable[..., Any]) -> list[bytes]:
        path = environ["PATH_INFO"]
        self.begun.append(path)
        if not self.is_quick(path):
            assert self.let_go.wait(60)
        start("200 OK", [("Content-Length", "2")])
        return [b"ok"]


class Site:
    """Workers on one socket, each in a thread of this process."""

    def __init__(self, listener: socket.socket) -> None:
        self.listener, self.servers = listener, []
        self._is_over = threading.Event()
        self._threads: list[threading.Thread] = []

    def start(self, app: Any) -> Any:
        server = worker.make_server(app, self.listener.dup(), THREADS)
        watch = Watch(server)

        def run() -> None:
            while not self._is_over.is_set():
                worker.turn(server, watch)

        self._threads.append(threading.Thread(target=run))
        self._threads[-1].start()
        self.servers.append(server)
        return server

    def ask(self, method: str, path: str, headers: str = "") -> socket.socket:
        """Send a request and return its connection."""
        client = socket.socket(socket.AF_UNIX)
        client.settimeout(20)
        client.connect(self.listener.getsockname())
        head = f"{method} {path} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n{headers}Content-Length: 0\r\n\r\n"
        client.sendall(head.encode())
        return client

    def end(self) -> None:
        self._is_over.set()
        for server in self.servers:
            server.pull_trigger()
        for thread in self._threads:
            thread.join()
        for server in self.servers:
            server.task_dispatcher.shutdown(timeout=2)


@pytest.fixture
def app() -> Busy:
    return Busy()


@pytest.fixture
def site(tmp_path: Path, app: Busy) -> Iterator[Site]:
    with contextlib.closing(listening_socket(tmp_path / "socket")) as listener:
        site = Site(listener)
        yield site
        app.let_go.set()
        site.end()


def is_answered(client: socket.socket) -> bool:
    return client.recv(1000).startswith(b"HTTP/1.1 200")


def test_a_class_that_signs_in_at_once_holds_up_no_page(site: Site, app: Busy) -> None:
    server = site.start(app)
    app.is_quick = lambda path: path != "/login"
    # As the web process does while passwords wait: each that is in hand lends its thread.
    server.task_dispatcher.set_thread_count(THREADS + lanes.PASSWORDS_IN_HAND)
    signing_in = [site.ask("POST", "/login") for _ in range(20)]
    until(lambda: app.begun.count("/login") == lanes.PASSWORDS_IN_HAND)

    assert is_answered(site.ask("GET", "/courses"))
    assert is_answered(site.ask("POST", "/attempts/1/submit"))
    assert app.begun.count("/login") == lanes.PASSWORDS_IN_HAND

    app.let_go.set()
    assert all(is_answered(each) for each in signing_in)


def test_passwords_and_pages_are_taken_in_the_order_in_which_they_came() -> None:
    queue = lanes.Lanes(threading.Condition())
    asked = ["/1", "/login", "/2", "/login", "/login", "/register", "/change", "/3"]
    for path in asked:
        method = "GET" if path[1:].isdigit() else "POST"
        queue.append(SimpleNamespace(requests=[SimpleNamespace(command=method, path=path)]))

    taken = [queue.popleft() for _ in range(len(asked) - 1)]

    # Four passwords are in hand, and the fifth waits for one of them; a page doesn't wait for it.
    paths = [each.channel.requests[0].path for each in taken]
    assert paths == ["/1", "/login", "/2", "/login", "/login", "/register", "/3"]
    assert len(queue) == 1 and not queue
    queue.passwords.leave()
    assert queue.popleft().channel.requests[0].path == "/change"


def test_what_a_worker_cannot_begin_soon_waits_where_a_free_worker_takes_it(site: Site, app: Busy) -> None:
    server = site.start(app)
    clients = [site.ask("GET", f"/{number}") for number in range(30)]
    until(lambda: len(app.begun) == THREADS)
    until(lambda: not server.readable())
    assert len(server.active_channels) <= 2 * THREADS + 1
    other = Busy()
    other.let_go.set()

    site.start(other)

    until(lambda: len(other.begun) >= 30 - 2 * THREADS - 1)
    app.let_go.set()
    assert all(is_answered(each) for each in clients)
    assert len(app.begun) + len(other.begun) == 30


@pytest.mark.parametrize(("method", "is_done"), [("GET", False), ("POST", True)])
def test_a_page_whose_reader_has_left_is_not_made_and_what_was_sent_is_kept(
    site: Site, app: Busy, monkeypatch: pytest.MonkeyPatch, method: str, is_done: bool
) -> None:
    monkeypatch.setattr(lanes, "LEAVES_AFTER_S", -1.0)
    server = site.start(app)
    first = [site.ask("GET", "/first") for _ in range(THREADS)]
    until(lambda: len(app.begun) == THREADS)
    leaving = site.ask(method, "/left")
    until(lambda: len(server.task_dispatcher.queue) == 1)

    leaving.close()
    app.let_go.set()

    assert all(is_answered(each) for each in first)
    until(lambda: not server.active_channels)
    assert ("/left" in app.begun) is is_done


def test_what_waits_behind_passwords_is_given_up_with_the_worker(site: Site, app: Busy) -> None:
    server = site.start(app)
    server.task_dispatcher.set_thread_count(THREADS + lanes.PASSWORDS_IN_HAND)
    signing_in = [site.ask("POST", "/login") for _ in range(9)]
    until(lambda: len(app.begun) == lanes.PASSWORDS_IN_HAND)
    until(lambda: len(server.task_dispatcher.queue) == 9 - lanes.PASSWORDS_IN_HAND)

    app.let_go.set()
    server.task_dispatcher.shutdown(cancel_pending=True, timeout=2)

    assert len(server.task_dispatcher.queue) == 0
    for each in signing_in:
        each.close()


def test_every_form_with_a_password_waits_in_the_lane(bare_app: Flask) -> None:
    named = [f"security.{name}" for name in ("login", "register", "change_password", "verify", "reset_password")]
    rules = {rule.endpoint: rule.rule for rule in bare_app.url_map.iter_rules() if "POST" in (rule.methods or ())}

    assert all(endpoint in rules for endpoint in named)
    for endpoint in named:
        assert lanes.brings_password(SimpleNamespace(command="POST", path=rules[endpoint])), endpoint
