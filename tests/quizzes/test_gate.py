"""Whether one may start a quiz, when it ends, and what late work is worth."""

from datetime import UTC, datetime, timedelta
from fractions import Fraction
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from extensions import db
from models import Attempt, CheckRun, PointEntry, Quiz
from models.lab_session import ENDED
from quiz_settings import LateStep
from reasons import Code
from services.courses import progress
from services.errors import Refused
from services.quizzes import answers, attempts, gate
from services.quizzes.terms import GRACE, Terms
from tests.factories import RIGHT, Cast, QuizFactory, add_question, ask_lab

NOW = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)
HOUR, DAY = timedelta(hours=1), timedelta(days=1)
NO_TERMS: dict[str, Any] = {
    "opens_at": None,
    "due_at": None,
    "closes_at": None,
    "late_credit": (),
    "time_limit_s": None,
    "attempts_allowed": None,
    "cooldown": timedelta(0),
}


def start(cast: Cast, at: datetime = NOW, **options: Any) -> Attempt:
    return attempts.start(cast.bob.id, cast.quiz, now=at, **options)


def take(cast: Cast, at: datetime = NOW) -> Attempt:
    """Answer everything right and hand in."""
    attempt = start(cast, at)
    for item in attempt.items:
        answers.save(attempt.id, item.position, RIGHT[item.version.kind], revision=1, now=at)
    return attempts.submit(attempt, now=at)


def refused(cast: Cast, at: datetime = NOW, **options: Any) -> Refused:
    with pytest.raises(Refused) as caught:
        start(cast, at, **options)
    return caught.value


def test_a_quiz_opens_when_it_says(cast: Cast) -> None:
    cast.quiz.opens_at = NOW

    refusal = refused(cast, NOW - timedelta(microseconds=1))

    assert (refusal.reason.code, refusal.possible_at) == (Code.QUIZ_NOT_OPEN, NOW)
    assert start(cast, NOW).is_open


def test_a_closed_quiz_is_not_started(cast: Cast) -> None:
    cast.quiz.closes_at = NOW

    refusal = refused(cast, NOW)

    assert (refusal.reason.code, refusal.possible_at) == (Code.QUIZ_CLOSED, None)


def test_the_staff_try_a_quiz_out_whenever_they_like(cast: Cast) -> None:
    cast.quiz.opens_at, cast.quiz.closes_at = NOW + HOUR, NOW + 2 * HOUR
    cast.quiz.password, cast.quiz.requires = "sesame", [{"lesson": "first-words"}]

    attempt = attempts.start(cast.alice.id, cast.quiz, now=NOW, is_staff=True)

    assert (attempt.is_open, attempt.deadline_at) == (True, None)


@pytest.mark.parametrize(
    ("limit_s", "closes_in", "ends_in"),
    [(3600, None, HOUR), (None, HOUR, HOUR), (3600, 2 * HOUR, HOUR), (7200, HOUR, HOUR), (None, None, None)],
)
def test_an_attempt_ends_with_its_time_or_with_the_window(
    cast: Cast, limit_s: int | None, closes_in: timedelta | None, ends_in: timedelta | None
) -> None:
    cast.quiz.time_limit_s = limit_s
    cast.quiz.closes_at = NOW + closes_in if closes_in else None

    attempt = start(cast)

    assert attempt.deadline_at == (NOW + ends_in if ends_in else None)


def test_an_attempt_that_the_window_ends_is_closed_by_the_deadline(cast: Cast) -> None:
    cast.quiz.closes_at = NOW + HOUR
    attempt = start(cast)

    attempts.close_overdue(NOW + HOUR + GRACE + timedelta(seconds=1))

    db.session.refresh(attempt)
    assert (attempt.state, attempt.closed_by) == ("graded", "deadline")


def test_there_is_a_pause_between_two_attempts(cast: Cast) -> None:
    cast.quiz.cooldown_minutes = 30
    take(cast)

    refusal = refused(cast, NOW + timedelta(minutes=29))

    assert (refusal.reason.code, refusal.possible_at) == (Code.QUIZ_COOLDOWN, NOW + timedelta(minutes=30))
    assert start(cast, NOW + timedelta(minutes=30)).number == 2


def test_a_pause_that_lasts_longer_than_the_window_is_told_as_such(cast: Cast) -> None:
    cast.quiz.cooldown_minutes, cast.quiz.closes_at = 60, NOW + HOUR
    take(cast)

    assert refused(cast).reason.code == Code.QUIZ_CLOSES_BEFORE


def test_a_pause_begins_at_the_deadline_however_late_the_attempt_was_closed(cast: Cast) -> None:
    cast.quiz.cooldown_minutes, cast.quiz.time_limit_s = 30, 60
    start(cast)
    attempts.close_overdue(NOW + DAY)

    assert start(cast, NOW + timedelta(minutes=31)).number == 2


@pytest.mark.parametrize(
    ("late", "percent"),
    [
        (timedelta(0), 100),
        (GRACE, 100),
        (GRACE + timedelta(seconds=1), 90),
        (DAY, 90),
        (DAY + GRACE + timedelta(seconds=1), 80),
        (7 * DAY, 80),
        (7 * DAY + GRACE + timedelta(seconds=1), 0),
    ],
)
def test_late_work_is_worth_what_its_step_says(cast: Cast, late: timedelta, percent: int) -> None:
    cast.quiz.due_at = NOW
    cast.quiz.late_credit = [{"hours": 24, "percent": 90}, {"hours": 168, "percent": 80}]

    attempt = take(cast, NOW + late)

    assert (attempt.credit_percent, attempt.percent) == (percent, percent)
    assert sum(entry.points for entry in db.session.query(PointEntry)) == 20 * percent // 100


