"""Breaks: the clock stands still, the questions are put away, and the deadline is always right."""

from datetime import datetime, timedelta
from typing import Any

import pytest
from flask.testing import FlaskClient
from hypothesis import given
from hypothesis import strategies as st

from extensions import db
from models import Attempt, HintTaken, Quiz, User, utcnow
from reasons import Code
from services.accounts import tokens
from services.errors import Refused
from services.quizzes import accommodations, attempts, break_log, breaks, taking_breaks
from services.quizzes.accommodations import last_close
from services.quizzes.terms import GRACE
from tests.conftest import CommittedDatabase
from tests.factories import Cast, make_cast
from tests.people import post, sign_in
from tests.quizzes.test_accommodations import HOUR, NOW, deadline, profile, start
from tests.quizzes.test_hints import add_hints
from tests.quizzes.test_races import race

MINUTE = timedelta(minutes=1)


@pytest.fixture
def attempt(cast: Cast) -> Attempt:
    """An hour, and ten minutes for breaks."""
    cast.quiz.time_limit_s = 3600
    profile(cast, break_minutes=10)
    return start(cast)


def begin(attempt: Attempt, at: datetime, by: int = 0) -> breaks.Breaks:
    return taking_breaks.begin(attempt, by_id=by or attempt.user_id, now=at)


def end(attempt: Attempt, at: datetime) -> breaks.Breaks:
    return taking_breaks.end(attempt, by_id=attempt.user_id, now=at)


def test_the_clock_stands_still_for_as_long_as_the_break_takes(attempt: Attempt) -> None:
    there = begin(attempt, NOW + 20 * MINUTE)
    assert (there.until, deadline(attempt)) == (NOW + 30 * MINUTE, NOW + 70 * MINUTE)

    after = end(attempt, NOW + 24 * MINUTE)

    assert (after.until, after.taken, after.left) == (None, 4 * MINUTE, 6 * MINUTE)
    assert deadline(attempt) == NOW + 64 * MINUTE


def test_a_break_that_nobody_ends_is_over_with_its_budget(attempt: Attempt) -> None:
    begin(attempt, NOW + 20 * MINUTE)

    there = breaks.of(attempt, NOW + 50 * MINUTE)

    assert (there.until, there.left, deadline(attempt)) == (None, timedelta(0), NOW + 70 * MINUTE)
    assert attempts.close_overdue(NOW + 70 * MINUTE) == 0
    with pytest.raises(Refused) as refused:
        begin(attempt, NOW + 50 * MINUTE)
    assert refused.value.reason.code == Code.NO_BREAK_LEFT


def test_two_tabs_begin_one_break_and_end_one(attempt: Attempt) -> None:
    begin(attempt, NOW + MINUTE)
    assert begin(attempt, NOW + 2 * MINUTE).until == NOW + 11 * MINUTE

    end(attempt, NOW + 3 * MINUTE)
    assert end(attempt, NOW + 4 * MINUTE).taken == 2 * MINUTE
    assert deadline(attempt) == NOW + 62 * MINUTE


def test_no_break_begins_after_the_end_or_without_one(cast: Cast, attempt: Attempt) -> None:
    with pytest.raises(Refused) as refused:
        begin(attempt, NOW + HOUR)
    assert refused.value.reason.code == Code.NO_BREAK_NOW
    attempts.submit(attempt, now=NOW + HOUR)
    with pytest.raises(Refused):
        begin(attempt, NOW + MINUTE)


def test_a_grant_in_a_break_and_the_window_are_counted_in(cast: Cast, attempt: Attempt) -> None:
    begin(attempt, NOW + MINUTE)
    profile(cast, extra_minutes=5, break_minutes=20)
    assert deadline(attempt) == NOW + 85 * MINUTE

    end(attempt, NOW + 4 * MINUTE)

    assert deadline(attempt) == NOW + 68 * MINUTE
    cast.quiz.closes_at = NOW + HOUR
    assert last_close(cast.quiz) == NOW + 85 * MINUTE


def test_each_break_is_logged_with_its_begin_its_end_and_what_was_left(cast: Cast, attempt: Attempt) -> None:
    begin(attempt, NOW + MINUTE)
    end(attempt, NOW + 4 * MINUTE)
    begin(attempt, NOW + 10 * MINUTE, cast.alice.id)

    first, second = break_log.of_attempt(attempt, NOW + 12 * MINUTE)

    assert (first.began_at, first.ended_at) == (NOW + MINUTE, NOW + 4 * MINUTE)
    assert (first.taken, first.left, first.begun_by_id, first.ended_by_id) == (
        *(3 * MINUTE, 7 * MINUTE),
        *(cast.bob.id, cast.bob.id),
    )
    assert (second.ended_at, second.taken, second.left, second.begun_by) == (
        *(None, 2 * MINUTE, 5 * MINUTE),
        cast.alice.display_name,
    )


@pytest.mark.parametrize("then", ["nothing", "ended late", "handed in"])
def test_a_break_that_nobody_ended_in_time_has_an_end_in_the_log(attempt: Attempt, then: str) -> None:
    begin(attempt, NOW + 20 * MINUTE)
    if then == "ended late":
        end(attempt, NOW + 50 * MINUTE)
    if then == "handed in":
        attempts.submit(attempt, now=NOW + 23 * MINUTE)

    entry = break_log.of_attempt(attempt, NOW + 51 * MINUTE)[0]

    taken = (3 if then == "handed in" else 10) * MINUTE
    assert (entry.ended_at, entry.taken) == (NOW + 20 * MINUTE + taken, taken)
    assert (entry.left, entry.ended_by_id) == (10 * MINUTE - taken, None)


