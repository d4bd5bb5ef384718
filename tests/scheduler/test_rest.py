"""A scheduler at rest asks one question for all its ticks; and what is due is found by it, nudge or none."""

import threading
from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest
from prometheus_client import REGISTRY
from sqlalchemy import event

from extensions import db as database
from models import CheckRun, LabSession, LabVisit, Mail, WarmLab, utcnow
from models.cluster import WARM_STOPPING
from models.lab_session import QUEUED, RUNNING, STARTING, STOPPING
from scheduler import worker
from scheduler.lookout import Lookout
from scheduler.tick import Bell, Tick
from scheduler.ticks import make_ticks
from scheduler.worker import Workers
from services import outbox
from services.leases import LEASE
from services.quizzes import attempts
from tests.factories import make_cast
from tests.scheduler.scripted import ScriptedBackend
from tests.sites import until

SECOND = timedelta(seconds=1)


@pytest.fixture
def statements(committed_db: Any) -> Iterator[list[str]]:
    said: list[str] = []

    def note(_connection: object, _cursor: object, statement: str, *_rest: object) -> None:
        said.append(statement)

    with committed_db.app.app_context():
        engine = database.engine
    event.listen(engine, "before_cursor_execute", note)
    yield said
    event.remove(engine, "before_cursor_execute", note)


def test_a_look_is_one_statement_for_all_ticks(committed_db: Any, settings: Any, statements: list[str]) -> None:
    ticks = make_ticks(settings, ScriptedBackend(), committed_db.app.extensions["yurt_redis"])

    seen = Lookout(committed_db.app, ticks).look(utcnow())

    assert len(statements) == 1
    assert [name for name, found in seen.items() if found.due_at is not None] == []
    assert {name for name, found in seen.items() if not found.needs} == {"idleness", "usage", "warm"}


