"""Requests that a worker answers together, on real connections: each gets its own answer, and none is lost."""

import contextlib
import socket
import threading
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

import pytest

from cli import lanes, worker
from cli.late_bodies import Channel, Watch
from cli.web import listening_socket
from tests.sites import until

THREADS = 2
OK = b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n"


class Together:
    """Answers what is below `/t/` with its path, once it is let go; leaves `/t/left` to others."""

    def __init__(self) -> None:
        self.asked: list[list[str]] = []
        self.let_go = threading.Event()
        self.fault: Exception | None = None
        self.body = lambda path: path.encode()

    def read(self, method: str, path: str, query: str, headers: Any) -> dict[str, Any] | None:
        return {"PATH_INFO": path} if path.startswith("/t/") else None

    def answer(self, environs: Any) -> list[tuple[bytes, bytes] | None]:
        self.asked.append([environ["PATH_INFO"] for environ in environs])
        assert self.let_go.wait(60)
        if self.fault:
            raise self.fault
        told: list[tuple[bytes, bytes] | None] = []
        for environ in environs:
            environ["yurt.learned"] = "something"
            body = self.body(environ["PATH_INFO"])
            told.append(None if environ["PATH_INFO"] == "/t/left" else (OK % len(body), body))
        return told


def made(environ: dict[str, Any], start: Any) -> Iterable[bytes]:
    """Answer as an application: with what it was told of the request."""
    body = f"made of {environ.get('yurt.learned', 'nothing')}".encode()
    if environ["PATH_INFO"] == "/long":
        start("200 OK", [])
        return iter([b"", b"one, ", b"two, ", b"three"])
    if environ["PATH_INFO"] == "/none":
        start("204 No Content", [])
        return []
    start("200 OK", [("Content-Length", str(len(body)))])
    return [body]


class Site:
    """A worker in threads of this process."""

    def __init__(self, listener: socket.socket, answering: Together) -> None:
        self.listener, self.is_over = listener, threading.Event()
        self.server = worker.make_server(made, listener.dup(), THREADS)
        lanes.answer_together(self.server, answering)
        watch = Watch(self.server)

        def run() -> None:
            while not self.is_over.is_set():
                worker.turn(self.server, watch)

        self.turn = lambda: worker.turn(self.server, watch)
        self.loop = threading.Thread(target=run)
        self.loop.start()

    @property
    def waiting(self) -> int:
        return len(self.server.task_dispatcher.queue.together.waiting)

    def ask(self, *paths: str, is_last: bool = True) -> socket.socket:
        """Send requests on one connection."""
        client = socket.socket(socket.AF_UNIX)
        client.settimeout(20)
        client.connect(self.listener.getsockname())
        end = "Connection: close\r\n" if is_last else ""
        client.sendall("".join(f"GET {path} HTTP/1.1\r\nHost: x\r\n{end}\r\n" for path in paths).encode())
        return client

    def stop(self) -> None:
        """End the loop; what it has read stays in hand."""
        self.is_over.set()
        self.server.pull_trigger()
        self.loop.join()


@pytest.fixture
def together() -> Together:
    return Together()


@pytest.fixture
def site(tmp_path: Path, together: Together) -> Iterator[Site]:
    with contextlib.closing(listening_socket(tmp_path / "socket")) as listener:
        site = Site(listener, together)
        yield site
        together.let_go.set()
        site.stop()
        site.server.task_dispatcher.shutdown(timeout=2)


def said(client: socket.socket) -> bytes:
    """Return what comes until the connection ends."""
    told = b""
    while some := client.recv(1_000_000):
        told += some
    return told


def body_of(client: socket.socket) -> bytes:
    return said(client).partition(b"\r\n\r\n")[2]


def busy(site: Site, together: Together) -> socket.socket:
    """Have a request in hand."""
    client = site.ask("/t/first")
    until(lambda: len(together.asked) == 1)
    return client


def test_who_comes_while_others_are_answered_is_answered_with_all_who_wait(site: Site, together: Together) -> None:
    first = busy(site, together)
    clients = {f"/t/{number}": site.ask(f"/t/{number}") for number in range(5)}
    until(lambda: site.waiting == 5)

    together.let_go.set()

    assert body_of(first) == b"/t/first"
    assert {path: body_of(client) for path, client in clients.items()} == {path: path.encode() for path in clients}
    assert [len(each) for each in together.asked] == [1, 5]


def test_pages_are_made_meanwhile(site: Site, together: Together) -> None:
    first = busy(site, together)

    assert body_of(site.ask("/page")) == b"made of nothing"

    together.let_go.set()
    assert body_of(first) == b"/t/first"


def test_what_is_left_to_others_is_made_with_what_was_learned_of_it(site: Site, together: Together) -> None:
    first = busy(site, together)
    left, other = site.ask("/t/left"), site.ask("/t/other")
    until(lambda: site.waiting == 2)

    together.let_go.set()

    assert body_of(left) == b"made of something"
    assert body_of(other) == b"/t/other"
    assert body_of(first) == b"/t/first"


