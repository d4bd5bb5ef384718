"""A database that one test leaves is as new for the next, and the cast that stands in one is in nobody's way."""

import contextlib
from collections.abc import Iterator

import psycopg2
import pytest

from tests.engines import Engines
from tests.factories import Cast, CourseFactory, LabFactory, LessonFactory, ModuleFactory, QuizFactory, UserFactory
from tests.spares import Spare, Spares

ADDED = "INSERT INTO roles (name) VALUES ('a role of the test before') RETURNING id"


@pytest.fixture
def own(engines: Engines, worker: str) -> Spares:
    return Spares(engines, worker)


@pytest.fixture
def spare(own: Spares, engines: Engines) -> Iterator[Spare]:
    made = own.take("empty", engines.copy)
    yield made
    engines.drop(made.name)


def asked(url: str, statement: str) -> list[tuple[object, ...]]:
    with contextlib.closing(psycopg2.connect(url)) as connection, connection, connection.cursor() as cursor:
        cursor.execute(statement)
        return cursor.fetchall() if cursor.description else []


def test_rows_and_numbers_begin_anew(own: Spares, spare: Spare, engines: Engines) -> None:
    version = asked(spare.url, "SELECT version_num FROM alembic_version")
    first = asked(spare.url, ADDED)
    asked(spare.url, "UPDATE alembic_version SET version_num = '0002'")

    own.give_back(spare)
    again = own.take("empty", engines.copy)

    assert again is spare
    assert asked(again.url, "SELECT version_num FROM alembic_version") == version
    assert asked(again.url, "SELECT name FROM roles WHERE name LIKE '%before'") == []
    assert asked(again.url, ADDED) == first


def test_who_is_left_from_the_test_before_does_not_come_along(own: Spares, spare: Spare, engines: Engines) -> None:
    before = spare.url
    with contextlib.closing(psycopg2.connect(before)) as left:
        own.give_back(spare)
        again = own.take("empty", engines.copy)

        with pytest.raises(psycopg2.OperationalError), left.cursor() as cursor:
            cursor.execute("SELECT 1")
    assert again is spare
    with pytest.raises(psycopg2.OperationalError, match="does not exist"):
        psycopg2.connect(before)


@pytest.mark.parametrize(
    "change",
    [
        "ALTER TABLE roles ADD COLUMN colour text",
        "ALTER TABLE roles ALTER COLUMN name DROP NOT NULL",
        "CREATE TABLE hats (id int)",
        "CREATE INDEX roles_by_hat ON roles (name, id)",
        "ALTER TABLE roles DROP CONSTRAINT uq_roles_name",
        "ALTER ROLE yurt IN DATABASE {} SET statement_timeout = '40s'",
        "ALTER ROLE yurt IN DATABASE {} RESET ALL",
    ],
)
def test_a_database_of_another_shape_is_no_longer_used(
    own: Spares, spare: Spare, engines: Engines, change: str
) -> None:
    asked(spare.url, change.format(spare.name))

    own.give_back(spare)
    other = own.take("empty", engines.copy)

    assert other is not spare
    assert asked(other.url, ADDED)
    assert asked(engines.postgresql.url("postgres"), f"SELECT 1 FROM pg_database WHERE datname = '{spare.name}'") == []
    engines.drop(other.name)


def test_what_a_worker_makes_first_goes_beside_a_cast_that_another_one_made(cast: Cast) -> None:
    module = cast.lesson.module
    for make in (CourseFactory, ModuleFactory, LessonFactory, QuizFactory, LabFactory, UserFactory):
        make.reset_sequence(0, force=True)

    made = ModuleFactory(course=cast.course)
    activities = [make(module=module) for make in (LessonFactory, QuizFactory, LabFactory)]

    assert len({each.slug for each in (cast.lesson, cast.quiz, cast.lab, *activities)}) == 6
    assert made.slug != module.slug
    assert CourseFactory().slug != cast.course.slug
    assert UserFactory().id not in {each.id for each in (cast.alice, cast.bob, cast.charlie, cast.dana)}
