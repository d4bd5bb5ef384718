"""Regrades and what else happens at the same moment, by real connections; and a regrade that dies on its way."""

from collections.abc import Callable, Iterator
from datetime import timedelta
from fractions import Fraction
from typing import Any

import pytest
from sqlalchemy import event, func, select

from extensions import db
from models import Attempt, PointEntry, Quiz, Regrade, RegradeNote, User
from reasons import Code
from services.errors import Refused
from services.quizzes import answers, attempts, manual
from services.regrades import applying, asking
from services.regrades.asking import Asked
from tests.conftest import CommittedDatabase
from tests.factories import QuizFactory, UserFactory, add_question, make_cast
from tests.quizzes.test_races import race
from tests.regrades.classes import NOW, WHY, from_scratch, hand_in, kept, ledger, regrade, worth_now

LATER = NOW + timedelta(days=1)


class Scene:
    """Bob's attempts at a quiz of a choice and an essay, and alice, who regrades it."""

    def __init__(self, site: CommittedDatabase) -> None:
        self.site = site
        with site.app.app_context():
            cast = make_cast()
            quiz: Quiz = QuizFactory(module=cast.quiz.module, slug="exam", position=9, points=40, counts="last")
            self.choice, self.essay = (add_question(quiz, kind).id for kind in ("single", "essay"))
            self.quiz, self.bob, self.alice = quiz.id, cast.bob.id, cast.alice.id
            self.attempt = hand_in(cast.bob, quiz, {1: "b", 2: "Words"}).id
            db.session.commit()

    def draft(self, question: int, kind: str, **asked: Any) -> tuple[int, str]:
        """Make a preview; return its ID and digest."""
        with self.site.app.app_context():
            quiz = db.session.get_one(Quiz, self.quiz)
            made = asking.draft(quiz, question, Asked(kind, **asked), WHY, by_id=self.alice, now=NOW)
            found = made.id, applying.preview(made).digest
            db.session.commit()
        return found

    def apply(self, made: tuple[int, str]) -> Callable[[], object]:
        def act() -> object:
            return applying.apply(
                db.session.get_one(Regrade, made[0]), digest=made[1], by_id=self.alice, now=NOW
            ).points

        return act

    def check(self) -> None:
        """What stands there is what one gets from scratch; and nothing was awarded twice."""
        with self.site.app.app_context():
            quiz = db.session.get_one(Quiz, self.quiz)
            assert kept(quiz) == from_scratch(quiz)
            assert {k: v for k, v in ledger(quiz).items() if v} == {k: v for k, v in worth_now(quiz).items() if v}


@pytest.fixture
def scene(committed_db: CommittedDatabase) -> Iterator[Scene]:
    yield Scene(committed_db)


def is_stale(outcome: object) -> bool:
    return isinstance(outcome, Refused) and outcome.reason.code is Code.REGRADE_STALE


def test_an_attempt_that_is_handed_in_meanwhile_is_regraded_or_makes_the_preview_stale(scene: Scene) -> None:
    for number in range(4):
        made = scene.draft(scene.choice, "accept" if number % 2 else "points", response="b", points=number + 1)
        with scene.site.app.app_context():
            attempt = attempts.start(scene.bob, db.session.get_one(Quiz, scene.quiz), now=NOW).id
            answers.save(attempt, 1, "b", revision=1, now=NOW)
            db.session.commit()

        def submit(key: int = attempt) -> str:
            return attempts.submit(db.session.get_one(Attempt, key), now=NOW).state

        applied, submitted = race(scene.site, scene.apply(made), submit)

        assert submitted == "graded"
        assert isinstance(applied, dict) or is_stale(applied)
        scene.check()


def test_a_start_that_closes_an_old_attempt_and_a_regrade_do_not_wait_in_a_circle(scene: Scene) -> None:
    with scene.site.app.app_context():
        db.session.get_one(Quiz, scene.quiz).time_limit_s = 60
        db.session.commit()
    for _round in range(3):
        made = scene.draft(scene.choice, "accept", response="b")
        with scene.site.app.app_context():
            attempts.start(scene.bob, db.session.get_one(Quiz, scene.quiz), now=NOW)
            db.session.commit()

        def start() -> int:
            return attempts.start(scene.bob, db.session.get_one(Quiz, scene.quiz), now=LATER).id

        applied, started = race(scene.site, scene.apply(made), start)

        assert isinstance(started, int)
        assert isinstance(applied, dict) or is_stale(applied)
        with scene.site.app.app_context():
            attempts.submit(db.session.get_one(Attempt, started), now=LATER)
            db.session.commit()
        scene.check()


