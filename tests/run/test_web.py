"""The front door and the workers behind it: people don't see that a worker died."""

import contextlib
import http.client
import os
import signal
import socket
import threading
from collections import Counter
from collections.abc import Callable
from urllib.error import HTTPError
from urllib.request import Request, urlopen

import psutil
import psycopg2
import pytest

from tests.sites import START_S, LiveSite, until

# A lab's web server that nobody has: the gateway refuses it.
NOBODYS = "/live/ports/00000000-0000-4000-8000-000000000000/8000/no-ticket/"


@pytest.fixture(scope="module")
def live_server(make_live_server: Callable[..., LiveSite]) -> LiveSite:
    """The running product, with hosts for the web servers of its labs."""
    return make_live_server(LAB_PORTS_HOST="*.labs.localhost")


def workers(site: LiveSite) -> list[psutil.Process]:
    """Return the workers themselves: copies of the process that imported the application."""
    parents = [
        process for process in psutil.Process(site.processes["web"].pid).children() if "cli.worker" in process.cmdline()
    ]
    return [worker for parent in parents for worker in parent.children()]


def status(site: LiveSite, path: str, **headers: str) -> int:
    try:
        with urlopen(Request(site.url + path, headers=headers), timeout=60) as response:
            return int(response.status)
    except HTTPError as error:
        return error.code


def is_replaced(site: LiveSite, killed: int) -> bool:
    alive = {worker.pid for worker in workers(site)}
    return killed not in alive and len(alive) == int(site.environ["WEB_CONCURRENCY"])


def test_killed_worker_is_invisible(live_server: LiveSite) -> None:
    answers: Counter[int] = Counter()
    is_over = threading.Event()

    def visit() -> None:
        while not is_over.is_set():
            answers[status(live_server, "/healthz")] += 1

    visitors = [threading.Thread(target=visit) for _ in range(4)]
    for visitor in visitors:
        visitor.start()
    for _ in range(3):
        victim = workers(live_server)[0].pid
        os.kill(victim, signal.SIGKILL)
        until(lambda killed=victim: is_replaced(live_server, killed))
    is_over.set()
    for visitor in visitors:
        visitor.join()

    assert set(answers) == {200}
    assert answers[200] > 20


@pytest.mark.parametrize("part", ["cli.worker", "gateway", "caddy"])
def test_killed_part_comes_back(live_server: LiveSite, part: str) -> None:
    parent = psutil.Process(live_server.processes["web"].pid)
    victim = next(child for child in parent.children() if any(part in word for word in child.cmdline()))

    victim.kill()

    until(lambda: any(part in " ".join(child.cmdline()) for child in parent.children() if child.pid != victim.pid))
    # A part starts again as slowly as the site does on a busy machine.
    until(lambda: healthy(live_server), START_S)


def healthy(site: LiveSite) -> bool:
    """Say whether a worker answers, and the gateway, each through the door."""
    try:
        return status(site, "/healthz") == 200 and status(site, NOBODYS) == 403
    except OSError:
        return False


def test_body_that_is_too_big_stops_at_the_door(live_server: LiveSite) -> None:
    connection = http.client.HTTPConnection("127.0.0.1", live_server.settings.port, timeout=60)
    # The door answers before it has read it all, and then takes no more.
    with contextlib.suppress(BrokenPipeError, ConnectionResetError):
        connection.request("POST", "/login", body=b"x" * 30_000_000)

    assert connection.getresponse().status == 413


@pytest.mark.parametrize("host", ["", f"8000-{'0' * 32}.labs.localhost"])
def test_body_for_a_labs_web_server_passes_the_door_however_big_it_is(live_server: LiveSite, host: str) -> None:
    path = "/" if host else NOBODYS
    connection = http.client.HTTPConnection("127.0.0.1", live_server.settings.port, timeout=60)
    with contextlib.suppress(BrokenPipeError, ConnectionResetError):
        connection.request("POST", path, body=b"x" * 12_000_000, headers={"Host": host} if host else {})

    # The gateway's own words: it knows neither the ticket nor the cookie.
    assert connection.getresponse().status == 403


def test_another_host_gets_421_at_the_door_whatever_it_asks_for(live_server: LiveSite) -> None:
    paths = ("/", "/api/v1/courses", "/static/css/base.css", "/live/labs")
    foreign = {path: status(live_server, path, Host="evil.example") for path in paths}

    assert set(foreign.values()) == {421}
    assert status(live_server, "/", Host=f"8000-{'0' * 32}.evil.example") == 421
    assert status(live_server, "/login", Host=f"localhost:{live_server.settings.port}") == 200
    assert status(live_server, "/readyz", Host="10.1.2.3:2026") == 200


def test_scripts_and_styles_are_kept_for_good_when_they_have_a_version(live_server: LiveSite) -> None:
    plain = urlopen(f"{live_server.url}/static/css/tokens.css", timeout=60)
    versioned = urlopen(f"{live_server.url}/static/css/tokens.css?v=1", timeout=60)

    assert plain.headers["Cache-Control"] == "no-cache"
    assert "immutable" in versioned.headers["Cache-Control"]
    assert plain.headers["X-Content-Type-Options"] == "nosniff"


@pytest.mark.parametrize("path", ["/static/../config.py", "/static/%2e%2e/config.py", "/static/.hidden"])
def test_nothing_but_static_files_is_served(live_server: LiveSite, path: str) -> None:
    connection = http.client.HTTPConnection("127.0.0.1", live_server.settings.port, timeout=60)
    connection.request("GET", path)

    assert connection.getresponse().status == 404


def test_clients_cannot_choose_request_ids_at_the_outermost_door(live_server: LiveSite) -> None:
    response = urlopen(
        Request(f"{live_server.url}/healthz", headers={"X-Request-ID": "chosen-by-a-client"}), timeout=10
    )

    assert response.headers["X-Request-ID"] != "chosen-by-a-client"
    assert "Server" not in response.headers


def test_request_under_way_is_answered_when_the_site_ends(make_live_server: Callable[..., LiveSite]) -> None:
    site = make_live_server()
    answers: list[int] = []
    visitor = threading.Thread(target=lambda: answers.append(status(site, "/courses")))
    with contextlib.closing(psycopg2.connect(libpq_url(site))) as holder, holder.cursor() as cursor:
        cursor.execute("LOCK TABLE courses IN ACCESS EXCLUSIVE MODE")
        visitor.start()
        until(lambda: someone_waits(cursor))

        site.processes["web"].send_signal(signal.SIGTERM)
        until(lambda: not takes_connections(site))
        holder.rollback()

        visitor.join(10)
    assert answers == [200]
    assert site.processes["web"].wait(60) == 0


def libpq_url(site: LiveSite) -> str:
    return site.settings.database_url.replace("+psycopg2", "")


def someone_waits(cursor: psycopg2.extensions.cursor) -> bool:
    cursor.execute("SELECT count(*) FROM pg_locks WHERE NOT granted AND relation = 'courses'::regclass")
    return bool(cursor.fetchone()[0])


def takes_connections(site: LiveSite) -> bool:
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", site.settings.port)) == 0
