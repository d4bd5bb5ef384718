"""Which of several answers counts, and what becomes of the others."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from extensions import db as database
from models import Attempt, AttemptItem
from services.errors import InvalidInput
from services.quizzes import answer_log, answers, attempts
from services.quizzes.terms import GRACE
from tests.factories import Cast

START = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)
NOW = START + timedelta(minutes=10)
TEXT = 4


@pytest.fixture
def attempt(cast: Cast) -> Attempt:
    cast.quiz.time_limit_s = 1800
    return attempts.start(cast.bob.id, cast.quiz, now=START)


def at(seconds: float) -> datetime:
    """Return a time in the attempt's sixth minute."""
    return START + timedelta(minutes=5, seconds=seconds)


def type_in(attempt: Attempt, tab: str, response: Any, revision: int, seconds: float) -> answers.Receipt:
    """Send what was typed in a tab, now."""
    return answers.save(attempt.id, TEXT, response, revision=revision, now=NOW, typed_at=at(seconds), tab=tab)


def kept(attempt: Attempt) -> AttemptItem:
    return database.session.get_one(AttemptItem, (attempt.id, TEXT), populate_existing=True)


def others(attempt: Attempt) -> list[tuple[str, Any]]:
    return [(row.why, row.response) for row in answer_log.uncounted(attempt.id)]


def test_what_was_typed_last_wins_though_it_did_not_know_of_the_other(attempt: Attempt) -> None:
    type_in(attempt, "a", "-x", 1, 1)

    receipt = type_in(attempt, "b", "-p", 1, 2)

    assert (kept(attempt).response, receipt.revision) == ("-p", 2)
    assert others(attempt) == [("replaced", "-x")]


def test_what_was_typed_first_and_comes_last_loses_and_is_kept(attempt: Attempt) -> None:
    type_in(attempt, "b", "-p", 1, 2)

    with pytest.raises(answers.Superseded) as caught:
        type_in(attempt, "a", "-x", 1, 1)

    assert (caught.value.revision, caught.value.response, caught.value.typed_at) == (1, "-p", at(2))
    assert kept(attempt).response == "-p"
    assert others(attempt) == [("outdated", "-x")]


def test_the_loser_sent_again_is_kept_once(attempt: Attempt) -> None:
    type_in(attempt, "b", "-p", 1, 2)

    for _time in range(2):
        with pytest.raises(answers.Superseded):
            type_in(attempt, "a", "-x", 1, 1)

    assert others(attempt) == [("outdated", "-x")]


def test_an_answer_that_builds_on_the_kept_one_wins_whatever_its_clock_says(attempt: Attempt) -> None:
    type_in(attempt, "a", "-x", 1, 60)

    type_in(attempt, "b", "-p", 2, 1)

    assert (kept(attempt).response, kept(attempt).typed_at) == ("-p", at(60))


def test_one_tab_going_on_leaves_no_history(attempt: Attempt) -> None:
    for number, text in enumerate(("-", "-p", "-pv"), start=1):
        type_in(attempt, "a", text, number, number)

    assert others(attempt) == []


def test_a_tab_whose_receipt_got_lost_goes_on(attempt: Attempt) -> None:
    type_in(attempt, "a", "-", 1, 1)  # the tab never hears of this

    receipt = type_in(attempt, "a", "-p", 1, 2)

    assert (receipt.revision, kept(attempt).response, others(attempt)) == (2, "-p", [])


def test_a_late_copy_of_what_the_same_tab_sent_before_changes_nothing(attempt: Attempt) -> None:
    type_in(attempt, "a", "-", 1, 1)
    type_in(attempt, "a", "-p", 2, 2)

    with pytest.raises(answers.Superseded):
        type_in(attempt, "a", "-", 1, 1)

    assert (kept(attempt).response, others(attempt)) == ("-p", [])


def test_what_was_typed_between_two_equal_answers_and_comes_late_loses(attempt: Attempt) -> None:
    type_in(attempt, "a", "-p", 1, 0)
    type_in(attempt, "a", "-p", 1, 2)

    with pytest.raises(answers.Superseded):
        type_in(attempt, "a", "-x", 1, 1)

    assert (kept(attempt).response, kept(attempt).typed_at) == ("-p", at(2))


def test_two_tabs_that_typed_the_same_agree(attempt: Attempt) -> None:
    type_in(attempt, "a", "-p", 1, 2)

    receipt = type_in(attempt, "b", "-p", 1, 1)

    assert (receipt.revision, others(attempt)) == (1, [])


