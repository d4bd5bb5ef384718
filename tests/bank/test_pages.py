"""The pages of a bank: filtered, previewed, written with faults by line, and nothing typed is lost."""

import html
import json
import re
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import func, select

from blueprints.quizzes import parts
from extensions import Base, db
from models import Question, QuestionVersion
from question_types import FOLDER, TYPES, type_of
from question_types.samples import samples_of
from services.bank import questions
from tests.bank.test_questions import written
from tests.factories import Cast
from tests.people import post, sign_in
from tests.quizzes.test_draws import add_to_bank, drawing_quiz

TABLES = Base.metadata.tables
BANK = "/courses/shell/bank"
SOURCE = """\
slug: list-files
kind: text
prompt: What lists *files*?
tags: [files]
accept: [ls]
"""


@pytest.fixture
def alice(client: FlaskClient, cast: Cast) -> FlaskClient:
    sign_in(client, "alice")
    return client


def names(text: str) -> list[str]:
    return re.findall(r"<strong>([a-z0-9-]+)</strong>", text)


def typed(text: str) -> str:
    """Return what stands in the form."""
    found = re.search(r"<textarea[^>]*>(.*?)</textarea>", text, re.DOTALL)
    assert found
    return html.unescape(found[1])


def made() -> Question:
    return db.session.scalars(select(Question).where(Question.slug == "list-files")).one()


def test_the_list_is_filtered_and_says_how_many_there_are(alice: FlaskClient, cast: Cast) -> None:
    add_to_bank(cast.course.id, "a-pipe", "pipes", state="draft")
    add_to_bank(cast.course.id, "b-pipe", "pipes", difficulty="hard")

    everything = alice.get(BANK).text
    drafts = alice.get(f"{BANK}?tag=pipes&state=draft").text
    nothing = alice.get(f"{BANK}?text=no-such-words").text

    assert names(everything) == ["a-pipe", "b-pipe", "q1", "q2", "q3", "q4"]
    assert names(drafts) == ["a-pipe"]
    assert "No question is like that." in nothing


def test_a_long_list_goes_on_on_the_next_page(alice: FlaskClient, cast: Cast) -> None:
    for number in range(questions.PER_PAGE):
        add_to_bank(cast.course.id, f"bank-{number:02}", "many")
    add_to_bank(cast.course.id, "bank-99", "many")
    first = alice.get(f"{BANK}?tag=many").text
    link = re.search(r'rel="next" href="([^"]+)"', first)
    assert link

    second = alice.get(html.unescape(link[1])).text

    assert (len(names(first)), names(second)) == (questions.PER_PAGE, ["bank-99"])
    assert 'rel="next"' not in second


def test_a_bank_without_questions_says_what_to_do(alice: FlaskClient, cast: Cast) -> None:
    for question in cast.quiz.questions:
        question.is_archived = True
    db.session.flush()

    assert "No questions yet" in alice.get(BANK).text


def test_a_question_is_written_and_previewed(alice: FlaskClient) -> None:
    previewed = post(alice, f"{BANK}/new", source=SOURCE, action="preview").text
    assert "What lists <em>files</em>?" in previewed
    assert typed(previewed) == SOURCE
    assert db.session.scalar(select(Question).where(Question.slug == "list-files")) is None

    saved = post(alice, f"{BANK}/new", source=SOURCE, action="save")

    assert saved.headers["Location"] == f"{BANK}/{made().id}"
    page = alice.get(saved.headers["Location"]).text
    assert "What lists <em>files</em>?" in page
    assert (made().state, made().tags) == ("draft", ["files"])


@pytest.mark.parametrize(
    ("source", "fault"),
    [
        (SOURCE.replace("accept: [ls]", "acept: [ls]"), "Line 5, acept: "),
        (SOURCE.replace("tags: [files]", "tags: [Two words]"), "Line 4, tags[1]: must be a-z"),
        (SOURCE.replace("kind: text", "kind: riddle"), "Line 2, kind: must be one of"),
        (SOURCE.replace("prompt: What", "prompt: : What"), "Line 3, yaml: "),
        (SOURCE + "state: ready\n", "Line 6, state: isn't written here"),
        (SOURCE.replace("What", "Wh\x00at"), "Line 3, source: holds the control character U+0000"),
        ("", "source"),
        ("- a\n- b\n", "Line 1, file: must be a list of `field: value`"),
    ],
)
def test_faults_name_line_and_field_and_what_was_typed_stays(alice: FlaskClient, source: str, fault: str) -> None:
    refused = post(alice, f"{BANK}/new", source=source, action="save")

    page = html.unescape(refused.text)
    assert refused.status_code == 422
    if source:
        assert fault in page
        assert typed(refused.text).replace("\ufffd", "\x00") == source


