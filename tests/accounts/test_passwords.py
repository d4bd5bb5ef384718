"""Hashing takes turns: two at a time, in order, without a database connection, and its memory goes back."""

import threading
from collections.abc import Callable
from typing import Any

import psutil
import pytest
from flask_security import hash_password

from blueprints.auth.accounts import SECURITY_SETTINGS
from extensions import db
from services.accounts import passwords
from services.accounts.passwords import Hashing, Turns
from tests.conftest import SHIPPED_HASHING, CommittedDatabase
from tests.factories import make_cast
from tests.people import sign_in
from tests.sites import until


class Gate:
    """Work that lasts until it is let go; it notes who is in it."""

    def __init__(self) -> None:
        self.began: list[int] = []
        self._open = threading.Semaphore(0)

    def work(self, number: int) -> int:
        """Note the number and wait."""
        self.began.append(number)
        assert self._open.acquire(timeout=10)
        return number

    def let(self, number: int) -> None:
        """Let some go."""
        self._open.release(number)


def start(work: Callable[[], Any]) -> threading.Thread:
    thread = threading.Thread(target=work)
    thread.start()
    return thread


def test_two_hash_at_once_and_the_others_in_order_of_arrival() -> None:
    turns, gate, lent = Turns(), Gate(), []
    turns.lend_with(lent.append)
    threads = []
    for number in range(6):
        threads.append(start(lambda number=number: turns.take(gate.work, number)))
        until(lambda number=number: lent[-1:] == [number + 1])
    until(lambda: len(gate.began) == 2)
    at_first = sorted(gate.began)
    gate.let(6)
    for thread in threads:
        thread.join()

    assert at_first == [0, 1]
    assert sorted(gate.began[2:4]) == [2, 3]
    assert sorted(gate.began[4:]) == [4, 5]
    assert max(lent) == 6
    assert lent[-1] == 0


def test_a_fault_while_hashing_reaches_who_asked() -> None:
    turns, lent = Turns(), []
    turns.lend_with(lent.append)

    def fail() -> None:
        raise ValueError("too long")

    with pytest.raises(ValueError, match="too long"):
        turns.take(fail)

    assert lent == [1, 0]


def test_hashing_costs_what_owasp_says() -> None:
    assert SHIPPED_HASHING == {"argon2__rounds": 2, "argon2__memory_cost": 19_456, "argon2__parallelism": 1}


@pytest.fixture
def shipped_hashing(monkeypatch: pytest.MonkeyPatch) -> None:
    """Hash as a site does, in apps that are made from here on."""
    monkeypatch.setitem(SECURITY_SETTINGS, "SECURITY_PASSWORD_HASH_PASSLIB_OPTIONS", SHIPPED_HASHING)


def test_the_memory_of_a_class_that_signs_in_goes_back(shipped_hashing: None, committed_db: CommittedDatabase) -> None:
    def hash_one() -> None:
        with committed_db.app.app_context():
            hash_password("yurt-demo-2026")

    hash_one()
    before = psutil.Process().memory_info().rss
    for thread in [start(hash_one) for _ in range(16)]:
        thread.join()

    # One hash takes 19 MB.
    assert psutil.Process().memory_info().rss - before < 15 * passwords.MEGABYTE


def test_who_signs_in_holds_no_connection_while_waiting(
    committed_db: CommittedDatabase, monkeypatch: pytest.MonkeyPatch
) -> None:
    app = committed_db.app
    with app.app_context():
        make_cast()
        db.session.commit()
        pool = db.engine.pool
    held = []
    take = passwords.turns.take

    def note(*args: Any, **options: Any) -> Any:
        held.append(pool.checkedout())
        return take(*args, **options)

    monkeypatch.setattr(passwords.turns, "take", note)

    response = sign_in(app.test_client(), "bob")

    assert response.status_code == 302
    assert held == [0]


def test_outside_of_requests_hashing_commits_nothing(committed_db: CommittedDatabase) -> None:
    with committed_db.app.app_context():
        make_cast()
        hash_password("something-else-2026")
        db.session.rollback()

        assert db.session.execute(db.text("SELECT count(*) FROM users")).scalar() == 0


def test_what_else_is_asked_of_the_context_is_passed_on() -> None:
    class Context:
        def identify(self, _hash: str) -> str:
            return "argon2"

    assert Hashing(Context(), lambda: None).identify("x") == "argon2"