def test_a_time_after_now_or_before_the_start_is_not_believed(attempt: Attempt) -> None:
    answers.save(attempt.id, TEXT, "a", revision=1, now=NOW, typed_at=NOW + timedelta(days=9), tab="a")
    assert kept(attempt).typed_at == NOW

    with pytest.raises(answers.Superseded):
        answers.save(attempt.id, TEXT, "b", revision=1, now=NOW, typed_at=datetime(1, 1, 1, tzinfo=UTC), tab="b")

    assert [row.typed_at for row in answer_log.uncounted(attempt.id)] == [START]


def test_an_answer_without_a_time_goes_by_its_revision(attempt: Attempt) -> None:
    answers.save(attempt.id, TEXT, "a", revision=1, now=NOW)

    with pytest.raises(answers.Superseded):
        answers.save(attempt.id, TEXT, "b", revision=1, now=NOW + timedelta(seconds=1))

    assert others(attempt) == []


def test_what_was_typed_before_the_deadline_and_comes_after_it_is_kept_beside_the_graded(attempt: Attempt) -> None:
    type_in(attempt, "a", "-x", 1, 1)
    late = START + timedelta(seconds=1800) + GRACE + timedelta(milliseconds=1)

    with pytest.raises(answers.Closed) as caught:
        answers.save(attempt.id, TEXT, "-p", revision=2, now=late, typed_at=at(2), tab="a")

    assert (caught.value.by, caught.value.is_kept, kept(attempt).response) == ("deadline", True, "-x")
    assert [(row.why, row.response, row.typed_at, row.received_at) for row in answer_log.uncounted(attempt.id)] == [
        ("late", "-p", at(2), late)
    ]


def test_after_handing_in_a_stale_tab_is_told_who_closed_it(attempt: Attempt) -> None:
    attempts.submit(attempt, now=NOW)

    with pytest.raises(answers.Closed) as caught:
        type_in(attempt, "a", "-p", 1, 1)

    assert (caught.value.by, caught.value.is_kept) == ("student", True)
    assert attempt.score == 0


def test_what_is_graded_already_is_no_late_answer(attempt: Attempt) -> None:
    type_in(attempt, "a", "-p", 1, 1)
    attempts.submit(attempt, now=NOW)

    with pytest.raises(answers.Closed) as caught:
        type_in(attempt, "a", "-p", 1, 1)

    assert (caught.value.is_kept, others(attempt)) == (True, [])


def test_late_answers_are_bounded_and_what_is_not_kept_is_said(attempt: Attempt) -> None:
    attempts.submit(attempt, now=NOW)
    told = []

    for number in range(answer_log.MAX_UNCOUNTED + 1):
        with pytest.raises(answers.Closed) as caught:
            type_in(attempt, "a", f"answer {number}", 1, number)
        told.append(caught.value.is_kept)

    assert told == [True] * answer_log.MAX_UNCOUNTED + [False]
    assert len(others(attempt)) == answer_log.MAX_UNCOUNTED


def test_of_many_losers_the_newest_are_kept(attempt: Attempt) -> None:
    for number in range(answer_log.MAX_UNCOUNTED + 3):
        type_in(attempt, f"tab-{number}", f"answer {number}", number + 1, number)

    newest = answer_log.MAX_UNCOUNTED + 1
    assert [text for _why, text in others(attempt)] == [
        f"answer {newest - at}" for at in range(answer_log.MAX_UNCOUNTED)
    ]


def test_a_revision_far_ahead_is_refused_and_the_next_ones_are_taken(attempt: Attempt) -> None:
    with pytest.raises(InvalidInput) as caught:
        answers.save(attempt.id, TEXT, "a", revision=answers.MAX_STEP + 1, now=NOW)

    assert caught.value.field == "revision"
    answers.save(attempt.id, TEXT, "a", revision=answers.MAX_STEP, now=NOW)
    assert kept(attempt).revision == answers.MAX_STEP


def test_a_page_that_counts_far_ahead_of_a_mended_row_goes_on(attempt: Attempt) -> None:
    type_in(attempt, "a", "-x", 1, 1)

    receipt = type_in(attempt, "b", "-p", 2**53, 2)

    assert (receipt.revision, kept(attempt).response) == (2, "-p")


def test_handing_in_after_the_deadline_is_closed_by_it(attempt: Attempt) -> None:
    attempts.submit(attempt, now=START + timedelta(seconds=1800))

    assert attempt.closed_by == "deadline"
