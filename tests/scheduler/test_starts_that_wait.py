"""Starts that were under way when the cluster went: their jobs may be there, so they keep their slots and wait."""

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

import pytest

from backends import BackendUnavailable
from extensions import db as database
from models import ClusterState, LabSession, utcnow
from models.lab_session import ENDED, QUEUED, RUNNING, STARTING
from scheduler.ticks.starts import starter
from scheduler.ticks.stops import stopper
from services import timelines
from services.capacity import holdings
from services.capacity.order import Limits
from services.labs import clusters, lifecycle
from services.labs import document as lab_document
from services.leases import LEASE
from tests.capacity.conftest import click
from tests.factories import LabFactory
from tests.scheduler.conftest import NOW
from tests.scheduler.scripted import ScriptedBackend

AWAY = BackendUnavailable("away")
Ask = Callable[..., LabSession]
Start = Callable[[ScriptedBackend], bool]


class Unheard(ScriptedBackend):
    """Starts what it is told to, and its answer is lost: the cluster is known to be down from then on."""

    def __init__(self, instance: str) -> None:
        super().__init__()
        self.instance = instance

    def start(self, spec: Any) -> str:
        super().start(spec)
        clusters.down(self.instance, AWAY.reason, utcnow())
        database.session.commit()
        raise AWAY


@pytest.fixture
def start(settings: Any) -> Start:
    """Do a piece of the tick where one lab may run in all."""
    return lambda backend: starter(settings, backend, Limits(1, 2, instance=settings.instance))()


def is_back(instance: str) -> None:
    clusters.seen(instance, [], utcnow())
    database.session.commit()


def due(found: LabSession, at: datetime | None = None) -> None:
    found.retry_at = at or utcnow()
    database.session.commit()


def test_a_start_whose_answer_was_lost_keeps_its_slot_until_the_cluster_is_back(
    ask: Ask, start: Start, settings: Any
) -> None:
    found, other = ask(), click(LabFactory(slug="of-another-course"), NOW + timedelta(minutes=1))
    backend = Unheard(settings.instance)

    start(backend)
    while_away = found.state, found.tries, found.waiting_for, list(backend.jobs)
    document = lab_document.describe(found, utcnow())
    is_back(settings.instance)
    # It isn't due yet, however slow this machine is.
    due(found, utcnow() + timedelta(hours=1))
    passed = start(backend), other.state
    due(found)
    again = ScriptedBackend()
    again.jobs = backend.jobs
    start(again)

    assert while_away == (STARTING, 0, holdings.DOWN, [found.job_id])
    assert document["waiting_for"] == holdings.DOWN
    # Its job runs, so another one in its place would be one too many.
    assert passed == (False, QUEUED)
    assert (found.state, found.tries, found.waiting_for, other.state) == (RUNNING, 0, None, QUEUED)
    assert [event.kind for event in timelines.of(found.id)].count("waiting") == 1


def test_a_start_that_waits_for_the_cluster_is_not_tried_before_it_is_back(
    ask: Ask, start: Start, settings: Any
) -> None:
    found, backend = ask(), Unheard(settings.instance)
    start(backend)

    due(found)
    is_tried = start(backend)
    is_back(settings.instance)
    # It goes again before it has answered, and again: the page isn't told of it each time.
    for _ in range(8):
        due(found)
        start(backend)
        is_back(settings.instance)

    assert (is_tried, len(backend.calls)) == (False, 9)
    assert (found.state, found.tries) == (STARTING, 0)
    assert [event.kind for event in timelines.of(found.id)].count("waiting") == 1


def test_a_start_whose_scheduler_dies_counts_also_after_it_has_waited(ask: Ask, start: Start, settings: Any) -> None:
    found = ask(
        state=STARTING, claimed_at=utcnow() - LEASE * 2, leased_until=utcnow() - LEASE, waiting_for=holdings.DOWN
    )
    database.session.add(ClusterState(instance=settings.instance, down_since=utcnow()))
    database.session.commit()

    start(ScriptedBackend([AWAY]))

    assert (found.state, found.tries, found.waiting_for) == (STARTING, 1, holdings.DOWN)


def test_a_start_that_waits_for_the_cluster_ends_when_its_student_leaves(ask: Ask, start: Start, settings: Any) -> None:
    found, backend = ask(), Unheard(settings.instance)
    start(backend)

    lifecycle.stop(found, reason="user", now=utcnow() - timedelta(seconds=1))
    database.session.commit()
    document = lab_document.describe(found, utcnow())
    stopper(backend)()

    assert document["waiting_for"] == holdings.DOWN
    assert (found.state, found.reason, backend.jobs) == (ENDED, "user", {})
