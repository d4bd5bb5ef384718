"""What stands on a board, in which order, and by which names."""

import random
from datetime import UTC, datetime, timedelta

import pytest
from flask_migrate import downgrade, upgrade
from sqlalchemy import text

from extensions import db as database
from models import Course, Enrolment, User, utcnow
from services.courses import cohorts, members
from services.errors import InvalidInput
from services.leaderboards import appearances, boards, points, scopes
from services.leaderboards.boards import Board
from services.leaderboards.ladder import Window
from services.leaderboards.scopes import Scope
from tests.conftest import CommittedDatabase
from tests.factories import Cast, CourseFactory, EnrolmentFactory, UserFactory
from tests.leaderboards.histories import History, by_looking

NOW = datetime(2026, 3, 4, 9, 0, tzinfo=UTC)  # a Wednesday


def earn(cast: Cast, user_id: int, amount: int, at: datetime = NOW, source: str = "lesson:1") -> None:
    points.award(user_id=user_id, course_id=cast.course.id, source=source, kind="lesson", points=amount, now=at)


def student(cast: Cast, handle: str, **place: object) -> int:
    return EnrolmentFactory(course=cast.course, user=UserFactory(handle=handle), **place).user_id


def seen(cast: Cast, me: int | None = None, *, is_staff: bool = False, **window: object) -> Board:
    return boards.board(Scope(cast.course.id), Window(me=me, **window), is_staff=is_staff)  # type: ignore[arg-type]


def place(cast: Cast, user_id: int) -> Enrolment:
    return database.session.get_one(Enrolment, (cast.course.id, user_id))


def test_a_tie_goes_to_who_got_there_first_and_then_stays(cast: Cast) -> None:
    late, early, twin = student(cast, "late"), student(cast, "early"), student(cast, "twin")
    earn(cast, late, 10, NOW + timedelta(seconds=1))
    earn(cast, twin, 10, NOW)
    earn(cast, early, 10, NOW)

    assert [row.user_id for row in seen(cast).rows] == [early, twin, late]


def test_ranks_agree_with_looking_at_everybody(app: object, db: object) -> None:
    for seed in range(4):
        history = History(random.Random(seed)).begin()
        for step in range(80):
            history.step()
            if step % 20 != 19:
                continue
            for cohort in (None, *history.cohorts):
                scope = Scope(history.course.id, cohort.id if cohort else None)
                board = boards.board(scope, Window(count=100))
                assert [(row.user_id, row.points) for row in board.rows] == by_looking(history.course, cohort)
                assert [row.rank for row in board.rows] == list(range(1, board.total + 1))
                for row in board.rows:
                    own = boards.board(scope, Window(count=0, me=row.user_id)).me
                    assert own is not None
                    assert own.rank == row.rank


def test_own_row_stands_with_five_above_and_below(cast: Cast) -> None:
    people = [student(cast, f"s{number}") for number in range(30)]
    for number, user_id in enumerate(people):
        earn(cast, user_id, 100 - number)

    board = seen(cast, people[20], count=10)

    assert [row.rank for row in board.rows] == list(range(1, 11))
    assert board.me is not None
    assert (board.me.rank, board.me.points, board.total) == (21, 80, 30)
    assert [row.rank for row in board.around] == list(range(16, 27))
    assert [row.rank for row in seen(cast, people[0], count=10).around] == list(range(1, 7))


