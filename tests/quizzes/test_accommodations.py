"""More time and attempts for single students, also during an attempt that is open."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import text

from extensions import db
from models import Accommodation, Attempt, Quiz, QuizOverride
from reasons import Code
from services.errors import InvalidInput, Refused
from services.quizzes import accommodations, answers, attempts, settings
from services.quizzes.terms import GRACE, Granted, terms_of
from tests.factories import Cast

NOW = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)
HOUR = timedelta(hours=1)


def profile(cast: Cast, **given: Any) -> None:
    accommodations.set_profile(cast.course, cast.bob.id, given, now=NOW)


def override(cast: Cast, **given: Any) -> None:
    accommodations.set_override(cast.quiz, cast.bob.id, given, now=NOW)


def start(cast: Cast, at: datetime = NOW) -> Attempt:
    return attempts.start(cast.bob.id, cast.quiz, now=at)


def deadline(attempt: Attempt) -> datetime | None:
    db.session.refresh(attempt)
    return attempt.deadline_at


def test_the_time_is_multiplied_and_the_minutes_come_on_top(cast: Cast) -> None:
    cast.quiz.time_limit_s = 3600
    profile(cast, time_percent=150, extra_minutes=5, break_minutes=10)
    override(cast, extra_minutes=2)

    attempt = start(cast)

    assert (attempt.deadline_at, attempt.break_s) == (NOW + timedelta(minutes=90 + 5 + 2), 600)


def test_others_have_the_time_that_the_quiz_says(cast: Cast) -> None:
    cast.quiz.time_limit_s = 3600
    profile(cast, time_percent=150)

    assert attempts.start(cast.alice.id, cast.quiz, now=NOW).deadline_at == NOW + HOUR


def test_the_window_ends_later_by_as_much(cast: Cast) -> None:
    cast.quiz.time_limit_s, cast.quiz.closes_at = 3600, NOW + HOUR
    profile(cast, time_percent=150)

    assert start(cast, NOW + HOUR / 2).deadline_at == NOW + HOUR * 3 / 2


def test_an_exam_that_has_only_a_window_lasts_longer(cast: Cast) -> None:
    cast.quiz.opens_at, cast.quiz.closes_at = NOW, NOW + HOUR
    profile(cast, time_percent=125)

    assert start(cast).deadline_at == NOW + timedelta(minutes=75)


def test_the_window_of_a_week_is_not_multiplied(cast: Cast) -> None:
    cast.quiz.opens_at, cast.quiz.closes_at = NOW, NOW + timedelta(days=7)
    profile(cast, time_percent=200, extra_minutes=30)

    assert start(cast).deadline_at == NOW + timedelta(days=7, minutes=30)


def test_times_of_ones_own_take_the_place_of_the_quizs(cast: Cast) -> None:
    cast.quiz.opens_at, cast.quiz.due_at, cast.quiz.closes_at = NOW - 2 * HOUR, NOW - HOUR, NOW - HOUR
    cast.quiz.late_credit = [{"hours": 1, "percent": 50}]
    override(cast, due_at=NOW + HOUR, closes_at=NOW + 2 * HOUR)

    attempt = start(cast)

    assert attempt.deadline_at == NOW + 2 * HOUR
    assert attempts.submit(attempt, now=NOW + HOUR / 2).credit_percent == 100


def test_attempts_come_on_top(cast: Cast) -> None:
    cast.quiz.attempts_allowed = 1
    profile(cast, extra_attempts=1)
    override(cast, extra_attempts=1)
    for number in range(3):
        attempts.submit(start(cast, NOW + number * HOUR), now=NOW + number * HOUR)

    with pytest.raises(Refused) as caught:
        start(cast, NOW + 4 * HOUR)

    assert caught.value.reason.code == Code.NO_ATTEMPTS_LEFT


@pytest.mark.parametrize("grant", [profile, override])
def test_an_open_attempt_ends_later_at_once(cast: Cast, grant: Any) -> None:
    cast.quiz.time_limit_s = 3600
    attempt = start(cast)

    grant(cast, extra_minutes=10)

    assert deadline(attempt) == NOW + timedelta(minutes=70)
    answers.save(attempt.id, 1, "a", revision=1, now=NOW + timedelta(minutes=65))
    assert attempts.close_overdue(NOW + timedelta(minutes=69)) == 0


def test_time_that_is_taken_back_ends_an_open_attempt_sooner(cast: Cast) -> None:
    cast.quiz.time_limit_s = 3600
    override(cast, extra_minutes=10)
    attempt = start(cast)

    override(cast, extra_minutes=0)

    assert deadline(attempt) == NOW + HOUR
    assert db.session.get(QuizOverride, (cast.quiz.id, cast.bob.id)) is None


def test_a_closed_attempt_stays_as_it_is(cast: Cast) -> None:
    cast.quiz.time_limit_s = 3600
    attempt = attempts.submit(start(cast), now=NOW + HOUR)

    override(cast, extra_minutes=10)

    assert (deadline(attempt), attempt.closed_by) == (NOW + HOUR, "deadline")


def test_changed_settings_reach_open_attempts_with_what_each_student_gets(cast: Cast) -> None:
    cast.quiz.time_limit_s = 3600
    profile(cast, time_percent=200)
    attempt = start(cast)

    settings.change(cast.course, cast.quiz, {"time_limit_s": 1800}, by_id=cast.alice.id, now=NOW)

    assert deadline(attempt) == NOW + HOUR


def test_a_page_that_is_behind_does_not_close_an_attempt_that_was_given_more_time(cast: Cast) -> None:
    cast.quiz.time_limit_s = 3600
    attempt = start(cast)
    more = {"at": NOW + 2 * HOUR, "id": attempt.id}  # behind the back of the row that the page has read
    db.session.execute(text("UPDATE attempts SET deadline_at = :at WHERE id = :id"), more)

    closed = attempts.close_if_overdue(attempt, now=NOW + HOUR + GRACE + timedelta(seconds=1))

    assert closed is False
    assert db.session.get_one(Attempt, attempt.id).is_open


def test_handing_in_counts_by_the_deadline_that_holds_now(cast: Cast) -> None:
    cast.quiz.time_limit_s = 3600
    attempt = start(cast)
    override(cast, extra_minutes=10)

    attempts.submit(attempt, now=NOW + timedelta(minutes=65))

    assert attempt.closed_by == "student"


@pytest.mark.parametrize(
    ("given", "field"),
    [
        ({"closes_at": NOW - HOUR}, "closes_at"),
        ({"opens_at": NOW + 5 * HOUR}, "closes_at"),
        ({"due_at": NOW + 5 * HOUR}, "due_at"),
        ({"due_at": NOW - 5 * HOUR}, "due_at"),
    ],
)
def test_times_of_ones_own_must_go_with_the_quizs(cast: Cast, given: dict[str, datetime], field: str) -> None:
    cast.quiz.opens_at, cast.quiz.closes_at = NOW, NOW + HOUR

    with pytest.raises(InvalidInput) as caught:
        override(cast, **given)

    assert caught.value.field == field


def test_what_is_shown_after_the_close_waits_for_the_last_student(cast: Cast) -> None:
    cast.quiz.closes_at = NOW
    assert accommodations.last_close(cast.quiz) == NOW

    profile(cast, extra_minutes=30)
    assert accommodations.last_close(cast.quiz) == NOW + timedelta(minutes=30)

    override(cast, closes_at=NOW + HOUR)
    assert accommodations.last_close(cast.quiz) == NOW + timedelta(minutes=90)


@given(st.integers(1, 10**6), st.integers(100, 1000), st.integers(0, 1000), st.integers(0, 1000))
def test_more_is_never_less(limit_s: int, percent: int, extra: int, own: int) -> None:
    quiz = Quiz(time_limit_s=limit_s, attempts_allowed=1, late_credit=[], requires=[], cooldown_minutes=0)
    granted = Granted(
        Accommodation(time_percent=percent, extra_minutes=extra, break_minutes=0, extra_attempts=0),
        QuizOverride(extra_minutes=own, extra_attempts=0),
    )

    usual, more = terms_of(quiz).deadline(NOW), terms_of(quiz, granted).deadline(NOW)

    assert usual is not None and more is not None
    assert more - usual >= timedelta(minutes=extra + own)