def test_while_nobody_can_answer_together_all_of_it_is_made(site: Site, together: Together) -> None:
    together.fault = RuntimeError("a fault")
    first = busy(site, together)
    clients = [site.ask(f"/t/{number}") for number in range(3)]
    until(lambda: site.waiting == 3)

    together.let_go.set()

    assert [body_of(client) for client in (first, *clients)] == [b"made of nothing"] * 4
    together.fault = None
    assert body_of(site.ask("/t/again")) == b"/t/again"


def test_a_connection_that_is_kept_brings_the_next_request(site: Site, together: Together) -> None:
    together.let_go.set()
    client = site.ask("/t/1", "/t/2", "/page", "/t/3", is_last=False)

    told = b""
    while not told.endswith(b"/t/3"):
        told += client.recv(1000)

    assert [told.index(each) for each in (b"/t/1", b"/t/2", b"made of", b"/t/3")] == sorted(
        told.index(each) for each in (b"/t/1", b"/t/2", b"made of", b"/t/3")
    )
    client.sendall(b"GET /t/4 HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")
    assert said(client).endswith(b"Connection: close\r\n\r\n/t/4")


def test_a_long_answer_arrives_whole(site: Site, together: Together) -> None:
    together.let_go.set()
    together.body = lambda path: path.encode() * 1_000_000

    assert body_of(site.ask("/t/long")) == b"/t/long" * 1_000_000


def test_who_has_left_is_nobodys_trouble(site: Site, together: Together) -> None:
    first = busy(site, together)
    leaving, staying = site.ask("/t/leaving"), site.ask("/t/staying")
    until(lambda: site.waiting == 2)

    leaving.close()
    together.let_go.set()

    assert body_of(staying) == b"/t/staying"
    assert body_of(first) == b"/t/first"
    until(lambda: not site.server.active_channels)


def test_a_worker_that_stops_answers_those_who_wait(site: Site, together: Together) -> None:
    first = busy(site, together)
    clients = [site.ask(f"/t/{number}") for number in range(3)]
    until(lambda: site.waiting == 3)
    site.stop()
    ending = threading.Thread(target=worker.drain, args=(site.server,))
    ending.start()

    together.let_go.set()

    assert [body_of(client) for client in (first, *clients)] == [b"/t/first", b"/t/0", b"/t/1", b"/t/2"]
    ending.join(20)
    assert not ending.is_alive()


def test_who_waits_when_the_time_to_stop_is_over_is_given_up(site: Site, together: Together) -> None:
    busy(site, together)
    clients = [site.ask(f"/t/{number}") for number in range(3)]
    until(lambda: site.waiting == 3)

    site.server.task_dispatcher.shutdown(cancel_pending=True, timeout=0.1)

    assert len(site.server.task_dispatcher.queue) == 0
    site.server.pull_trigger()
    assert [said(client) for client in clients] == [b""] * 3


@pytest.mark.parametrize(
    "request_line",
    ["GET /t/1 HTTP/1.0\r\n", "GET /t/1 HTTP/1.1\r\nContent-Length: 2\r\n", "POST /t/1 HTTP/1.1\r\n"],
)
def test_what_is_unusual_about_a_request_is_for_waitress(site: Site, together: Together, request_line: str) -> None:
    together.let_go.set()
    client = site.ask()

    client.sendall(f"{request_line}Host: x\r\nConnection: close\r\n\r\n".encode() + b"ok" * ("Length" in request_line))

    assert body_of(client) == b"made of nothing"
    assert together.asked == []


def test_a_connection_that_takes_the_number_of_one_that_ends_is_no_less_answered(
    site: Site, together: Together
) -> None:
    site.stop()
    together.let_go.set()
    first = site.ask("/t/first")
    site.turn()
    [channel] = site.server.active_channels.values()
    until(lambda: channel.close_when_flushed)
    # In one turn the loop hears that the first answer is sent and its reader gone, and of somebody new.
    assert first.recv(1000).endswith(b"/t/first")
    first.close()
    second = site.ask("/t/second")

    for _turn in range(3):
        site.turn()

    until(lambda: len(together.asked) == 2)
    site.turn()
    assert body_of(second) == b"/t/second"


def test_a_page_is_sent_in_one_piece_with_its_head(site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    sent: list[bytes] = []
    real = Channel.send
    monkeypatch.setattr(Channel, "send", lambda self, data, **given: sent.append(data) or real(self, data, **given))

    assert body_of(site.ask("/page")) == b"made of nothing"
    assert len(sent) == 1


def test_an_answer_of_several_parts_and_one_without_a_body_are_sent_as_ever(site: Site) -> None:
    assert said(site.ask("/long")).endswith(b"\r\n\r\n5\r\none, \r\n5\r\ntwo, \r\n5\r\nthree\r\n0\r\n\r\n")
    assert said(site.ask("/none")).startswith(b"HTTP/1.1 204 No Content\r\n")
