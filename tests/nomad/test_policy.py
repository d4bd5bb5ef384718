"""The ACL policy that operators are told to give Yurt: enough for all that it does, and no line too much."""

import asyncio
import contextlib
import re
import secrets
import urllib.error
from collections.abc import Iterator

import pytest

from backends.base import BackendError, LabSpec
from backends.nomad import NomadBackend
from config import ROOT
from tests.engines import site_settings
from tests.nomad.agents import Cluster

pytestmark = pytest.mark.long

POLICY = (ROOT / "deploy" / "nomad" / "policy.hcl").read_text()
CAPABILITIES = re.findall(r'^    "([a-z-]+)",', POLICY, re.MULTILINE)


def use_it_all(backend: NomadBackend) -> None:
    """Do once what Yurt does; raise where the cluster doesn't let it."""
    digits = secrets.token_hex(4)
    job_id = f"lab-a-b-bob-{digits}"
    spec = LabSpec(job_id, "test", f"{digits}-0000", "a", "b", "bob", digits, memory_mb=64, cpu_mhz=50)
    backend.start(spec)
    assert backend.execute(job_id, "echo done", timeout_s=10, output_limit=100).output == b"done\n"
    assert [job.job_id for job in backend.observe()] == [job_id]
    assert job_id in backend.usage([job_id])
    assert [node.is_ready for node in backend.capacity() or []] == [True]
    assert next(iter(backend.follow(1, lambda: False))) is not None
    asyncio.run(look(backend, job_id))
    backend.stop(job_id)
    assert backend.status(job_id) is None


async def look(backend: NomadBackend, job_id: str) -> None:
    """Open a terminal and see a prompt."""
    terminal = await backend.attach(job_id, columns=80, rows=24)
    seen = b""
    async with asyncio.timeout(60):
        while b"$ " not in seen:
            seen += await terminal.read()
    await terminal.close()
    await backend.leave()


def token_of(cluster: Cluster, name: str, rules: str) -> str:
    """Make a policy, and return the secret of a token that has it alone."""
    cluster.request("POST", f"/v1/acl/policy/{name}", {"Name": name, "Rules": rules})
    made = cluster.request("POST", "/v1/acl/token", {"Name": name, "Type": "client", "Policies": [name]})
    return str(made["SecretID"])


def without(capability: str) -> str:
    """Return the policy without one of its lines."""
    if capability == "node":
        return POLICY[: POLICY.index("node {")]
    return POLICY.replace(f'    "{capability}",', "   ")


def test_the_policy_is_enough_and_each_line_of_it_is_needed(make_nomad, tmp_path):
    cluster = make_nomad(acl=True)
    cluster.request("POST", "/v1/namespace/labs", {"Name": "labs"})
    with backend_of(cluster, token_of(cluster, "yurt", POLICY), tmp_path) as backend:
        use_it_all(backend)

    assert len(CAPABILITIES) == 6
    too_much = []
    for capability in [*CAPABILITIES, "node"]:
        with backend_of(cluster, token_of(cluster, f"no-{capability}", without(capability)), tmp_path) as backend:
            try:
                use_it_all(backend)
                too_much.append(capability)
            except BackendError as error:
                # Whoever reads the log knows what to look at.
                assert "Permission denied" in str(error), capability
            except AssertionError:
                pass  # a list that is empty
        for job in cluster.request("GET", "/v1/jobs?namespace=labs"):
            cluster.purge(job["ID"], "labs")
    assert too_much == []


def test_the_policy_says_nothing_of_other_namespaces(make_nomad):
    cluster = make_nomad(acl=True)
    cluster.request("POST", "/v1/namespace/others", {"Name": "others"})
    token = token_of(cluster, "yurt", POLICY)

    for path in ("/v1/jobs?namespace=others", "/v1/acl/tokens", "/v1/operator/raft/configuration", "/v1/vars"):
        try:
            found = cluster.request("GET", path, token=token)
        except urllib.error.HTTPError as error:
            assert error.code == 403
        else:
            assert found == []


@contextlib.contextmanager
def backend_of(cluster: Cluster, token: str, tmp_path) -> Iterator[NomadBackend]:
    """Give Yurt's way into the cluster with that token."""
    settings = site_settings(
        "postgresql://nobody@localhost/none",
        "redis://localhost",
        tmp_path,
        lab_backend="nomad",
        nomad_addr=cluster.url,
        nomad_token=token,
        nomad_namespace="labs",
        instance="test",
    )
    backend = NomadBackend(settings)
    yield backend
    backend.close()
