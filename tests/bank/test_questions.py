"""Questions of a bank: written, edited as versions, moved by their table, listed, and who uses them."""

from collections.abc import Callable
from datetime import timedelta
from itertools import product
from random import Random
from typing import Any, get_args

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import func, select

from blueprints.bank.schemas import Difficulty, State
from extensions import db
from models import Course, CourseFile, Question, QuestionVersion, QuizSlot
from models.question import DIFFICULTIES, READY, STATES, TRANSITIONS
from question_hints import Hint
from services.bank import previews, questions, states, usage, versions
from services.bank.questions import ChangedMeanwhile, Filter, Written
from services.bank.usage import AskedBy, Given
from services.courses import files
from services.courses.outlines import outline
from services.errors import InvalidInput, NotFound
from services.quizzes import attempts
from tests.factories import RAW, Cast, CourseFactory, QuizFactory
from tests.quizzes.test_draws import NOW, add_to_bank, drawing_quiz, finish


def written(prompt: str = "How?", kind: str = "text", **values: Any) -> Written:
    return Written(kind=kind, prompt=prompt, spec=questions.parse(kind, dict(RAW[kind])), **values)


def slugs_of(course: Course, **wanted: str) -> list[str]:
    return [row.slug for row in questions.page(course, Filter(**wanted)).rows]


def test_a_new_question_is_a_draft_with_its_first_version(cast: Cast) -> None:
    made = questions.create(cast.course, "list-files", written("How do `ls` and `find` differ?", tags=("files",)))

    found = questions.find(cast.course, made.id)
    assert (found.state, found.tags, found.file, found.quiz_id) == ("draft", ["files"], "questions", None)
    assert (found.current.number, found.current.prompt_html) == (
        1,
        "<p>How do <code>ls</code> and <code>find</code> differ?</p>\n",
    )


def test_a_slug_is_unique_in_a_bank_and_free_in_quizzes_and_other_courses(cast: Cast) -> None:
    questions.create(cast.course, "q1", written())
    questions.create(CourseFactory(), "q1", written())

    with pytest.raises(InvalidInput) as caught:
        questions.create(cast.course, "q1", written())

    assert caught.value.field == "slug"


NAMING: dict[str, Callable[[str], Written]] = {
    "prompt": written,
    "feedback": lambda text: written(feedback=text),
    "hints": lambda text: written(hints=(Hint(text),)),
    "picture": lambda text: Written(
        "hotspot", "Where?", questions.parse("hotspot", {"picture": text, "areas": [{"rectangle": [1, 2, 3, 4]}]})
    ),
}


@pytest.mark.parametrize("place", NAMING)
def test_a_question_that_names_a_file_which_its_course_lacks_is_refused(cast: Cast, place: str) -> None:
    said = NAMING[place]
    tree = {"path": "files/tree.png", "sha256": files.store(b"x"), "content_type": "image/png"}
    db.session.add(CourseFile(course_id=cast.course.id, **tree))
    question = cast.quiz.questions[3]

    questions.create(cast.course, "there", said("![a tree](files/tree.png)"))
    for write in (
        lambda gone: questions.create(cast.course, "not-there", gone),
        lambda gone: questions.edit(cast.course, question.id, gone, based_on=1),
    ):
        with pytest.raises(InvalidInput) as caught:
            write(said("![a tree](files/gone.png)"))
        assert (caught.value.field, caught.value.message) == (place, "there is no files/gone.png in the course")


def test_an_edit_makes_a_version_and_attempts_keep_theirs(cast: Cast) -> None:
    question = cast.quiz.questions[3]
    attempt = attempts.start(cast.bob.id, cast.quiz, now=NOW)

    is_changed = questions.edit(cast.course, question.id, written("Now what?"), based_on=1)

    assert is_changed
    assert (question.current.number, question.current.prompt_md) == (2, "Now what?")
    assert attempt.items[3].version.prompt_md == "A text question"
    later = attempts.start(cast.alice.id, cast.quiz, now=NOW)
    assert later.items[3].version.prompt_md == "Now what?"


