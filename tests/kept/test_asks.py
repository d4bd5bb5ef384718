"""Many ask at once whether what they keep still holds: one statement answers them, and nobody is told of before."""

import threading

import pytest
from sqlalchemy import text
from sqlalchemy.exc import SQLAlchemyError

from blueprints.kept_lane import ASKS
from extensions import db
from services import kept_asks
from services.kept_versions import Depends
from tests.kept.conftest import PAGES
from tests.sites import until


@pytest.fixture
def asks(bob):
    return bob.app.extensions[ASKS]


def _set(bob, **numbers):
    with bob.app.app_context():
        for key, number in numbers.items():
            db.session.execute(text("DELETE FROM kept_versions WHERE key = :key"), {"key": key})
            db.session.execute(text("INSERT INTO kept_versions VALUES (:key, :number)"), {"key": key, "number": number})
        db.session.commit()


@pytest.fixture
def slow(monkeypatch):
    """Have each statement wait at a gate before it is sent; return the gate, and what was asked."""
    gate, sent, ask = threading.Event(), [], kept_asks.ask

    def waiting(engine, statement, values):
        sent.append(values)
        assert gate.wait(60)
        return ask(engine, statement, values)

    monkeypatch.setattr(kept_asks, "ask", waiting)
    return gate, sent


def test_who_comes_while_a_statement_is_under_way_is_answered_by_one_more(bob, asks, slow):
    gate, sent = slow
    _set(bob, a=1, b=2)
    told = {}

    def ask(name, on):
        told[name] = asks.changes(on)

    wanted = {f"a{each}": Depends({"a": 1 if each % 2 else 7}) for each in range(6)}
    wanted |= {"b": Depends({"b": 2, "never moved": 0}), "gone": Depends({"never moved": 3})}
    threads = [threading.Thread(target=ask, args=each) for each in [("first", Depends({"a": 1})), *wanted.items()]]
    threads[0].start()
    until(lambda: len(sent) == 1)
    for thread in threads[1:]:
        thread.start()
    until(lambda: asks._next is not None and len(asks._next.asked) == len(wanted))

    gate.set()

    for thread in threads:
        thread.join(20)
    assert told == {
        "first": set(),
        **{f"a{each}": set() if each % 2 else {"a"} for each in range(6)},
        "b": set(),
        "gone": {"never moved"},
    }
    assert len(sent) == 2


def test_who_asks_after_a_change_is_not_told_by_a_statement_that_was_sent_before_it(bob, asks, monkeypatch):
    _set(bob, a=1)
    answered, gate, ask = threading.Event(), threading.Event(), kept_asks.ask

    def late(engine, statement, values):
        rows = ask(engine, statement, values)
        answered.set()
        assert gate.wait(60)
        return rows

    monkeypatch.setattr(kept_asks, "ask", late)
    told = {}
    first = threading.Thread(target=lambda: told.update(first=asks.changes(Depends({"a": 1}))))
    first.start()
    assert answered.wait(60)
    _set(bob, a=2)
    second = threading.Thread(target=lambda: told.update(second=asks.changes(Depends({"a": 1}))))
    second.start()
    until(lambda: asks._next is not None)

    gate.set()

    first.join(20)
    second.join(20)
    assert told == {"first": set(), "second": {"a"}}


def test_a_statement_that_fails_fails_for_all_who_wait_for_it_and_for_nobody_later(bob, asks, slow):
    gate, sent = slow
    with bob.app.app_context():
        db.session.execute(text("ALTER FUNCTION kept_numbers(text[]) RENAME TO away"))
        db.session.commit()
    failed = []

    def ask():
        try:
            asks.changes(Depends({"a": 1}))
        except SQLAlchemyError as error:
            failed.append(error)

    threads = [threading.Thread(target=ask) for _each in range(4)]
    for thread in threads:
        thread.start()
    until(lambda: len(sent) == 1 and asks._next is not None and len(asks._next.asked) == 3)
    gate.set()
    for thread in threads:
        thread.join(20)
    with bob.app.app_context():
        db.session.execute(text("ALTER FUNCTION away(text[]) RENAME TO kept_numbers"))
        db.session.commit()

    assert len(failed) == 4
    assert asks.changes(Depends({"never moved": 0})) == set()


def test_a_connection_that_ends_in_the_middle_leaves_the_page_to_flask(bob):
    bob.keep(PAGES["lesson"])
    told = []
    with bob.app.app_context():
        db.session.execute(text("LOCK kept_versions IN ACCESS EXCLUSIVE MODE"))
        asking = threading.Thread(target=lambda: told.append(bob.open(PAGES["lesson"])))
        asking.start()
        waits = "SELECT pid FROM pg_locks WHERE relation = 'kept_versions'::regclass AND NOT granted"
        until(lambda: db.session.execute(text(waits)).first() is not None)

        pid = db.session.execute(text(waits)).scalar_one()
        db.session.execute(text("SELECT pg_terminate_backend(:pid)"), {"pid": pid})
        db.session.rollback()
    asking.join(20)

    assert [was_kept for _page, was_kept in told] == [False]
    bob.keep(PAGES["lesson"])
