"""An attempt from its start to its points."""

from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import select

from extensions import db
from models import Attempt, Completion, CourseTotal, PointEntry
from services.errors import Conflict, InvalidInput, NotFound
from services.quizzes import answers, attempts
from services.quizzes.terms import GRACE
from tests.factories import RIGHT, Cast

NOW = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)


def answer_all(attempt: Attempt, at: datetime = NOW) -> None:
    for item in attempt.items:
        answers.save(attempt.id, item.position, RIGHT[item.version.kind], revision=1, now=at)


def test_starting_twice_goes_on_with_the_same_attempt(cast: Cast) -> None:
    first = attempts.start(cast.bob.id, cast.quiz, now=NOW)

    second = attempts.start(cast.bob.id, cast.quiz, now=NOW + timedelta(minutes=1))

    assert second.id == first.id


def test_a_perfect_attempt_earns_all_points_and_completes_the_quiz(cast: Cast) -> None:
    attempt = attempts.start(cast.bob.id, cast.quiz, now=NOW)
    answer_all(attempt)

    attempts.submit(attempt, now=NOW)

    assert attempt.state == "graded"
    assert attempt.closed_by == "student"
    assert attempt.percent == 100
    assert db.session.get(CourseTotal, (cast.course.id, cast.bob.id)).points == cast.quiz.points
    assert db.session.get(Completion, (cast.bob.id, cast.quiz.id)) is not None


def test_submitting_twice_awards_once(cast: Cast) -> None:
    attempt = attempts.start(cast.bob.id, cast.quiz, now=NOW)
    answer_all(attempt)
    attempts.submit(attempt, now=NOW)

    attempts.submit(attempt, now=NOW)

    entries = db.session.scalars(select(PointEntry).where(PointEntry.user_id == cast.bob.id)).all()
    assert [entry.points for entry in entries] == [20]


def test_only_an_improvement_earns_again(cast: Cast) -> None:
    first = attempts.start(cast.bob.id, cast.quiz, now=NOW)
    answers.save(first.id, 1, "a", revision=1, now=NOW)
    attempts.submit(first, now=NOW)
    second = attempts.start(cast.bob.id, cast.quiz, now=NOW)
    attempts.submit(second, now=NOW)
    third = attempts.start(cast.bob.id, cast.quiz, now=NOW)
    answer_all(third)

    attempts.submit(third, now=NOW)

    entries = db.session.scalars(select(PointEntry).order_by(PointEntry.id)).all()
    assert {(entry.source, entry.kind) for entry in entries} == {(f"quiz:{cast.quiz.id}", "quiz")}
    assert [(entry.number, entry.points) for entry in entries] == [(1, 5), (2, 15)]


def test_a_receipt_counts_what_is_saved(cast: Cast) -> None:
    attempt = attempts.start(cast.bob.id, cast.quiz, now=NOW)

    answers.save(attempt.id, 1, "a", revision=1, now=NOW)
    receipt = answers.save(attempt.id, 4, "ls", revision=1, now=NOW)

    assert (receipt.saved, receipt.total, receipt.saved_at) == (2, 4, NOW)


def test_a_cleared_answer_is_no_longer_counted(cast: Cast) -> None:
    attempt = attempts.start(cast.bob.id, cast.quiz, now=NOW)
    answers.save(attempt.id, 1, "a", revision=1, now=NOW)

    receipt = answers.save(attempt.id, 1, None, revision=2, now=NOW)

    assert receipt.saved == 0


def test_a_repeated_save_is_harmless(cast: Cast) -> None:
    attempt = attempts.start(cast.bob.id, cast.quiz, now=NOW)
    answers.save(attempt.id, 1, "a", revision=1, now=NOW)

    receipt = answers.save(attempt.id, 1, "a", revision=1, now=NOW + timedelta(seconds=9))

    assert receipt.saved_at == NOW


@pytest.mark.parametrize(("revision", "response"), [(1, "a"), (2, "b")])
def test_an_older_or_different_answer_does_not_replace_a_newer(cast: Cast, revision: int, response: str) -> None:
    attempt = attempts.start(cast.bob.id, cast.quiz, now=NOW)
    answers.save(attempt.id, 1, "a", revision=2, now=NOW)

    with pytest.raises(answers.Superseded) as caught:
        answers.save(attempt.id, 1, response, revision=revision, now=NOW)

    assert (caught.value.revision, caught.value.response) == (2, "a")


