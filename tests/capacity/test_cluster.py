"""What the scheduler writes about the cluster, and what follows from it."""

from typing import Any

import pytest
from sqlalchemy import update

from backends import BackendUnavailable, Node
from backends.nomad import observe
from extensions import db as database
from models import ClusterState
from models.cluster import WARM_READY
from reasons import Code, Reason
from scheduler.ticks import capacity
from services.capacity import holdings
from services.labs import clusters
from tests.capacity.conftest import INSTANCE, NOW, click, cluster, runs, warmed
from tests.factories import Cast
from tests.scheduler.scripted import ScriptedBackend

AWAY = Reason(Code.CALL_FAILED, said="no server answers")
NODES = [
    Node("one", cpu_mhz=4000, memory_mb=8192, cpu_taken_mhz=1000, memory_taken_mb=1024),
    Node("two", cpu_mhz=4000, memory_mb=8192, is_ready=False, detail="draining"),
]


class Away(ScriptedBackend):
    """A cluster that doesn't answer."""

    def capacity(self) -> list[Node] | None:
        raise BackendUnavailable(AWAY)


def counted(nodes: list[Node] | None) -> ClusterState:
    backend = ScriptedBackend()
    backend.nodes = nodes
    capacity.look(INSTANCE, backend)
    state = clusters.state(INSTANCE)
    assert state is not None
    return state


def test_only_ready_nodes_count_and_without_what_others_took(cast: Cast) -> None:
    state = counted(NODES)

    assert (state.cpu_mhz, state.memory_mb, state.down_since) == (3000, 7168, None)
    assert [(node["name"], node["detail"]) for node in state.nodes] == [("one", ""), ("two", "draining")]
    assert state.seen_at is not None


def test_a_node_tells_its_disk_and_which_labs_it_runs() -> None:
    resources = {"Cpu": {"CpuShares": 4000}, "Memory": {"MemoryMB": 8192}, "Disk": {"DiskMB": 50_000}}
    drivers = {"exec": {"Detected": True, "Healthy": True}, "qemu": {"Detected": True, "Healthy": False}, "java": None}
    found = {"ID": "1", "Name": "one", "Status": "ready", "SchedulingEligibility": "eligible", "Drivers": drivers}
    reserved = {"Disk": {"DiskMB": 1000}}
    theirs = {"NodeID": "1", "JobID": "x", "ClientStatus": "running"}
    allocs = [{**theirs, "AllocatedResources": {"Shared": {"DiskMB": 300}, "Tasks": {"x": {}}}}]
    needed = {"exec": {"exec"}, "docker": {"docker"}, "qemu": {"qemu", "exec"}}

    seen = observe.node({**found, "NodeResources": resources, "ReservedResources": reserved}, allocs, set(), needed)

    assert (seen.disk_mb, seen.disk_taken_mb, seen.templates) == (49_000, 300, ("exec",))


def test_a_backend_that_does_not_count_limits_nothing(cast: Cast) -> None:
    counted(NODES)
    counted(None)

    held = holdings.holdings(INSTANCE)
    assert (held.cluster_cpu_mhz, held.cluster_memory_mb) == (0, 0)


def test_a_cluster_that_goes_away_is_down_since_then_and_up_again_when_it_answers(cast: Cast) -> None:
    counted(NODES)
    for _ in range(2):
        with pytest.raises(BackendUnavailable):
            capacity.look(INSTANCE, Away())
        down = clusters.state(INSTANCE)
        assert down is not None and down.down_since is not None
        first = down.down_since
    again = clusters.state(INSTANCE)
    # What it had is still known, for those who plan.
    assert again is not None and (again.down_since, again.cpu_mhz, again.detail) == (first, 3000, AWAY)

    assert counted(NODES).down_since is None


def test_the_place_in_the_stream_of_events_is_left_alone(cast: Cast) -> None:
    cluster(event_index=0)
    database.session.execute(update(ClusterState).values(event_index=4711))
    database.session.commit()

    assert counted(NODES).event_index == 4711


def test_pages_of_those_who_wait_hear_that_the_cluster_is_down(cast: Cast, app: Any) -> None:
    found = click(cast.lab)
    ear = app.extensions["yurt_redis"].pubsub(ignore_subscribe_messages=True)
    ear.subscribe(f"yurt:live:lab:{found.id}")
    ear.get_message(timeout=1)

    with pytest.raises(BackendUnavailable):
        capacity.look(INSTANCE, Away())

    message = ear.get_message(timeout=5)
    ear.close()
    assert message is not None and str(found.id) in message["data"].decode()


def test_the_gauges_show_what_there_is_and_what_is_held(cast: Cast) -> None:
    runs(cast.lab, NOW)
    warmed(cast.lab, WARM_READY)

    counted(NODES)

    assert capacity.CPU.labels("total")._value.get() == 3000
    assert capacity.CPU.labels("held")._value.get() == 400
    assert capacity.MEMORY.labels("held")._value.get() == 512
    assert [capacity.HELD.labels(kind)._value.get() for kind in ("session", "warm")] == [1, 1]
    assert [capacity.NODES.labels(ready)._value.get() for ready in ("true", "false")] == [1, 1]