def test_staff_read_the_breaks_in_the_log_of_the_attempt(client: FlaskClient, cast: Cast, attempt: Attempt) -> None:
    begin(attempt, NOW + MINUTE, cast.alice.id)
    end(attempt, NOW + 4 * MINUTE)
    address, teacher = f"/attempts/{attempt.id}", cast.alice.display_name
    _row, plain = tokens.issue(cast.alice.id, name="x", scopes=("read", "write"), days=9, now=utcnow())
    sign_in(client, "alice")

    page = client.get(f"{address}/versions").text
    told = client.get(f"/api/v1{address}/break", headers={"Authorization": f"Bearer {plain}"}).json["log"]

    assert "3 minutes" in page
    assert "7 minutes" in page
    assert f"by {teacher}" in page
    assert [(each["taken_s"], each["left_s"]) for each in told] == [(180, 420)]


moves = st.lists(st.tuples(st.booleans(), st.integers(0, 900)), max_size=12)


@given(moves, st.integers(0, 1200))
def test_any_breaks_take_no_more_than_their_budget(made: list[tuple[bool, int]], budget: int) -> None:
    row, at = Attempt(state="in_progress", break_s=budget, paused_s=0, paused_at=None), NOW
    for begins, seconds in made:
        at += timedelta(seconds=seconds)
        there = breaks.of(row, at)
        if begins and there.until is None and row.paused_at is None and there.left:
            row.paused_at = at
        elif not begins and row.paused_at is not None:
            row.paused_s, row.paused_at = int(there.taken.total_seconds()), None
        assert breaks.of(row, at).taken <= timedelta(seconds=budget)
        assert breaks.pause_of(row, timedelta(seconds=budget)) <= timedelta(seconds=budget)


def test_the_questions_are_put_away_on_every_page(client: FlaskClient, cast: Cast, attempt: Attempt) -> None:
    accommodations.move_deadlines(Attempt.id == attempt.id, now=NOW)
    attempt.started_at, attempt.deadline_at = utcnow(), utcnow() + HOUR
    db.session.flush()
    sign_in(client, "bob")
    address = f"/attempts/{attempt.id}"
    assert "Take a break" in client.get(address).text

    post(client, f"{address}/break")

    for path in (address, f"{address}/versions"):
        assert client.get(path).location == f"{address}/break"
    page = client.get(f"{address}/break").text
    assert "Your clock stands still" in page and "A single question" not in page
    assert client.get(f"{address}/answers").get_json()["is_on_break"]
    assert post(client, f"{address}/break/end").location == address
    assert "A single question" in client.get(address).text


def test_the_staff_begin_and_end_a_break_for_a_student(client: FlaskClient, cast: Cast, attempt: Attempt) -> None:
    attempt.started_at, attempt.deadline_at = utcnow(), utcnow() + HOUR
    db.session.flush()
    sign_in(client, "alice")
    page = f"/courses/shell/people/{cast.bob.id}/accommodations"
    assert "Begin a break" in client.get(page).text

    assert post(client, f"/attempts/{attempt.id}/break").location == page

    assert "in a break until" in client.get(page).text
    assert post(client, f"/attempts/{attempt.id}/break/end").location == page


def test_of_a_break_and_the_deadline_the_first_one_holds(committed_db: CommittedDatabase) -> None:
    with committed_db.app.app_context():
        cast = make_cast()
        cast.quiz.time_limit_s = 3600
        profile(cast, break_minutes=10)
        attempt_id = start(cast).id
        db.session.commit()
    at = NOW + HOUR - timedelta(seconds=1)

    def pause() -> Any:
        found = db.session.get_one(Attempt, attempt_id)
        taking_breaks.begin(found, by_id=found.user_id, now=at)
        return "paused"

    def close() -> Any:
        return attempts.close_overdue(NOW + HOUR + GRACE + timedelta(seconds=1))

    outcomes = race(committed_db, pause, close)

    with committed_db.app.app_context():
        row = db.session.get_one(Attempt, attempt_id)
        is_paused = outcomes[0] == "paused"
        assert is_paused == row.is_open == (row.deadline_at == NOW + 70 * MINUTE)
        # Who took the row first: the scheduler skips one that is locked, and sees the new time of one that isn't.
        assert outcomes[1] == (0 if is_paused else 1)
        assert db.session.query(Quiz).count() == 1 and db.session.query(User).count() >= 4


def test_no_hint_is_given_in_a_break(client: FlaskClient, cast: Cast, attempt: Attempt) -> None:
    add_hints(cast.quiz)
    attempt.started_at, attempt.deadline_at = utcnow(), utcnow() + HOUR
    db.session.flush()
    sign_in(client, "bob")
    address = f"/attempts/{attempt.id}"
    post(client, f"{address}/items/1/hints", number="1")
    post(client, f"{address}/break")

    assert client.get(f"{address}/items/1/hints").location == f"{address}/break"
    asked = client.get(f"{address}/items/1/hints", headers={"Accept": "application/json"})
    more = post(client, f"{address}/items/1/hints", number="2")

    assert (asked.status_code, more.status_code, db.session.query(HintTaken).count()) == (409, 409, 1)
    assert "Think" not in asked.text + more.text
