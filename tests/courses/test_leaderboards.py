"""Ranks, ties, and one's own row."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from flask_sqlalchemy import SQLAlchemy
from sqlalchemy import event, text

from extensions import db as database
from models import User
from services.leaderboards import points, ranks
from tests.factories import Cast, EnrolmentFactory, UserFactory

NOW = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)


Asked = list[tuple[str, Any]]


@pytest.fixture
def asked(app: object) -> Iterator[Asked]:
    said: Asked = []

    def note(_connection: object, _cursor: object, statement: str, values: object, *_rest: object) -> None:
        said.append((statement, values))

    event.listen(database.engine, "before_cursor_execute", note)
    yield said
    event.remove(database.engine, "before_cursor_execute", note)


def earn(cast: Cast, user_id: int, amount: int, at: datetime, source: str = "lesson:1") -> None:
    points.award(user_id=user_id, course_id=cast.course.id, source=source, kind="award", points=amount, now=at)


def student(cast: Cast, handle: str) -> int:
    user = UserFactory(handle=handle)
    EnrolmentFactory(course=cast.course, user=user)
    return user.id


def test_a_tie_goes_to_who_got_there_first(cast: Cast) -> None:
    late, early = student(cast, "late"), student(cast, "early")
    earn(cast, late, 10, NOW + timedelta(seconds=1))
    earn(cast, early, 10, NOW)

    assert [row.user_id for row in ranks.board(cast.course, None).rows] == [early, late]


def test_adding_up_moves_the_time_that_a_total_was_reached(cast: Cast) -> None:
    first, second = student(cast, "first"), student(cast, "second")
    earn(cast, first, 5, NOW)
    earn(cast, second, 10, NOW + timedelta(minutes=1))
    earn(cast, first, 5, NOW + timedelta(minutes=2), "lesson:2")

    assert [row.user_id for row in ranks.board(cast.course, None).rows] == [second, first]


def test_own_row_is_found_beyond_the_page(cast: Cast) -> None:
    for number in range(30):
        earn(cast, student(cast, f"s{number}"), 100 + number, NOW)
    earn(cast, cast.bob.id, 1, NOW)

    page = ranks.board(cast.course, cast.bob.id, per_page=10)
    mine = ranks.mine(cast.course, cast.bob)

    assert (len(page.rows), page.pages, page.total) == (10, 4, 31)
    assert mine is not None
    assert (mine.rank, mine.points) == (31, 1)
    assert ranks.board(cast.course, cast.bob.id, 4, per_page=10).rows[0].is_me


def test_rank_on_the_board_and_own_rank_agree_within_ties(cast: Cast) -> None:
    for number in range(5):
        earn(cast, student(cast, f"t{number}"), 10, NOW)
    earn(cast, cast.bob.id, 10, NOW)

    mine = ranks.mine(cast.course, cast.bob)
    row = next(row for row in ranks.board(cast.course, cast.bob.id).rows if row.is_me)

    assert mine is not None
    assert mine.rank == row.rank


def test_own_rank_is_the_same_from_the_page_and_from_the_count(cast: Cast) -> None:
    people = [student(cast, f"p{number}") for number in range(12)]
    for number, person in enumerate(people):
        earn(cast, person, 5 * (number // 4 + 1), NOW + timedelta(seconds=number % 2))
    earn(cast, cast.alice.id, 99, NOW)
    page = ranks.board(cast.course, None)

    for row in page.rows:
        user = database.session.get(User, row.user_id)
        found = ranks.mine(cast.course, user)
        assert found is not None
        assert (found.rank, found.points) == (row.rank, row.points)
        assert ranks.mine(cast.course, user, page) == row


def test_a_row_on_the_page_costs_no_count(cast: Cast, asked: Asked) -> None:
    earn(cast, cast.bob.id, 5, NOW)
    page = ranks.board(cast.course, cast.bob.id)
    asked.clear()

    ranks.mine(cast.course, cast.bob, page)

    assert asked == []


def test_nobody_behind_is_read_for_ones_own_rank(cast: Cast, db: SQLAlchemy, asked: Asked) -> None:
    for number in range(300):
        earn(cast, student(cast, f"q{number}"), number + 1, NOW)
    earn(cast, cast.bob.id, 290, NOW)
    db.session.execute(text("ANALYZE course_totals; ANALYZE enrolments"))
    asked.clear()
    ranks.mine(cast.course, cast.bob)
    statement, values = asked[0]

    plan = db.session.connection().exec_driver_sql(f"EXPLAIN {statement}", values).scalars().all()

    assert len(asked) == 2
    # Of totals, only one's own and those that tie are read; whoever has more is in the counts.
    read = [line for line in plan if "on course_totals" in line]
    conditions = [line for line in plan if "Cond:" in line and "point_counts" not in line]
    assert len(read) == 2, "\n".join(plan)
    assert any("points = " in line and "reached_at, " in line for line in conditions), "\n".join(plan)


def test_teachers_are_not_ranked(cast: Cast) -> None:
    earn(cast, cast.alice.id, 99, NOW)

    assert ranks.board(cast.course, None).total == 0
    assert ranks.mine(cast.course, cast.alice) is None


def test_one_source_pays_once(cast: Cast) -> None:
    earn(cast, cast.bob.id, 5, NOW)
    earn(cast, cast.bob.id, 5, NOW)

    mine = ranks.mine(cast.course, cast.bob)
    assert mine is not None
    assert mine.points == 5