def test_a_taken_slug_is_told_and_what_was_typed_stays(alice: FlaskClient, cast: Cast) -> None:
    questions.create(cast.course, "list-files", written())

    refused = post(alice, f"{BANK}/new", source=SOURCE, action="save")

    assert refused.status_code == 422
    assert "slug: list-files is the slug of another question" in html.unescape(refused.text)
    assert typed(refused.text) == SOURCE


def test_an_edit_begins_with_what_is_written_and_makes_a_version(alice: FlaskClient, cast: Cast) -> None:
    question = questions.create(cast.course, "list-files", written("What lists *files*?", tags=("files",)))
    source = typed(alice.get(f"{BANK}/{question.id}/edit").text)

    same = post(alice, f"{BANK}/{question.id}/edit", source=source, based_on=1, action="save")
    other = post(alice, f"{BANK}/{question.id}/edit", source=source.replace("What", "Who"), based_on=1, action="save")

    assert (same.status_code, other.status_code) == (302, 302)
    assert "What lists *files*?" in source
    assert (made().current.number, made().current.prompt_md) == (2, "Who lists *files*?")


def test_a_slug_stays(alice: FlaskClient, cast: Cast) -> None:
    question = questions.create(cast.course, "list-files", written())

    refused = post(
        alice, f"{BANK}/{question.id}/edit", source=SOURCE.replace("list-files", "lists"), based_on=1, action="save"
    )

    assert refused.status_code == 422
    assert "slug: stays list-files" in refused.text


def test_an_edit_that_comes_second_keeps_what_was_typed_beside_theirs(alice: FlaskClient, cast: Cast) -> None:
    question = questions.create(cast.course, "list-files", written())
    questions.edit(cast.course, question.id, written("Their words"), based_on=1)
    address = f"{BANK}/{question.id}/edit"

    refused = post(alice, address, source=SOURCE, based_on=1, action="save")
    again = post(alice, address, source=SOURCE, based_on=2, action="save")

    assert refused.status_code == 422
    assert "Somebody else saved version 2 meanwhile." in refused.text
    assert typed(refused.text) == SOURCE
    assert "Their words" in refused.text
    assert 'name="based_on" value="2"' in refused.text
    assert (again.status_code, made().current.number) == (302, 3)


def test_an_edit_that_names_a_lab_that_is_not_there_keeps_what_was_typed(alice: FlaskClient, cast: Cast) -> None:
    question = cast.quiz.questions[0]
    source = f"slug: {question.slug}\nkind: lab\nprompt: Mine, of the lab\nlab: no-lab\ncheck: check-1\n"

    page = post(alice, f"{BANK}/{question.id}/edit", source=source, based_on=1, action="save")

    assert page.status_code == 422
    assert "lab: there is no lab no-lab" in page.text
    assert typed(page.text) == source


def test_a_question_is_moved_by_its_buttons(alice: FlaskClient, cast: Cast) -> None:
    question = questions.create(cast.course, "list-files", written())
    db.session.commit()
    page = alice.get(f"{BANK}/{question.id}").text
    assert "Send to review" in page and "Mark as ready" not in page

    moved = post(alice, f"{BANK}/{question.id}/state", old="draft", new="in_review")
    late = post(alice, f"{BANK}/{question.id}/state", old="draft", new="retired")

    assert (moved.status_code, late.status_code, made().state) == (302, 409, "in_review")


def test_a_page_says_who_asks_a_question(alice: FlaskClient, cast: Cast) -> None:
    quiz = drawing_quiz(cast, count=1, pool=1, title="Drawn *from* files")
    question: Any = db.session.scalars(select(Question).where(Question.slug == "file-0")).one()
    db.session.commit()

    page = alice.get(f"{BANK}/{question.id}").text

    assert f"/courses/shell/quizzes/{quiz.slug}" in page
    assert "Drawn <em>from</em> files" in page


def tried(client: FlaskClient, question: Question, **form: Any) -> str:
    """Try an answer on the preview; return what the page says of it."""
    page = post(client, f"{BANK}/{question.id}/try", **form)
    assert page.status_code == 200
    return str(page.text.partition("data-tried")[2].partition("bank-solution")[0])