def test_marks_by_hand_and_a_regrade_of_the_same_answer(scene: Scene) -> None:
    for number in range(1, 4):
        made = scene.draft(scene.essay, "points", points=number + 1)
        with scene.site.app.app_context():
            replaces = manual.load(scene.attempt, 2).graded_at

        def grade(marks: Fraction = Fraction(number, 4), seen: Any = replaces) -> object:
            given = {"marks": marks, "comment": "", "grader_id": scene.alice, "now": NOW, "replaces": seen}
            return manual.give(scene.attempt, 2, **given).graded_at

        applied, graded = race(scene.site, scene.apply(made), grade)

        assert graded == NOW
        assert isinstance(applied, dict) or is_stale(applied)
        with scene.site.app.app_context():
            assert manual.load(scene.attempt, 2).own_score == Fraction(number, 4)
        scene.check()


def test_of_two_regrades_the_second_sees_the_first(scene: Scene) -> None:
    first, second = scene.draft(scene.choice, "points", points=3), scene.draft(scene.choice, "points", points=5)

    outcomes = race(scene.site, scene.apply(first), scene.apply(second))

    assert sorted(map(is_stale, outcomes)) == [False, True]
    scene.check()


def test_one_preview_is_applied_once_and_undone_once(scene: Scene) -> None:
    made = scene.draft(scene.choice, "accept", response="b")
    with scene.site.app.app_context():
        given = {"marks": Fraction(1), "comment": "", "grader_id": scene.alice, "now": NOW}
        manual.give(scene.attempt, 2, **given)
        db.session.commit()
    made = made[0], scene.draft(scene.choice, "accept", response="b")[1]

    applied = race(scene.site, *[scene.apply(made)] * 3)
    undone = race(
        scene.site,
        *[lambda: applying.undo(db.session.get_one(Regrade, made[0]), by_id=scene.alice, now=NOW).points] * 3,
    )

    assert [each for each in applied if isinstance(each, dict)] == [{scene.bob: 20}]
    assert [each for each in undone if isinstance(each, dict)] == [{scene.bob: -20}]
    with scene.site.app.app_context():
        entries = db.session.scalars(select(PointEntry.points).order_by(PointEntry.id)).all()
        assert entries == [20, 20, -20]
    scene.check()


class Died(Exception):
    """What a killed process leaves behind: a transaction that never ends."""


def test_a_regrade_that_dies_on_its_way_leaves_nothing(scene: Scene) -> None:
    with scene.site.app.app_context():
        given = {"marks": Fraction(1), "comment": "", "grader_id": scene.alice, "now": NOW}
        manual.give(scene.attempt, 2, **given)
        db.session.commit()
        before = kept(db.session.get_one(Quiz, scene.quiz))
    made = scene.draft(scene.choice, "accept", response="b")
    statements = 0
    for limit in range(60):
        with scene.site.app.app_context():
            count = iter(range(1000))

            def die(*_args: object, left: int = limit, seen: Iterator[int] = count) -> None:
                if next(seen) >= left:
                    raise Died

            event.listen(db.engine, "before_cursor_execute", die)
            try:
                scene.apply(made)()
                statements = next(count)
                break
            except Died:
                pass
            finally:
                event.remove(db.engine, "before_cursor_execute", die)
                db.session.rollback()
            assert kept(db.session.get_one(Quiz, scene.quiz)) == before
            assert db.session.scalar(select(func.count()).select_from(RegradeNote)) == 0
            assert db.session.get_one(Regrade, made[0]).state == "draft"

    assert 15 < statements < 40
    with scene.site.app.app_context():
        scene.apply(made)()
        db.session.commit()
    scene.check()


def test_the_statements_do_not_grow_with_the_class(scene: Scene) -> None:
    counts: list[int] = []
    with scene.site.app.app_context():
        quiz, alice = db.session.get_one(Quiz, scene.quiz), db.session.get_one(User, scene.alice)
        choice = next(each for each in quiz.questions if each.id == scene.choice)
        for _round in range(2):
            for _each in range(2 + 3 * len(counts)):
                hand_in(UserFactory(), quiz, {1: "a"})
            for known in (alice, quiz, choice):
                db.session.refresh(known)
            seen: list[str] = []

            def note(_connection: Any, _cursor: Any, statement: str, *_rest: Any, to: list[str] = seen) -> None:
                to.append(statement)

            event.listen(db.engine, "before_cursor_execute", note)
            regrade(quiz, choice, "points", alice, points=3 + 2 * len(counts))
            event.remove(db.engine, "before_cursor_execute", note)
            counts.append(len(seen))
        db.session.rollback()

    assert counts[0] == counts[1]
