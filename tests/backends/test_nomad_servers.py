"""The way to several servers: which one is asked, what counts as no answer, and when nobody is asked."""

import http.server
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field
from http import HTTPStatus

import pytest

from backends.base import BackendUnavailable
from backends.nomad import servers as module
from backends.nomad.servers import Refused, Servers
from tests.engines import site_settings
from tests.sites import free_port, until


@dataclass
class Server:
    """A server that answers what a test says."""

    status: int = HTTPStatus.OK
    text: str = "[]"
    asked: list[str] = field(default_factory=list)
    address: str = ""


@pytest.fixture
def make_server() -> Iterator[type[Server]]:
    listening: list[http.server.ThreadingHTTPServer] = []

    def make(status: int = HTTPStatus.OK, text: str = "[]") -> Server:
        made = Server(status, text)

        class Handler(http.server.BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                made.asked.append(self.path)
                self.send_response(made.status)
                self.send_header("Content-Length", str(len(made.text)))
                self.end_headers()
                self.wfile.write(made.text.encode())

            def log_message(self, *_arguments: object) -> None:
                pass

        server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        threading.Thread(target=server.serve_forever).start()
        listening.append(server)
        made.address = f"http://127.0.0.1:{server.server_address[1]}"
        return made

    yield make
    for server in listening:
        server.shutdown()
        server.server_close()


def servers_at(tmp_path, *addresses: str) -> Servers:
    settings = site_settings(
        "postgresql://nobody@localhost/none", "redis://localhost", tmp_path, nomad_addr=",".join(addresses)
    )
    return Servers(settings)


def dead() -> str:
    return f"http://127.0.0.1:{free_port()}"


def test_a_dead_server_is_passed_over_and_the_next_one_is_kept_to(make_server, tmp_path):
    good = make_server()
    servers = servers_at(tmp_path, dead(), good.address)

    first, second = servers.call("get", "nodes").json(), servers.ask(lambda client: client.jobs.get_jobs())

    assert (first, second) == ([], [])
    assert servers.address == good.address
    assert len(good.asked) == 2


@pytest.mark.parametrize(
    ("status", "text"),
    [(500, "No cluster leader"), (500, "rpc error: failed to get conn: EOF"), (503, ""), (404, "No path to node")],
)
def test_a_server_that_cannot_serve_now_is_passed_over(make_server, tmp_path, status, text):
    ill, good = make_server(status, text), make_server()
    servers = servers_at(tmp_path, ill.address, good.address)

    assert servers.call("get", "nodes").json() == []
    assert (len(ill.asked), len(good.asked)) == (1, 1)


def test_a_no_of_the_cluster_is_the_no_of_all_its_servers(make_server, tmp_path):
    servers = servers_at(tmp_path, make_server(404, "job not found").address, make_server().address)

    with pytest.raises(Refused, match="404"):
        servers.call("get", "job/none")


def test_each_server_that_fails_is_named_with_its_reason(make_server, tmp_path):
    ill, gone = make_server(500, "No cluster leader"), dead()
    servers = servers_at(tmp_path, gone, ill.address)

    with pytest.raises(BackendUnavailable) as caught:
        servers.call("get", "nodes")

    assert str(caught.value).startswith(f"{gone} doesn't answer")
    assert str(caught.value).endswith(f"{ill.address} can't serve: No cluster leader")


def test_a_cluster_that_is_down_is_left_alone_until_one_call_has_found_it_back(make_server, tmp_path, monkeypatch):
    monkeypatch.setattr(module, "FIRST_PAUSE_S", 0.3)
    ill = make_server(503, "")
    servers = servers_at(tmp_path, ill.address)

    def is_answered() -> bool:
        try:
            return servers.call("get", "nodes").json() == []
        except BackendUnavailable:
            return False

    assert [is_answered() for _ in range(20)] == [False] * 20
    assert len(ill.asked) == module.TRIPS_AT
    ill.status, ill.text = HTTPStatus.OK, "[]"
    until(is_answered)
    assert is_answered()
    assert len(ill.asked) == module.TRIPS_AT + 2
