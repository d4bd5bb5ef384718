"""What a dead scheduler held: taken over by the next one on its host at once, by others when its lease is over."""

import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from datetime import timedelta
from typing import Any

import pytest

from extensions import db as database
from models import CheckRun, LabSession, WarmLab, utcnow
from models.cluster import WARM_STARTING
from models.lab_session import STARTING, STOPPING
from scheduler import holders
from scheduler.ticks.lease_renewals import LeaseKeeper, renewer
from services import leases
from services.capacity.order import Limits
from services.labs import checks, claims, warm_stock
from tests.factories import Cast, UserFactory

Ask = Callable[..., LabSession]


@pytest.fixture
def named() -> Iterator[None]:
    leases.hold_as(holders.name_of(os.getpid()))
    yield
    leases.hold_as("")


@pytest.fixture
def dead() -> str:
    """Name a process that was killed."""
    with subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE) as process:
        name = holders.name_of(process.pid)
        process.kill()
    return name


def test_a_process_is_known_to_be_dead_only_where_its_number_means_anything(dead: str) -> None:
    here = holders.name_of(os.getpid())
    boot, _, rest = dead.partition(" ")

    assert not holders.is_dead(here)
    assert holders.is_dead(dead)
    assert not holders.is_dead(f"another-{boot} {rest}")
    assert not holders.is_dead("")
    # The same number, but another process.
    assert holders.is_dead(f"{holders.place()} {os.getpid()} 1")


def test_a_scheduler_that_begins_takes_over_what_a_dead_one_held(cast: Cast, ask: Ask, dead: str, named: None) -> None:
    held = {"leased_until": utcnow() + leases.LEASE, "holder": dead}
    starting = ask(state=STARTING, claimed_at=utcnow(), **held)
    stopping = ask(UserFactory(), state=STOPPING, reason="user", **held)
    run = CheckRun(session_id=starting.id, check_id=cast.check.id, state="running", **held)
    warm = WarmLab(lab_id=cast.lab.id, job_id="lab-warm", state=WARM_STARTING, **held)
    database.session.add_all([run, warm])
    database.session.commit()

    renewer(LeaseKeeper())()

    now, limits = utcnow(), Limits(50, 2)
    assert claims.claim_lost(now) == starting
    assert claims.claim_stop(now) == stopping
    assert checks.claim(now) == run
    assert warm_stock.claim_start(limits, now) == warm
    assert {row.holder for row in (starting, stopping, run, warm)} == {leases.holder()}


def test_what_a_living_one_holds_is_left_to_it(ask: Ask) -> None:
    starting = ask(state=STARTING, claimed_at=utcnow(), leased_until=utcnow() + leases.LEASE)
    starting.holder = holders.name_of(os.getppid())
    database.session.commit()

    renewer(LeaseKeeper())()

    assert claims.claim_lost(utcnow()) is None


def test_what_another_one_has_taken_over_is_not_renewed(ask: Ask, named: None) -> None:
    soon = utcnow() + timedelta(seconds=1)
    starting, keeper = (
        ask(state=STARTING, claimed_at=utcnow(), leased_until=soon, holder="somebody else"),
        LeaseKeeper(),
    )

    with keeper.hold(starting.id):
        keeper.renew()

    database.session.refresh(starting)
    assert starting.leased_until == soon


def test_work_that_broke_off_is_taken_up_again_without_waiting_for_its_lease(ask: Ask, named: None) -> None:
    ask(state=STOPPING, reason="user")
    keeper = LeaseKeeper()
    claimed = claims.claim_stop(utcnow(), keeper.of(LabSession))
    database.session.commit()
    assert claimed is not None

    with pytest.raises(ConnectionError), keeper.hold(claimed.id):
        raise ConnectionError("the database restarts")
    before = claims.claim_stop(utcnow(), keeper.of(LabSession))
    keeper.renew()

    assert (before, claims.claim_stop(utcnow(), keeper.of(LabSession))) == (None, claimed)


def test_empty_hands_say_nothing(db: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    keeper = LeaseKeeper()
    monkeypatch.setattr(database.session, "commit", lambda: pytest.fail("nothing is in hand"))

    assert keeper.renew() is False