@pytest.mark.parametrize("kind", TYPES)
def test_an_answer_of_every_type_is_tried_and_nothing_of_it_is_kept(alice: FlaskClient, cast: Cast, kind: str) -> None:
    question, samples = add_to_bank(cast.course.id, "tried", "x", kind=kind), samples_of(kind)
    before = counts()

    page = alice.get(f"{BANK}/{question.id}").text
    right = tried(alice, question, response=json.dumps(samples.right))
    wrong = tried(alice, question, response=json.dumps(samples.wrong))
    refused = tried(alice, question, response=json.dumps(samples.bad_responses[0]))

    assert ("Try this answer" in page) == samples.is_typed
    assert (f"/question-types/{kind}/item.js" in page) == (FOLDER / kind / "item.js").exists()
    if samples.is_graded_later:
        assert "not graded here" in right
    else:
        assert "1 of 1 marks" in right
        assert "0 of 1 marks" in wrong
    assert "be an answer" in refused
    assert counts() == before


def counts() -> dict[str, int]:
    """Count the rows of each table."""
    return {name: db.session.scalar(select(func.count()).select_from(table)) or 0 for name, table in TABLES.items()}


def test_an_answer_is_tried_without_a_script_under_the_seed_that_is_shown(alice: FlaskClient, cast: Cast) -> None:
    question = add_to_bank(cast.course.id, "tried", "x", kind="text")

    said = tried(alice, question, **{"item-1": samples_of("text").right, "seed": "7", "response": ""})
    odd = tried(alice, question, response="{", seed="-1")

    assert "1 of 1 marks" in said
    assert (
        'id="seed" name="seed" type="number" min="0" max="9007199254740991" value="7"'
        in post(alice, f"{BANK}/{question.id}/try", seed="7").text
    )
    assert "can’t be an answer" in odd


def test_an_answer_is_tried_to_what_is_being_written(alice: FlaskClient) -> None:
    def ask(**form: str) -> str:
        return str(post(alice, f"{BANK}/new?partial=1", source=SOURCE, action="try", **form).text)

    assert "1 of 1 marks" in ask(response='"ls"')
    assert "0 of 1 marks" in ask(response='"cd"')
    assert "This is no answer." in ask(response="null")
    assert db.session.scalars(select(Question).where(Question.slug == "list-files")).all() == []


def test_kinds_are_called_by_their_names(
    alice: FlaskClient, cast: Cast, app: Flask, monkeypatch: pytest.MonkeyPatch
) -> None:
    question = add_to_bank(cast.course.id, "a-place", "x", kind="hotspot")
    assert "A place in a picture" in alice.get(BANK).text
    assert "A place in a picture" in alice.get(f"{BANK}/{question.id}").text

    with app.test_request_context():
        monkeypatch.setattr(parts, "gettext", lambda words: f"<{words}>")
        assert parts.kind_name("truefalse") == "<True or false>"
        assert parts.kind_name("gone") == "gone"


def test_a_preview_says_which_check_answers_and_that_no_lab_is_started(alice: FlaskClient, cast: Cast) -> None:
    question = add_to_bank(cast.course.id, "in-lab", "x", kind="lab")
    version = question.current
    assert version is not None
    number, title = version.id, cast.check.title
    address, before = f"{BANK}/{question.id}", counts()

    version.spec = type_of("lab").parse({"lab": cast.lab.slug, "check": cast.check.slug, "earlier": False})
    known = alice.get(address).text
    version = db.session.get_one(QuestionVersion, number)
    version.spec = type_of("lab").parse({"lab": "first-lab", "check": "gone"})
    unknown = alice.get(address).text

    assert "No lab is started here." in known
    assert "Only a pass during the attempt counts." in known
    assert f"<strong>{title}</strong>" in known
    assert 'href="/courses/shell/labs/first-lab"' in known
    assert "the course has no lab first-lab with a check gone." in unknown
    assert counts() == before


def test_a_preview_takes_no_files_and_says_who_grades_them(alice: FlaskClient, cast: Cast) -> None:
    question = add_to_bank(cast.course.id, "files", "x", kind="upload")

    page = alice.get(f"{BANK}/{question.id}").text

    assert "No file can be tried here: in an attempt students hand in theirs, and a person grades them." in page
    assert re.search(r'<fieldset class="question card" id="item-1" data-position="1" disabled\b', page)
