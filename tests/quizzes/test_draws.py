"""What an attempt gets: nothing twice, only what is ready, the least seen first, and the same for the same seed."""

from datetime import UTC, datetime, timedelta
from itertools import product
from random import Random
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from extensions import db
from models import Question, QuestionVersion, Quiz, QuizSlot
from models.question import DRAFT, IN_REVIEW, RETIRED
from question_types import type_of
from reasons import Code, Reason
from services.errors import Refused
from services.quizzes import attempts, draws
from services.quizzes.draws import Candidate, Draw
from tests.factories import RAW, Cast, QuizFactory

NOW = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)
TAGS = ("files", "pipes", "shell")


def add_to_bank(course_id: int, slug: str, *tags: str, kind: str = "single", **columns: Any) -> Question:
    """Add a ready question to a course's bank."""
    question = Question(course_id=course_id, slug=slug, position=1, file="questions", tags=list(tags), **columns)
    db.session.add(question)
    db.session.flush()
    question.current = QuestionVersion(
        question=question, number=1, kind=kind, prompt_md=slug, prompt_html=slug, spec=type_of(kind).parse(RAW[kind])
    )
    db.session.flush()
    return question


def drawing_quiz(cast: Cast, count: int = 2, pool: int = 6, prefix: str = "file", **columns: Any) -> Quiz:
    """Return a quiz that draws some of a pool."""
    quiz = QuizFactory(module=cast.lesson.module, **columns)
    quiz.slots.append(QuizSlot(position=1, tag="files", count=count, points=2))
    for number in range(pool):
        add_to_bank(cast.course.id, f"{prefix}-{number}", "files", prefix)
    db.session.flush()
    return quiz


def slugs(attempt: Any) -> list[str]:
    return [item.version.question.slug for item in attempt.items]


def finish(user_id: int, quiz: Quiz, number: int = 0) -> list[str]:
    """Start an attempt and hand it in; return what it asked."""
    at = NOW + timedelta(hours=number)
    attempt = attempts.start(user_id, quiz, now=at)
    asked = slugs(attempt)
    attempts.submit(attempt, now=at)
    return asked


pools = st.lists(
    st.builds(
        lambda tags, difficulty, seen: (tuple(sorted(tags)), difficulty, seen),
        st.sets(st.sampled_from(TAGS)),
        st.sampled_from([None, "easy", "hard"]),
        st.integers(0, 3),
    ),
    max_size=7,
).map(lambda rows: [Candidate(number, *row) for number, row in enumerate(rows)])
slots = st.lists(
    st.builds(Draw, st.integers(1, 3), st.sampled_from(TAGS), st.sampled_from([None, "easy"])), min_size=1, max_size=3
)


@given(pools, slots, st.integers(0, 2**53))
def test_a_draw_takes_nothing_twice_and_only_from_its_pool(
    pool: list[Candidate], wanted: list[Draw], seed: int
) -> None:
    chosen = draws.choose(wanted, pool, Random(seed))

    everything = [number for part in chosen for number in part]
    assert len(everything) == len(set(everything))
    for each, part in zip(wanted, chosen, strict=True):
        assert len(part) <= each.count
        assert all(each.takes(pool[int(number)]) for number in part)


@given(pools, slots, st.integers(0, 2**53))
def test_as_much_is_drawn_as_can_be_and_of_that_the_least_seen(
    pool: list[Candidate], wanted: list[Draw], seed: int
) -> None:
    chosen = draws.choose(wanted, pool, Random(seed))

    seen = sorted(pool[int(number)].seen for part in chosen for number in part)
    assert (-len(seen), seen) == min((-len(other), other) for other in fillings(wanted, pool))


def fillings(wanted: list[Draw], pool: list[Candidate]) -> set[tuple[int, ...]] | list[list[int]]:
    """Return how often what is drawn was seen, in every way in which the pool can be given to the draws."""
    ways = [[None, *(index for index, each in enumerate(wanted) if each.takes(one))] for one in pool]
    found = []
    for way in product(*ways):
        if all(way.count(index) <= each.count for index, each in enumerate(wanted)):
            found.append(sorted(one.seen for one, index in zip(pool, way, strict=True) if index is not None))
    return found


