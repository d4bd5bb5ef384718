"""Clocks that jump: nobody loses a lab, a place or a save to one, and nothing waits for a time that was a mistake."""

import importlib
import re
from collections.abc import Callable
from datetime import datetime, time, timedelta
from typing import Any

import pytest

from config import ROOT
from extensions import db as database
from models import CheckRun, LabSession, WarmLab, utcnow
from models.cluster import WARM_READY, WARM_STARTING, WARM_STOPPING
from models.generation import GENERATION_QUEUED, GENERATION_RUNNING
from models.lab_session import ENDED, QUEUED, RUNNING, STARTING, STOPPING
from reasons import Reason
from scheduler import clock_skew
from scheduler.ticks import reconcile
from scheduler.ticks.checks import checker
from scheduler.ticks.starts import starter
from scheduler.ticks.stops import stopper
from scheduler.ticks.warm import warmer
from services import leases, timelines
from services.capacity import warm_plans
from services.capacity.order import Limits
from services.capacity.warm_plans import Plan
from services.labs import checks, claims, definitions, document, saving
from tests.factories import Cast, UserFactory
from tests.generations.stages import add_generation
from tests.scheduler.scripted import ScriptedBackend

Ask = Callable[..., LabSession]
LIMITS = Limits(50, 2)
HOUR = timedelta(hours=1)


def at_another_time(monkeypatch: pytest.MonkeyPatch, by: timedelta) -> None:
    """Set the clock of the scheduler."""
    for module in ("starts", "stops", "saves", "checks", "warm", "reconcile", "lease_renewals"):
        monkeypatch.setattr(f"scheduler.ticks.{module}.utcnow", lambda: utcnow() + by)


def all_ticks(settings: Any, backend: ScriptedBackend) -> None:
    """Let a scheduler do whatever is due."""
    reconcile.reconciler(settings, backend)()
    for work in (starter(settings, backend, LIMITS), stopper(backend), warmer(settings, backend, LIMITS)):
        while work():
            pass
    checker(backend)()


@pytest.mark.parametrize("by", [HOUR, timedelta(minutes=3)])
def test_claims_of_a_clock_that_was_ahead_are_taken_over(ask: Ask, cast: Cast, settings: Any, by: timedelta) -> None:
    ahead = utcnow() + by
    waiting = ask(retry_at=ahead)
    starting = ask(cast.alice, state=STARTING, claimed_at=ahead, leased_until=ahead + timedelta(seconds=20))
    stopping = ask(cast.dana, state=STOPPING, started_at=ahead, reason="user", retry_at=ahead)
    backend = ScriptedBackend()

    all_ticks(settings, backend)

    assert [found.state for found in (waiting, starting, stopping)] == [RUNNING, RUNNING, ENDED]
    assert set(backend.jobs) == {waiting.job_id, starting.job_id}


def test_machines_of_a_clock_that_was_ahead_are_made_and_given_up(cast: Cast, settings: Any) -> None:
    ahead = utcnow() + HOUR
    warm_plans.replace(cast.lab, [Plan(count=1)])
    of_now = {"lab_id": cast.lab.id, "definition": definitions.fingerprint(cast.lab), "created_at": ahead}
    going = WarmLab(job_id="lab-a", state=WARM_STOPPING, leased_until=ahead, **of_now)
    coming = WarmLab(job_id="lab-b", state=WARM_STARTING, retry_at=ahead, **of_now)
    database.session.add_all([going, coming])
    database.session.commit()

    all_ticks(settings, ScriptedBackend())

    assert [(row.job_id, row.state) for row in database.session.query(WarmLab)] == [("lab-b", WARM_READY)]


def test_a_check_of_a_clock_that_was_ahead_is_run(cast: Cast, running: Ask) -> None:
    found, ahead = running(), utcnow() + HOUR
    checks.request(found, cast.check.id, now=ahead)
    run = database.session.query(CheckRun).one()
    run.retry_at, run.tries = ahead, 1
    database.session.commit()

    clock_skew.mend(utcnow())
    database.session.commit()

    assert checks.claim(utcnow() + timedelta(minutes=1)) == run
    assert database.session.get_one(CheckRun, run.id).state == "running"


def test_a_generation_of_a_clock_that_was_ahead_goes_on_and_a_pause_that_the_server_asked_for_stays(cast: Cast) -> None:
    now = utcnow()
    held, later, asked = (
        add_generation(cast.alice, cast.course, cast.lesson, **values)
        for values in (
            {"state": GENERATION_RUNNING, "leased_until": now + HOUR},
            {"state": GENERATION_QUEUED, "retry_at": now + 2 * HOUR, "tries": 1},
            {"state": GENERATION_QUEUED, "retry_at": now + HOUR, "tries": 1},
        )
    )
    database.session.commit()

    clock_skew.mend(now)
    database.session.commit()

    assert (held.leased_until, later.retry_at) == (now, now)
    assert asked.retry_at == now + HOUR


