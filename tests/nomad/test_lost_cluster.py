"""The stream of events that is cut, and a cluster whose servers have lost everything: indexes begin anew."""

import shutil
import threading
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from backends import BackendUnavailable, Change
from extensions import db as database
from models import LabSession, utcnow
from models.lab_session import ENDED, QUEUED, RUNNING
from services import timelines
from services.labs import clusters
from services.saves import store
from tests.nomad.agents import Cluster
from tests.nomad.stages import Stage, staged
from tests.scheduler.test_process import eventually, fresh
from tests.sites import until

pytestmark = pytest.mark.long

WITHIN_S = 60.0


@pytest.fixture
def stage(committed_db: Any, make_nomad: Callable[..., Cluster]) -> Iterator[Stage]:
    with staged(committed_db, make_nomad(ttl_s=10)) as made:
        yield made


class Listener:
    """Follows the stream in a thread, as the tick does."""

    def __init__(self, stage: Stage, since: int) -> None:
        self.told: list[Change] = []
        self.fault: BackendUnavailable | None = None
        self._over = threading.Event()
        self._stream = stage.backend.follow(since, self._over.is_set)
        self._thread = threading.Thread(target=self._listen, daemon=True)
        self._thread.start()

    def _listen(self) -> None:
        try:
            self.told.extend(self._stream)
        except BackendUnavailable as error:
            self.fault = error

    def heard(self) -> bool:
        return bool(self.told)


def nothing_of_old(stage: Stage) -> None:
    """Take the servers' data away while they are down, and what a client keeps of its membership."""
    stage.cluster.server.kill()
    for client in stage.cluster.clients:
        client.kill()
    shutil.rmtree(stage.cluster.server.data)
    for client in stage.cluster.clients:
        shutil.rmtree(client.data / "client")
    stage.cluster.start()


def test_a_stream_that_is_cut_is_a_fault_and_the_next_one_looks_at_everything(stage: Stage) -> None:
    listener = Listener(stage, 0)
    until(listener.heard)

    stage.cluster.server.kill()
    until(lambda: listener.fault is not None)
    stage.cluster.server.start(stage.cluster.server)
    stage.cluster.wait_ready()
    # Further than this cluster ever was, as after a restore.
    again = Listener(stage, 1_000_000)
    until(again.heard)
    until(lambda: any(change == Change("", change.index) and change.index < 1_000_000 for change in again.told), 40)

    assert again.told[0] == Change("", 1_000_000)


def test_a_cluster_that_lost_everything_ends_labs_with_a_reason_and_takes_new_ones(stage: Stage) -> None:
    with stage.scheduler():
        found = stage.ask(stage.cast.bob)
        eventually(lambda: fresh(found).state == RUNNING, stage.log, WITHIN_S)
        stage.do(found, "echo precious > work")
        found.save_requested_at = utcnow()
        database.session.commit()
        eventually(lambda: fresh(found).saved_at is not None, stage.log, WITHIN_S)
        clusters.note_event_index(stage.settings.instance, 1_000_000)
        database.session.commit()

        nothing_of_old(stage)
        waits = stage.ask(stage.cast.alice)
        eventually(lambda: fresh(found).state == ENDED, stage.log, WITHIN_S)

        assert (found.reason, len(store.of(found.user_id, found.lab_id))) == ("lost", 1)
        assert [event.kind for event in timelines.of(found.id)].count("lost") == 1
        assert fresh(waits).state in (QUEUED, "starting", RUNNING)
        again: LabSession = stage.ask(stage.cast.bob)
        eventually(lambda: fresh(again).state == fresh(waits).state == RUNNING, stage.log, WITHIN_S)
        assert stage.do(again, "cat work") == "precious\n"
        assert set(stage.jobs()) == {again.job_id, waits.job_id}
        # The place in the stream is one of the new cluster.
        eventually(lambda: known_index(stage) < 1_000_000, stage.log, WITHIN_S)


def known_index(stage: Stage) -> int:
    database.session.rollback()
    return clusters.event_index(stage.settings.instance)