@given(pools, slots, st.integers(0, 2**53), st.randoms(use_true_random=False))
def test_the_same_seed_draws_the_same_in_whatever_order_the_pool_comes(
    pool: list[Candidate], wanted: list[Draw], seed: int, shuffler: Random
) -> None:
    other = list(pool)
    shuffler.shuffle(other)

    assert draws.choose(wanted, pool, Random(seed)) == draws.choose(wanted, other, Random(seed))


@pytest.mark.parametrize("is_shuffled", [True, False])
def test_a_seed_gives_the_same_attempt_again(cast: Cast, is_shuffled: bool) -> None:
    quiz = drawing_quiz(cast, is_shuffled=is_shuffled)
    seeds = range(20)

    first = [draws.draw(quiz, cast.bob.id, seed) for seed in seeds]

    assert first == [draws.draw(quiz, cast.bob.id, seed) for seed in seeds]
    assert len({tuple(item.version_id for item in items) for items in first}) > 1


def test_an_attempt_keeps_the_seed_that_it_was_drawn_with(cast: Cast) -> None:
    quiz = drawing_quiz(cast, is_shuffled=True)

    attempt = attempts.start(cast.bob.id, quiz, now=NOW, rng=Random(7))

    assert attempt.seed == Random(7).getrandbits(attempts.SEED_BITS)
    redrawn = draws.draw(quiz, cast.alice.id, attempt.seed)
    assert [(item.version_id, item.frozen) for item in redrawn] == [
        (item.version_id, item.frozen) for item in attempt.items
    ]


def test_an_attempt_has_its_own_order_of_questions_and_choices(cast: Cast) -> None:
    cast.quiz.is_shuffled = True
    db.session.flush()

    drawn = [draws.draw(cast.quiz, cast.bob.id, seed) for seed in range(40)]

    multiple = cast.quiz.questions[1].current_id
    frozen = [item.frozen["choices"] for items in drawn for item in items if item.version_id == multiple]
    assert len({tuple(item.version_id for item in items) for items in drawn}) > 10
    assert len({tuple(choice["id"] for choice in choices) for choices in frozen}) == 6


def test_a_quiz_that_is_not_shuffled_keeps_its_order(cast: Cast) -> None:
    drawn = draws.draw(cast.quiz, cast.bob.id, 5)

    assert [item.version_id for item in drawn] == [question.current_id for question in cast.quiz.questions]
    assert [choice["id"] for choice in drawn[1].frozen["choices"]] == ["a", "b", "c"]


def test_new_attempts_ask_what_the_student_has_not_seen(cast: Cast) -> None:
    quiz = drawing_quiz(cast, count=2, pool=6)

    asked = [finish(cast.bob.id, quiz, number) for number in range(3)]

    assert sorted(slug for part in asked for slug in part) == [f"file-{number}" for number in range(6)]


def quiz_with_variants(cast: Cast, *values: int) -> Quiz:
    """Return a quiz with one formula of so many variants."""
    question = add_to_bank(cast.course.id, "varied", kind="formula")
    question.current.spec = type_of("formula").parse({"parameters": {"a": {"values": list(values)}}, "answer": "2 * a"})
    quiz = QuizFactory(module=cast.lesson.module)
    quiz.slots.append(QuizSlot(position=1, question=question))
    db.session.flush()
    return quiz


def variants(user_id: int, quiz: Quiz, number: int) -> list[str]:
    """Return the numbers of so many attempts, one after the other."""
    shown = []
    for hour in range(number):
        at = NOW + timedelta(hours=hour)
        attempt = attempts.start(user_id, quiz, now=at, rng=Random(hour))
        shown.append(attempt.items[0].frozen["values"]["a"])
        attempts.submit(attempt, now=at)
    return shown


