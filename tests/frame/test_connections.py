"""How processes reach PostgreSQL: no message too many, the role's time-outs, and connections that die."""

import contextlib
from collections.abc import Iterator
from dataclasses import dataclass

import psycopg2
import pytest
from flask import Flask
from psycopg2 import extensions
from sqlalchemy import text
from sqlalchemy.exc import IntegrityError, OperationalError

from app import create_app
from cli.release import release
from cli.schema import is_current
from core import create_core
from database import pool, time_outs
from extensions import db
from models import Role
from tests.conftest import CommittedDatabase
from tests.engines import Engines
from tests.relays import CountingRelay
from tests.sites import until


@dataclass(frozen=True)
class Wired:
    """An app that reaches its database over a wire of ours."""

    app: Flask
    wire: CountingRelay

    def said(self) -> list[bytes]:
        """Return what was asked since the last call, without the head and end of each message."""
        questions = [question[5:].rstrip(b"\0") for question in self.wire.questions]
        self.wire.questions.clear()
        return questions


@pytest.fixture(params=["web", "core"])
def wired(request: pytest.FixtureRequest, engines: Engines, committed_db: CommittedDatabase) -> Iterator[Wired]:
    wire = CountingRelay(engines.postgresql.sockets / ".s.PGSQL.5432")
    name = committed_db.url.partition("@/")[2].partition("?")[0]
    url = f"postgresql+psycopg2://yurt@127.0.0.1:{wire.port}/{name}?sslmode=disable&gssencmode=disable"
    make = create_app if request.param == "web" else create_core
    app = make(committed_db.settings.model_copy(update={"database_url": url}))
    with app.app_context():
        db.session.execute(text("SELECT 1"))
        db.session.rollback()
        wire.questions.clear()
        yield Wired(app, wire)
        db.session.remove()
        db.engine.dispose()
    wire.close()


def test_a_transaction_begins_with_its_first_query(wired: Wired) -> None:
    db.session.execute(text("SELECT 1"))
    db.session.execute(text("SELECT 2"))
    db.session.commit()

    assert wired.said() == [b"BEGIN;SELECT 1", b"SELECT 2", b"COMMIT"]


def test_a_session_that_asked_nothing_says_nothing(wired: Wired) -> None:
    db.session.commit()
    db.session.rollback()

    assert wired.said() == []


def test_what_was_rolled_back_is_gone_and_what_was_committed_stays(wired: Wired) -> None:
    db.session.add(Role(name="gone"))
    db.session.flush()
    db.session.rollback()
    db.session.add(Role(name="stays"))
    db.session.commit()

    assert {"gone", "stays"} & {role.name for role in db.session.query(Role)} == {"stays"}


def test_a_savepoint_takes_back_its_own_part_alone(wired: Wired) -> None:
    db.session.add(Role(name="before"))
    with contextlib.suppress(IntegrityError), db.session.begin_nested():
        db.session.add(Role(name="before"))
        db.session.flush()
    db.session.commit()

    assert db.session.query(Role).filter_by(name="before").count() == 1


@pytest.mark.parametrize("statement", ["SELECT nothing", "SELEC 1", "SELECT 1/0"])
def test_an_error_in_the_first_statement_leaves_a_connection_that_works(wired: Wired, statement: str) -> None:
    with pytest.raises(Exception, match=r"nothing|SELEC|division"):
        db.session.execute(text(statement))
    db.session.rollback()

    assert db.session.scalar(text("SELECT 1")) == 1


def test_many_rows_at_once_are_in_one_transaction(wired: Wired) -> None:
    with contextlib.suppress(IntegrityError):
        db.session.execute(text("INSERT INTO roles (name) VALUES (:name)"), [{"name": "one"}, {"name": "one"}])
    db.session.rollback()

    assert db.session.query(Role).filter_by(name="one").count() == 0


def test_outside_of_transactions_nothing_begins(wired: Wired) -> None:
    with db.engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        connection.execute(text("SELECT 1"))

    db.session.execute(text("SELECT 2"))

    assert wired.said() == [b"SELECT 1", b"BEGIN;SELECT 2"]


def test_a_connection_is_tried_only_after_it_rested(wired: Wired, monkeypatch: pytest.MonkeyPatch) -> None:
    db.session.execute(text("SELECT 1"))
    db.session.rollback()
    monkeypatch.setattr(pool, "TRIED_AFTER_S", -1.0)
    db.session.execute(text("SELECT 2"))

    assert wired.said() == [b"BEGIN;SELECT 1", b"ROLLBACK", b"SELECT 1", b"BEGIN;SELECT 2"]


