"""A cluster that wants certificates of both sides: labs over it, servers that fail, and what operators read of it."""

import asyncio
import contextlib
import http.server
import re
import secrets
import ssl
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from backends.base import BackendUnavailable, LabSpec
from backends.nomad import NomadBackend
from tests.engines import Engines, site_settings
from tests.nomad.agents import Cluster
from tests.nomad.configuration import Options, certificates
from tests.nomad.fixtures import require_nomad
from tests.nomad.test_policy import use_it_all
from tests.sites import free_port


@pytest.fixture(scope="module")
def cluster(engines: Engines) -> Iterator[Cluster]:
    require_nomad()
    made = Cluster.make(engines.folder / "nomad-tls", Options(tls=True, acl=True))
    made.start()
    yield made
    made.end()


@pytest.fixture(scope="module")
def others(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Certificates that another authority made."""
    folder = tmp_path_factory.mktemp("others")
    certificates(folder)
    return folder


@pytest.fixture
def impostor(others: Path) -> Iterator[str]:
    """The address of a server whose certificate isn't of the cluster's authority."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(others / "agent.pem", others / "agent-key.pem")
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), http.server.BaseHTTPRequestHandler)
    server.socket = context.wrap_socket(server.socket, server_side=True, do_handshake_on_connect=False)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    yield f"https://127.0.0.1:{server.server_address[1]}"
    server.shutdown()
    thread.join()
    server.server_close()


@pytest.fixture
def make(cluster: Cluster, tmp_path: Path) -> Iterator[Callable[..., NomadBackend]]:
    """Make backends with the settings that operators would write, changed as the test says."""
    made: list[NomadBackend] = []

    def backend(**changes: Any) -> NomadBackend:
        values: dict[str, Any] = {
            "lab_backend": "nomad",
            "nomad_addr": cluster.url,
            "nomad_token": cluster.token,
            "nomad_cacert": cluster.folder / "ca.pem",
            "nomad_client_cert": cluster.folder / "cli.pem",
            "nomad_client_key": cluster.folder / "cli-key.pem",
            "instance": "test",
            **changes,
        }
        settings = site_settings("postgresql://nobody@localhost/none", "redis://localhost", tmp_path, **values)
        made.append(NomadBackend(settings))
        return made[-1]

    yield backend
    for found in made:
        found.close()


@pytest.fixture
def make_lab_of() -> Iterator[Callable[[NomadBackend], str]]:
    """Start a lab of a backend; it ends with the test."""
    started: list[tuple[NomadBackend, str]] = []

    def make_lab(backend: NomadBackend) -> str:
        digits = secrets.token_hex(4)
        spec = LabSpec(f"lab-a-b-bob-{digits}", "test", f"{digits}-0000", "a", "b", "bob", digits, memory_mb=64)
        started.append((backend, spec.job_id))
        backend.start(spec)
        return spec.job_id

    yield make_lab
    for backend, job_id in started:
        backend.stop(job_id)


async def told_pid(backend: NomadBackend, job_id: str) -> bytes:
    """Return the process of the lab's shell, as soon as the lab can be reached."""
    async with asyncio.timeout(60):
        while True:
            seen = b""
            with contextlib.suppress(BackendUnavailable):
                terminal = await backend.attach(job_id, columns=80, rows=24)
                await terminal.write(b"echo shell-$$-\n")
                while not (found := re.search(rb"shell-(\d+)-", seen)):
                    seen += await terminal.read()
                await terminal.close()
                return found[1]
            await asyncio.sleep(0.5)


def test_a_lab_lives_over_certificates_of_both_sides_though_two_of_three_servers_fail(cluster, make, impostor):
    dead = f"https://127.0.0.1:{free_port()}"
    backend = make(nomad_addr=f"{dead},{impostor},{cluster.url}")

    use_it_all(backend)

    assert backend.servers.address == cluster.url


def test_a_server_that_dies_under_a_terminal_is_no_end_of_the_lab(cluster, make, make_lab_of):
    backend = make()
    job_id = make_lab_of(backend)

    async def watch() -> tuple[bytes, bytes]:
        before = await told_pid(backend, job_id)
        terminal = await backend.attach(job_id, columns=80, rows=24)
        cluster.server.kill()
        try:
            with pytest.raises(BackendUnavailable, match="broke"):
                async with asyncio.timeout(60):
                    while await terminal.read():
                        pass
        finally:
            cluster.server.start(cluster.server)
        await terminal.close()
        after = await told_pid(backend, job_id)
        await backend.leave()
        return before, after

    before, after = asyncio.run(watch())

    assert before == after


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"nomad_cacert": "{others}/ca.pem"}, "has a certificate that NOMAD_CACERT doesn't vouch for"),
        ({"nomad_cacert": None}, "has a certificate that NOMAD_CACERT doesn't vouch for"),
        (
            {"nomad_client_cert": None, "nomad_client_key": None},
            "wants a certificate of ours: NOMAD_CLIENT_CERT and NOMAD_CLIENT_KEY",
        ),
        (
            {"nomad_client_cert": "{others}/cli.pem", "nomad_client_key": "{others}/cli-key.pem"},
            "doesn't take the certificate of NOMAD_CLIENT_CERT",
        ),
        ({"nomad_addr": "http://127.0.0.1:{port}"}, "speaks TLS: write https:// in NOMAD_ADDR"),
        ({"nomad_token": "5f1c7d0e-2222-4222-8333-444455556666"}, "refuses NOMAD_TOKEN in the namespace default"),
        ({"nomad_region": "mars"}, "No path to region (NOMAD_REGION)"),
    ],
)
def test_what_is_wrong_is_said_with_the_name_of_its_setting(cluster, make, others, changes, words):
    def here(value):
        return value.format(others=others, port=cluster.server.http) if isinstance(value, str) else value

    backend = make(**{name: here(value) for name, value in changes.items()})

    with pytest.raises(BackendUnavailable) as caught:
        backend.observe()

    assert words in str(caught.value)


def test_plain_http_where_settings_say_https_is_said(nomad, make):
    backend = make(nomad_addr=nomad.url.replace("http://", "https://"))

    with pytest.raises(BackendUnavailable, match="is it http:// there"):
        backend.observe()
