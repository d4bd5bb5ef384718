"""Fixtures that give tests a real Nomad: `nomad`, which all tests of a run share, and `make_nomad` for one's own.

Both skip, saying what isn't tried, where there is no Nomad. The shared one is started by who needs it first and ended
by the process that owns the engines; tests purge the jobs that they made.
"""

import fcntl
import pickle
import secrets
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from tests.engines import Engines
from tests.nomad.agents import Cluster, missing
from tests.nomad.configuration import Options
from tests.nomad.images import Image
from tests.nomad.images import vm_image as find_image


def require_nomad() -> None:
    """Skip the test, loudly, where there can be no Nomad."""
    if reason := missing():
        pytest.skip(reason)


@pytest.fixture(scope="session")
def nomad(engines: Engines) -> Cluster:
    """One server with one client for the whole run, with exec, raw_exec, qemu and mock_driver."""
    require_nomad()
    # Labs of raw_exec run as their students, who must reach their homes in there.
    engines.folder.chmod(0o711)
    folder = engines.folder / "nomad-shared"
    record = engines.folder / "nomad.pickle"
    with (engines.folder / "nomad.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not record.exists():
            cluster = Cluster.make(folder, Options())
            cluster.start()
            record.write_bytes(pickle.dumps(cluster))
    found: Cluster = pickle.loads(record.read_bytes())
    return found


@pytest.fixture(scope="session")
def vm_image() -> Image:
    """A small virtual machine: kernel and initrd."""
    return find_image()


@pytest.fixture
def make_nomad(engines: Engines) -> Iterator[Callable[..., Cluster]]:
    """Start clusters of the test's own: `make_nomad(clients=2, acl=True, ttl_s=2)`; see Options."""
    require_nomad()
    clusters: list[Cluster] = []

    def make(**options: Any) -> Cluster:
        cluster = Cluster.make(engines.folder / f"nomad-{secrets.token_hex(4)}", Options(**options))
        clusters.append(cluster)
        cluster.start()
        return cluster

    yield make
    for cluster in clusters:
        cluster.end()