def test_connections_that_broke_while_they_rested_are_replaced_unseen(wired: Wired) -> None:
    for _time in range(3):
        before = list(wired.wire._sockets)
        wired.wire.cut()
        until(lambda gone=before: not any(there in wired.wire._sockets for there in gone))

        assert db.session.scalar(text("SELECT 1")) == 1
        db.session.rollback()


def test_connections_that_were_ended_by_the_server_are_replaced_unseen(
    wired: Wired, committed_db: CommittedDatabase
) -> None:
    end = "SELECT pg_terminate_backend(pid, 5000) FROM pg_stat_activity WHERE pid <> pg_backend_pid()"
    sessions = [db.engine.connect() for _ in range(4)]
    for session in sessions:
        session.close()
    with contextlib.closing(psycopg2.connect(committed_db.url)) as other, other.cursor() as cursor:
        cursor.execute(end + " AND datname = current_database()")
    until(lambda: not wired.wire._sockets)

    connections = [db.engine.connect() for _ in range(4)]

    assert [connection.scalar(text("SELECT 1")) for connection in connections] == [1, 1, 1, 1]
    for connection in connections:
        connection.close()


def test_a_transaction_whose_server_is_lost_is_rolled_back(wired: Wired) -> None:
    db.session.execute(text("SELECT 1"))
    wired.wire.cut()

    db.session.rollback()

    assert db.session.scalar(text("SELECT 1")) == 1


def test_what_was_not_committed_when_the_server_was_lost_is_told(wired: Wired) -> None:
    db.session.add(Role(name="lost"))
    db.session.flush()
    wired.wire.cut()

    with pytest.raises(OperationalError):
        db.session.commit()


def test_the_release_writes_the_time_outs_down_once(committed_db: CommittedDatabase) -> None:
    forget_time_outs(committed_db)
    release(committed_db.settings)
    written = entries(committed_db)

    release(committed_db.settings)

    assert written == {"statement_timeout=15s", "lock_timeout=5s", "idle_in_transaction_session_timeout=1min"}
    assert entries(committed_db) == written


def test_an_operators_own_time_out_stays(committed_db: CommittedDatabase) -> None:
    forget_time_outs(committed_db)
    say(committed_db, "ALTER ROLE yurt IN DATABASE {} SET statement_timeout = '40s'")

    release(committed_db.settings)

    assert entries(committed_db) == {
        *("statement_timeout=40s", "lock_timeout=5s", "idle_in_transaction_session_timeout=1min")
    }


def test_a_role_without_time_outs_needs_a_release_and_is_bounded_all_the_same(
    committed_db: CommittedDatabase, capfd: pytest.CaptureFixture[str]
) -> None:
    forget_time_outs(committed_db)

    app = create_core(committed_db.settings)
    with app.app_context():
        found = db.session.scalar(text("SHOW statement_timeout"))
        db.session.remove()
        db.engine.dispose()

    assert found == "15s"
    assert "run the release (python -m cli.release)" in capfd.readouterr().err
    assert not is_current(committed_db.url)


def test_a_role_that_may_not_alter_itself_says_what_an_administrator_must_say(
    committed_db: CommittedDatabase, monkeypatch: pytest.MonkeyPatch
) -> None:
    forget_time_outs(committed_db)

    class Refusing(extensions.cursor):
        def execute(self, query: str, values: object = None) -> None:
            if query.startswith("ALTER ROLE"):
                raise psycopg2.errors.InsufficientPrivilege("permission denied")
            super().execute(query, values)

    connect = psycopg2.connect
    with monkeypatch.context() as patched:
        patched.setattr(time_outs.psycopg2, "connect", lambda url, **_: connect(url, cursor_factory=Refusing))
        refused = time_outs.write(committed_db.url)

    assert refused is not None
    assert refused.count("ALTER ROLE") == 3
    say(committed_db, refused)
    assert len(entries(committed_db)) == 3


def forget_time_outs(database: CommittedDatabase) -> None:
    say(database, "ALTER ROLE yurt IN DATABASE {} RESET ALL")


def say(database: CommittedDatabase, statement: str) -> None:
    with contextlib.closing(psycopg2.connect(database.url)) as connection, connection, connection.cursor() as cursor:
        cursor.execute("SELECT current_database()")
        cursor.execute(statement.format(cursor.fetchone()[0]))


def entries(database: CommittedDatabase) -> set[str]:
    with contextlib.closing(psycopg2.connect(database.url)) as connection, connection.cursor() as cursor:
        cursor.execute(
            "SELECT unnest(setconfig) FROM pg_db_role_setting"
            " WHERE setdatabase = (SELECT oid FROM pg_database WHERE datname = current_database())"
        )
        return {row[0] for row in cursor.fetchall()}
