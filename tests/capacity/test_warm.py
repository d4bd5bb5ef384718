"""Machines that are kept warm: made, given to students, given up, and never lost."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import select

from extensions import db as database
from models import Lab, WarmLab, utcnow
from models.cluster import WARM_READY, WARM_STARTING, WARM_STOPPING
from models.lab_session import QUEUED, RUNNING, STARTING
from scheduler.backends import BackendUnavailable, NoRoom, Observed, StartFailed
from scheduler.ticks import reconcile
from scheduler.ticks.starts import starter
from scheduler.ticks.stops import stopper
from scheduler.ticks.warm import keeper
from services import lab_places, lab_repairs, labs, timelines, warm, warm_labs
from services.lab_queue import Limits
from services.warm import Plan
from tests.capacity.conftest import INSTANCE, NOW, click, cluster, runs, warmed
from tests.factories import Cast
from tests.scheduler.scripted import ScriptedBackend

LIMITS = Limits(total=5, user=2)


@pytest.fixture
def backend() -> ScriptedBackend:
    return ScriptedBackend()


@pytest.fixture
def keep(settings: Any, cast: Cast, backend: ScriptedBackend) -> Callable[..., list[str]]:
    """Work until nothing is to do; return the states of what is warm."""

    def work(limits: Limits = LIMITS) -> list[str]:
        piece = keeper(settings, backend, limits)
        for _ in range(30):
            if not piece():
                return states()
        raise AssertionError("the tick never comes to rest")

    return work


@pytest.fixture
def start(settings: Any, backend: ScriptedBackend) -> Callable[[], bool]:
    return lambda: starter(settings, backend, LIMITS)()


def states() -> list[str]:
    database.session.expire_all()
    return list(database.session.scalars(select(WarmLab.state).order_by(WarmLab.id)))


def want(lab: Lab, count: int) -> None:
    warm.replace(lab, [Plan(count=count)])
    database.session.commit()


def test_what_is_wanted_is_started_for_nobody(cast: Cast, backend: ScriptedBackend, keep: Any) -> None:
    want(cast.lab, 2)

    assert keep() == [WARM_READY] * 2

    spec = next(iter(backend.specs.values()))
    assert spec.job_id.startswith("lab-shell-first-lab-warm-")
    assert (spec.is_warm, spec.session_id, spec.handle) == (True, "", "warm")
    assert spec.max_life_s > cast.lab.max_life_minutes * 60


def test_a_student_whose_lab_fits_no_machine_keeps_nothing_from_being_warm(
    cast: Cast, other_lab: Lab, settings: Any, backend: ScriptedBackend, keep: Any
) -> None:
    node = {"name": "one", "cpu_mhz": 4000, "memory_mb": 4096, "cpu_taken_mhz": 0, "memory_taken_mb": 0}
    nodes = [{**node, "is_ready": True, "detail": ""}] * 2
    cluster(cpu_mhz=8000, memory_mb=8192, nodes=nodes)
    limits = Limits(total=5, user=2, instance=INSTANCE)
    other_lab.memory_mb = 6000
    found = click(other_lab)
    want(cast.lab, 2)

    assert keep(limits) == [WARM_READY] * 2

    assert not starter(settings, backend, limits)()
    assert found.state == QUEUED and keep(limits) == [WARM_READY] * 2


def test_a_lab_without_a_machine_of_its_kind_costs_no_warm_machine_and_says_why(
    cast: Cast, other_lab: Lab, settings: Any, backend: ScriptedBackend, keep: Any
) -> None:
    node = {"name": "one", "cpu_mhz": 4000, "memory_mb": 4096, "cpu_taken_mhz": 0, "memory_taken_mb": 0}
    cluster(cpu_mhz=4000, memory_mb=4096, nodes=[{**node, "is_ready": True, "detail": "", "templates": ["exec"]}])
    limits = Limits(total=5, user=2, instance=INSTANCE)
    other_lab.template = "docker"
    want(cast.lab, 2)
    assert keep(limits) == [WARM_READY] * 2
    found = click(other_lab)

    assert not starter(settings, backend, limits)()

    assert found.state == QUEUED and keep(limits) == [WARM_READY] * 2
    place = lab_places.everybody(limits, NOW)[found.id]
    assert place.words == "no machine that there is can run labs of this kind"


def test_a_click_takes_a_warm_machine_and_another_one_takes_its_place(
    cast: Cast, backend: ScriptedBackend, keep: Any, start: Any
) -> None:
    want(cast.lab, 1)
    keep()
    (job_id,) = backend.jobs
    found = click(cast.lab)

    start()

    assert (found.state, found.job_id, found.is_warm) == (RUNNING, job_id, True)
    assert backend.specs[job_id].session_id == str(found.id) and not backend.specs[job_id].is_warm
    assert [line.kind for line in timelines.of(found.id)] == ["queued", "claimed", "adopted", "placed", "running"]
    assert states() == []
    assert keep() == [WARM_READY]


def test_a_warm_machine_of_another_lab_is_nobodys(cast: Cast, other_lab: Lab, start: Any) -> None:
    warmed(other_lab)
    found = click(cast.lab)

    start()

    assert (found.state, found.is_warm, states()) == (RUNNING, False, [WARM_READY])


def test_a_machine_that_only_starts_is_not_adopted(cast: Cast, start: Any) -> None:
    warmed(cast.lab, WARM_STARTING)
    found = click(cast.lab)

    start()

    assert (found.state, found.is_warm) == (RUNNING, False)


def test_no_warm_machine_takes_a_place_from_somebody_who_waits(cast: Cast, other_lab: Lab, keep: Any) -> None:
    want(cast.lab, 2)
    waiting = click(other_lab)

    assert keep() == []

    labs.stop(waiting, reason="user", now=utcnow())
    database.session.commit()
    assert keep() == [WARM_READY] * 2


def test_somebody_at_their_own_limit_keeps_no_machine_cold(cast: Cast, other_lab: Lab, keep: Any) -> None:
    runs(cast.lab, user=cast.bob)
    click(other_lab, user=cast.bob)
    want(cast.lab, 1)

    assert keep(Limits(total=5, user=1)) == [WARM_READY]


def test_warm_machines_stay_within_the_limits(cast: Cast, keep: Any) -> None:
    runs(cast.lab)
    want(cast.lab, 30)

    assert keep(Limits(total=4, user=2)) == [WARM_READY] * 3


def test_a_warm_machine_goes_for_a_student_who_has_no_place(
    cast: Cast, other_lab: Lab, backend: ScriptedBackend, keep: Any, start: Any
) -> None:
    want(other_lab, 5)
    keep()
    found = click(cast.lab)

    nobody_yet = start()
    going = sorted(states())
    keep()
    start()

    assert not nobody_yet
    assert going == [WARM_READY] * 4 + [WARM_STOPPING]
    assert (found.state, len(backend.jobs), states()) == (RUNNING, 5, [WARM_READY] * 4)


def test_fewer_wanted_ones_are_drained(cast: Cast, backend: ScriptedBackend, keep: Any) -> None:
    want(cast.lab, 4)
    keep()

    want(cast.lab, 1)
    assert keep() == [WARM_READY]

    assert len(backend.jobs) == 1
    warm.replace(cast.lab, [])
    database.session.commit()
    assert (keep(), backend.jobs) == ([], {})


@pytest.mark.parametrize("change", [{"memory_mb": 300}, {"setup_script": "touch new"}, {"max_life_minutes": 30}])
def test_whoever_clicks_right_after_a_change_gets_no_machine_of_before(
    cast: Cast, backend: ScriptedBackend, keep: Any, start: Any, change: dict[str, Any]
) -> None:
    want(cast.lab, 1)
    keep()
    (old,) = backend.jobs
    for name, value in change.items():
        setattr(cast.lab, name, value)
    database.session.commit()
    found = click(cast.lab)

    start()

    assert (found.state, found.is_warm) == (RUNNING, False)
    assert states() == [WARM_STOPPING]
    assert sorted(backend.jobs) == sorted([old, found.job_id])


def test_a_change_that_comes_while_a_machine_is_made_makes_it_nobodys(
    cast: Cast, backend: ScriptedBackend, keep: Any
) -> None:
    want(cast.lab, 1)
    made: list[str] = []

    def import_it(name: str, job_id: str) -> None:
        if name == "start" and not made:
            cast.lab.image = "new"
            database.session.commit()
        made.append(job_id)

    backend.before = import_it
    keep()

    first, (left,) = made[0], backend.jobs
    assert left != first and backend.specs[left].image == "new"


def test_a_machine_of_a_changed_definition_is_replaced_and_others_stay(
    cast: Cast, backend: ScriptedBackend, keep: Any
) -> None:
    want(cast.lab, 1)
    keep()
    before = list(backend.jobs)
    cast.course.version += 1
    cast.lab.title = "Another title"
    database.session.commit()
    keep()
    same = list(backend.jobs)

    cast.lab.disk_mb += 1
    database.session.commit()
    keep()

    assert same == before
    assert len(backend.jobs) == 1 and list(backend.jobs) != before


def test_a_machine_that_has_been_warm_for_long_is_replaced(cast: Cast, backend: ScriptedBackend, keep: Any) -> None:
    old = warmed(cast.lab, created_at=utcnow() - warm_labs.LONGEST)
    job_id = old.job_id
    backend.jobs[job_id] = Observed(job_id, "", "running")
    want(cast.lab, 1)

    keep()

    assert len(backend.jobs) == 1 and job_id not in backend.jobs


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
    assert row.failures == 1 and row.next_try_at is not None
    row.next_try_at = utcnow()
    database.session.commit()
    assert keep() == [WARM_READY]


def test_a_warm_start_whose_scheduler_died_is_done_again(cast: Cast, backend: ScriptedBackend, keep: Any) -> None:
    want(cast.lab, 1)
    lost = warmed(cast.lab, WARM_STARTING, claimed_at=utcnow() - timedelta(minutes=1))

    assert keep() == [WARM_READY]

    assert list(backend.jobs) == [lost.job_id]


def test_one_given_up_while_it_starts_leaves_no_machine(cast: Cast, backend: ScriptedBackend, keep: Any) -> None:
    want(cast.lab, 1)

    def shrink(name: str, _job: str) -> None:
        if name == "start":
            want(cast.lab, 0)
            warm_labs.drain(utcnow())
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
    found.claimed_at = utcnow() - timedelta(minutes=1)
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
    after_fault = found.state, found.failures
    found.next_try_at = utcnow()
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

    labs.reset(found, now=utcnow())
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
    assert lab_repairs.is_wanted(next(iter(backend.jobs)))
    assert {row.state for row in lab_repairs.known()} == {lab_repairs.WARM}


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
    repair = lab_repairs.Repair("lose", row.job_id, None, "lost")
    found = click(cast.lab)
    start()

    assert not lab_repairs.lose(repair, utcnow())
    assert found.state == RUNNING


def test_the_first_and_only_one_gets_a_machine_that_two_want(cast: Cast) -> None:
    row = warmed(cast.lab)
    job_id = row.job_id

    assert [warm_labs.adopt(cast.lab.id, utcnow()) for _ in range(2)] == [job_id, None]