def test_pages_follow_a_key_though_rows_move(cast: Cast) -> None:
    people = [student(cast, f"s{number}") for number in range(25)]
    for number, user_id in enumerate(people):
        earn(cast, user_id, 100 - number // 4)
    first = seen(cast, count=10)

    second = seen(cast, count=10, after=first.rows[-1].place.key)
    earn(cast, people[24], 500, source="lesson:2")  # somebody passes everybody
    same = seen(cast, count=10, after=first.rows[-1].place.key)
    back = seen(cast, count=10, before=second.rows[0].place.key)
    last = seen(cast, count=10, after=second.rows[-1].place.key)

    assert [row.rank for row in second.rows] == list(range(11, 21))
    assert [row.user_id for row in same.rows] == [row.user_id for row in second.rows]
    assert [row.rank for row in same.rows] == list(range(12, 22))
    assert [row.user_id for row in back.rows] == [row.user_id for row in first.rows]
    assert [row.user_id for row in last.rows] == people[20:24]


@pytest.mark.parametrize("role", ["teacher", "assistant"])
def test_the_staff_are_not_ranked(cast: Cast, role: str) -> None:
    other = student(cast, "other", role=role)
    earn(cast, other, 99)

    board = seen(cast, other)

    assert (board.total, board.me, board.rows) == (0, None, [])


def test_whoever_has_nothing_left_is_not_ranked(cast: Cast) -> None:
    earn(cast, cast.bob.id, 5)
    earn(cast, cast.bob.id, -5, source="award:1")

    assert seen(cast).total == 0


def test_a_pseudonym_is_shown_to_all_but_the_staff_and_oneself(cast: Cast) -> None:
    other = student(cast, "other")
    earn(cast, cast.bob.id, 5)
    appearances.choose(place(cast, cast.bob.id), "pseudonym", "  The \u202e  Owl ")

    row, own, staff = seen(cast, other).rows[0], seen(cast, cast.bob.id).rows[0], seen(cast, is_staff=True).rows[0]

    assert (row.name, row.real_name, row.is_open) == ("The Owl", None, False)
    assert (own.name, own.is_me, own.is_open) == ("The Owl", True, True)
    assert (staff.name, staff.real_name, staff.is_open) == ("The Owl", "Bob", True)


def test_who_opts_out_is_not_ranked_and_comes_back_with_all_points(cast: Cast) -> None:
    other = student(cast, "other")
    earn(cast, cast.bob.id, 9)
    earn(cast, other, 5)

    appearances.choose(place(cast, cast.bob.id), "hidden", "")
    hidden = seen(cast, cast.bob.id)
    appearances.choose(place(cast, cast.bob.id), "name", "")

    assert ([row.user_id for row in hidden.rows], hidden.me, hidden.total) == ([other], None, 1)
    assert [row.user_id for row in seen(cast).rows] == [cast.bob.id, other]


@pytest.mark.parametrize("chosen", ["", " ", "…", "x" * 41, "other", "OTHER", "owl", "\u3164", "o\u200bwl", "\uff2fwl"])
def test_a_pseudonym_is_ones_own(cast: Cast, chosen: str) -> None:
    student(cast, "other")
    appearances.choose(place(cast, student(cast, "third")), "pseudonym", "Owl")

    with pytest.raises(InvalidInput) as refusal:
        appearances.choose(place(cast, cast.bob.id), "pseudonym", chosen)

    assert refusal.value.field == "pseudonym"
    assert place(cast, cast.bob.id).board == "name"


def test_a_search_finds_by_what_somebody_is_called_there(cast: Cast) -> None:
    masked, plain = student(cast, "masked"), student(cast, "100%_plain")
    for user_id in (masked, plain, cast.bob.id):
        earn(cast, user_id, 5)
    appearances.choose(place(cast, masked), "pseudonym", "Owl")
    scope = Scope(cast.course.id)

    def found(words: str, *, is_staff: bool = False) -> list[int]:
        return [row.user_id for row in boards.search(scope, words, cast.bob.id, is_staff=is_staff)]

    assert found("mask") == []
    assert found("mask", is_staff=True) == [masked]
    assert found("oW") == [masked]
    assert found("%_") == [plain]
    assert found("%b") == []
    assert found("nobody at all") == []


@pytest.mark.parametrize(
    ("name", "words"),
    [("Zoë Ångström", "zoe"), ("Zoe", "ZOË"), ("Zoe\u0308", "zo\u00eb"), ("Ｚｏｅ", "zoe"), ("Łukasz", "łuk")],
)
def test_a_search_finds_names_however_they_are_spelled(cast: Cast, name: str, words: str) -> None:
    user_id = student(cast, name)
    earn(cast, user_id, 5)

    assert [row.user_id for row in boards.search(Scope(cast.course.id), words, cast.bob.id)] == [user_id]


def test_weeks_and_months_count_what_was_earned_in_them(cast: Cast) -> None:
    other = student(cast, "other")
    earn(cast, cast.bob.id, 50, datetime(2026, 2, 27, tzinfo=UTC))
    earn(cast, other, 10, datetime(2026, 3, 1, 23, 59, 59, tzinfo=UTC))  # a Sunday
    earn(cast, other, 4, datetime(2026, 3, 2, tzinfo=UTC), "lesson:2")
    earn(cast, cast.bob.id, 5, NOW, "lesson:2")

    def shown(period: scopes.Period) -> list[tuple[int, int]]:
        scope = Scope(cast.course.id, since=scopes.begin_of(period, NOW))
        return [(row.user_id, row.points) for row in boards.board(scope, Window()).rows]

    assert shown("all") == [(cast.bob.id, 55), (other, 14)]
    assert shown("month") == [(other, 14), (cast.bob.id, 5)]
    assert shown("week") == [(cast.bob.id, 5), (other, 4)]


def test_a_cohort_has_a_board_of_its_own(cast: Cast) -> None:
    red = cohorts.add(cast.course, "red")
    other = student(cast, "other", cohort_id=red.id)
    earn(cast, cast.bob.id, 9)
    earn(cast, other, 5)
    scope = Scope(cast.course.id, red.id)

    alone = [row.user_id for row in boards.board(scope, Window()).rows]
    cohorts.put(place(cast, cast.bob.id), red)
    together = [row.user_id for row in boards.board(scope, Window()).rows]
    cohorts.remove(red)

    assert (alone, together) == ([other], [cast.bob.id, other])
    assert boards.board(scope, Window()).total == 0
    assert seen(cast).total == 2


def test_somebody_who_goes_altogether_is_on_no_board(cast: Cast) -> None:
    earn(cast, student(cast, "other"), 5)
    database.session.execute(text("DELETE FROM users WHERE handle = 'other'"))

    assert seen(cast).total == 0


def test_a_site_of_before_has_its_boards(committed_db: CommittedDatabase) -> None:
    with committed_db.app.app_context():
        course = CourseFactory()
        people = [EnrolmentFactory(course=course, role=role).user_id for role in ("student", "student", "assistant")]
        for number, user_id in enumerate([*people, UserFactory().id]):
            who = {"user_id": user_id, "course_id": course.id}
            points.award(**who, source="lesson:1", kind="lesson", points=5 + number, now=utcnow())
        course_id = course.id
        database.session.commit()

        downgrade(revision="0014")
        upgrade()

        board = boards.board(Scope(course_id), Window())
        past = boards.board(Scope(course_id, until=utcnow()), Window())
        assert [row.user_id for row in board.rows] == [people[1], people[0]]
        assert [row.user_id for row in past.rows] == [people[1], people[0]]
        database.session.remove()


def test_leaving_and_coming_back_keeps_the_points(cast: Cast) -> None:
    earn(cast, cast.bob.id, 5)

    members.leave(cast.bob, cast.course)
    gone = seen(cast).total
    members.set_role(cast.course, cast.bob.id, "student", now=NOW)

    assert gone == 0
    assert [row.points for row in seen(cast).rows] == [5]


def test_nobody_is_ranked_for_a_visitor(cast: Cast) -> None:
    earn(cast, cast.bob.id, 5)

    def rank(user: User | None, course: Course = cast.course) -> int | None:
        own = boards.own(course, user, is_staff=False, now=utcnow())
        return own.rank if own else None

    assert (rank(None), rank(cast.charlie), rank(cast.bob)) == (None, None, 1)
