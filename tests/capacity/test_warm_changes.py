"""Machines that are kept warm while their lab changes, or for long: nobody gets one of before."""

from typing import Any

import pytest

from backends import Observed
from extensions import db as database
from models import utcnow
from models.cluster import WARM_STOPPING
from models.lab_session import RUNNING
from services.labs import warm_stock
from tests.capacity.conftest import click, states, want, warmed
from tests.factories import Cast
from tests.scheduler.scripted import ScriptedBackend


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
    old = warmed(cast.lab, created_at=utcnow() - warm_stock.LONGEST)
    job_id = old.job_id
    backend.jobs[job_id] = Observed(job_id, "", "running")
    want(cast.lab, 1)

    keep()

    assert len(backend.jobs) == 1 and job_id not in backend.jobs
