"""What is to be saved or stopped while the cluster doesn't answer: nothing is given up, and nobody has to ask again.

Nor does what waits for one machine keep others from theirs.
"""

import pytest

from backends import NoWay, Observed
from extensions import db as database
from models import utcnow
from models.lab_session import ENDED, QUEUED, RUNNING, STOPPING
from scheduler.ticks import saves as saves_tick
from scheduler.ticks.saves import saver
from services.capacity import holdings
from services.labs import document as lab_document
from services.labs import lifecycle
from tests.scheduler.scripted import ScriptedBackend
from tests.scheduler.test_saves import AWAY, Ask, backend_of, kinds, saved, stop, tick


class AwayBackend(ScriptedBackend):
    """The same cluster while none of its servers answers."""

    def __init__(self, backend: ScriptedBackend) -> None:
        super().__init__()
        self.jobs = backend.jobs

    def status(self, job_id: str) -> Observed | None:
        raise AWAY

    def _called(self, name: str, job_id: str) -> None:
        raise AWAY


@pytest.mark.parametrize("reason", ["user", "idle", "age", "admin"])
def test_a_stop_waits_for_a_cluster_that_is_away_and_is_carried_out_as_soon_as_it_is_back(
    running: Ask, reason: str
) -> None:
    found = running()
    backend = backend_of(found, work=b"done")
    away = AwayBackend(backend)
    stop(found, reason)

    tick(away, found, times=10)
    while_away = found.state, found.tries, found.save_error, found.waiting_for
    document = lab_document.describe(found, utcnow())
    tick(backend, found)

    assert while_away == (STOPPING, 0, None, holdings.DOWN)
    assert document["waiting_for"] == holdings.DOWN
    assert (found.state, found.reason, found.waiting_for, len(saved(found))) == (ENDED, reason, None, 1)
    assert kinds(found)[-5:] == ["stopping", "saving", "waiting", "saved", "stopped"]


def test_a_machine_that_is_saved_waits_for_the_cluster_to_end_it(running: Ask) -> None:
    found = running()
    backend = backend_of(found, work=b"done")
    away = AwayBackend(backend)
    backend.stop = away.stop  # type: ignore[method-assign]
    backend.status = away.status  # type: ignore[method-assign]
    stop(found)

    tick(backend, found, times=3)
    while_away = found.state, found.tries, found.waiting_for, len(saved(found))
    del backend.stop, backend.status
    tick(backend, found)

    assert while_away == (STOPPING, 0, holdings.DOWN, 1)
    assert (found.state, found.waiting_for, len(saved(found))) == (ENDED, None, 1)


def test_a_reset_that_waited_for_the_cluster_does_not_wait_for_it_in_the_queue(running: Ask) -> None:
    found = running()
    backend = backend_of(found)
    lifecycle.reset(found, utcnow())
    database.session.commit()

    tick(AwayBackend(backend), found, times=2)
    tick(backend, found)

    assert (found.state, found.waiting_for, len(saved(found))) == (QUEUED, None, 1)


def test_a_save_that_was_asked_for_waits_for_the_cluster(running: Ask) -> None:
    found = running()
    backend = backend_of(found, work=b"done")
    found.save_requested_at = utcnow()
    database.session.commit()

    for at in (AwayBackend(backend), AwayBackend(backend), backend):
        found.retry_at = None
        database.session.commit()
        saver(at)()
        database.session.refresh(found)

    assert (found.state, found.save_error, found.save_requested_at, len(saved(found))) == (RUNNING, None, None, 1)


@pytest.mark.parametrize("reason", ["user", "age", "admin"])
def test_a_stop_waits_for_a_machine_to_which_the_cluster_has_lost_its_way(running: Ask, reason: str) -> None:
    found = running()
    backend = backend_of(found, work=b"done")
    backend.faults = [NoWay("session shutdown") for _ in range(20)]
    stop(found, reason)

    tick(backend, found, times=20)
    meanwhile = found.state, found.tries, found.save_error, found.waiting_for
    tick(backend, found)

    assert meanwhile == (STOPPING, 0, None, holdings.DOWN)
    assert (found.state, found.reason, len(saved(found))) == (ENDED, reason, 1)


def test_who_has_waited_long_for_a_busy_machine_lets_others_have_the_worker(
    running: Ask, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(saves_tick, "SOON_S", -1.0)
    found = running()
    backend = backend_of(found, work=b"done")
    backend.faults = [AWAY]
    stop(found)

    tick(backend, found)
    after_one = found.state, found.tries, len(backend.calls)
    tick(backend, found)

    assert after_one == (STOPPING, 1, 1)
    assert (found.state, len(saved(found))) == (ENDED, 1)