def test_a_lab_that_started_in_the_future_is_lost_with_its_machine(running: Ask, settings: Any) -> None:
    found = running(started_at=utcnow() + HOUR, expires_at=utcnow() + 9 * HOUR)

    all_ticks(settings, ScriptedBackend())

    assert (found.state, found.reason) == (ENDED, "lost")


def test_pauses_and_claims_of_today_are_kept(ask: Ask, cast: Cast) -> None:
    now = utcnow()
    waits = ask(retry_at=now + leases.LONGEST_PAUSE)
    unsaved = ask(cast.alice, state=RUNNING, started_at=now, save_error=Reason.said("x"), retry_at=now + saving.RETRY)

    clock_skew.mend(now)
    database.session.commit()

    assert waits.retry_at == now + leases.LONGEST_PAUSE
    assert unsaved.retry_at == now + saving.RETRY


def test_every_way_to_try_again_is_known_where_clocks_are_mended() -> None:
    modules = list((ROOT / "services").rglob("*.py"))
    made = {
        (".".join(path.relative_to(ROOT).with_suffix("").parts), name)
        for path in modules
        for name in re.findall(r"^(\w+) = (?:leases\.)?Retries\(", path.read_text(), re.MULTILINE)
    }
    known = {id(retries) for kind in clock_skew.TRIED.values() for retries in kind}

    assert len(made) > 5
    for module, name in made:
        retries = getattr(importlib.import_module(module), name)
        assert id(retries) in known, f"{module}.{name} isn't in TRIED of scheduler/clock_skew.py"


def test_a_pause_as_long_as_its_kind_allows_is_kept(ask: Ask, monkeypatch: pytest.MonkeyPatch) -> None:
    now = utcnow()
    monkeypatch.setitem(clock_skew.TRIED, LabSession, (leases.Retries(longest=5 * leases.LONGEST_PAUSE),))
    waits = ask(retry_at=now + 4 * leases.LONGEST_PAUSE)

    clock_skew.mend(now)
    database.session.commit()

    assert waits.retry_at == now + 4 * leases.LONGEST_PAUSE


@pytest.mark.parametrize("by", [-HOUR, HOUR])
def test_a_clock_that_jumps_under_the_scheduler_costs_no_lab_and_no_place(
    ask: Ask, running: Ask, cast: Cast, settings: Any, monkeypatch: pytest.MonkeyPatch, by: timedelta
) -> None:
    backend = ScriptedBackend()
    works = ask(cast.alice)
    starter(settings, backend, Limits(1, 2))()
    first, second = ask(cast.bob, at=utcnow()), ask(cast.dana, at=utcnow())
    stops = ask(UserFactory(), state=STOPPING, started_at=utcnow(), reason="user")

    at_another_time(monkeypatch, by)
    reconcile.reconciler(settings, backend)()
    stopper(backend)()
    claimed = claims.claim_next(Limits(2, 2), utcnow() + by)
    database.session.commit()

    assert (works.state, stops.state) == (RUNNING, ENDED)
    assert claimed == first
    assert (second.state, list(backend.jobs)) == (QUEUED, [works.job_id])
    assert [event.kind for event in timelines.of(stops.id)].count("saved") == 1


@pytest.mark.parametrize("by", [-HOUR, HOUR])
def test_pages_make_sense_whatever_the_clock_says(ask: Ask, running: Ask, cast: Cast, by: timedelta) -> None:
    waits, works = ask(cast.bob, at=utcnow()), running(cast.alice)

    for found in (waits, works):
        told = document.describe(found, utcnow() + by)

        assert told["state"] == found.state
        assert _numbers(told) >= 0


def _numbers(value: Any) -> float:
    """Return the smallest number in a document."""
    if isinstance(value, dict):
        return min((_numbers(part) for part in value.values()), default=0.0)
    if isinstance(value, list):
        return min((_numbers(part) for part in value), default=0.0)
    return float(value) if isinstance(value, int | float) else 0.0


def test_a_timetable_follows_the_clock_wherever_it_goes() -> None:
    plan = Plan(count=24, weekday=0, begins=time(9, 55), ends=time(11))
    monday = datetime.fromisoformat("2026-03-02T10:00+00:00")

    wanted = [warm_plans.wanted([plan], 30, monday + by) for by in (timedelta(), HOUR, -HOUR, timedelta())]

    assert wanted == [24, 0, 0, 24]
