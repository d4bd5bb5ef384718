"""Ranks, ties, and one's own row."""

from datetime import UTC, datetime, timedelta

import pytest

from services import leaderboards, points
from tests.factories import Cast, EnrolmentFactory, UserFactory, make_cast

NOW = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)


@pytest.fixture
def cast(app: object, db: object) -> Cast:
    return make_cast()


def earn(cast: Cast, user_id: int, amount: int, at: datetime, source: str = "lesson:1") -> None:
    points.award(user_id=user_id, course_id=cast.course.id, source=source, points=amount, now=at)


def student(cast: Cast, handle: str) -> int:
    user = UserFactory(handle=handle)
    EnrolmentFactory(course=cast.course, user=user)
    return user.id


def test_a_tie_goes_to_who_got_there_first(cast: Cast) -> None:
    late, early = student(cast, "late"), student(cast, "early")
    earn(cast, late, 10, NOW + timedelta(seconds=1))
    earn(cast, early, 10, NOW)

    assert [row.user_id for row in leaderboards.board(cast.course, None).rows] == [early, late]


def test_adding_up_moves_the_time_that_a_total_was_reached(cast: Cast) -> None:
    first, second = student(cast, "first"), student(cast, "second")
    earn(cast, first, 5, NOW)
    earn(cast, second, 10, NOW + timedelta(minutes=1))
    earn(cast, first, 5, NOW + timedelta(minutes=2), "lesson:2")

    assert [row.user_id for row in leaderboards.board(cast.course, None).rows] == [second, first]


def test_own_row_is_found_beyond_the_page(cast: Cast) -> None:
    for number in range(30):
        earn(cast, student(cast, f"s{number}"), 100 + number, NOW)
    earn(cast, cast.bob.id, 1, NOW)

    page = leaderboards.board(cast.course, cast.bob.id, per_page=10)
    mine = leaderboards.mine(cast.course, cast.bob)

    assert (len(page.rows), page.pages, page.total) == (10, 4, 31)
    assert mine is not None
    assert (mine.rank, mine.points) == (31, 1)
    assert leaderboards.board(cast.course, cast.bob.id, 4, per_page=10).rows[0].is_me


def test_rank_on_the_board_and_own_rank_agree_within_ties(cast: Cast) -> None:
    for number in range(5):
        earn(cast, student(cast, f"t{number}"), 10, NOW)
    earn(cast, cast.bob.id, 10, NOW)

    mine = leaderboards.mine(cast.course, cast.bob)
    row = next(row for row in leaderboards.board(cast.course, cast.bob.id).rows if row.is_me)

    assert mine is not None
    assert mine.rank == row.rank


def test_teachers_are_not_ranked(cast: Cast) -> None:
    earn(cast, cast.alice.id, 99, NOW)

    assert leaderboards.board(cast.course, None).total == 0
    assert leaderboards.mine(cast.course, cast.alice) is None


def test_one_source_pays_once(cast: Cast) -> None:
    earn(cast, cast.bob.id, 5, NOW)
    earn(cast, cast.bob.id, 5, NOW)

    mine = leaderboards.mine(cast.course, cast.bob)
    assert mine is not None
    assert mine.points == 5
