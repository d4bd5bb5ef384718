"""What a quiz asks, changed by its teachers: attempts keep theirs, two people don't replace each other's work."""

import re
from typing import Any

import pytest
from flask.testing import FlaskClient

from extensions import db
from models import Question, Quiz
from services.archive.export import collect
from services.bank import slots
from services.bank.slots import Slot
from services.errors import InvalidInput
from services.quizzes import attempts
from tests.factories import Cast, QuizFactory, add_question
from tests.people import post, sign_in
from tests.quizzes.test_draws import NOW, add_to_bank

PAGE = "/courses/shell/quizzes/first-quiz/questions"


def change(cast: Cast, *wanted: Slot, **options: Any) -> bool:
    options = {"based_on": slots.version(slots.of(cast.quiz)), "keeps_attempts": True, **options}
    return slots.replace(cast.course, cast.quiz, wanted, **options)


def test_new_attempts_ask_it_and_open_ones_keep_theirs(cast: Cast) -> None:
    more = add_to_bank(cast.course.id, "more")
    for number in range(3):
        add_to_bank(cast.course.id, f"drawn-{number}", "files")
    opened = attempts.start(cast.bob.id, cast.quiz, now=NOW)
    kept = [item.version_id for item in opened.items]

    assert change(cast, Slot(more.id, points=2.5), Slot(tag="files", count=2, points=1.5))

    assert [item.version_id for item in opened.items] == kept
    fresh = attempts.start(cast.alice.id, cast.quiz, now=NOW)
    assert [item.points for item in fresh.items] == [2.5, 1.5, 1.5]
    assert fresh.items[0].version.question_id == more.id


def test_a_quiz_with_attempts_is_changed_by_who_knows_of_them(cast: Cast) -> None:
    wanted = slots.of(cast.quiz)[1:]
    assert change(cast, *wanted, keeps_attempts=False)
    attempts.start(cast.bob.id, cast.quiz, now=NOW)

    with pytest.raises(slots.Attempted):
        change(cast, *wanted[1:], keeps_attempts=False)
    assert not change(cast, *wanted, keeps_attempts=False)  # the same again changes nothing


def test_what_somebody_else_saved_meanwhile_is_not_replaced_unseen(cast: Cast) -> None:
    seen = slots.version(slots.of(cast.quiz))
    change(cast, *slots.of(cast.quiz)[:2])

    with pytest.raises(slots.SlotsChanged):
        change(cast, *slots.of(cast.quiz)[:1], based_on=seen)


def test_a_question_of_the_quizs_file_moves_to_the_bank_and_no_export_loses_it(cast: Cast) -> None:
    gone = cast.quiz.questions[0]
    add_to_bank(cast.course.id, "q1")

    change(cast, *slots.of(cast.quiz)[1:])

    assert (gone.quiz_id, gone.slug, gone.is_imported) == (None, "first-quiz-q1", False)
    written = collect(cast.course)
    assert gone.slug in {question.slug for file in written.bank for question in file.questions}


@pytest.mark.parametrize(
    ("wanted", "field"),
    [
        ([], "slots"),
        ([Slot()], "slots.0"),
        ([Slot(2**40)], "slots.0.question_id"),
        ([Slot(tag="none", count=1)], "slots.0.count"),
        ([Slot(tag="files", count=2), Slot(tag="files", count=1)], "slots.1.count"),
        ([Slot(tag="files", count=1)] * 501, "slots"),
    ],
)
def test_what_cannot_be_asked_is_refused_by_its_place(cast: Cast, wanted: list[Slot], field: str) -> None:
    for number in range(2):
        add_to_bank(cast.course.id, f"drawn-{number}", "files")

    with pytest.raises(InvalidInput) as refused:
        change(cast, *wanted)

    assert refused.value.field == field


def test_a_question_of_another_course_or_twice_is_refused(cast: Cast) -> None:
    other: Question = add_question(QuizFactory(), "single")
    own = cast.quiz.questions[0].id

    for wanted in ([Slot(other.id)], [Slot(own), Slot(own)]):
        with pytest.raises(InvalidInput, match="no such question|already"):
            change(cast, *wanted)


