"""A scheduler at rest asks one question for all its ticks; and what is due is found by it, nudge or none."""

import threading
from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import psycopg2
import pytest
from prometheus_client import REGISTRY
from sqlalchemy import event, text
from sqlalchemy.exc import OperationalError

from database.connections import Cursor
from extensions import db as database
from models import CheckRun, LabSession, LabVisit, Mail, WarmLab, utcnow
from models.cluster import WARM_STOPPING
from models.lab_session import QUEUED, RUNNING, STARTING, STOPPING
from scheduler import worker
from scheduler.lookout import Lookout
from scheduler.tick import Bell, Tick
from scheduler.ticks import make_ticks
from scheduler.worker import Workers
from services import events, outbox
from services.leases import LEASE
from services.quizzes import attempts
from tests.factories import make_cast
from tests.scheduler.scripted import ScriptedBackend
from tests.sites import until

SECOND = timedelta(seconds=1)
WHILE_OPEN = {"capacity", "reconcile"}


@pytest.fixture
def statements(committed_db: Any, monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """All that is sent to PostgreSQL, as the driver sees it."""
    said: list[str] = []
    execute = Cursor.execute

    def note(self: Any, query: Any, vars: Any = None) -> None:
        said.append(query)
        execute(self, query, vars)

    with committed_db.app.app_context(), database.engine.connect():
        pass  # what each new connection asks isn't meant
    monkeypatch.setattr(Cursor, "execute", note)
    return said


@pytest.fixture
def takings(committed_db: Any) -> Iterator[list[int]]:
    """Each time that a connection is taken from the pool."""
    taken: list[int] = []

    def note(*_arguments: object) -> None:
        taken.append(1)

    with committed_db.app.app_context():
        engine = database.engine
    event.listen(engine, "checkout", note)
    yield taken
    event.remove(engine, "checkout", note)


def test_a_look_is_one_statement_for_all_ticks(committed_db: Any, settings: Any, statements: list[str]) -> None:
    ticks = make_ticks(settings, ScriptedBackend(), committed_db.app.extensions["yurt_redis"])

    seen = Lookout(committed_db.app, ticks).look(utcnow())

    assert len(statements) == 1
    assert [name for name, found in seen.items() if found.due_at is not None] == []
    assert {name for name, found in seen.items() if not found.needs} == WHILE_OPEN | {"idleness", "usage", "warm"}


def test_the_connection_of_the_looks_is_kept_until_they_end(
    committed_db: Any, settings: Any, takings: list[int]
) -> None:
    lookout = Lookout(committed_db.app, make_ticks(settings, None, committed_db.app.extensions["yurt_redis"]))

    for _ in range(5):
        lookout.look(utcnow())
    kept = list(takings)
    lookout.leave()
    with committed_db.app.app_context():
        idle, in_use = database.engine.pool.checkedin(), database.engine.pool.checkedout()

    assert (kept, in_use) == ([1], 0)
    assert idle > 0


def test_a_look_goes_on_when_postgresql_has_ended_its_connection(committed_db: Any, settings: Any) -> None:
    app = committed_db.app
    lookout = Lookout(app, make_ticks(settings, None, app.extensions["yurt_redis"]))
    lookout.look(utcnow())
    others = text(
        "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
        " WHERE pid <> pg_backend_pid() AND datname = current_database()"
    )
    with app.app_context():
        assert database.session.execute(others).all() == [(True,)]
        database.session.rollback()

    assert lookout.look(utcnow())["mail"].due_at is None


def test_a_look_that_postgresql_cannot_answer_fails_as_statements_do(
    committed_db: Any, settings: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    app = committed_db.app
    lookout = Lookout(app, make_ticks(settings, None, app.extensions["yurt_redis"]))
    lookout.look(utcnow())

    def cut(*_arguments: object) -> None:
        raise psycopg2.OperationalError("server closed the connection unexpectedly")

    with monkeypatch.context() as gone:
        gone.setattr(Cursor, "execute", cut)
        with pytest.raises(OperationalError):
            lookout.look(utcnow())

    assert lookout.look(utcnow())["mail"].due_at is None


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
    until(lambda: len(looked) >= 10)
    workers.nudge("labs")
    until(lambda: len(looked) >= 20)
    assert workers.end(60)

    assert {tick.name for tick in ticks} == {
        "attempts",
        "audits",
        "boards",
        "feed",
        "certificates",
        "erasures",
        "exports",
        "grading",
        "imports",
        "mail",
        "starts",
        "stops",
        "rosters",
        "saves",
        "scores",
        "checks",
        "visits",
        "webhooks",
    }
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

    assert due(seen) == {"attempts", "feed", "mail", "checks", "visits", "warm"}
    assert all(seen[name].needs for name in ("idleness", "usage", "warm"))


def test_the_cluster_is_looked_at_at_once_when_a_lab_opens_and_seldom_while_none_is(
    committed_db: Any, settings: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    app, done, looked = committed_db.app, [], []
    everything = make_ticks(settings, ScriptedBackend(), app.extensions["yurt_redis"])
    ticks = [tick for tick in everything if tick.name in WHILE_OPEN]
    for tick in ticks:
        tick.work, tick.interval_s = lambda name=tick.name: bool(done.append(name)), 0.01
    monkeypatch.setattr(worker, "POLL_S", 0.01)
    look = Lookout.look
    monkeypatch.setattr(Lookout, "look", lambda self, now: looked.append(now) or look(self, now))
    workers = Workers(app, app.extensions["yurt_redis"], ticks)

    workers.start()
    until(lambda: not any(tick.is_needed for tick in ticks) and all(tick.resting for tick in ticks))
    # A round that had begun with the first look may still end, and then each rests for long.
    until(lambda: len(looked) >= 20)
    at_rest = len(done)
    until(lambda: len(looked) >= 60)
    later = len(done)
    with app.app_context():
        add_session(state=QUEUED)
    until(lambda: set(done[later:]) == WHILE_OPEN)
    assert workers.end(60)

    assert {tick.name: tick.idle_s for tick in ticks} == dict.fromkeys(WHILE_OPEN, 60.0)
    assert later == at_rest


def test_nothing_is_renewed_while_nothing_is_in_hand(
    committed_db: Any, settings: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    app, done, looked = committed_db.app, [], []
    in_hand: list[int] = []
    tick = Tick("leases", lambda: bool(done.append(1)), interval_s=0.01, has_work=lambda: bool(in_hand))
    probe = Tick("probe", lambda: False, due=outbox.due)
    monkeypatch.setattr(worker, "POLL_S", 0.01)
    look = Lookout.look
    monkeypatch.setattr(Lookout, "look", lambda self, now: looked.append(now) or look(self, now))
    workers = Workers(app, app.extensions["yurt_redis"], [tick, probe])

    workers.start()
    until(lambda: len(looked) >= 30)
    at_rest = len(done)
    in_hand.append(1)
    until(lambda: len(done) >= 3)
    assert workers.end(60)

    assert at_rest == 1


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

    (tick,) = [
        tick for tick in make_ticks(app.extensions["yurt"], None, app.extensions["yurt_redis"]) if tick.topic == "mail"
    ]
    workers = Workers(app, app.extensions["yurt_redis"], [Tick("mail", work, topic="mail", due=tick.due)])
    workers.start()
    with app.app_context():
        database.session.add(Mail(recipient="bob@example.org", subject="s", body_text="t"))
        database.session.commit()
    assert done.wait(60)

    done.clear()
    monkeypatch.setattr(worker, "POLL_S", 600.0)
    until(lambda: not workers._nudged.is_set())
    with app.app_context():
        database.session.add(Mail(recipient="bob@example.org", subject="s", body_text="t"))
        database.session.commit()
    workers.nudge("mail")

    assert done.wait(60)
    assert workers.end(60)


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
    until(lambda: all(counted()[name] > before[name] for name in ("scheduler.sweeps", "scheduler.lookout")))

    assert workers.end(60)
    assert counted()["background"] == before["background"]


def test_a_thread_that_has_claimed_a_row_wakes_the_next_one(app: Any, db: Any) -> None:
    rows, both = [1, 2], threading.Barrier(2)

    def work(claimed_one: Any) -> bool:
        if not rows:
            return False
        rows.pop()
        claimed_one()
        both.wait(60)
        return True

    tick = Tick("probe", work, threads=2)
    workers = Workers(app, app.extensions["yurt_redis"], [tick])

    workers.start()
    tick.bell.ring()
    until(lambda: not rows and not both.n_waiting)

    assert workers.end(60) and not both.broken


def test_a_bell_keeps_a_ring_for_who_comes_next() -> None:
    bell = Bell()

    bell.ring()
    bell.ring()

    assert (bell.wait(0.0), bell.wait(0.0)) == (True, False)


def add_session(**values: Any) -> LabSession:
    cast = make_cast()
    found = LabSession(user=cast.bob, lab=cast.lab, course=cast.course, job_id="lab-1", **values)
    database.session.add(found)
    database.session.flush()
    # That the cast came into the course is told.
    events.place()
    database.session.commit()
    return found


def due(seen: dict[str, Any], at: Any = None) -> set[str]:
    return {name for name, found in seen.items() if found.due_at is not None and found.due_at <= (at or utcnow())}