def test_late_thirds_are_exact(cast: Cast) -> None:
    quiz: Quiz = QuizFactory(
        module=cast.quiz.module, slug="thirds", due_at=NOW, late_credit=[{"hours": 1, "percent": 33}]
    )
    add_question(quiz, "multiple").current.spec = {
        "choices": [
            {"id": each, "text": each, "is_correct": each in "abc", "feedback": ""}
            for each in ("a", "b", "c", "d", "e", "f")
        ]
    }
    db.session.flush()
    attempt = attempts.start(cast.bob.id, quiz, now=NOW)
    answers.save(attempt.id, 1, ["a"], revision=1, now=NOW)

    attempts.submit(attempt, now=NOW + timedelta(minutes=30))
    db.session.expire_all()

    assert attempt.score == Fraction(1, 3) * Fraction(33, 100)


def test_without_steps_late_work_counts_whole(cast: Cast) -> None:
    cast.quiz.due_at = NOW

    assert take(cast, NOW + 30 * DAY).percent == 100


def test_a_deadline_before_the_due_date_is_in_time_however_late_it_was_closed(cast: Cast) -> None:
    cast.quiz.due_at, cast.quiz.time_limit_s = NOW + HOUR, 60
    cast.quiz.late_credit = [{"hours": 1, "percent": 50}]
    attempt = start(cast)

    attempts.close_overdue(NOW + DAY)

    db.session.refresh(attempt)
    assert attempt.credit_percent == 100


steps = st.lists(st.tuples(st.integers(1, 1000), st.integers(0, 100)), max_size=5, unique_by=lambda step: step[0])


@given(steps, st.integers(-(10**6), 10**7), st.integers(0, 10**6))
def test_credit_never_grows_with_time(made: list[tuple[int, int]], late_s: int, more_s: int) -> None:
    hours = sorted(hours for hours, _percent in made)
    percents = sorted((percent for _hours, percent in made), reverse=True)
    credit = tuple(LateStep(hours=each, percent=part) for each, part in zip(hours, percents, strict=True))
    terms = Terms(**{**NO_TERMS, "due_at": NOW, "late_credit": credit})

    first = terms.credit(NOW + timedelta(seconds=late_s))
    later = terms.credit(NOW + timedelta(seconds=late_s + more_s))

    assert 0 <= later <= first <= 100


@given(st.integers(1, 10**6), st.integers(1, 10**6))
def test_a_deadline_is_the_earlier_of_two(limit_s: int, closes_in_s: int) -> None:
    closes_at = NOW + timedelta(seconds=closes_in_s)
    terms = Terms(**{**NO_TERMS, "time_limit_s": limit_s, "closes_at": closes_at})

    assert terms.deadline(NOW) == NOW + timedelta(seconds=min(limit_s, closes_in_s))


def test_a_password_is_asked_for_and_compared(cast: Cast) -> None:
    cast.quiz.password = "Öffne dich"

    assert refused(cast).reason.code == Code.QUIZ_PASSWORD_NEEDED
    with pytest.raises(gate.WrongPassword):
        start(cast, password="öffne dich")
    assert start(cast, password=" O\u0308ffne dich ").is_open
    assert start(cast).is_open  # going on asks for none


def test_a_lesson_that_is_required_must_be_finished(cast: Cast) -> None:
    cast.quiz.requires = [{"lesson": "first-words"}]

    assert refused(cast).reason.params == {"title": cast.lesson.title}
    progress.complete_lesson(cast.bob.id, cast.lesson, now=NOW)
    assert start(cast).is_open


def test_a_score_that_is_required_must_be_reached(cast: Cast) -> None:
    other: Quiz = QuizFactory(module=cast.quiz.module, slug="other", pass_percent=10)
    for _number in range(2):
        add_question(other, "single")
    cast.quiz.requires = [{"quiz": "other", "percent": 60}]

    def score(right: int, at: datetime) -> None:
        attempt = attempts.start(cast.bob.id, other, now=at)
        for position in range(1, right + 1):
            answers.save(attempt.id, position, "a", revision=1, now=at)
        attempts.submit(attempt, now=at)

    score(1, NOW)
    assert refused(cast).reason.code == Code.REQUIRES_SCORE
    score(2, NOW + HOUR)
    assert start(cast).is_open


def test_a_check_that_is_required_must_be_passed_by_oneself(cast: Cast) -> None:
    cast.quiz.requires = [{"lab": "first-lab", "check": "check-1"}]
    for person, state in ((cast.alice, "passed"), (cast.bob, "failed")):
        session = ask_lab(person, cast.lab, NOW, state=ENDED, reason="user", ended_at=NOW)
        db.session.add(CheckRun(session_id=session.id, check_id=cast.check.id, state=state, requested_at=NOW))
    db.session.flush()

    assert refused(cast).reason.code == Code.REQUIRES_CHECK
    db.session.query(CheckRun).filter_by(state="failed").one().state = "passed"
    db.session.flush()
    assert start(cast).is_open


def test_what_the_course_lost_is_no_longer_required(cast: Cast) -> None:
    cast.quiz.requires = [{"lesson": "first-words"}]
    cast.lesson.is_archived = True
    db.session.flush()

    assert start(cast).is_open