def test_a_fixed_question_has_neither_count_nor_difficulty(cast: Cast) -> None:
    own = cast.quiz.questions[0].id

    for wanted in (Slot(own, count=2), Slot(own, difficulty="easy")):
        with pytest.raises(InvalidInput, match="neither count nor difficulty") as refused:
            change(cast, wanted)
        assert refused.value.field == "slots.0"


def sent(page: str) -> dict[str, str]:
    """Return the fields of the form as a browser would send them."""
    fields = dict(re.findall(r'name="([a-z]+-\d+|based_on|new)"[^>]*? value="([^"]*)"', page))
    assert fields
    return {name: value for name, value in fields.items() if not name.startswith("drop-")}


def test_the_page_moves_takes_out_and_adds(client: FlaskClient, cast: Cast) -> None:
    more = add_to_bank(cast.course.id, "more", "files")
    before = [slot.question_id for slot in slots.of(cast.quiz)]
    sign_in(client, "alice")
    form = sent(client.get(PAGE).text)
    moved = {
        **form,
        "place-4": "1",
        "drop-2": "1",
        "points-1": "2,5",
        "question-5": str(more.id),
        "place-5": "2",
        "new": "5",
    }

    assert post(client, PAGE, **moved).status_code == 302

    quiz = db.session.query(Quiz).filter_by(slug="first-quiz").one()
    assert slots.of(quiz) == [Slot(before[3]), Slot(before[0], points=2.5), Slot(more.id), Slot(before[2])]


def test_the_page_says_what_is_wrong_and_loses_nothing(client: FlaskClient, cast: Cast) -> None:
    attempts.start(cast.bob.id, cast.quiz, now=NOW)
    sign_in(client, "alice")
    form = sent(client.get(PAGE).text)

    short = post(client, PAGE, **{**form, "tag-5": "none-such", "count-5": "3", "new": "5"})
    unsaid = post(client, PAGE, **{**form, "points-1": "7"})
    points = post(client, PAGE, **{**form, "points-1": "seven"})

    assert (short.status_code, unsaid.status_code, points.status_code) == (422, 422, 422)
    assert "Draws 3, but only 0 ready questions" in short.text and 'value="none-such"' in short.text
    assert "Say that you know it, and save again." in unsaid.text and 'value="7"' in unsaid.text
    assert "This must be a number with at most two decimals." in points.text


def test_the_page_takes_no_zero_for_one_and_leaves_out_lines_without_a_place(client: FlaskClient, cast: Cast) -> None:
    add_to_bank(cast.course.id, "drawn", "files")
    sign_in(client, "alice")
    form = sent(client.get(PAGE).text)

    zero = post(client, PAGE, **{**form, "tag-5": "files", "count-5": "0", "new": "5"})
    no_place = post(client, PAGE, **{**form, f"place-{'9' * 5000}": "1"})

    assert (zero.status_code, no_place.status_code) == (422, 302)


def test_the_page_tells_questions_of_one_slug_apart(client: FlaskClient, cast: Cast) -> None:
    own = cast.quiz.questions[0]
    assert own.current is not None
    own.current.prompt_html = "<p>Which <em>shell</em>?</p>"
    banked = add_to_bank(cast.course.id, own.slug)
    other = add_question(QuizFactory(module=cast.quiz.module, slug="other", title="The *other* one"), "single")
    other.slug = own.slug
    change(cast, Slot(own.id), Slot(banked.id))
    sign_in(client, "alice")

    page = client.get(PAGE).text

    lines = [" ".join(re.sub(r"<[^>]+>", " ", line).split()) for line in page.split('class="card quiz-slot"')[1:3]]
    assert lines[0].startswith(f"> {own.slug} of this quiz Which shell?")
    assert lines[1].startswith(f"> {own.slug} of the bank {own.slug}")
    assert f'<option value="{other.id}">{own.slug} (of the quiz “The other one”): ' in page
