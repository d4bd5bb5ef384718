"""A start that takes long is its scheduler's as long as that one lives."""

import time
from datetime import timedelta
from typing import Any

import pytest

from backends import nomad
from backends.nomad.execs import BRIDGE_S
from extensions import db as database
from models import CheckRun, LabSession, utcnow
from models.cluster import WARM_READY
from models.lab_session import RUNNING, STARTING
from scheduler.ticks import lease_renewals
from scheduler.ticks.lease_renewals import LeaseKeeper
from scheduler.ticks.starts import starter
from scheduler.ticks.warm import warmer
from services import leases
from services.capacity import warm_plans
from services.capacity.order import Limits
from services.capacity.warm_plans import Plan
from services.labs import claims, warm_stock
from tests.capacity.conftest import click
from tests.capacity.test_warm import states
from tests.factories import Cast
from tests.scheduler.scripted import ScriptedBackend

LIMITS = Limits(50, 2)
LONG = timedelta(minutes=2)


def test_a_long_start_that_is_renewed_is_not_taken_over(
    cast: Cast, settings: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    found, keeper = click(cast.lab), LeaseKeeper()
    taken: list[object] = []

    def boot(name: str, _job: str) -> None:
        later = utcnow() + LONG
        monkeypatch.setattr(lease_renewals, "utcnow", lambda: later)
        keeper.renew()
        taken.append(claims.claim_lost(later))
        database.session.commit()

    starter(settings, ScriptedBackend(before=boot), LIMITS, keeper)()

    assert (taken, found.state, found.tries, found.retry_at) == ([None], RUNNING, 0, None)


def test_a_start_that_nobody_renews_any_more_is_taken_over(cast: Cast) -> None:
    found = click(cast.lab, state=STARTING, claimed_at=utcnow() - LONG, leased_until=utcnow() - LONG)
    leases.renew(LabSession, [found.id], utcnow() - timedelta(seconds=7))
    database.session.commit()

    assert claims.claim_lost(utcnow()) == found


def test_a_long_warm_start_that_is_renewed_is_not_taken_over(cast: Cast, settings: Any) -> None:
    warm_plans.replace(cast.lab, [Plan(count=1)])
    database.session.commit()
    keeper, taken = LeaseKeeper(), []

    def boot(_name: str, _job: str) -> None:
        keeper.renew()
        taken.append(warm_stock.claim_start(LIMITS, utcnow() + timedelta(seconds=5)))
        database.session.commit()

    warmer(settings, ScriptedBackend(before=boot), LIMITS, keeper)()

    assert (taken, states()) == ([None], [WARM_READY])


def test_a_check_that_takes_all_its_time_stays_in_hand(monkeypatch: pytest.MonkeyPatch) -> None:
    keeper, began = LeaseKeeper(), time.monotonic()
    # The longest that a course may ask for (docs/course-archive.md), with what a busy node adds to it.
    longest_s = 300 + nomad.MARGIN_S + BRIDGE_S

    with keeper.hold(7, CheckRun):
        monkeypatch.setattr(time, "monotonic", lambda: began + longest_s)

        assert keeper.of(CheckRun) == [7]


def test_a_call_that_never_returns_is_let_go(cast: Cast, monkeypatch: pytest.MonkeyPatch) -> None:
    found = click(cast.lab, state=STARTING, claimed_at=utcnow() - LONG, leased_until=utcnow() - LONG)
    keeper = LeaseKeeper()
    monkeypatch.setattr(lease_renewals, "LONGEST_S", 0.0)

    with keeper.hold(found.id):
        keeper.renew()

    assert claims.claim_lost(utcnow()) == found
