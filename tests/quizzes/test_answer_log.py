"""The log of answers: what came is in it, once, and it stays small; and what comes late is decided by the quiz."""

import hashlib
import json
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import func, select

from extensions import db
from models import AnswerSave, Attempt, AttemptItem, PointEntry
from services.quizzes import answer_log, answers, attempts
from services.quizzes.terms import ACCEPTED_FOR
from tests.factories import Cast

START = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)
END = START + timedelta(minutes=30)
NOW = START + timedelta(minutes=10)
TEXT = 4


@pytest.fixture
def attempt(cast: Cast) -> Attempt:
    cast.quiz.time_limit_s = 1800
    return attempts.start(cast.bob.id, cast.quiz, now=START)


def save(attempt: Attempt, response: Any, revision: int, seconds: float = 0, **more: Any) -> answers.Receipt:
    typed_at = START + timedelta(minutes=5, seconds=seconds)
    return answers.save(
        attempt.id, TEXT, response, revision=revision, **{"now": NOW, "typed_at": typed_at, "tab": "a", **more}
    )


def logged(attempt: Attempt) -> list[tuple[str, Any, int]]:
    return [(row.why, row.response, row.revision) for row in answer_log.versions(attempt.id, TEXT)]


def test_every_save_is_logged_with_its_receipt(attempt: Attempt) -> None:
    receipts = [save(attempt, text, number, number) for number, text in enumerate(("-", "-p", "-pv"), start=1)]

    rows = answer_log.versions(attempt.id, TEXT)

    assert [(row.revision, row.digest, row.typed_at, row.received_at) for row in rows] == [
        (receipt.revision, receipt.hash, receipt.typed_at, receipt.saved_at) for receipt in receipts
    ]
    assert receipts[0].hash == hashlib.sha256(b'"-"').hexdigest()


def test_a_save_that_is_sent_again_is_logged_once(attempt: Attempt) -> None:
    for _time in range(3):
        save(attempt, "-p", 1)

    assert logged(attempt) == [("", "-p", 1)]


def test_a_cleared_answer_is_logged_too(attempt: Attempt) -> None:
    save(attempt, "-p", 1, 1)
    receipt = save(attempt, None, 2, 2)

    assert (receipt.saved, logged(attempt)[-1]) == (0, ("", None, 2))


def test_a_receipt_counts_what_this_save_changed(attempt: Attempt) -> None:
    counts = [save(attempt, text, number, number).saved for number, text in enumerate(("a", "b", None, "c"), start=1)]

    assert counts == [1, 1, 0, 1]


def test_the_log_is_bounded_and_keeps_the_last_of_each_tab(attempt: Attempt) -> None:
    save(attempt, "of another tab", 1, 0, tab="b")
    for number in range(2, answer_log.MAX_VERSIONS + 20):
        save(attempt, f"answer {number}", number, number)

    rows = answer_log.versions(attempt.id, TEXT)

    assert len(rows) == answer_log.MAX_VERSIONS + 1
    assert (rows[0].response, rows[-1].response) == ("of another tab", f"answer {answer_log.MAX_VERSIONS + 19}")


def test_of_long_answers_fewer_are_kept(attempt: Attempt) -> None:
    for number in range(1, 30):
        save(attempt, "x" * 400 + str(number), number, number)
    short = len(logged(attempt))
    attempt.items[TEXT - 1].version.kind = "essay"
    db.session.flush()
    save(attempt, "long " * 1000, 30, 30)

    assert (short, len(logged(attempt))) == (29, answer_log.MAX_LONG_VERSIONS)


def test_tabs_without_number_do_not_fill_the_log(attempt: Attempt) -> None:
    for number in range(1, answer_log.MAX_TABS + 10):
        save(attempt, f"answer {number}", number, number / 10, tab=f"tab-{number}")

    assert len(logged(attempt)) == answer_log.MAX_TABS


@pytest.mark.parametrize("response", [None, "é", ["b", "a"], {"b": "1", "a": "2"}])
def test_a_hash_can_be_computed_by_everybody(response: Any) -> None:
    text = json.dumps(response, sort_keys=True, separators=(",", ":"), ensure_ascii=False)

    assert answer_log.digest(response) == hashlib.sha256(text.encode()).hexdigest()


edits = st.lists(
    st.tuples(st.sampled_from("abc"), st.integers(0, 200), st.text("xyz", min_size=1, max_size=3)),
    min_size=1,
    max_size=8,
    unique_by=lambda edit: edit[1],
)


