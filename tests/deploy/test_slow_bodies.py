"""A body that isn't there in time ends at both doors, with an answer, and holds nobody up meanwhile."""

import socket
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from flask import Flask

import body_time
from app import create_app
from cli import late_bodies
from config import Settings
from tests.deploy.doors import is_whole, nginx_for, running_caddy, running_nginx
from tests.deploy.slow import CHUNKED, LENGTH, LONG, UPLOAD, Worker, begin, trickle, upload
from tests.deploy.test_own_answers import assert_told
from tests.engines import site_settings
from tests.sites import until

pytestmark = pytest.mark.long

GRACE_S = 1.5
needs_nginx = nginx_for("slow bodies")


@pytest.fixture(scope="module", autouse=True)
def _hurry() -> Iterator[None]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(body_time, "GRACE_S", GRACE_S)
        patch.setattr(body_time, "DOOR_GRACE_S", GRACE_S + 3)
        patch.setattr(body_time, "BYTES_A_SECOND", 1_000_000)
        yield


@pytest.fixture(scope="module")
def application(settings: Settings, tmp_path_factory: pytest.TempPathFactory) -> Flask:
    """The application under the doors' name."""
    own = site_settings(
        settings.database_url, settings.redis_url, tmp_path_factory.mktemp("var"), public_url="http://127.0.0.1"
    )
    return create_app(own)


@pytest.fixture(scope="module")
def slow_worker(application: Flask) -> Iterator[Worker]:
    """One worker with two threads."""
    made = Worker(application)
    yield made
    made.close()


