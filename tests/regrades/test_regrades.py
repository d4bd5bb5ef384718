"""Regrades: each kind, what it moves, what it leaves alone, undo, and previews that have grown stale."""

from datetime import timedelta
from fractions import Fraction
from typing import Any

import pytest
from sqlalchemy import select

from extensions import db
from models import CourseTotal, PointEntry, Quiz, Regrade, RegradeNote, User
from reasons import Code
from services.errors import Refused
from services.gradebook import books
from services.gradebook.schemes import scheme_of
from services.leaderboards import audits
from services.quizzes import attempts, manual, prerequisites, waiting
from services.quizzes.people import Standing
from services.regrades import applying, asking
from services.regrades.asking import Asked
from tests.factories import Cast, QuizFactory, add_question
from tests.regrades.classes import (
    NOW,
    WHY,
    completed,
    from_scratch,
    hand_in,
    kept,
    ledger,
    new_version,
    regrade,
    right_choice,
    score_of,
    undo,
    worth_now,
)


def check_all(cast: Cast, quiz: Quiz) -> None:
    """Rows, ledger, totals and what recomputation says are one."""
    assert kept(quiz) == from_scratch(quiz)
    assert {k: v for k, v in ledger(quiz).items() if v} == {k: v for k, v in worth_now(quiz).items() if v}
    audit = audits.make(audits.ask(cast.course, mend=False, by=None, now=NOW), now=lambda: NOW)
    assert audit.drifts == 0


def test_another_key_moves_scores_points_and_totals_and_undo_moves_them_back(
    cast: Cast, quiz: Quiz, victor: User
) -> None:
    wrong = hand_in(cast.bob, quiz, {1: "b"})
    right = hand_in(victor, quiz, {1: "a"})
    version = right_choice(quiz.questions[0], "b")

    done = regrade(quiz, quiz.questions[0], "key", cast.alice, version=version.number)

    assert (score_of(wrong), score_of(right)) == ((2, 3), (0, 3))
    counts = {"up": 1, "down": 1, "same": 0, "points": 0, "completed": 1, "reopened": 1}
    assert done.plan.effect == {**counts, "before": 1 / 3, "after": 1 / 3}
    assert done.points == {cast.bob.id: 27, victor.id: -27}
    assert completed(quiz) == {cast.bob.id}
    assert wrong.items[0].version.number == 1
    check_all(cast, quiz)

    undo(done, cast.alice)

    assert (score_of(wrong), score_of(right)) == ((0, 3), (2, 3))
    assert completed(quiz) == {victor.id}
    assert (wrong.items[0].asked_points, right.items[0].asked_points) == (None, None)
    entries = db.session.scalars(select(PointEntry).where(PointEntry.user_id == cast.bob.id).order_by(PointEntry.id))
    assert [(each.points, each.kind, each.reason) for each in entries] == [
        (27, "compensation", WHY),
        (-27, "compensation", WHY),
    ]
    check_all(cast, quiz)


def test_a_preview_says_what_the_board_and_the_course_will_have(cast: Cast, quiz: Quiz, victor: User) -> None:
    hand_in(cast.bob, quiz, {1: "b"})
    hand_in(victor, quiz, {1: "a", 2: "A pipe"})
    made = asking.draft(quiz, quiz.questions[0].id, Asked("drop", how="out"), WHY, by_id=cast.alice.id, now=NOW)

    plan = applying.preview(made)
    done = applying.apply(made, digest=plan.digest, by_id=cast.alice.id, now=NOW)

    assert {user_id: (each.before, each.after) for user_id, each in plan.people.items()} == {
        cast.bob.id: (Standing(0, is_done=False), Standing(0, is_done=False)),
        victor.id: (Standing(27, is_done=True), Standing(0, is_done=False)),
    }
    assert {k: v for k, v in ledger(quiz).items() if v} == {}
    assert completed(quiz) == set()
    back = applying.preview(db.session.get_one(Regrade, done.regrade.id))
    assert back.people[victor.id].after == Standing(27, is_done=True)


def test_a_quiz_stays_done_by_another_attempt_that_passes(cast: Cast, quiz: Quiz) -> None:
    quiz.counts = "last"
    hand_in(cast.bob, quiz, {1: "a", 2: "grep"})
    question = add_question(quiz, "single", points=7)
    hand_in(cast.bob, quiz, {3: "a"}, NOW + timedelta(days=1))
    assert completed(quiz) == {cast.bob.id}

    done = regrade(quiz, question, "drop", cast.alice, how="out")

    assert done.plan.people[cast.bob.id].after == Standing(0, is_done=True)
    assert completed(quiz) == {cast.bob.id}