@settings(max_examples=15, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(edits, st.data())
def test_whatever_order_and_repetition_the_last_typed_counts(cast: Cast, made: list[Any], data: st.DataObject) -> None:
    db.session.query(Attempt).delete()
    attempt = attempts.start(cast.bob.id, cast.quiz, now=START)
    arrivals = data.draw(st.permutations(made)) + data.draw(st.lists(st.sampled_from(made), max_size=5))

    for tab, second, text in arrivals:
        try:
            save(attempt, text, 1, second, tab=tab)  # of tabs that hear of no other, and get no receipt
        except answers.Superseded:
            continue

    last = max(made, key=lambda edit: edit[1])
    kept = db.session.get_one(AttemptItem, (attempt.id, TEXT), populate_existing=True)
    assert kept.response == last[2]
    assert last[2] in [row.response for row in answer_log.versions(attempt.id, TEXT)]


def late(attempt: Attempt, response: str = "ls -a", **more: Any) -> answers.Receipt:
    """Send what was typed before the end, after the scheduler has closed the attempt."""
    attempts.close_overdue(END + timedelta(minutes=1))
    return save(attempt, response, 2, 2, **{"now": END + timedelta(minutes=2), "is_over": True, **more})


def test_a_quiz_that_accepts_late_answers_counts_what_was_typed_in_time(cast: Cast, attempt: Attempt) -> None:
    cast.quiz.late_answers = "accept"
    save(attempt, "wrong", 1, 1)

    receipt = late(attempt)

    db.session.refresh(attempt)
    assert (receipt.revision, attempt.state, attempt.score) == (2, "graded", 1)
    assert sum(entry.points for entry in db.session.query(PointEntry)) == 5
    assert logged(attempt)[-1] == ("", "ls -a", 2)


@pytest.mark.parametrize(
    "more",
    [
        {"typed_at": END + timedelta(seconds=1)},
        {"typed_at": None},
        {"now": END + ACCEPTED_FOR + timedelta(seconds=1)},
    ],
)
def test_what_was_typed_or_came_too_late_does_not_count(cast: Cast, attempt: Attempt, more: dict[str, Any]) -> None:
    cast.quiz.late_answers = "accept"

    with pytest.raises(answers.Closed):
        late(attempt, **more)

    db.session.refresh(attempt)
    assert attempt.score == 0


def test_each_question_takes_one_late_answer_so_that_nobody_can_try_what_raises_their_score(
    cast: Cast, attempt: Attempt
) -> None:
    cast.quiz.late_answers = "accept"
    late(attempt, "wrong")

    with pytest.raises(answers.Closed) as caught:
        save(attempt, "ls -a", 3, 3, now=END + timedelta(minutes=3), is_over=True)

    db.session.refresh(attempt)
    assert (caught.value.is_kept, attempt.score) == (True, 0)
    assert logged(attempt)[-1] == ("late", "ls -a", 3)


def test_no_late_answer_counts_once_a_later_attempt_may_have_shown_what_is_right(cast: Cast, attempt: Attempt) -> None:
    cast.quiz.late_answers, cast.quiz.attempts_allowed = "accept", 2
    attempts.close_overdue(END + timedelta(minutes=1))
    attempts.start(cast.bob.id, cast.quiz, now=END + timedelta(minutes=1))

    with pytest.raises(answers.Closed) as caught:
        late(attempt)

    assert caught.value.is_kept


def test_what_a_student_handed_in_is_over(cast: Cast, attempt: Attempt) -> None:
    cast.quiz.late_answers = "accept"
    attempts.submit(attempt, now=NOW)

    with pytest.raises(answers.Closed):
        save(attempt, "ls -a", 1, now=NOW + timedelta(minutes=1), is_over=True)


def test_an_answer_that_is_accepted_before_the_scheduler_came_is_graded_by_it(cast: Cast, attempt: Attempt) -> None:
    cast.quiz.late_answers = "accept"

    save(attempt, "ls -a", 1, now=END + timedelta(minutes=2))
    attempts.close_overdue(END + timedelta(minutes=3))

    db.session.refresh(attempt)
    assert attempt.score == 1


def test_a_quiz_that_refuses_late_answers_keeps_none(cast: Cast, attempt: Attempt) -> None:
    cast.quiz.late_answers = "refuse"

    with pytest.raises(answers.Closed) as caught:
        late(attempt)

    assert (caught.value.is_kept, logged(attempt)) == (False, [])


def test_usually_a_late_answer_is_kept_beside_the_graded_one(attempt: Attempt) -> None:
    with pytest.raises(answers.Closed) as caught:
        late(attempt)

    assert (caught.value.is_kept, logged(attempt)) == (True, [("late", "ls -a", 2)])


def test_a_late_answer_that_is_sent_again_is_graded_once(cast: Cast, attempt: Attempt) -> None:
    cast.quiz.late_answers = "accept"
    for _time in range(3):
        late(attempt)

    assert db.session.scalar(select(func.count()).select_from(AnswerSave)) == 1
    assert [entry.points for entry in db.session.query(PointEntry) if entry.points] == [5]
