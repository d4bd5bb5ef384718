"""What comes next in practice, when it comes again, and which questions are never practised."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from extensions import db
from models import PracticeCard, PracticeReview, Question, QuestionVersion, QuizSlot
from models.practice import AGAIN, EASY, GOOD, HARD
from question_types import type_of
from services.bank import slots
from services.errors import NotFound
from services.practice import cards, figures, schedule
from services.quizzes import answers, attempts
from tests.factories import RAW, RIGHT, Cast, QuizFactory, add_question
from tests.quizzes.test_draws import add_to_bank

NOW = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)
DAY = timedelta(days=1)


@pytest.fixture
def pool(cast: Cast) -> list[Question]:
    """Two questions of the bank that may be practised; the cast's own quiz is open, so its questions may not."""
    cast.course.offers_practice = True
    return [add_to_bank(cast.course.id, slug, "practice") for slug in ("one", "two")]


def following(cast: Cast, at: datetime = NOW, **options: Any) -> cards.Asked | None:
    return cards.next_of(cast.bob.id, cast.course, now=at, **options)


def answer(cast: Cast, response: Any, at: datetime = NOW, asked: cards.Asked | None = None) -> PracticeReview:
    asked = asked or following(cast, at, is_ahead=True)
    assert asked is not None
    shown = {"version": asked.version.number, "revision": asked.revision}
    return cards.answer(cast.bob.id, cast.course, asked.question_id, **shown, response=response, now=at)


def slugs(cast: Cast, at: datetime = NOW) -> set[str]:
    """Return all that may be practised, by asking for one after the other."""
    found: set[str] = set()
    while (asked := following(cast, at)) is not None:
        found.add(db.session.get_one(Question, asked.question_id).slug)
        answer(cast, None, at, asked) if asked.version.kind != "essay" else cards.rate(
            answer(cast, "x", at, asked), GOOD, now=at
        )
    return found


def test_what_was_wrong_comes_again_before_what_was_right(cast: Cast, pool: list[Question]) -> None:
    wrong = answer(cast, "b")
    right = answer(cast, RIGHT["single"])

    assert (wrong.rating, right.rating) == (AGAIN, GOOD)
    assert wrong.due_at < right.due_at
    assert following(cast) is None
    later = following(cast, wrong.due_at)
    assert (later.question_id, later.revision) == (wrong.question_id, 1)


def test_what_is_always_right_comes_more_and_more_seldom(cast: Cast, pool: list[Question]) -> None:
    pool[1].is_archived = True
    gaps, at = [], NOW
    for _number in range(6):
        review = answer(cast, RIGHT["single"], at)
        gaps.append(review.due_at - at)
        at = review.due_at

    assert gaps == sorted(gaps)
    assert gaps[-1] > 14 * DAY


def test_practice_ahead_brings_what_is_due_next(cast: Cast, pool: list[Question]) -> None:
    first, _second = answer(cast, "b"), answer(cast, RIGHT["single"])

    assert following(cast) is None
    assert following(cast, is_ahead=True).question_id == first.question_id


def test_what_was_wrong_in_a_quiz_is_new_first(cast: Cast, pool: list[Question]) -> None:
    quiz = QuizFactory(module=cast.quiz.module, slug="over", closes_at=NOW + DAY)
    quiz.slots.append(QuizSlot(position=1, question=pool[1]))
    db.session.flush()
    attempt = attempts.start(cast.bob.id, quiz, now=NOW)
    answers.save(attempt.id, 1, "b", revision=1, now=NOW)
    attempts.submit(attempt, now=NOW)

    assert following(cast, NOW + 2 * DAY).question_id == pool[1].id


def test_questions_of_a_quiz_come_once_it_is_over_for_all_and_shows_its_answers(cast: Cast) -> None:
    cast.course.offers_practice = True
    quiz = QuizFactory(module=cast.quiz.module, slug="over", opens_at=NOW, closes_at=NOW + DAY)
    asked = add_question(quiz, "single")
    drawn = add_to_bank(cast.course.id, "drawn", "pool", "practice")
    quiz.slots.append(QuizSlot(position=7, tag="pool", count=1))
    db.session.flush()

    assert slugs(cast, NOW + timedelta(hours=1)) == set()
    quiz.reveal_answer = "never"
    assert slugs(cast, NOW + 2 * DAY) == set()
    quiz.reveal_answer = "closed"
    assert slugs(cast, NOW + 1.5 * DAY) == {asked.slug, drawn.slug}
    quiz.late_answers = "accept"  # for a day
    assert slugs(cast, NOW + 1.5 * DAY) == set()
    assert slugs(cast, NOW + 2 * DAY) == {asked.slug, drawn.slug}