def test_new_attempts_have_variants_that_the_student_has_not_seen(cast: Cast) -> None:
    quiz = quiz_with_variants(cast, 1, 2, 3, 4)

    shown = variants(cast.bob.id, quiz, 8)

    assert sorted(shown[:4]) == sorted(shown[4:]) == sorted(set(shown))
    assert len(set(shown)) == 4


def test_variants_follow_from_the_seed_and_the_history(cast: Cast) -> None:
    quiz = quiz_with_variants(cast, *range(50))
    variants(cast.bob.id, quiz, 3)

    again = [draws.draw(quiz, cast.bob.id, seed) for seed in (*range(9), *range(9))]
    fresh = [draws.draw(quiz, cast.alice.id, seed)[0].frozen for seed in range(9)]

    assert again[:9] == again[9:]
    assert len({item.frozen["values"]["a"] for items in again for item in items}) > 4
    assert len({frozen["values"]["a"] for frozen in fresh}) > 4


def test_what_another_student_has_seen_does_not_matter(cast: Cast) -> None:
    quiz = drawing_quiz(cast, count=2, pool=2)
    finish(cast.alice.id, quiz)

    assert sorted(finish(cast.bob.id, quiz)) == ["file-0", "file-1"]


@pytest.mark.parametrize("state", [DRAFT, IN_REVIEW, RETIRED])
def test_only_what_is_ready_is_asked(cast: Cast, state: str) -> None:
    quiz = drawing_quiz(cast, count=2, pool=2)
    add_to_bank(cast.course.id, "unready", "files", state=state)
    cast.quiz.questions[0].state = state
    db.session.flush()

    drawn = {slug for number in range(10) for slug in finish(cast.bob.id, quiz, number)}
    fixed = slugs(attempts.start(cast.bob.id, cast.quiz, now=NOW))

    assert drawn == {"file-0", "file-1"}
    assert fixed == ["q2", "q3", "q4"]


def test_a_quiz_whose_pool_is_too_small_says_what_is_missing(cast: Cast) -> None:
    quiz = drawing_quiz(cast, count=3, pool=2)

    with pytest.raises(Refused) as caught:
        attempts.start(cast.bob.id, quiz, now=NOW)

    assert caught.value.reason == Reason(Code.QUIZ_POOL_SHORT, tag="files", wanted=3, there=2)


def test_what_a_quiz_asks_anyway_is_not_drawn(cast: Cast) -> None:
    quiz = drawing_quiz(cast, count=2, pool=3)
    fixed = db.session.query(Question).filter_by(slug="file-1").one()
    quiz.slots.append(QuizSlot(position=2, question=fixed, points=5))
    db.session.flush()

    attempt = attempts.start(cast.bob.id, quiz, now=NOW)

    assert slugs(attempt)[2] == "file-1"
    assert set(slugs(attempt)[:2]) == {"file-0", "file-2"}
    assert [item.points for item in attempt.items] == [2, 2, 5]
    assert attempt.max_score == 9


def test_an_answer_is_worth_what_its_slot_says(cast: Cast) -> None:
    quiz = drawing_quiz(cast, count=1, pool=1)
    attempt = attempts.start(cast.bob.id, quiz, now=NOW)
    attempt.items[0].response = "a"
    db.session.flush()

    attempts.submit(attempt, now=NOW)

    assert (attempt.score, attempt.max_score, attempt.percent) == (2, 2, 100)


def test_a_draw_takes_only_the_difficulty_that_it_names(cast: Cast) -> None:
    quiz = drawing_quiz(cast, count=1, pool=3)
    add_to_bank(cast.course.id, "easy", "files", difficulty="easy")
    quiz.slots[0].difficulty = "easy"
    db.session.flush()

    assert slugs(attempts.start(cast.bob.id, quiz, now=NOW)) == ["easy"]


def test_questions_of_other_courses_are_not_drawn(cast: Cast) -> None:
    quiz = drawing_quiz(cast, count=1, pool=0)
    other = QuizFactory()
    add_to_bank(other.course_id, "theirs", "files")

    with pytest.raises(Refused):
        attempts.start(cast.bob.id, quiz, now=NOW)
