"""Warm machines that can't be had, die, or lose their scheduler: no student and no machine is lost."""

from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import select

from backends import BackendUnavailable, NoRoom, Observed, StartFailed
from extensions import db as database
from models import WarmLab, utcnow
from models.cluster import WARM_READY, WARM_STARTING
from models.lab_session import QUEUED, RUNNING, STARTING
from scheduler.ticks import reconcile
from scheduler.ticks.starts import starter
from scheduler.ticks.stops import stopper
from services.labs import lifecycle, repairs, warm_stock
from tests.capacity.conftest import LIMITS, click, states, want, warmed
from tests.factories import Cast
from tests.scheduler.scripted import ScriptedBackend


@pytest.mark.parametrize("fault", [NoRoom("memory: 3 of 3 nodes full"), StartFailed("There is no such image.")])
def test_a_warm_machine_that_cannot_be_had_is_not_asked_for_again_at_once(
    cast: Cast, backend: ScriptedBackend, keep: Any, fault: Exception
) -> None:
    want(cast.lab, 2)
    backend.faults = [fault]

    assert keep() == []

    assert [name for name, _job in backend.calls] == ["start", "stop"]


def test_a_warm_start_that_fails_is_tried_again_later(cast: Cast, backend: ScriptedBackend, keep: Any) -> None:
    want(cast.lab, 1)
    backend.faults = [BackendUnavailable("away")]

    assert keep() == [WARM_STARTING]

    row = database.session.scalars(select(WarmLab)).one()
    assert row.tries == 1 and row.retry_at is not None
    row.retry_at = utcnow()
    database.session.commit()
    assert keep() == [WARM_READY]


def test_a_warm_start_whose_scheduler_died_is_done_again(cast: Cast, backend: ScriptedBackend, keep: Any) -> None:
    want(cast.lab, 1)
    lost = warmed(cast.lab, WARM_STARTING, leased_until=utcnow() - timedelta(minutes=1))

    assert keep() == [WARM_READY]

    assert list(backend.jobs) == [lost.job_id]


def test_one_given_up_while_it_starts_leaves_no_machine(cast: Cast, backend: ScriptedBackend, keep: Any) -> None:
    want(cast.lab, 1)

    def shrink(name: str, _job: str) -> None:
        if name == "start":
            want(cast.lab, 0)
            warm_stock.drain(utcnow())
            database.session.commit()

    backend.before = shrink

    assert (keep(), backend.jobs) == ([], {})


def test_a_scheduler_killed_between_adoption_and_start_costs_the_student_seconds(
    cast: Cast, settings: Any, backend: ScriptedBackend, keep: Any, start: Any
) -> None:
    want(cast.lab, 1)
    keep()
    (job_id,) = backend.jobs
    found = click(cast.lab)
    killed = ScriptedBackend(before=_die)
    with pytest.raises(SystemExit):
        starter(settings, killed, LIMITS)()
    database.session.rollback()
    between = found.state, found.job_id, states()

    # Meanwhile the machine is known to be the session's, so nobody clears it away.
    assert reconcile.survey("test", backend) == []
    found.claimed_at = found.leased_until = utcnow() - timedelta(minutes=1)
    database.session.commit()
    start()

    assert between == (STARTING, job_id, [])
    assert (found.state, found.job_id, found.is_warm) == (RUNNING, job_id, True)
    assert backend.specs[job_id].session_id == str(found.id)


def _die(_name: str, _job: str) -> None:
    raise SystemExit


def test_an_adopted_machine_that_cannot_be_reached_is_left_for_one_of_its_own(
    cast: Cast, backend: ScriptedBackend, start: Any
) -> None:
    row = warmed(cast.lab)
    backend.jobs[row.job_id] = Observed(row.job_id, "", "running")
    found = click(cast.lab)
    backend.faults = [BackendUnavailable("the node is gone")]

    start()
    after_fault = found.state, found.tries
    found.retry_at = utcnow()
    database.session.commit()
    start()

    assert after_fault == (QUEUED, 1)
    assert (found.state, found.is_warm) == (RUNNING, False)
    assert found.job_id == f"lab-shell-first-lab-{found.user.handle}-{found.id.hex[:8]}"
    # What the warm one left is nobody's, and is gone before another one starts.
    assert list(backend.jobs) == [found.job_id]


def test_a_reset_of_an_adopted_machine_gives_one_of_its_own(cast: Cast, backend: ScriptedBackend, start: Any) -> None:
    row = warmed(cast.lab)
    backend.jobs[row.job_id] = Observed(row.job_id, "", "running")
    found = click(cast.lab)
    start()
    warm_job = found.job_id

    lifecycle.reset(found, now=utcnow())
    database.session.commit()
    while stopper(backend)():
        pass
    start()

    assert found.state == RUNNING and found.job_id not in (warm_job, "")
    assert (found.is_warm, list(backend.jobs)) == (False, [found.job_id])


def test_warm_machines_are_no_orphans(cast: Cast, backend: ScriptedBackend, keep: Any) -> None:
    want(cast.lab, 2)
    keep()

    assert reconcile.survey("test", backend) == []
    assert repairs.is_wanted(next(iter(backend.jobs)))
    assert {row.state for row in repairs.known()} == {repairs.WARM}


def test_a_warm_machine_whose_job_died_is_forgotten_and_replaced(
    cast: Cast, backend: ScriptedBackend, keep: Any
) -> None:
    want(cast.lab, 1)
    keep()
    (job_id,) = backend.jobs
    backend.jobs.clear()

    for repair in reconcile.survey("test", backend):
        reconcile.carry_out(backend, repair)

    assert states() == []
    assert keep() == [WARM_READY] and list(backend.jobs) != [job_id]


def test_losing_a_machine_that_was_adopted_meanwhile_ends_nobody(cast: Cast, start: Any) -> None:
    row = warmed(cast.lab)
    repair = repairs.Repair("lose", row.job_id, None, "lost")
    found = click(cast.lab)
    start()

    assert not repairs.lose(repair, utcnow())
    assert found.state == RUNNING


def test_the_first_and_only_one_gets_a_machine_that_two_want(cast: Cast) -> None:
    row = warmed(cast.lab)
    job_id = row.job_id

    assert [warm_stock.adopt(cast.lab.id, utcnow()) for _ in range(2)] == [job_id, None]
