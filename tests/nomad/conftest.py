"""A running site on the shared Nomad, with the demo in it, and bob at a browser."""

import secrets
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from playwright.sync_api import Page

from backends.base import LabSpec
from backends.nomad import NomadBackend
from cli.demo import load_demo
from tests.backends.conftest import nomad_settings
from tests.journey.student import SignedIn, Student
from tests.nomad.agents import Cluster
from tests.sites import LiveSite


def backend_of(site: LiveSite, cluster: Cluster) -> NomadBackend:
    """Return a backend that sees the site's jobs."""
    settings = nomad_settings(cluster, "exec")
    return NomadBackend(settings.model_copy(update={"instance": site.settings.instance}))


def site_environ(cluster: Cluster) -> dict[str, str]:
    """Return what makes a site run its labs on the cluster."""
    return {**cluster.environ, "LAB_BACKEND": "nomad"}


@pytest.fixture(scope="module")
def nomad_site(nomad: Cluster, make_live_server: Callable[..., LiveSite]) -> Iterator[LiveSite]:
    site = make_live_server(**site_environ(nomad))
    with site.app.app_context():
        load_demo()
    yield site
    if "scheduler" in site.processes:
        site.kill("scheduler")
    backend = backend_of(site, nomad)
    for job in backend.observe():
        backend.stop(job.job_id)
    backend.close()


@pytest.fixture(scope="module")
def signed_in(nomad_site: LiveSite) -> SignedIn:
    return SignedIn(nomad_site)


@pytest.fixture
def bob(signed_in: SignedIn, page: Page) -> Student:
    return signed_in.student("bob", page)


@pytest.fixture
def backend(nomad: Cluster) -> Iterator[NomadBackend]:
    """Labs of an instance of the test's own."""
    made = NomadBackend(nomad_settings(nomad, "exec"))
    yield made
    for job in made.observe():
        made.stop(job.job_id)
    made.close()


@pytest.fixture
def make_lab(backend: NomadBackend) -> Callable[..., LabSpec]:
    """Start labs of bob's."""

    def make(**changes: Any) -> LabSpec:
        digits = secrets.token_hex(4)
        values: dict[str, Any] = {
            "job_id": f"lab-linux-files-bob-{digits}",
            "instance": backend.instance,
            "session_id": f"{digits}-0000-4000-8000-000000000000",
            "course": "linux",
            "lab": "files",
            "handle": "bob",
            "home_key": f"7-{int(digits, 16)}",
            **changes,
        }
        spec = LabSpec(**values)
        backend.start(spec)
        return spec

    return make
