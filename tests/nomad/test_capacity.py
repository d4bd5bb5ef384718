"""Warm machines, full nodes and counted capacity on a real Nomad."""

from collections.abc import Iterator
from typing import Any

import pytest
from sqlalchemy import select

from backends import Backend
from backends.makers import make_backend
from config import Settings
from extensions import db as database
from models import LabSession, WarmLab, utcnow
from models.cluster import WARM_READY
from models.lab_session import QUEUED, RUNNING
from reasons import ENGLISH, text
from scheduler.ticks import capacity, reconcile
from scheduler.ticks.starts import starter
from scheduler.ticks.stops import stopper
from scheduler.ticks.warm import warmer
from services import timelines
from services.capacity import warm_plans
from services.capacity.order import Limits
from services.capacity.warm_plans import Plan
from services.labs import clusters, document, lifecycle
from tests.capacity.conftest import click
from tests.factories import Cast
from tests.nomad.agents import Cluster


@pytest.fixture
def on_nomad(settings: Settings, nomad: Cluster) -> Settings:
    # An instance of its own: other tests use the same cluster.
    values = {"lab_backend": "nomad", "nomad_addr": [nomad.url], "nomad_token": nomad.token, "instance": "capacity"}
    return settings.model_copy(update=values)


@pytest.fixture
def limits(on_nomad: Settings) -> Limits:
    return Limits(10, 2, instance=on_nomad.instance)


@pytest.fixture
def backend(on_nomad: Settings) -> Iterator[Backend]:
    made = make_backend(on_nomad)
    assert made is not None
    yield made
    for job in made.observe():
        made.stop(job.job_id)
    made.close()


def keep(on_nomad: Settings, backend: Backend, limits: Limits) -> list[WarmLab]:
    piece = warmer(on_nomad, backend, limits)
    while piece():
        pass
    return list(database.session.scalars(select(WarmLab).order_by(WarmLab.id)))


def test_a_warm_machine_is_the_students_in_a_moment(
    cast: Cast, on_nomad: Settings, backend: Backend, limits: Limits
) -> None:
    warm_plans.replace(cast.lab, [Plan(count=1)])
    database.session.commit()
    (kept,) = keep(on_nomad, backend, limits)
    job_id = kept.job_id
    assert kept.state == WARM_READY and job_id.startswith("lab-shell-first-lab-warm-")
    found = click(cast.lab)

    starter(on_nomad, backend, limits)()

    assert (found.state, found.job_id, found.is_warm) == (RUNNING, job_id, True)
    assert found.node != ""
    result = backend.execute(job_id, "pwd; touch mine && ls", timeout_s=10, output_limit=1000)
    assert result.exit_code == 0 and b"mine" in result.output
    # From click to running, not from the time at which the machine was made.
    waited = {line.kind: line.at for line in timelines.of(found.id)}
    assert (waited["running"] - waited["adopted"]).total_seconds() < 10
    # Refilled behind, and both known.
    (other,) = keep(on_nomad, backend, limits)
    assert other.job_id != job_id
    assert reconcile.survey("test", backend) == []


def test_a_reset_warm_machine_comes_back_under_a_name_of_its_own(
    cast: Cast, on_nomad: Settings, backend: Backend, limits: Limits
) -> None:
    warm_plans.replace(cast.lab, [Plan(count=1)])
    database.session.commit()
    keep(on_nomad, backend, limits)
    warm_plans.replace(cast.lab, [])
    found = click(cast.lab)
    starter(on_nomad, backend, limits)()
    lifecycle.reset(found, now=utcnow())
    database.session.commit()
    while stopper(backend)():
        pass

    starter(on_nomad, backend, limits)()

    assert (found.state, found.is_warm) == (RUNNING, False)
    assert [job.job_id for job in backend.observe()] == [found.job_id]
    assert f"-{found.user.handle}-" in found.job_id


def test_a_lab_for_which_no_node_has_room_waits_and_says_why(
    cast: Cast, on_nomad: Settings, backend: Backend, limits: Limits
) -> None:
    cast.lab.memory_mb = 900_000
    found: LabSession = click(cast.lab)

    starter(on_nomad, backend, limits)()

    assert (found.state, found.tries) == (QUEUED, 0)
    assert "memory" in text(found.waiting_for, ENGLISH)
    assert document.describe(found, utcnow())["waiting_for"] == found.waiting_for
    assert backend.observe() == []


def test_the_cluster_is_counted(cast: Cast, on_nomad: Settings, backend: Backend, nomad: Cluster) -> None:
    capacity.look(on_nomad.instance, backend)

    state: Any = clusters.state(on_nomad.instance)
    assert [node["is_ready"] for node in state.nodes] == [True] * len(nomad.clients)
    assert state.cpu_mhz > 0 and state.memory_mb > 0 and state.down_since is None
    # An agent of these tests has the drivers of the system, and no Docker.
    assert all(node["disk_mb"] > 0 and "exec" in node["templates"] for node in state.nodes)
    assert all("docker" not in node["templates"] for node in state.nodes)