def test_what_requires_the_quiz_opens_and_closes_with_a_regrade(cast: Cast, quiz: Quiz) -> None:
    following: Quiz = QuizFactory(module=quiz.module, slug="next", position=10, requires=[{"quiz": "exam"}])
    hand_in(cast.bob, quiz, {1: "b"})
    assert prerequisites.unmet(following, cast.bob.id)

    done = regrade(quiz, quiz.questions[0], "accept", cast.alice, response="b")
    assert not prerequisites.unmet(following, cast.bob.id)
    undo(done, cast.alice)

    assert prerequisites.unmet(following, cast.bob.id)


def test_what_was_begun_goes_on_when_its_requirement_is_not_met_any_more(cast: Cast, quiz: Quiz) -> None:
    following: Quiz = QuizFactory(module=quiz.module, slug="next", position=10, requires=[{"quiz": "exam"}])
    add_question(following, "single")
    hand_in(cast.bob, quiz, {1: "b"})
    done = regrade(quiz, quiz.questions[0], "accept", cast.alice, response="b")
    begun = attempts.start(cast.bob.id, following, now=NOW)

    undo(done, cast.alice)

    assert attempts.start(cast.bob.id, following, now=NOW).id == begun.id
    assert attempts.submit(begun, now=NOW).state == "graded"


def test_the_gradebook_and_the_board_follow(cast: Cast, quiz: Quiz) -> None:
    hand_in(cast.bob, quiz, {1: "b"})

    def stands() -> tuple[Fraction | None, int]:
        db.session.expire_all()
        cell = books.of_student(scheme_of(cast.course), cast.bob).cells[quiz.id]
        return cell.share, db.session.get_one(CourseTotal, (cast.course.id, cast.bob.id)).points

    done = regrade(quiz, quiz.questions[0], "accept", cast.alice, response="b")
    assert stands() == (Fraction(2, 3), 27)
    undo(done, cast.alice)

    assert stands() == (0, 0)


def test_marks_by_hand_that_fail_an_attempt_take_what_it_completed_along(cast: Cast, quiz: Quiz) -> None:
    add_question(quiz, "essay", points=4)
    attempt = hand_in(cast.bob, quiz, {3: "Words"})
    said: dict[str, Any] = {"comment": "", "grader_id": cast.alice.id}
    given = manual.give(attempt.id, 3, marks=Fraction(4), now=NOW, **said)
    assert completed(quiz) == {cast.bob.id}

    manual.give(attempt.id, 3, marks=Fraction(3), now=NOW + timedelta(hours=1), replaces=given.graded_at, **said)

    assert score_of(attempt) == (3, 7)
    assert completed(quiz) == set()


def test_an_undo_whose_preview_has_grown_stale_is_refused(cast: Cast, quiz: Quiz, victor: User) -> None:
    attempt = hand_in(cast.bob, quiz, {1: "b"})
    done = regrade(quiz, quiz.questions[0], "accept", cast.alice, response="b")
    digest = applying.preview(db.session.get_one(Regrade, done.regrade.id)).digest
    hand_in(victor, quiz, {1: "b"})

    with pytest.raises(Refused) as refusal:
        applying.undo(done.regrade, digest=digest, by_id=cast.alice.id, now=NOW)

    assert refusal.value.reason.code is Code.REGRADE_STALE
    assert score_of(attempt) == (2, 3)


def test_both_keys_may_count(cast: Cast, quiz: Quiz, victor: User) -> None:
    wrong, right = hand_in(cast.bob, quiz, {1: "b"}), hand_in(victor, quiz, {1: "a"})
    version = right_choice(quiz.questions[0], "b")

    regrade(quiz, quiz.questions[0], "key", cast.alice, version=version.number, may_lower=False)

    assert (score_of(wrong), score_of(right)) == ((2, 3), (2, 3))


def test_an_accepted_answer_counts_however_it_is_written(cast: Cast, quiz: Quiz, victor: User) -> None:
    first, second = hand_in(cast.bob, quiz, {2: "A Pipeline"}), hand_in(victor, quiz, {2: "something else"})

    regrade(quiz, quiz.questions[1], "accept", cast.alice, response="a  pipeline")

    assert (score_of(first), score_of(second)) == ((1, 3), (0, 3))
    later = hand_in(cast.bob, quiz, {2: "a pipeline"}, NOW + timedelta(days=1))
    assert score_of(later) == (1, 3)
    check_all(cast, quiz)


def test_an_accepted_answer_of_a_variant_counts_in_that_variant(cast: Cast, quiz: Quiz, victor: User) -> None:
    question = add_question(quiz, "formula")
    mine, other = hand_in(cast.bob, quiz, {3: "12345"}), hand_in(victor, quiz, {3: "12345"})
    for attempt, number in ((mine, "5"), (other, "12")):
        attempt.items[2].frozen = {"unit": "cm", "values": {"a": number, "b": number}}
    db.session.flush()

    regrade(quiz, question, "accept", cast.alice, attempt_id=mine.id)

    assert (score_of(mine), score_of(other)) == ((1, 4), (0, 4))