def test_a_closed_attempt_takes_no_more_answers(cast: Cast) -> None:
    attempt = attempts.start(cast.bob.id, cast.quiz, now=NOW)
    attempts.submit(attempt, now=NOW)

    with pytest.raises(answers.Closed):
        answers.save(attempt.id, 1, "a", revision=1, now=NOW)


def test_an_answer_is_taken_within_the_grace_and_refused_after_it(cast: Cast) -> None:
    cast.quiz.time_limit_s = 60
    attempt = attempts.start(cast.bob.id, cast.quiz, now=NOW)
    late = NOW + timedelta(seconds=60) + GRACE

    answers.save(attempt.id, 1, "a", revision=1, now=late)

    with pytest.raises(answers.Closed):
        answers.save(attempt.id, 1, "b", revision=2, now=late + timedelta(milliseconds=1))


def test_an_overdue_attempt_is_graded_as_saved(cast: Cast) -> None:
    cast.quiz.time_limit_s = 60
    attempt = attempts.start(cast.bob.id, cast.quiz, now=NOW)
    answers.save(attempt.id, 1, "a", revision=1, now=NOW)

    closed = attempts.close_overdue(NOW + timedelta(minutes=2))

    db.session.refresh(attempt)
    assert closed == 1
    assert (attempt.state, attempt.closed_by, attempt.score) == ("graded", "deadline", 1)


def test_an_attempt_that_cannot_be_graded_does_not_hold_up_the_others(cast: Cast) -> None:
    cast.quiz.time_limit_s = 60
    bad = attempts.start(cast.bob.id, cast.quiz, now=NOW)
    good = attempts.start(cast.alice.id, cast.quiz, now=NOW + timedelta(seconds=1))
    answers.save(bad.id, 1, "a", revision=1, now=NOW)
    bad.items[0].version.kind = "gone"
    answers.save(good.id, 2, ["a"], revision=1, now=NOW)
    good.items[0].version_id = good.items[1].version_id
    db.session.flush()

    closed = attempts.close_overdue(NOW + timedelta(minutes=2))

    db.session.refresh(bad)
    db.session.refresh(good)
    assert (closed, bad.state, good.state) == (2, "needs_grading", "graded")
    assert (bad.score, [item.score for item in bad.items]) == (None, [None, 0, 0, 0])


def test_an_attempt_in_time_is_left_open(cast: Cast) -> None:
    cast.quiz.time_limit_s = 60
    attempts.start(cast.bob.id, cast.quiz, now=NOW)

    assert attempts.close_overdue(NOW + timedelta(seconds=60)) == 0


def test_starting_again_after_the_deadline_closes_the_old_attempt(cast: Cast) -> None:
    cast.quiz.time_limit_s = 60
    old = attempts.start(cast.bob.id, cast.quiz, now=NOW)

    new = attempts.start(cast.bob.id, cast.quiz, now=NOW + timedelta(hours=1))

    db.session.refresh(old)
    assert (old.state, new.number) == ("graded", 2)


def test_no_more_attempts_than_allowed(cast: Cast) -> None:
    cast.quiz.attempts_allowed = 1
    attempts.submit(attempts.start(cast.bob.id, cast.quiz, now=NOW), now=NOW)

    with pytest.raises(Conflict, match="all attempts"):
        attempts.start(cast.bob.id, cast.quiz, now=NOW)


@pytest.mark.parametrize("revision", [0, -1, 2**53 + 1])
def test_an_impossible_revision_is_named(cast: Cast, revision: int) -> None:
    attempt = attempts.start(cast.bob.id, cast.quiz, now=NOW)

    with pytest.raises(InvalidInput) as caught:
        answers.save(attempt.id, 1, "a", revision=revision, now=NOW)

    assert caught.value.field == "revision"


def test_an_unknown_item_is_not_found(cast: Cast) -> None:
    attempt = attempts.start(cast.bob.id, cast.quiz, now=NOW)

    with pytest.raises(NotFound):
        answers.save(attempt.id, 99, "a", revision=1, now=NOW)


def test_a_shuffled_quiz_keeps_every_question_and_choice(cast: Cast) -> None:
    cast.quiz.is_shuffled = True

    attempt = attempts.start(cast.bob.id, cast.quiz, now=NOW)

    single = next(item for item in attempt.items if item.version.kind == "single")
    assert sorted(item.version.kind for item in attempt.items) == ["multiple", "numeric", "single", "text"]
    assert sorted(choice["id"] for choice in single.frozen["choices"]) == ["a", "b"]
