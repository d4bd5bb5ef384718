"""Machines that are kept warm: made, given to students, given up, and never lost."""

from typing import Any

from extensions import db as database
from models import Lab, utcnow
from models.cluster import WARM_READY, WARM_STARTING, WARM_STOPPING
from models.lab_session import QUEUED, RUNNING
from reasons import ENGLISH, text
from scheduler.ticks.starts import starter
from services import timelines
from services.capacity import positions, warm_plans
from services.capacity.order import Limits
from services.labs import lifecycle
from tests.capacity.conftest import INSTANCE, NOW, click, cluster, runs, states, want, warmed
from tests.factories import Cast
from tests.scheduler.scripted import ScriptedBackend


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
    place = positions.everybody(limits, NOW)[found.id]
    assert text(place.reason, ENGLISH) == "no machine that there is can run labs of this kind"


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

    lifecycle.stop(waiting, reason="user", now=utcnow())
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
    warm_plans.replace(cast.lab, [])
    database.session.commit()
    assert (keep(), backend.jobs) == ([], {})
