"""Whatever is regraded, undone, handed in and graded by hand, in whatever order: what stands there is recomputation."""

from fractions import Fraction

from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from sqlalchemy import select

from extensions import db
from models import Attempt, CourseTotal, PointEntry
from services.quizzes import manual
from tests.factories import EnrolmentFactory, QuizFactory, UserFactory, add_question
from tests.regrades.classes import (
    NOW,
    Done,
    completed,
    from_scratch,
    hand_in,
    kept,
    ledger,
    passing,
    regrade,
    right_choice,
    undo,
    worth_now,
)

STEP = st.tuples(st.sampled_from(["hand in", "key", "accept", "points", "drop", "undo", "grade"]), st.integers(0, 11))


@settings(
    max_examples=8,
    deadline=None,
    phases=[Phase.explicit, Phase.generate],
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
@given(steps=st.lists(STEP, min_size=3, max_size=10), counts=st.sampled_from(["best", "last", "average"]))
def test_any_history_equals_its_recomputation(app: object, steps: list[tuple[str, int]], counts: str) -> None:
    quiz = QuizFactory(points=30, counts=counts, pass_percent=50)
    choice, essay = add_question(quiz, "single", points=2), add_question(quiz, "essay", points=3)
    teacher = EnrolmentFactory(course=quiz.course, role="teacher").user
    people = [EnrolmentFactory(course=quiz.course, user=UserFactory()).user for _ in range(2)]
    made: list[Done] = []
    for verb, number in [("hand in", 0), *steps]:
        question = (choice, essay)[number % 2]
        match verb:
            case "hand in":
                hand_in(people[number % 2], quiz, {1: "ab"[number % 3 % 2], 2: "Words"})
            case "key":
                version = right_choice(choice, "ab"[number % 2])
                may_lower = number > 5
                made.append(regrade(quiz, choice, "key", teacher, version=version.number, may_lower=may_lower))
            case "accept":
                made.append(regrade(quiz, choice, "accept", teacher, response="ab"[number % 2]))
            case "points":
                made.append(regrade(quiz, question, "points", teacher, points=(number + 1) / 4))
            case "drop":
                made.append(regrade(quiz, question, "drop", teacher, how="full" if number > 5 else "out"))
            case "undo" if made:
                undo(made.pop(number % len(made)), teacher)
            case "grade":
                waits = db.session.scalars(select(Attempt).where(Attempt.quiz_id == quiz.id)).all()
                attempt = waits[number % len(waits)]
                item = attempt.items[1]
                give = {"marks": Fraction(number, 4), "comment": "", "grader_id": teacher.id, "now": NOW}
                manual.give(attempt.id, 2, **give, replaces=item.graded_at)

        assert kept(quiz) == from_scratch(quiz)
        entries = ledger(quiz)
        assert {**dict.fromkeys(entries, 0), **worth_now(quiz)} == {**dict.fromkeys(worth_now(quiz), 0), **entries}
        totals = db.session.scalars(select(CourseTotal).where(CourseTotal.course_id == quiz.course_id))
        sums = dict.fromkeys(entries, 0)
        for entry in db.session.scalars(select(PointEntry).where(PointEntry.course_id == quiz.course_id)):
            sums[entry.user_id] += entry.points
        assert completed(quiz) == passing(quiz)
        assert {each.user_id: each.points for each in totals if each.points} == {k: v for k, v in sums.items() if v}
