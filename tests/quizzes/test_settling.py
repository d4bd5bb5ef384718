"""A teacher changes what graded attempts earn: points, completions, the gradebook and the board follow at once."""

from fractions import Fraction
from typing import Any

import pytest
from sqlalchemy import event, select

from extensions import db
from models import Attempt, Completion, Course, CourseTotal, PointEntry, Quiz
from services.gradebook import books
from services.gradebook.schemes import scheme_of
from services.quizzes import answers, attempts, settings
from tests.conftest import CommittedDatabase
from tests.factories import RIGHT, Cast, make_cast
from tests.quizzes.test_races import race
from tests.quizzes.test_scores import NOW, put, take
from tests.regrades.classes import completed, ledger, worth_now


def change(cast: Cast, **given: Any) -> None:
    settings.change(cast.course, cast.quiz, given, by_id=cast.alice.id, now=NOW)


def total(cast: Cast) -> int:
    """What bob has on the board."""
    db.session.expire_all()
    return db.session.get_one(CourseTotal, (cast.course.id, cast.bob.id)).points


def test_what_a_perfect_attempt_earns_changes_everybodys_points_in_proportion(cast: Cast) -> None:
    take(cast, right=3)

    change(cast, points=100)
    raised = total(cast)
    change(cast, points=0)

    assert (raised, total(cast)) == (75, 0)
    entries = db.session.scalars(select(PointEntry).order_by(PointEntry.id)).all()
    assert [(each.points, each.kind) for each in entries] == [
        (15, "quiz"),
        (60, "compensation"),
        (-75, "compensation"),
    ]
    assert {each.given_by_id for each in entries[1:]} == {cast.alice.id}


@pytest.mark.parametrize(("rule", "points"), [("last", 5), ("first", 15), ("average", 10), ("best", 15)])
def test_another_attempt_counts_on_the_board_and_in_the_gradebook(cast: Cast, rule: str, points: int) -> None:
    take(cast, right=3)
    take(cast, right=1)

    change(cast, counts=rule)

    assert total(cast) == points == worth_now(cast.quiz)[cast.bob.id]
    cells = books.of_student(scheme_of(cast.course), cast.bob).cells
    assert cells[cast.quiz.id].share == Fraction(points, 20)
    assert completed(cast.quiz) == {cast.bob.id}  # any attempt that passes


def test_the_quiz_is_done_for_those_who_pass_by_the_mark_as_it_is_now(cast: Cast) -> None:
    handed_in = take(cast, right=1).closed_at
    assert completed(cast.quiz) == set()

    change(cast, pass_percent=25)
    done = db.session.scalars(select(Completion).where(Completion.activity_id == cast.quiz.id)).one()
    assert (done.user_id, done.completed_at) == (cast.bob.id, handed_in)

    change(cast, pass_percent=26)
    assert completed(cast.quiz) == set()


def test_a_change_that_is_taken_back_leads_to_where_it_began(cast: Cast) -> None:
    take(cast, right=3)
    take(cast, right=2)
    before = ledger(cast.quiz), completed(cast.quiz), total(cast)

    change(cast, points=7, counts="average", pass_percent=90)
    changed = ledger(cast.quiz), completed(cast.quiz), total(cast)
    change(cast, points=20, counts="best", pass_percent=50)

    assert changed == ({cast.bob.id: 4}, set(), 4)
    assert (ledger(cast.quiz), completed(cast.quiz), total(cast)) == before


def test_a_completion_that_no_attempt_earned_stays_where_nobody_comes_to_pass_or_fail(cast: Cast) -> None:
    take(cast, right=1)
    db.session.add(Completion(user_id=cast.bob.id, activity_id=cast.quiz.id, completed_at=NOW))
    db.session.flush()

    change(cast, pass_percent=80)

    assert completed(cast.quiz) == {cast.bob.id}


