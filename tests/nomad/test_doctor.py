"""`flask doctor` about a real cluster: its nodes, and what the token may do."""

import pytest

from cli.diagnosis import labs
from cli.diagnosis.findings import Finding
from tests.engines import site_settings
from tests.nomad.test_policy import POLICY, token_of, without

pytestmark = pytest.mark.long


def test_the_doctor_names_the_rights_that_a_token_lacks_and_the_nodes_that_are_ready(make_nomad, app, tmp_path):
    cluster = make_nomad(acl=True)
    cluster.request("POST", "/v1/namespace/labs", {"Name": "labs"})

    def found(token: str, **changes: str) -> dict[str, Finding]:
        names = {"nomad_addr": cluster.url, "nomad_token": token, "nomad_namespace": "labs", **changes}
        settings = site_settings(
            "postgresql://nobody@localhost/none", "redis://localhost", tmp_path, lab_backend="nomad", **names
        )
        return {finding.name: finding for finding in labs.look(settings)}

    enough = found(token_of(cluster, "yurt", POLICY))
    assert {name: finding.state for name, finding in enough.items() if name != "TLS"} == dict.fromkeys(
        ["reached", "token", "rights", "version", "nodes", "drivers"], "well"
    ), enough
    assert enough["TLS"].state == "note"

    lacking = found(token_of(cluster, "short", without("purge-job")))["rights"]
    assert (lacking.state, lacking.mend) == ("fault", "nomad acl policy apply yurt deploy/nomad/policy.hcl")
    assert lacking.said.endswith("lacks purge-job")
    assert found(token_of(cluster, "blind", without("node")))["rights"].said.endswith("lacks node: read")

    assert found("11111111-2222-4333-8444-555555555555")["token"].state == "fault"
    assert found(token_of(cluster, "yurt", POLICY), lab_node_pool="moon")["nodes"].state == "fault"


def test_cluster_that_is_away_is_one_fault(app, tmp_path):
    settings = site_settings(
        "postgresql://nobody@localhost/none",
        "redis://localhost",
        tmp_path,
        lab_backend="nomad",
        nomad_addr="http://127.0.0.1:1",
    )

    (finding,) = labs.look(settings)

    assert (finding.name, finding.state) == ("reached", "fault")
