"""The board as it stood: equal to what was shown then, whatever has happened since."""

import random
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from flask.testing import FlaskClient

from extensions import db as database
from models import Enrolment, utcnow
from services.leaderboards import appearances, boards, points, scopes
from services.leaderboards.ladder import Window
from services.leaderboards.scopes import PERIODS
from tests.factories import Cast
from tests.leaderboards.histories import History
from tests.leaderboards.test_awards import ask
from tests.people import sign_in

EVERYBODY = Window(count=1000)


def places(
    history: History, *, as_of: datetime | None, now: datetime
) -> dict[Any, list[tuple[int, int, int, datetime]]]:
    """Return all boards of a course, as (rank, user, points, reached at)."""
    shown = {}
    for period in PERIODS:
        for cohort in (None, *history.cohorts):
            scope = scopes.scope_of(
                history.course,
                period=period,
                cohort_id=cohort.id if cohort else None,
                as_of=as_of,
                is_staff=True,
                now=now,
            )
            rows = boards.board(scope, EVERYBODY).rows
            shown[period, cohort.id if cohort else None] = [
                (row.rank, row.user_id, row.points, row.place.reached_at) for row in rows
            ]
    return shown


@pytest.mark.parametrize("seed", range(4))
def test_a_board_of_the_past_equals_what_was_shown_then(app: object, db: object, seed: int) -> None:
    history = History(random.Random(seed)).begin(8)
    looked_at = set(random.Random(seed).sample(range(60), 20))
    snapshots = []
    for step in range(60):
        history.step()
        database.session.expire_all()
        if step in looked_at:
            now = utcnow()
            snapshots.append((now, places(history, as_of=None, now=now)))

    assert any(shown["all", None] for _at, shown in snapshots)
    for at, shown in snapshots:
        assert places(history, as_of=at, now=utcnow()) == shown


def freeze(cast: Cast, begin: datetime, end: datetime) -> None:
    cast.course.board_frozen_from, cast.course.board_frozen_until = begin, end
    database.session.flush()


def scope(cast: Cast, at: datetime, *, as_of: datetime | None = None, is_staff: bool = False) -> scopes.Scope:
    return scopes.scope_of(cast.course, period="all", cohort_id=None, as_of=as_of, is_staff=is_staff, now=at)


def test_students_see_the_begin_of_a_freeze_while_it_lasts_and_whenever_they_look_back_into_it(cast: Cast) -> None:
    start = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)
    begin, end, hour = start, start + timedelta(hours=4), timedelta(hours=1)
    freeze(cast, begin, end)

    assert scope(cast, begin - hour).until is None
    assert scope(cast, begin).until == begin
    assert scope(cast, end - hour).until == begin
    assert scope(cast, end - hour, as_of=begin - hour).until == begin - hour
    assert scope(cast, end).until is None
    assert scope(cast, end + hour, as_of=begin + hour).until == begin
    assert scope(cast, end + 2 * hour, as_of=end).until == end
    assert scope(cast, begin + hour, is_staff=True).until is None
    assert scope(cast, end + hour, as_of=begin + hour, is_staff=True).until == begin + hour


def test_a_moment_that_is_yet_to_come_is_now(cast: Cast) -> None:
    now = utcnow()

    assert scope(cast, now, as_of=now + timedelta(days=1)).until is None


def award(cast: Cast, amount: int, source: str) -> datetime:
    who = {"user_id": cast.bob.id, "course_id": cast.course.id, "now": utcnow()}
    points.award(**who, source=source, kind="award", points=amount)
    database.session.commit()
    return utcnow()


def test_a_freeze_is_for_students_on_the_page_and_the_api(client: FlaskClient, cast: Cast) -> None:
    begin = award(cast, 5, "award:1")
    award(cast, 90, "award:2")
    freeze(cast, begin, begin + timedelta(days=1))
    path = "/api/v1/courses/shell/leaderboard"

    students, staff = ask(client, cast.bob, "GET", path).json, ask(client, cast.alice, "GET", path).json

    assert (students["me"]["points"], students["is_frozen"]) == (5, True)
    assert datetime.fromisoformat(students["as_of"]) == begin
    assert (staff["rows"][0]["points"], staff["is_frozen"], staff["as_of"]) == (95, False, None)
    earlier = ask(client, cast.bob, "GET", f"{path}?as_of=2026-01-01T00:00:00Z").json
    assert (earlier["rows"], earlier["is_frozen"]) == ([], False)
    sign_in(client, "bob")
    assert "The board stands still" not in client.get("/courses/shell/leaderboard?as_of=2026-01-01T00:00").text
    page = client.get("/courses/shell/leaderboard").text
    assert "The board stands still until" in page
    assert "<strong>5</strong>" in page
    assert "<strong>95</strong>" not in page


def test_a_freeze_that_ends_before_it_begins_is_refused_by_the_name_of_its_field(
    client: FlaskClient, cast: Cast
) -> None:
    body = {"begin": "2026-03-02T10:00:00Z", "end": "2026-03-02T09:00:00Z"}

    refused = ask(client, cast.alice, "PUT", "/api/v1/courses/shell/leaderboard/freeze", body)

    assert (refused.status_code, [each["field"] for each in refused.json["errors"]]) == (422, ["end"])


def test_names_are_todays_and_who_has_opted_out_since_has_none(client: FlaskClient, cast: Cast) -> None:
    at = award(cast, 5, "award:1")
    appearances.choose(database.session.get_one(Enrolment, (cast.course.id, cast.bob.id)), "hidden", "")
    database.session.commit()
    path = f"/api/v1/courses/shell/leaderboard?as_of={at.isoformat().replace('+00:00', 'Z')}"

    told = ask(client, cast.dana, "GET", path).json["rows"][0]
    own = ask(client, cast.bob, "GET", path).json["rows"][0]

    assert (told["rank"], told["points"], told["name"], told["real_name"]) == (1, 5, None, "Bob")
    assert (own["name"], own["is_me"]) == ("Bob", True)


@pytest.mark.parametrize("text", ["yesterday", "2026-13-01T00:00", "99999-01-01", "2026-03-02T09:00+99:00"])
def test_what_is_no_moment_is_refused_by_its_name(client: FlaskClient, cast: Cast, text: str) -> None:
    sign_in(client, "bob")

    response = client.get("/courses/shell/leaderboard", query_string={"as_of": text})

    assert response.status_code == 422
    assert "That is no moment" in response.text


@pytest.mark.parametrize("text", ["0001-01-01T00:00", "9999-12-31T23:59", "2026-03-02T09:00:00Z"])
def test_any_moment_has_a_board(client: FlaskClient, cast: Cast, text: str) -> None:
    award(cast, 5, "award:1")
    cast.bob.time_zone = "Asia/Tokyo"
    database.session.commit()
    sign_in(client, "bob")

    for period in PERIODS:
        response = client.get("/courses/shell/leaderboard", query_string={"as_of": text, "period": period})

        assert response.status_code == 200