def test_whatever_has_no_interval_is_left_alone_while_nothing_is_due(
    committed_db: Any, settings: Any, statements: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    redis, done, looked = committed_db.app.extensions["yurt_redis"], [], []
    ticks = [tick for tick in make_ticks(settings, ScriptedBackend(), redis) if tick.interval_s is None]
    for tick in ticks:
        tick.work = lambda *_ring: bool(done.append(1))
    monkeypatch.setattr(worker, "POLL_S", 0.01)
    look = Lookout.look
    monkeypatch.setattr(Lookout, "look", lambda self, now: looked.append(now) or look(self, now))
    workers = Workers(committed_db.app, redis, ticks)

    workers.start()
    until(lambda: len(looked) >= 10, 10)
    workers.nudge("labs")
    until(lambda: len(looked) >= 20, 10)
    assert workers.end(5)

    assert {tick.name for tick in ticks} == {"attempts", "mail", "starts", "stops", "saves", "checks", "visits"}
    assert (len(statements), done) == (len(looked), [])


ROWS: dict[str, dict[str, Any]] = {
    "starts": {"state": QUEUED},
    "stops": {"state": STOPPING},
    "saves": {"state": RUNNING, "save_requested_at": utcnow()},
}


@pytest.mark.parametrize("name", ROWS)
def test_a_session_is_due_until_somebody_holds_it(committed_db: Any, settings: Any, name: str) -> None:
    app = committed_db.app
    lookout = Lookout(app, make_ticks(settings, ScriptedBackend(), app.extensions["yurt_redis"]))
    with app.app_context():
        add_session(**ROWS[name])
        seen = lookout.look(utcnow())
        database.session.execute(LabSession.__table__.update().values(retry_at=utcnow() + 6 * SECOND))
        database.session.commit()

    held = lookout.look(utcnow())

    assert due(seen) == {name}
    assert due(held) == set()
    later = utcnow() + 7 * SECOND
    assert due(lookout.look(later), later) == {name}


def test_what_a_dead_scheduler_held_is_due_when_its_lease_is_over(committed_db: Any, settings: Any) -> None:
    app = committed_db.app
    lookout = Lookout(app, make_ticks(settings, ScriptedBackend(), app.extensions["yurt_redis"]))
    with app.app_context():
        found = add_session(state=STARTING, claimed_at=utcnow(), leased_until=utcnow() + LEASE)
        run = CheckRun(
            session_id=found.id, check_id=found.lab.checks[0].id, state="running", leased_until=utcnow() + LEASE
        )
        database.session.add(run)
        database.session.commit()

    assert due(lookout.look(utcnow())) == set()
    later = utcnow() + 7 * SECOND
    assert due(lookout.look(later), later) == {"starts", "checks"}


def test_everything_else_is_seen_when_it_is_due(committed_db: Any, settings: Any) -> None:
    app, now = committed_db.app, utcnow()
    lookout = Lookout(app, make_ticks(settings, ScriptedBackend(), app.extensions["yurt_redis"]))
    with app.app_context():
        cast = make_cast()
        found = LabSession(user=cast.bob, lab=cast.lab, course=cast.course, job_id="lab-1", state=RUNNING)
        cast.quiz.time_limit_s = 60
        database.session.add_all([found, Mail(recipient="bob@example.org", subject="s", body_text="t")])
        database.session.flush()
        attempts.start(cast.bob.id, cast.quiz, now=now - timedelta(minutes=2))
        database.session.add_all(
            [
                CheckRun(session_id=found.id, check_id=cast.check.id),
                LabVisit(session_id=found.id, user_id=cast.alice.id, began_at=now, seen_at=now - timedelta(minutes=2)),
                WarmLab(lab_id=cast.lab.id, job_id="lab-2", state=WARM_STOPPING),
            ]
        )
        database.session.commit()

    seen = lookout.look(utcnow())

    assert due(seen) == {"attempts", "mail", "checks", "visits", "warm"}
    assert all(seen[name].needs for name in ("idleness", "usage", "warm"))


def test_a_nudge_makes_it_look_at_once_and_a_lost_one_is_made_good_by_the_next_look(
    committed_db: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    app, done = committed_db.app, threading.Event()
    monkeypatch.setattr(worker, "POLL_S", 0.2)

    def work() -> bool:
        with app.app_context():
            database.session.query(Mail).delete()
            database.session.commit()
        done.set()
        return False

    (tick,) = [tick for tick in make_ticks(app.extensions["yurt"], None, app.extensions["yurt_redis"]) if tick.topic]
    workers = Workers(app, app.extensions["yurt_redis"], [Tick("mail", work, topic="mail", due=tick.due)])
    workers.start()
    with app.app_context():
        database.session.add(Mail(recipient="bob@example.org", subject="s", body_text="t"))
        database.session.commit()
    assert done.wait(5)

    done.clear()
    monkeypatch.setattr(worker, "POLL_S", 600.0)
    until(lambda: not workers._nudged.is_set(), 5)
    with app.app_context():
        database.session.add(Mail(recipient="bob@example.org", subject="s", body_text="t"))
        database.session.commit()
    workers.nudge("mail")

    assert done.wait(5)
    assert workers.end(5)


def test_statements_are_counted_by_the_tick_that_sends_them(committed_db: Any, settings: Any) -> None:
    redis = committed_db.app.extensions["yurt_redis"]
    (tick,) = [tick for tick in make_ticks(settings, None, redis) if tick.name == "sweeps"]

    def counted() -> dict[str, float]:
        routes = ("scheduler.sweeps", "scheduler.lookout", "background")
        values = (REGISTRY.get_sample_value("yurt_db_query_seconds_count", {"route": route}) for route in routes)
        return {route: value or 0 for route, value in zip(routes, values, strict=True)}

    before = counted()
    workers = Workers(committed_db.app, redis, [tick, Tick("probe", lambda: False, due=outbox.due)])

    workers.start()
    until(lambda: all(counted()[name] > before[name] for name in ("scheduler.sweeps", "scheduler.lookout")), 10)

    assert workers.end(5)
    assert counted()["background"] == before["background"]


def test_a_thread_that_has_claimed_a_row_wakes_the_next_one(app: Any, db: Any) -> None:
    rows, both = [1, 2], threading.Barrier(2)

    def work(claimed_one: Any) -> bool:
        if not rows:
            return False
        rows.pop()
        claimed_one()
        both.wait(5)
        return True

    tick = Tick("probe", work, threads=2)
    workers = Workers(app, app.extensions["yurt_redis"], [tick])

    workers.start()
    tick.bell.ring()
    until(lambda: not rows and not both.n_waiting, 5)

    assert workers.end(5) and not both.broken


def test_a_bell_keeps_a_ring_for_who_comes_next() -> None:
    bell = Bell()

    bell.ring()
    bell.ring()

    assert (bell.wait(0.0), bell.wait(0.0)) == (True, False)


def add_session(**values: Any) -> LabSession:
    cast = make_cast()
    found = LabSession(user=cast.bob, lab=cast.lab, course=cast.course, job_id="lab-1", **values)
    database.session.add(found)
    database.session.commit()
    return found


def due(seen: dict[str, Any], at: Any = None) -> set[str]:
    return {name for name, found in seen.items() if found.due_at is not None and found.due_at <= (at or utcnow())}
