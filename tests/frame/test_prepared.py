"""Statements whose plan a connection keeps: prepared once, sent by name, made anew when a release changed the table."""

from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

import pytest
from sqlalchemy import (
    BigInteger,
    Connection,
    DateTime,
    Engine,
    Text,
    bindparam,
    column,
    create_engine,
    func,
    literal,
    select,
    table,
    text,
)
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.exc import IntegrityError, NotSupportedError

from database.engine import equip
from database.pool import engine_options
from database.prepared import KEEPS_PLAN
from tests.conftest import CommittedDatabase

KEYS = table("made_up", column("id", BigInteger), column("name", Text), column("more", JSONB))
OF_NAME = select(KEYS.c.id, KEYS.c.more).where(KEYS.c.name == bindparam("called", type_=Text))
KEPT = OF_NAME.execution_options(**KEEPS_PLAN)
ADD = (
    KEYS.insert()
    .values(
        id=bindparam("number", type_=BigInteger),
        name=bindparam("called", type_=Text),
        more=bindparam("more", type_=JSONB),
    )
    .execution_options(**KEEPS_PLAN)
)


@pytest.fixture
def engine(committed_db: CommittedDatabase) -> Iterator[Engine]:
    engine = create_engine(
        committed_db.settings.database_url, **{**engine_options("test"), "pool_size": 1, "max_overflow": 0}
    )
    equip(engine)
    with engine.begin() as connection:
        connection.execute(text("CREATE TABLE made_up (id bigint PRIMARY KEY, name text, more jsonb)"))
    yield engine
    with engine.begin() as connection:
        connection.execute(text("DROP TABLE made_up"))
    engine.dispose()


def prepared(connection: Connection) -> list[tuple[str, list[str]]]:
    """Return what the server has prepared for a connection, with the types of the parameters."""
    found = connection.execute(text("SELECT statement, parameter_types::text[] FROM pg_prepared_statements ORDER BY 1"))
    return [(statement, types) for statement, types in found.tuples()]


def test_what_asks_for_it_is_prepared_once_and_answers_as_ever(engine: Engine) -> None:
    for number in range(8):
        with engine.begin() as connection:
            connection.execute(ADD, {"number": number, "called": f"50 % of {number}", "more": {"half": number / 2}})
            rows = connection.execute(KEPT, {"called": f"50 % of {number}"}).all()

            assert rows == [(number, {"half": number / 2})]

    with engine.connect() as connection:
        assert len(prepared(connection)) == 2
        assert [types for statement, types in prepared(connection) if "INSERT" in statement] == [
            ["bigint", "text", "jsonb"]
        ]


def test_what_does_not_ask_for_it_is_not_prepared(engine: Engine) -> None:
    with engine.connect() as connection:
        connection.execute(OF_NAME, {"called": "none"})
        connection.execute(select(KEYS.c.id).where(KEYS.c.id.in_([1, 2])).execution_options(**KEEPS_PLAN))

        assert prepared(connection) == []


def test_values_keep_their_types(engine: Engine) -> None:
    at = datetime(2026, 12, 1, 4, 30, tzinfo=UTC)
    given = bindparam("at", type_=DateTime(timezone=True))
    asked = select(given, func.concat("a:", bindparam("n", type_=BigInteger)), literal(None), literal("it's 100 %"))

    with engine.connect() as connection:
        for _time in range(2):
            row: Any = connection.execute(asked.execution_options(**KEEPS_PLAN), {"at": at, "n": 2**40}).one()

            assert tuple(row) == (at, f"a:{2**40}", None, "it's 100 %")


def test_a_statement_that_failed_may_be_tried_again(engine: Engine) -> None:
    row = {"number": 1, "called": "one", "more": None}
    with engine.begin() as connection:
        connection.execute(ADD, row)
    engine.dispose()
    for _time in range(2):
        with pytest.raises(IntegrityError), engine.begin() as connection:
            connection.execute(ADD, row)

    with engine.begin() as connection:
        assert connection.execute(ADD, {**row, "number": 2}).rowcount == 1


@pytest.mark.parametrize("change", ["ALTER TABLE made_up ALTER id TYPE numeric", "DEALLOCATE ALL"])
def test_a_plan_that_is_out_of_date_is_made_anew(engine: Engine, change: str) -> None:
    with engine.begin() as connection:
        connection.execute(ADD, {"number": 1, "called": "one", "more": None})
        connection.execute(KEPT, {"called": "one"})
    with engine.begin() as connection:
        connection.execute(text(change))

    for _time in range(2):
        with engine.begin() as connection:
            assert [int(number) for number, _more in connection.execute(KEPT, {"called": "one"})] == [1]
    with engine.connect() as connection:
        assert [statement for statement, _types in prepared(connection) if "SELECT" in statement]


def test_in_the_middle_of_a_transaction_one_fails_and_the_next_goes_on(engine: Engine) -> None:
    with engine.begin() as connection:
        connection.execute(KEPT, {"called": "one"})
    with engine.begin() as connection:
        connection.execute(text("ALTER TABLE made_up ALTER id TYPE numeric"))

    with pytest.raises(NotSupportedError), engine.begin() as connection:
        connection.execute(text("SELECT 1"))
        connection.execute(KEPT, {"called": "one"})
    with engine.begin() as connection:
        connection.execute(text("SELECT 1"))
        assert connection.execute(KEPT, {"called": "one"}).all() == []
