"""`flask doctor` about the engines: what is wrong is named with what mends it."""

from typing import Any
from urllib.parse import urlsplit

import psycopg2
import pytest

from cli.diagnosis import postgresql, redis
from cli.diagnosis.findings import Finding, clock, look_at, well
from cli.doctor import doctor
from config import Settings
from tests.engines import site_settings
from tests.sites import free_port


def by_name(findings: Any) -> dict[str, Finding]:
    return {finding.name: finding for finding in findings}


def say(url: str, *statements: str) -> None:
    connection = psycopg2.connect(url)
    connection.autocommit = True
    with connection.cursor() as cursor:
        for statement in statements:
            cursor.execute(statement)
    connection.close()


@pytest.mark.parametrize(
    ("theirs", "state", "words"),
    [
        (100.0, "well", "agrees"),
        (101.9, "well", "agrees"),
        (110.0, "fault", "9.5 s ahead of"),
        (90.0, "fault", "10.0 s behind"),
        # What may be the way alone is no difference.
        (100.4, "well", "agrees"),
    ],
)
def test_clock_that_is_seconds_apart_is_a_fault(theirs: float, state: str, words: str) -> None:
    finding = clock("clock", theirs, before=100.0, after=100.5)

    assert (finding.state, words in finding.said) == (state, True), finding


def test_look_that_fails_keeps_what_it_found_and_says_so() -> None:
    def look() -> Any:
        yield well("version", "18")
        raise KeyError("absent")

    part = look_at("PostgreSQL", look)

    assert [(finding.name, finding.state) for finding in part.findings] == [("version", "well"), ("looking", "fault")]
    assert "KeyError" in part.findings[1].said


def test_postgresql_is_well_but_for_what_tests_turn_off(committed_db) -> None:
    found = by_name(postgresql.look(committed_db.settings))

    assert {name for name, finding in found.items() if finding.state == "fault"} == {"durable"}
    assert "fsync" in found["durable"].said
    assert "ALTER SYSTEM SET fsync = on" in found["durable"].mend


def test_postgresql_with_too_little_room_without_time_outs_and_of_another_version_is_told_so(engines, committed_db):
    role = committed_db.settings.model_copy(update={"web_concurrency": 64})
    name = urlsplit(committed_db.url).path.lstrip("/")
    say(
        engines.postgresql.url(name, "postgres"),
        f'ALTER ROLE yurt IN DATABASE "{name}" RESET statement_timeout',
        "UPDATE alembic_version SET version_num = '0001'",
    )
    try:
        found = by_name(postgresql.look(role))
    finally:
        head = found["schema"].said.rpartition(" ")[2]
        say(
            engines.postgresql.url(name, "postgres"),
            f"ALTER ROLE yurt IN DATABASE \"{name}\" SET statement_timeout = '15s'",
            f"UPDATE alembic_version SET version_num = '{head}'",
        )

    assert (found["connections"].state, "1980" in found["connections"].said) == ("fault", True)
    assert "SET max_connections = 2000" in found["connections"].mend
    assert "statement_timeout" in found["time-outs"].said
    assert f'ALTER ROLE "yurt" IN DATABASE "{name}"' in found["time-outs"].mend
    assert found["schema"].said.startswith("at 0001")
    assert found["schema"].mend == "python -m cli.release"


def test_redis_that_keeps_nothing_on_disk_is_a_fault(settings: Settings) -> None:
    found = by_name(redis.look(settings))

    assert found["version"].said.startswith("Valkey")
    assert (found["persistence"].state, "appendonly yes" in found["persistence"].mend) == ("fault", True)
    assert (found["eviction"].state, found["clock"].state) == ("well", "well")


@pytest.mark.parametrize(
    ("info", "name", "state"),
    [
        ({"redis_version": "6.2.14"}, "version", "fault"),
        ({"redis_version": "7.2.4", "valkey_version": "8.0.1"}, "version", "well"),
        ({"redis_version": "8.0.0"}, "version", "well"),
    ],
)
def test_versions_of_redis_and_valkey_count_by_themselves(info: dict[str, str], name: str, state: str) -> None:
    assert redis._version(info).state == state


def test_scheduler_that_never_ran_is_a_fault(app, redis_url, settings: Settings) -> None:
    (finding,) = redis.look_at_scheduler(settings)

    assert (finding.state, finding.mend) == ("fault", "python -m scheduler")


def test_engines_that_are_away_are_a_fault_each_and_no_password_is_shown(tmp_path) -> None:
    port = free_port()
    away = site_settings(
        f"postgresql://yurt:hidden-word@127.0.0.1:{port}/yurt", f"redis://:hidden-word@127.0.0.1:{port}/0", tmp_path
    )

    found = [*postgresql.look(away), *redis.look(away)]

    assert [(finding.name, finding.state) for finding in found] == [("reached", "fault"), ("reached", "fault")]
    assert "hidden-word" not in str(found)


def test_the_command_prints_what_mends_each_fault_and_ends_with_1(app) -> None:
    told = app.test_cli_runner().invoke(doctor)

    assert told.exit_code == 1, told.output
    lines = told.output.splitlines()
    place = next(number for number, line in enumerate(lines) if "durable" in line)
    assert any("ALTER SYSTEM SET fsync = on" in line for line in lines[place : place + 4])
    assert "to mend" in lines[-1]
    assert "couldn't be looked at" not in told.output