def test_hints_that_were_taken_cost_what_they_cost_under_another_key(cast: Cast, quiz: Quiz) -> None:
    attempt = hand_in(cast.bob, quiz, {1: "b"})
    attempt.items[0].hint_cost = Fraction(1, 2)
    db.session.flush()

    done = regrade(quiz, quiz.questions[0], "accept", cast.alice, response="b")
    assert score_of(attempt) == (Fraction(3, 2), 3)
    undo(done, cast.alice)
    regrade(quiz, quiz.questions[0], "drop", cast.alice, how="full")
    assert score_of(attempt) == (2, 3)


def test_other_points_weigh_what_was_earned(cast: Cast, quiz: Quiz) -> None:
    attempt = hand_in(cast.bob, quiz, {1: "a"})

    done = regrade(quiz, quiz.questions[0], "points", cast.alice, points=0.5)

    assert (score_of(attempt), ledger(quiz)) == ((Fraction(1, 2), Fraction(3, 2)), {cast.bob.id: 13})
    undo(done, cast.alice)
    assert score_of(attempt) == (2, 3)


@pytest.mark.parametrize(("how", "expected"), [("full", (2, 3)), ("out", (0, 1))])
def test_a_question_is_dropped_for_all_or_out_of_the_total(
    cast: Cast, quiz: Quiz, how: str, expected: tuple[int, int]
) -> None:
    attempt = hand_in(cast.bob, quiz, {})

    done = regrade(quiz, quiz.questions[0], "drop", cast.alice, how=how)

    assert score_of(attempt) == expected
    later = hand_in(cast.bob, quiz, {}, NOW + timedelta(days=1))
    assert score_of(later) == expected
    undo(done, cast.alice)
    assert (score_of(attempt), score_of(later)) == ((0, 3), (0, 3))
    check_all(cast, quiz)


def test_a_dropped_essay_waits_for_nobody_until_that_is_undone(cast: Cast, quiz: Quiz) -> None:
    essay = add_question(quiz, "essay", points=3)
    attempt = hand_in(cast.bob, quiz, {1: "a", 3: "Words"})
    assert (attempt.state, waiting.count(quiz)) == ("needs_grading", 1)

    done = regrade(quiz, essay, "drop", cast.alice, how="full")
    assert (score_of(attempt), attempt.state, waiting.count(quiz)) == ((5, 6), "graded", 0)
    check_all(cast, quiz)

    undo(done, cast.alice)
    assert (score_of(attempt), attempt.state, waiting.count(quiz)) == ((None, 6), "needs_grading", 1)
    assert db.session.get_one(CourseTotal, (cast.course.id, cast.bob.id)).points == 0
    check_all(cast, quiz)


def test_marks_by_hand_are_kept_under_a_regrade_and_come_back(cast: Cast, quiz: Quiz) -> None:
    essay = add_question(quiz, "essay", points=4)
    attempt = hand_in(cast.bob, quiz, {3: "Words"})
    done = regrade(quiz, essay, "points", cast.alice, points=8)

    manual.give(attempt.id, 3, marks=Fraction(3), comment="", grader_id=cast.alice.id, now=NOW)

    assert (score_of(attempt), attempt.state) == ((6, 11), "graded")
    assert attempt.items[2].own_score == 3
    undo(done, cast.alice)
    assert score_of(attempt) == (3, 7)
    check_all(cast, quiz)


def test_regrades_are_taken_back_in_any_order(cast: Cast, quiz: Quiz) -> None:
    attempt = hand_in(cast.bob, quiz, {1: "b"})
    question = quiz.questions[0]
    accepted = regrade(quiz, question, "accept", cast.alice, response="b")
    heavier = regrade(quiz, question, "points", cast.alice, points=10)
    assert score_of(attempt) == (10, 11)

    undo(accepted, cast.alice)
    assert score_of(attempt) == (0, 11)
    undo(heavier, cast.alice)
    assert score_of(attempt) == (0, 3)


def test_a_later_version_is_graded_by_itself(cast: Cast, quiz: Quiz) -> None:
    regrade(quiz, quiz.questions[0], "accept", cast.alice, response="b")
    new_version(quiz.questions[0], points=5)

    attempt = hand_in(cast.bob, quiz, {1: "b"})

    assert score_of(attempt) == (0, 6)


def test_who_changes_is_noted_and_who_does_not_is_not(cast: Cast, quiz: Quiz, victor: User) -> None:
    wrong = hand_in(cast.bob, quiz, {1: "b"})
    hand_in(victor, quiz, {1: "a"})

    done = regrade(quiz, quiz.questions[0], "accept", cast.alice, response="b")
    undo(done, cast.alice)

    notes = db.session.scalars(select(RegradeNote).order_by(RegradeNote.is_undo)).all()
    assert [(each.attempt_id, each.is_undo, each.score_before, each.score_after) for each in notes] == [
        (wrong.id, False, 0, 2),
        (wrong.id, True, 2, 0),
    ]
