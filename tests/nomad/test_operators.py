"""What docs/operations.md tells an operator to type, from an empty cluster to a lab by hand."""

import pytest

from config import ROOT
from tests.sites import until

FILES = ROOT / "deploy" / "nomad"
LAB = ["-namespace", "labs"]


def typed(cluster, *arguments, **more) -> str:
    """Type a command that must succeed."""
    told = cluster.command(*arguments, **more)
    assert told.returncode == 0, (arguments, told.stdout, told.stderr)
    return told.stdout


@pytest.mark.parametrize("name", ["client", "server"])
def test_the_configuration_of_an_agent_is_valid(nomad, name):
    typed(nomad, "config", "validate", str(FILES / f"{name}.hcl"))


def test_a_namespace_a_pool_a_token_and_a_lab_by_hand(make_nomad):
    cluster = make_nomad(acl=True, node_pool="labs")

    typed(cluster, "namespace", "apply", str(FILES / "namespace.hcl"))
    typed(cluster, "node", "pool", "apply", "-", input='node_pool "labs" { description = "Labs of Yurt" }')
    typed(cluster, "acl", "policy", "apply", "yurt", str(FILES / "policy.hcl"))
    typed(cluster, "acl", "token", "create", "-name", "yurt", "-policy", "yurt", "-type", "client")
    variables = ["-var", "namespace=labs", "-var", "node_pool=labs"]
    typed(cluster, "job", "run", *variables, str(ROOT / "nomad-jobs" / "exec.hcl"))
    exec_in = ["alloc", "exec", *LAB, "-i=false", "-t=false", "-job", "-task", "lab", "lab-by-hand"]
    # `job run` ends with the placement: the machine may still be starting.
    until(lambda: cluster.command(*exec_in, "/bin/bash", "-c", "true").returncode == 0, within=30)

    assert typed(cluster, *exec_in, "/bin/bash", "-c", "echo in the lab") == "in the lab\n"
    refused = cluster.command(
        "job", "run", *variables, "-var", "driver=raw_exec", str(ROOT / "nomad-jobs" / "exec.hcl")
    )
    assert "raw_exec" in refused.stdout + refused.stderr
    assert refused.returncode != 0
    typed(cluster, "job", "stop", *LAB, "-purge", "lab-by-hand")