def test_attempts_that_wait_for_a_person_earn_nothing_yet_and_then_by_the_new_rules(cast: Cast) -> None:
    put(cast, cast.bob.id, (Fraction(1), Fraction(2)))
    waiting = Attempt(
        quiz_id=cast.quiz.id,
        user_id=cast.charlie.id,
        number=1,
        state="needs_grading",
        closed_by="student",
        closed_at=NOW,
        max_score=Fraction(2),
    )
    db.session.add(waiting)

    change(cast, points=50)

    assert ledger(cast.quiz) == {cast.bob.id: 25}


def test_a_bad_value_changes_nothing_of_what_was_earned(cast: Cast) -> None:
    take(cast, right=3)

    with pytest.raises(settings.Wrong) as refused:
        change(cast, points=100, pass_percent=101)

    assert [fault.field for fault in refused.value.faults] == ["pass_percent"]
    assert (total(cast), cast.quiz.points) == (15, 20)


def test_other_settings_settle_nothing_and_a_class_costs_no_more_statements_than_one(cast: Cast) -> None:
    statements: list[str] = []

    def note(*told: object) -> None:
        statements.append(str(told[2]))

    def cost(**given: Any) -> int:
        db.session.flush()
        statements.clear()
        event.listen(db.engine, "before_cursor_execute", note)
        change(cast, **given)
        db.session.flush()
        event.remove(db.engine, "before_cursor_execute", note)
        return len(statements)

    put(cast, cast.bob.id, (Fraction(1), Fraction(2)))
    one = cost(points=50)
    for who in (cast.charlie.id, cast.dana.id):
        put(cast, who, (Fraction(1), Fraction(2)), (Fraction(2), Fraction(2)))
    three = cost(points=60)
    cost(cooldown_minutes=5)

    assert one == three
    assert not [each for each in statements if "point_entries" in each or "advisory" in each]


def test_who_hands_in_at_the_moment_of_the_change_has_the_points_of_the_new_rules(
    committed_db: CommittedDatabase,
) -> None:
    with committed_db.app.app_context():
        cast = make_cast()
        course, quiz, bob, alice = cast.course.id, cast.quiz.id, cast.bob.id, cast.alice.id
        db.session.commit()
    for number in range(1, 6):
        with committed_db.app.app_context():
            attempt = attempts.start(bob, db.session.get_one(Quiz, quiz), now=NOW)
            for item in attempt.items:
                answers.save(attempt.id, item.position, RIGHT[item.version.kind], revision=1, now=NOW)
            opened = attempt.id
            db.session.commit()

        def submit(key: int = opened) -> str:
            db.session.get_one(Quiz, quiz)  # as it was before the change
            return attempts.submit(db.session.get_one(Attempt, key), now=NOW).state

        def settle(points: int = 20 + number * 10) -> bool:
            found = db.session.get_one(Quiz, quiz)
            return settings.change(db.session.get_one(Course, course), found, {"points": points}, by_id=alice, now=NOW)

        assert race(committed_db, settle, submit) == [True, "graded"]
        with committed_db.app.app_context():
            assert ledger(db.session.get_one(Quiz, quiz)) == {bob: 20 + number * 10}


def test_a_hand_in_with_a_quiz_that_was_read_before_the_change_follows_the_change(
    committed_db: CommittedDatabase,
) -> None:
    with committed_db.app.app_context():
        cast = make_cast()
        attempt = attempts.start(cast.bob.id, cast.quiz, now=NOW)
        for item in attempt.items:
            answers.save(attempt.id, item.position, RIGHT[item.version.kind], revision=1, now=NOW)
        course, quiz, bob, alice, opened = cast.course.id, cast.quiz.id, cast.bob.id, cast.alice.id, attempt.id
        db.session.commit()
    with committed_db.app.app_context():
        stale = db.session.get_one(Quiz, quiz)
        assert stale.points == 20
        with committed_db.app.app_context():
            found = db.session.get_one(Quiz, quiz)
            settings.change(db.session.get_one(Course, course), found, {"points": 90}, by_id=alice, now=NOW)
            db.session.commit()
        attempts.submit(db.session.get_one(Attempt, opened), now=NOW)
        db.session.commit()
        assert ledger(stale) == {bob: 90}