@pytest.fixture(scope="module", params=["caddy", pytest.param("nginx", marks=needs_nginx)])
def door(
    request: pytest.FixtureRequest, slow_worker: Worker, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[int]:
    """The port of each door in turn."""
    folder: Path = tmp_path_factory.mktemp(request.param)
    folder.chmod(0o755)
    with (
        running_caddy(folder, slow_worker.port, {"read_header 10s": "read_header 1s"})
        if request.param == "caddy"
        else running_nginx(folder, [slow_worker.port], {"client_header_timeout 10s": "client_header_timeout 1s"})
    ) as port:
        yield port


@pytest.mark.parametrize("framing", [LENGTH, CHUNKED, LONG])
@pytest.mark.parametrize("request_line", ["POST /login", "PUT /api/v1/courses"])
def test_body_that_trickles_is_answered_and_its_connection_ends(door: int, request_line: str, framing: str) -> None:
    told = trickle(door, request_line, framing, "Accept: text/html")

    assert told.status == 408, told
    assert_told(told.head, told.body, 408, "Too slow", is_program="/api/" in request_line)
    assert GRACE_S <= told.after_s < GRACE_S + 7
    assert told.closed_s is not None
    assert told.closed_s < GRACE_S + 10


def test_upload_that_trickles_is_answered(door: int) -> None:
    told = trickle(door, "POST /login", UPLOAD, is_enough=True)

    assert_told(told.head, told.body, 408, "Too slow", is_program=False)
    assert GRACE_S <= told.after_s < GRACE_S + 7


@pytest.mark.parametrize("request_line", ["POST /login", "POST /api/v1/courses"])
def test_body_that_stops_is_answered_and_its_connection_ends(door: int, request_line: str) -> None:
    told = trickle(door, request_line, LENGTH, pieces=iter([b"{"]))

    assert told.status == 408, told
    assert_told(told.head, told.body, 408, "Too slow", is_program="/api/" in request_line)
    assert told.closed_s is not None


def test_head_that_trickles_ends(door: int) -> None:
    with socket.create_connection(("127.0.0.1", door), 30) as connection:
        connection.sendall(b"GET /login HTTP/1.1\r\nHost: 127.0.0.1\r\nX-Slow: ")
        began = time.monotonic()
        with pytest.raises(ConnectionError):
            while time.monotonic() < began + 15:
                connection.sendall(b"x")
                time.sleep(0.1)
    assert time.monotonic() < began + 15


def test_big_upload_passes(door: int) -> None:
    is_there, _took = upload(door, 10_000_000)

    assert is_there


def test_upload_on_a_slow_line_has_more_time_than_a_body_that_trickles(door: int) -> None:
    is_there, took = upload(door, 7_000_000, pieces_s=0.1, piece=200_000)

    assert is_there
    assert took > 2 * GRACE_S


def test_connection_that_is_kept_between_requests_does_not_end_with_them(door: int) -> None:
    with begin(door, "PUT /echo", "Content-Length: 3") as connection:
        connection.sendall(b"one")
        assert b"200 OK" in connection.recv(65536)
        time.sleep(GRACE_S + 2)

        connection.sendall(b"PUT /echo HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Length: 3\r\n\r\ntwo")

        assert b"200 OK" in connection.recv(65536)


def test_two_hundred_half_bodies_hold_nobody_up(door: int, slow_worker: Worker) -> None:
    halves = [begin(door, "POST /login", LONG) for _ in range(200)]

    found = [upload(door, 100) for _ in range(20)]

    assert all(is_there for is_there, _took in found)
    assert max(took for _is_there, took in found) < GRACE_S
    with ThreadPoolExecutor(50) as pool:
        answers = list(pool.map(lambda half: half.recv(65536), halves))
    for half in halves:
        half.close()
    assert {answer[:12] for answer in answers} == {b"HTTP/1.1 408"}
    until(lambda: len(slow_worker.server.active_channels) < 10)


def test_full_worker_gives_up_who_has_sent_for_the_longest(application: Flask, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(body_time, "GRACE_S", 60.0)
    full = Worker(application, connections=20)
    try:
        first = begin(full.port, "POST /login", LENGTH)
        until(lambda: len(full.server.active_channels) == 1)
        halves = [begin(full.port, "POST /login", LENGTH) for _ in range(40)]

        assert first.recv(65536).startswith(b"HTTP/1.1 408")
        assert upload(full.port, 100)[0]
        # Those who came last are listened to.
        halves[-1].sendall(b"x" * 1000)
        assert halves[-1].recv(65536).startswith(b"HTTP/1.1 400")
        for half in [first, *halves]:
            half.close()
    finally:
        full.close()


def test_full_worker_answers_who_has_begun_another_request(application: Flask) -> None:
    is_over = threading.Event()
    full = Worker(application, connections=20, until=is_over)
    try:
        first = begin(full.port, "GET /wait")
        first.sendall(b"GET /ec")
        until(lambda: full.waiting == 1)
        halves = [begin(full.port, "POST /login", LENGTH) for _ in range(40)]
        assert halves[0].recv(65536).startswith(b"HTTP/1.1 408")
        is_over.set()

        assert first.recv(65536).startswith(b"HTTP/1.1 200")
        for half in [first, *halves]:
            half.close()
    finally:
        is_over.set()
        full.close()


def test_time_of_a_request_begins_when_the_one_before_is_answered(application: Flask) -> None:
    is_over = threading.Event()
    worker = Worker(application, until=is_over)
    try:
        with begin(worker.port, "GET /wait") as connection:
            connection.sendall(b"PUT /echo HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Length: 3\r\n\r\no")
            late = trickle(worker.port, "POST /login", LENGTH, pieces=iter([]))
            is_over.set()
            answers = _answer(connection)
            connection.sendall(b"ne")
            answers += _answer(connection)
    finally:
        is_over.set()
        worker.close()

    assert late.status == 408
    assert answers.count(b"HTTP/1.1 200") == 2, answers


def _answer(connection: socket.socket) -> bytes:
    found = b""
    while not is_whole(found) and (piece := connection.recv(65536)):
        found += piece
    return found


def test_half_bodies_take_so_much_of_a_worker_and_no_more(application: Flask, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(body_time, "GRACE_S", 60.0)
    monkeypatch.setattr(late_bodies, "HELD_BYTES", 1_000_000)
    worker = Worker(application)
    try:
        halves = [begin(worker.port, "POST /login", "Content-Length: 700000") for _ in range(3)]
        for half in halves[:2]:
            half.sendall(b"x" * 600_000)

        answers = [half.recv(65536) for half in halves[:1]]

        assert answers[0].startswith(b"HTTP/1.1 408")
        assert upload(worker.port, 100)[0]
        for half in halves:
            half.close()
    finally:
        worker.close()