def test_one_open_quiz_that_may_draw_a_question_is_enough_to_leave_it_out(cast: Cast, pool: list[Question]) -> None:
    pool[0].tags = ["practice", "pool"]
    cast.quiz.slots.append(QuizSlot(position=7, tag="pool", difficulty="hard", count=1))
    db.session.flush()

    assert slugs(cast) == {"one", "two"}
    db.session.query(PracticeCard).delete()
    db.session.query(PracticeReview).delete()
    pool[0].difficulty = "hard"
    assert slugs(cast) == {"two"}


def test_what_stands_in_an_open_attempt_is_left_out_whatever_its_quiz_asks_by_now(
    cast: Cast, pool: list[Question]
) -> None:
    quiz = QuizFactory(module=cast.quiz.module, slug="changed")
    quiz.slots.append(QuizSlot(position=1, question=pool[0]))
    db.session.flush()
    attempt = attempts.start(cast.bob.id, quiz, now=NOW)
    slots.write(quiz, [])

    assert slugs(cast) == {"two"}
    attempts.submit(attempt, now=NOW)
    assert slugs(cast) == {"one"}


def test_only_what_is_ready_is_practised(cast: Cast, pool: list[Question]) -> None:
    pool[0].state, pool[1].is_archived = "draft", True

    assert following(cast) is None


def test_a_course_that_offers_none_refuses(cast: Cast, pool: list[Question]) -> None:
    asked = following(cast)
    cast.course.offers_practice = False

    with pytest.raises(cards.NotOffered):
        following(cast)
    with pytest.raises(cards.NotOffered):
        answer(cast, "b", asked=asked)


def test_two_tabs_count_once(cast: Cast, pool: list[Question]) -> None:
    asked = following(cast)
    answer(cast, "b", asked=asked)

    with pytest.raises(cards.AlreadyPractised):
        answer(cast, RIGHT["single"], asked=asked)
    assert db.session.query(PracticeReview).count() == 1


def test_a_new_version_keeps_the_card_and_an_old_page_is_graded_as_it_was(cast: Cast, pool: list[Question]) -> None:
    pool[1].is_archived = True
    asked = following(cast)
    version = QuestionVersion(
        question=pool[0], number=2, kind="text", prompt_md="?", prompt_html="?", spec=type_of("text").parse(RAW["text"])
    )
    pool[0].current = version
    db.session.flush()

    review = answer(cast, RIGHT["single"], asked=asked)

    assert (review.version.number, review.rating) == (1, GOOD)
    again = following(cast, review.due_at)
    assert (again.version.number, again.revision) == (2, 1)


def test_what_no_machine_grades_is_rated_by_who_wrote_it(cast: Cast) -> None:
    cast.course.offers_practice = True
    add_to_bank(cast.course.id, "essay", "practice", kind="essay")
    left = answer(cast, "a first thought")
    review = answer(cast, "a second one")  # the first page was left without a rating

    assert (review.id, review.response, review.rating, review.share) == (left.id, "a second one", None, None)
    cards.rate(review, EASY, now=NOW)
    cards.rate(review, EASY, now=NOW)
    with pytest.raises(cards.AlreadyPractised):
        cards.rate(review, AGAIN, now=NOW)
    assert review.due_at > NOW + DAY


def test_figures_and_the_sitting_say_what_was_learnt(cast: Cast, pool: list[Question]) -> None:
    answer(cast, "b")
    answer(cast, RIGHT["single"], NOW + timedelta(minutes=2))
    answer(cast, RIGHT["single"], NOW + timedelta(minutes=3))

    found = figures.of(cast.bob.id, cast.course, now=NOW + timedelta(minutes=3))
    sitting = figures.sitting(cast.bob.id, cast.course, now=NOW + timedelta(minutes=20))

    assert (found.total, found.new, found.learning + found.known) == (2, 0, 2)
    assert (len(sitting.reviews), sitting.right, len(sitting.learnt)) == (3, 2, 2)
    assert not figures.sitting(cast.bob.id, cast.course, now=NOW + timedelta(minutes=40)).reviews


def test_what_a_person_practised_goes_with_them(cast: Cast, pool: list[Question]) -> None:
    review = answer(cast, "b")

    db.session.execute(db.text("DELETE FROM users WHERE id = :id"), {"id": cast.charlie.id})
    assert db.session.query(PracticeReview).count() == 1
    with pytest.raises(NotFound):
        cards.find_review(cast.alice.id, cast.course, review.id)
    db.session.execute(db.text("DELETE FROM users WHERE id = :id"), {"id": cast.bob.id})
    assert db.session.query(PracticeReview).count() == db.session.query(PracticeCard).count() == 0


ratings = st.lists(st.tuples(st.sampled_from([AGAIN, HARD, GOOD, EASY]), st.integers(-60, 10**6)), max_size=20)


@given(ratings)
def test_any_history_comes_again_later_and_within_a_year(made: list[tuple[int, int]]) -> None:
    memory, at = None, NOW
    for rating, seconds in made:
        at += timedelta(seconds=seconds)
        memory = schedule.after(memory, rating, at)
        assert at < memory.due_at <= at + timedelta(days=schedule.LONGEST_DAYS)
