"""What operators see of the pool and of queries: figures that are true after every accident."""

import contextlib
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from flask import Flask
from prometheus_client import REGISTRY
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError, OperationalError
from sqlalchemy.exc import TimeoutError as PoolTimeout

from config import Settings
from core import create_core
from database import pool
from extensions import db
from services import measures
from tests.engines import Engines
from tests.relays import CountingRelay
from tests.sites import until

PROCESS = {"process": "pools"}


def figure(name: str, **labels: str) -> float:
    return REGISTRY.get_sample_value(name, labels) or 0.0


@pytest.fixture(scope="module")
def wire(engines: Engines) -> Iterator[CountingRelay]:
    made = CountingRelay(engines.postgresql.sockets / ".s.PGSQL.5432")
    yield made
    made.close()


@pytest.fixture(scope="module")
def core(engines: Engines, worker: str, settings: Settings, wire: CountingRelay) -> Iterator[Flask]:
    name = f"pools_{worker}"
    engines.copy(name)
    url = f"postgresql+psycopg2://yurt@127.0.0.1:{wire.port}/{name}?sslmode=disable&gssencmode=disable"
    yield create_core(settings.model_copy(update={"database_url": url}), "pools")
    engines.drop(name)


@pytest.fixture
def pooled(core: Flask) -> Iterator[Flask]:
    with core.app_context():
        yield core
        db.session.remove()
        db.engine.dispose()


def test_the_pool_tells_its_size_and_what_is_in_use_beyond_it(pooled: Flask) -> None:
    connections = [db.engine.connect() for _ in range(22)]
    used, beyond = figure("yurt_db_pool_in_use", **PROCESS), figure("yurt_db_pool_overflow", **PROCESS)
    for connection in connections:
        connection.close()

    assert (figure("yurt_db_pool_size", **PROCESS), figure("yurt_db_pool_limit", **PROCESS)) == (20, 30)
    assert (used, beyond) == (22, 2)
    assert (figure("yurt_db_pool_in_use", **PROCESS), figure("yurt_db_pool_overflow", **PROCESS)) == (0, 0)
    assert figure("yurt_db_pool_idle", **PROCESS) == 20


def test_nothing_is_in_use_after_the_database_was_lost_again_and_again(pooled: Flask, wire: CountingRelay) -> None:
    for _time in range(10):
        connections = [db.engine.connect() for _ in range(5)]
        for connection in connections[:3]:
            connection.execute(text("SELECT 1"))
        wire.cut()
        for connection in connections:
            with contextlib.suppress(DBAPIError):
                connection.execute(text("SELECT 2"))
        for connection in connections:
            connection.close()

        assert figure("yurt_db_pool_in_use", **PROCESS) == 0

    with db.engine.connect() as connection:
        assert connection.scalar(text("SELECT 1")) == 1
        assert figure("yurt_db_pool_in_use", **PROCESS) == 1


def test_connections_that_cannot_be_made_are_not_in_use(pooled: Flask, wire: CountingRelay) -> None:
    db.engine.dispose()
    there, wire.target = wire.target, Path("/nowhere")

    for _time in range(3):
        with pytest.raises(OperationalError):
            db.engine.connect()

    wire.target = there

    assert figure("yurt_db_pool_in_use", **PROCESS) == 0


def test_who_waits_for_a_connection_is_counted_and_timed(pooled: Flask, monkeypatch: pytest.MonkeyPatch) -> None:
    connections = [db.engine.connect() for _ in range(30)]
    before = figure("yurt_db_pool_wait_seconds_count")
    engine = db.engine
    waiter = threading.Thread(target=lambda: engine.connect().close())
    waiter.start()
    until(lambda: figure("yurt_db_pool_waiting", **PROCESS) == 1)
    connections.pop().close()
    waiter.join()
    for connection in connections:
        connection.close()

    assert figure("yurt_db_pool_waiting", **PROCESS) == 0
    assert figure("yurt_db_pool_wait_seconds_count") == before + 1