def choices_of(question: Question) -> dict[str, str]:
    assert question.current is not None
    return {choice["text"]: choice["id"] for choice in question.current.spec["choices"]}


def test_ids_of_choices_do_not_tell_their_order_and_stay_with_them(cast: Cast, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(versions, "RNG", Random(1))

    def said(*texts: str) -> Written:
        choices = [{"text": text, "is_correct": text == "right"} for text in texts]
        return Written("single", "Which?", questions.parse("single", {"choices": choices}))

    question = questions.create(cast.course, "choices", said("right", "two", "three", "four"))
    first = choices_of(question)
    is_changed = questions.edit(cast.course, question.id, said("right", "two", "three", "four"), based_on=1)
    questions.edit(cast.course, question.id, said("four", "zwei", "right", "five", "three"), based_on=1)
    second = choices_of(question)

    assert (sorted(first.values()), is_changed) == (["a", "b", "c", "d"], False)
    assert list(first.values()) != ["a", "b", "c", "d"]
    kept = {text: first[text] for text in ("right", "three", "four")}
    # A text that was mended in its place is the same choice; what is new has an id that nothing had.
    assert second == {**kept, "zwei": first["two"], "five": "e"}


def test_an_edit_that_changes_nothing_makes_no_version(cast: Cast) -> None:
    made = questions.create(cast.course, "same", written(tags=("a",)))

    assert not questions.edit(cast.course, made.id, written(tags=("a",)), based_on=1)
    assert questions.edit(cast.course, made.id, written(tags=("b",), difficulty="hard"), based_on=1)

    assert (made.current.number, made.tags, made.difficulty) == (1, ["b"], "hard")


def test_an_edit_of_an_older_version_is_refused(cast: Cast) -> None:
    made = questions.create(cast.course, "edited", written())
    questions.edit(cast.course, made.id, written("Their words"), based_on=1)

    with pytest.raises(ChangedMeanwhile) as caught:
        questions.edit(cast.course, made.id, written("My words"), based_on=1)

    assert caught.value.number == 2
    assert questions.find(cast.course, made.id).current.prompt_md == "Their words"


def test_the_api_knows_the_states_and_difficulties_of_the_model() -> None:
    assert (get_args(State), get_args(Difficulty)) == (STATES, DIFFICULTIES)


def test_a_question_of_another_course_is_not_found(cast: Cast) -> None:
    theirs = add_to_bank(CourseFactory().id, "theirs")

    with pytest.raises(NotFound):
        questions.find(cast.course, theirs.id)
    with pytest.raises(NotFound):
        questions.edit(cast.course, theirs.id, written(), based_on=1)


@pytest.mark.parametrize(("old", "new"), product(STATES, STATES))
def test_only_moves_of_the_table_are_made(cast: Cast, old: str, new: str) -> None:
    question = add_to_bank(cast.course.id, "moved", state=old)

    if new in TRANSITIONS[old]:
        states.move(question, old=old, new=new)
        assert question.state == new
    else:
        with pytest.raises(InvalidInput):
            states.move(question, old=old, new=new)
        assert question.state == old


def test_a_move_from_a_state_that_is_gone_is_refused(cast: Cast) -> None:
    question = add_to_bank(cast.course.id, "moved", state=READY)
    states.move(question, old="ready", new="retired")

    with pytest.raises(states.MovedMeanwhile):
        states.move(question, old="ready", new="in_review")


def test_the_outline_counts_what_is_asked_at_once(cast: Cast) -> None:
    before = outline(cast.course).entries[1].count

    states.move(cast.quiz.questions[0], old="ready", new="retired")
    db.session.refresh(cast.course)

    assert (before, outline(cast.course).entries[1].count) == (4, 3)


def test_a_bank_is_filtered_by_each_of_its_facts(cast: Cast) -> None:
    add_to_bank(cast.course.id, "b-pipes", "pipes", difficulty="hard")
    add_to_bank(cast.course.id, "a-files", "files", "pipes", state="draft")
    percent = add_to_bank(cast.course.id, "c-percent")
    percent.current.prompt_md = "100% of `FILES`?"
    db.session.flush()

    assert slugs_of(cast.course) == ["a-files", "b-pipes", "c-percent", "q1", "q2", "q3", "q4"]
    assert slugs_of(cast.course, tag="pipes") == ["a-files", "b-pipes"]
    assert slugs_of(cast.course, tag="pipe") == []
    assert slugs_of(cast.course, state="draft") == ["a-files"]
    assert slugs_of(cast.course, difficulty="hard", tag="pipes") == ["b-pipes"]
    assert slugs_of(cast.course, text="files") == ["a-files", "c-percent"]
    assert slugs_of(cast.course, text="0%") == ["c-percent"]
    assert slugs_of(cast.course, text="_") == []
    assert questions.tags(cast.course) == ["files", "pipes"]
    assert questions.count(cast.course, Filter(tag="pipes")) == 2


@settings(max_examples=20, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(per_page=st.integers(1, 9))
def test_pages_give_each_question_once_in_the_order_of_slugs(cast: Cast, per_page: int) -> None:
    db.session.execute(db.delete(Question).where(Question.slug.startswith("in-bank")))
    for number in range(5):
        add_to_bank(cast.course.id, f"in-bank-{number}")
    add_to_bank(CourseFactory().id, "theirs")

    seen: list[str] = []
    after: int | None = None
    while True:
        page = questions.page(cast.course, Filter(), after=after, per_page=per_page)
        seen += [row.slug for row in page.rows]
        after = page.after
        if after is None:
            break

    assert seen == [f"in-bank-{number}" for number in range(5)] + ["q1", "q2", "q3", "q4"]


def test_usage_says_who_asks_a_question_and_how_often_it_was_given(cast: Cast) -> None:
    quiz = drawing_quiz(cast, count=2, pool=2)
    question = db.session.scalars(select(Question).where(Question.slug == "file-0")).one()
    other = QuizFactory(module=cast.lesson.module)
    other.slots.append(QuizSlot(position=1, question=question))
    hard = QuizFactory(module=cast.lesson.module, title="Hard ones")
    hard.slots.append(QuizSlot(position=1, tag="files", difficulty="hard"))
    db.session.flush()
    finish(cast.bob.id, quiz)
    again = attempts.start(cast.bob.id, quiz, now=NOW + timedelta(hours=1))
    next(item for item in again.items if item.version.question_id == question.id).response = "a"
    db.session.flush()

    asked = {each.slug: each.is_drawn for each in usage.asked_by(question)}

    assert usage.given([question.id]) == {question.id: Given(given=2, answered=1)}
    assert usage.given_by_version(question) == {1: Given(given=2, answered=1)}
    assert asked == {quiz.slug: True, other.slug: False}
    assert hard.slug not in asked
    assert AskedBy(quiz.slug, quiz.title, True) in usage.asked_by(question)


def test_a_preview_shows_what_an_attempt_with_the_seed_shows(cast: Cast) -> None:
    cast.quiz.is_shuffled = True
    db.session.flush()

    attempt = attempts.start(cast.bob.id, cast.quiz, now=NOW, rng=Random(3))

    for item in attempt.items:
        question = questions.find(cast.course, item.version.question_id)
        assert previews.of_question(question, attempt.seed).frozen == item.frozen


def test_versions_are_counted_up_and_none_is_lost(cast: Cast) -> None:
    made = questions.create(cast.course, "many", written("0"))
    for number in range(1, 4):
        questions.edit(cast.course, made.id, written(str(number)), based_on=number)

    rows = questions.history(made)

    assert [(row.number, row.prompt_md) for row in rows] == [(4, "3"), (3, "2"), (2, "1"), (1, "0")]
    assert db.session.scalar(
        select(func.count()).select_from(QuestionVersion).where(QuestionVersion.question_id == made.id)
    ) == len(rows)
