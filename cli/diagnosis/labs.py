"""The cluster below the labs: whether it answers, what the token may do, and whether nodes run the courses' labs."""

import contextlib
import re
import time
from collections.abc import Iterator
from datetime import datetime
from typing import Any

from sqlalchemy import select
from sqlalchemy.exc import SQLAlchemyError

from backends import BackendError, BackendUnavailable, Node
from backends.nomad import NomadBackend
from backends.nomad.servers import Servers
from cli.diagnosis.findings import Finding, fault, left, note, well
from config import ROOT, Settings
from extensions import db
from models import Lab
from services import plain

POLICY = ROOT / "deploy" / "nomad" / "policy.hcl"
CAPABILITY = re.compile(r'^ +"([a-z-]+)",', re.MULTILINE)
# The first that ends a lab at its longest life by itself.
OLDEST = (2, 0, 3)
# What a coarse word of a policy, and an older capability, stand for.
ALL = "write"
OLDER = {"register-job": "submit-job", "purge-job": "submit-job"}
SOON_S = 14 * 86_400


def look(settings: Settings) -> Iterator[Finding]:
    """Look at the backend that LAB_BACKEND names."""
    if settings.lab_backend == "off":
        yield left("backend", "labs are off", "LAB_BACKEND=nomad, see “Labs on Nomad” in docs/operations.md")
        return
    if settings.lab_backend == "local":
        said = "labs are shells on this very machine"
        yield (
            well("backend", said)
            if settings.is_demo
            else note("backend", said, "LAB_BACKEND=nomad for people you don't know")
        )
        return
    backend = NomadBackend(settings)
    try:
        yield from _cluster(settings, backend)
    finally:
        backend.close()


def _cluster(settings: Settings, backend: NomadBackend) -> Iterator[Finding]:
    try:
        leader = backend.servers.call("get", "status/leader").json()
    except BackendUnavailable as error:
        yield fault("reached", str(error), "nomad server members; then mend NOMAD_ADDR or the servers")
        return
    where = plain.sentence(backend.servers.address)
    yield (
        well("reached", f"{where}, led by {leader}")
        if leader
        else fault("reached", f"{where} has no leader", "nomad server members")
    )
    if where.startswith("http://"):
        yield note("TLS", f"{where} is asked in clear, with the token", "https:// in NOMAD_ADDR, and NOMAD_CACERT")
    yield from _token(settings, backend.servers)
    try:
        stubs: list[dict[str, Any]] = backend.servers.call("get", "nodes").json()
        nodes = backend.capacity() or []
    except BackendError as error:
        yield fault("nodes", str(error), f"nomad acl policy apply yurt {POLICY.relative_to(ROOT)}")
        return
    yield from _versions(stubs)
    yield from _nodes(settings, nodes)


def _token(settings: Settings, servers: Servers) -> Iterator[Finding]:
    if not settings.nomad_token:
        yield note("token", "none: whoever reaches Nomad may do everything", "nomad acl bootstrap, and NOMAD_TOKEN")
        return
    make = "nomad acl token create -name yurt -policy yurt -type client"
    try:
        token = servers.call("get", "acl/token/self").json()
    except BackendError as error:
        yield fault("token", str(error), make)
        return
    if token.get("Type") == "management":
        yield note("token", "a management token, which may do everything on the cluster", make)
        return
    yield from _expiry(token, make)
    if token.get("Roles"):
        yield left("rights", "they come from roles, which the token may not read")
        return
    has, may_read_nodes = _rights(servers, token.get("Policies") or [], settings.nomad_namespace)
    wanted = [*CAPABILITY.findall(POLICY.read_text())]
    wanted += ["alloc-node-exec"] if settings.lab_exec_driver == "raw_exec" else []
    lacking = [right for right in wanted if not {right, OLDER.get(right, right), ALL} & has]
    lacking += [] if may_read_nodes else ["node: read"]
    if lacking:
        apply = f"nomad acl policy apply yurt {POLICY.relative_to(ROOT)}"
        yield fault(
            "rights", f"in the namespace {settings.nomad_namespace} the token lacks {', '.join(lacking)}", apply
        )
    else:
        yield well("rights", f"all {len(wanted) + 1} that labs need, in the namespace {settings.nomad_namespace}")


def _expiry(token: dict[str, Any], make: str) -> Iterator[Finding]:
    if not token.get("ExpirationTime"):
        yield well("token", "a client's, which doesn't expire")
        return
    remaining = datetime.fromisoformat(token["ExpirationTime"]).timestamp() - time.time()
    said = f"it expires in {remaining / 86_400:.0f} days"
    yield note("token", said, make) if remaining < SOON_S else well("token", said)


def _rights(servers: Servers, policies: list[str], namespace: str) -> tuple[set[str], bool]:
    """Return the capabilities that policies give in a namespace, and whether they let nodes be read."""
    has: set[str] = set()
    may_read_nodes = False
    for name in policies:
        with contextlib.suppress(BackendError):
            rules = servers.call("get", f"acl/policy/{name}").json().get("RulesJSON") or {}
            may_read_nodes |= (rules.get("Node") or {}).get("Policy") in ("read", ALL)
            for part in rules.get("Namespaces") or []:
                pattern = ".*".join(map(re.escape, str(part.get("Name")).split("*")))
                if re.fullmatch(pattern, namespace):
                    has |= {*(part.get("Capabilities") or []), str(part.get("Policy") or "")}
    return has, may_read_nodes


def _versions(stubs: list[dict[str, Any]]) -> Iterator[Finding]:
    versions = {str(stub.get("Version") or "0") for stub in stubs}
    old = sorted(version for version in versions if _numbers(version) < OLDEST)
    if old:
        wanted = ".".join(map(str, OLDEST))
        yield fault(
            "version", f"nodes run Nomad {', '.join(old)}", f"upgrade Nomad to {wanted} or newer, servers first"
        )
    elif versions:
        yield well("version", f"Nomad {', '.join(sorted(versions))}")


def _numbers(version: str) -> tuple[int, ...]:
    return tuple(int(number) for number in re.findall(r"\d+", version)[:3])


def _nodes(settings: Settings, nodes: list[Node]) -> Iterator[Finding]:
    where = f"the node pool {settings.lab_node_pool} and the datacenters {', '.join(settings.lab_datacenters)}"
    ready = [node for node in nodes if node.is_ready]
    if not ready:
        yield fault("nodes", f"none is ready in {where}", "nomad node status; LAB_NODE_POOL, LAB_DATACENTERS")
        return
    away = [f"{node.name} ({node.detail})" for node in nodes if not node.is_ready]
    said = f"{len(ready)} of {len(nodes)} ready in {where}"
    yield note("nodes", f"{said}; {', '.join(away)}", "nomad node status") if away else well("nodes", said)
    try:
        used = set(db.session.scalars(select(Lab.template).distinct()))
    except SQLAlchemyError:
        yield left("drivers", "which labs there are is in PostgreSQL, which doesn't answer")
        return
    runs = {template: sum(node.templates is None or template in node.templates for node in ready) for template in used}
    if nowhere := sorted(template for template, count in runs.items() if not count):
        yield fault(
            "drivers",
            f"no ready node runs labs of {', '.join(nowhere)}",
            "nomad node status -verbose NODE; see “What a node needs” in docs/operations.md",
        )
    else:
        words = ", ".join(f"{template} on {count}" for template, count in sorted(runs.items()))
        yield well("drivers", words or "no course has labs yet")
