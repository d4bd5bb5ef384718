"""Parts of a real cluster that die, leave and come back under labs: no orphan, no second lab, no untrue session."""

import contextlib
from collections.abc import Callable, Iterator
from typing import Any

import psutil
import pytest

from extensions import db as database
from models import LabSession, utcnow
from models.lab_session import ENDED, QUEUED, RUNNING
from reasons import Code, Reason
from services import timelines
from services.capacity import holdings
from services.labs import clusters, lifecycle
from services.saves import store
from tests.nomad import remains
from tests.nomad.agents import Agent, Cluster
from tests.nomad.stages import Stage, staged
from tests.scheduler.test_process import eventually, fresh

pytestmark = pytest.mark.long

WITHIN_S = 60.0


@pytest.fixture
def stage(committed_db: Any, make_nomad: Callable[..., Cluster]) -> Iterator[Stage]:
    cluster = make_nomad(clients=2, ttl_s=2)
    with staged(committed_db, cluster) as made, made.scheduler():
        yield made


def start(stage: Stage, *people: Any) -> list[LabSession]:
    """Let people click, wait for their labs, and start something in each that must go on."""
    found = [stage.ask(who) for who in people]
    for one in found:
        eventually(lambda one=one: fresh(one).state == RUNNING, stage.log, WITHIN_S)
        stage.do(one, f"echo of {one.user.handle} > work")
    return found


def client_of(stage: Stage, lab_session: LabSession) -> Agent:
    (client,) = [client for client in stage.cluster.clients if client.name == lab_session.node]
    return client


def programs_of(cluster: Cluster) -> set[int]:
    """Return the programs that hold the cluster's labs."""
    found = set()
    for pid in remains.working_below(cluster.folder):
        with contextlib.suppress(psutil.Error):
            if "YURT_AGENT" in " ".join(psutil.Process(pid).cmdline()):
                found.add(pid)
    return found


def settled(stage: Stage, *sessions: LabSession) -> bool:
    """Say whether each session that hasn't ended has its job, and nothing else is there."""
    wanted = {one.job_id: "running" for one in sessions if fresh(one).state == RUNNING}
    return all(one.state in (RUNNING, ENDED) for one in sessions) and stage.jobs() == wanted


def are_alone(stage: Stage) -> bool:
    """Say whether each lab has one program that holds it, and nobody else has one."""
    return len(programs_of(stage.cluster)) == len(stage.jobs())


def test_labs_outlive_servers_and_clients_and_tell_what_became_of_their_machine(stage: Stage) -> None:
    cluster, cast = stage.cluster, stage.cast
    bob, alice = start(stage, cast.bob, cast.alice)
    # What was done in them by a program beside it has ended.
    eventually(lambda: are_alone(stage), stage.log, WITHIN_S)
    programs = programs_of(cluster)
    (dana,) = start(stage, cast.dana)

    # The server dies: labs go on, who comes now waits and reads why, and so does who stops one.
    cluster.server.kill()
    charlie = stage.ask(cast.charlie)
    lifecycle.stop(dana, reason="user", now=utcnow())
    database.session.commit()
    eventually(lambda: fresh(dana).waiting_for == holdings.DOWN, stage.log, WITHIN_S)
    eventually(lambda: is_down(stage), stage.log, WITHIN_S)
    # A start that was under way keeps its slot, for its job may be there.
    eventually(lambda: fresh(charlie).state == QUEUED or charlie.waiting_for == holdings.DOWN, stage.log, WITHIN_S)
    assert programs <= programs_of(cluster)
    cluster.server.start(cluster.server)
    eventually(lambda: fresh(dana).state == ENDED, stage.log, WITHIN_S)
    assert (dana.reason, len(store.of(dana.user_id, dana.lab_id))) == ("user", 1)
    eventually(lambda: settled(stage, bob, alice, charlie), stage.log, WITHIN_S)
    assert [one.state for one in (bob, alice, charlie)] == [RUNNING] * 3
    assert [stage.do(one, "cat work") for one in (bob, alice)] == ["of bob\n", "of alice\n"]

    # A client dies and comes back: its labs were never away.
    client = client_of(stage, bob)
    client.kill()
    client.start(cluster.server)
    cluster.wait_ready()
    eventually(lambda: settled(stage, bob, alice, charlie), stage.log, WITHIN_S)
    assert [one.state for one in (bob, alice)] == [RUNNING] * 2
    assert (programs <= programs_of(cluster), stage.do(bob, "cat work")) == (True, "of bob\n")

    # It is taken out of service: its labs go to the other one, with the work in them.
    drain(cluster, client, "-enable")
    eventually(lambda: fresh(bob).state == RUNNING and bob.node != client.name, stage.log, WITHIN_S)
    eventually(lambda: settled(stage, bob, alice, charlie), stage.log, WITHIN_S)
    assert (stage.do(bob, "cat work"), bob.node != client.name) == ("of bob\n", True)
    leaves = Reason(Code.NODE_LEAVING, node=client.name)
    assert leaves in [timelines.reason_of(event.kind, event.detail) for event in timelines.of(bob.id)]
    drain(cluster, client, "-disable")

    # The other one is lost, and its labs end and say why; what comes back with it is wanted by nobody.
    other = client_of(stage, bob)
    other.kill()
    eventually(lambda: fresh(bob).state == ENDED, stage.log, WITHIN_S)
    eventually(lambda: settled(stage, bob, alice, charlie), stage.log, WITHIN_S)
    assert (bob.reason, bob.detail) == ("lost", Reason(Code.MACHINE_AWAY, node=other.name))
    other.start(cluster.server)
    cluster.wait_ready()
    eventually(lambda: settled(stage, bob, alice, charlie) and are_alone(stage), stage.log, WITHIN_S)
    (again,) = start(stage, cast.bob)
    assert stage.do(again, "cat work") == "of bob\n"


def drain(cluster: Cluster, client: Agent, switch: str) -> None:
    """Take a node out of service as operators do, or back."""
    (node_id,) = [node["ID"] for node in cluster.request("GET", "/v1/nodes") if node["Name"] == client.name]
    told = cluster.command("node", "drain", switch, "-yes", *(["-detach"] if switch == "-enable" else []), node_id)
    assert told.returncode == 0, told.stderr


def is_down(stage: Stage) -> bool:
    """Say whether the platform knows that the cluster doesn't answer."""
    database.session.rollback()
    state = clusters.state(stage.settings.instance)
    return state is not None and state.down_since is not None