def test_who_waits_in_vain_is_counted(pooled: Flask, monkeypatch: pytest.MonkeyPatch) -> None:
    before = figure("yurt_db_pool_exhausted_total")
    connections = [db.engine.connect() for _ in range(30)]
    monkeypatch.setattr(db.engine.pool, "_timeout", 0.01)

    with pytest.raises(PoolTimeout):
        db.engine.connect()

    for connection in connections:
        connection.close()
    assert figure("yurt_db_pool_exhausted_total") == before + 1
    assert figure("yurt_db_pool_in_use", **PROCESS) == 0


def test_gauges_of_processes_that_have_ended_do_not_count(tmp_path: Path) -> None:
    kept = [tmp_path / "gauge_liveall_1.db", tmp_path / "counter_4194999.db"]
    gone = [tmp_path / "gauge_liveall_4194999.db", tmp_path / "gauge_livesum_4194999.db"]
    for path in (*kept, *gone):
        path.touch()

    measures.forget_the_dead(tmp_path)

    assert sorted(tmp_path.iterdir()) == sorted(kept)


ENDED = {"route": "background", "reason": "statement_timeout"}
LOCKED = {"route": "background", "reason": "lock_timeout"}


def test_a_query_that_was_ended_for_its_length_is_logged_and_counted(
    caplog: pytest.LogCaptureFixture, pooled: Flask, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("database.queries.SLOW_QUERY_S", 0.05)
    before = [figure("yurt_db_slow_queries_total", route="background"), figure("yurt_db_ended_queries_total", **ENDED)]
    observed = figure("yurt_db_query_seconds_count", route="background")
    db.session.execute(text("SET LOCAL statement_timeout = '100ms'"))

    with pytest.raises(OperationalError):
        db.session.execute(text("SELECT pg_sleep(5)"))

    assert figure("yurt_db_slow_queries_total", route="background") == before[0] + 1
    assert figure("yurt_db_ended_queries_total", **ENDED) == before[1] + 1
    assert figure("yurt_db_query_seconds_count", route="background") == observed + 2
    assert [(line["reason"], line["statement"]) for line in ended(caplog)] == [
        ("statement_timeout", "SELECT pg_sleep(5)")
    ]


def test_a_query_that_waited_too_long_for_a_lock_is_logged_and_counted(
    caplog: pytest.LogCaptureFixture, pooled: Flask
) -> None:
    before = figure("yurt_db_ended_queries_total", **LOCKED)
    with db.engine.connect() as holder:
        holder.execute(text("LOCK TABLE roles"))
        db.session.execute(text("SET LOCAL lock_timeout = '50ms'"))

        with pytest.raises(OperationalError):
            db.session.execute(text("SELECT 1 FROM roles"))

    assert figure("yurt_db_ended_queries_total", **LOCKED) == before + 1
    assert [line["reason"] for line in ended(caplog)] == ["lock_timeout"]


def test_a_statement_that_is_to_blame_itself_is_no_matter_for_operators(
    caplog: pytest.LogCaptureFixture, pooled: Flask
) -> None:
    with pytest.raises(DBAPIError):
        db.session.execute(text("SELECT 1/0"))

    assert ended(caplog) == []


def ended(caplog: pytest.LogCaptureFixture) -> list[dict[str, Any]]:
    """Return the lines about queries that were ended."""
    lines = [record.msg for record in caplog.records if isinstance(record.msg, dict)]
    return [line for line in lines if line["event"] == "query ended"]


def test_a_copy_of_a_process_writes_all_figures_into_files_of_its_own(
    pooled: Flask, monkeypatch: pytest.MonkeyPatch
) -> None:
    with db.engine.connect():
        pass
    size = pool.SIZES.labels(PROCESS["process"])
    known = size._value.get()
    size.set(99)
    with db.engine.connect():
        pass
    assert size._value.get() == 99, "it writes what stands there already"

    monkeypatch.setattr(pool.os, "getpid", lambda: 1)
    with db.engine.connect():
        pass

    assert size._value.get() == known
