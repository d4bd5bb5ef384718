"""The pages of questions by a model: what they say, what they keep, and what they cost."""

import re
from collections.abc import Callable
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import event, func, select

from extensions import db
from models import Generation, utcnow
from services.generations import reviews
from tests.factories import Cast
from tests.generations.conftest import Class
from tests.generations.loopback import KEY
from tests.generations.stages import add_generation
from tests.people import post, sign_in

ALL = "/courses/shell/generations"
ASKED = {"lessons": "first-words", "kinds": "text", "count": "2", "language": "en"}


@pytest.fixture
def set_site(app: Flask, monkeypatch: pytest.MonkeyPatch) -> Callable[..., None]:
    """Change settings of the site."""

    def change(**values: Any) -> None:
        monkeypatch.setitem(app.extensions, "yurt", app.extensions["yurt"].model_copy(update=values))

    return change


@pytest.fixture
def alice(client: FlaskClient, room: Class, set_site: Callable[..., None]) -> FlaskClient:
    set_site(mistral_api_key=KEY)
    sign_in(client, "alice")
    return client


def words(text: str) -> str:
    return " ".join(re.sub(r"<[^>]*>", " ", text).split())


def count() -> int:
    return db.session.scalar(select(func.count()).select_from(Generation)) or 0


def test_without_a_key_the_page_says_how_to_set_one(alice: FlaskClient, set_site: Callable[..., None]) -> None:
    set_site(mistral_api_key="")

    page = alice.get(ALL).text

    assert "This site has no model yet. Its operator sets MISTRAL_API_KEY" in words(page)
    assert 'id="ask"' not in page


def test_a_course_that_does_not_allow_it_has_no_form(alice: FlaskClient, room: Class) -> None:
    room.course.allows_generation = False

    off = alice.get(ALL).text
    post(alice, f"{ALL}/settings", allow="1")

    assert 'id="ask"' not in off
    assert 'id="ask"' in alice.get(ALL).text


def test_what_was_chosen_stays_where_something_is_wrong(alice: FlaskClient) -> None:
    response = post(alice, ALL, **{**ASKED, "count": "99", "difficulty": "hard"})

    assert response.status_code == 422
    assert "Must be 1 to 20." in response.text
    assert re.search(r'value="first-words" checked', response.text)
    assert re.search(r'value="text" checked', response.text)
    assert 'value="99"' in response.text
    assert re.search(r'value="hard" selected', response.text)


def test_a_budget_that_is_used_up_is_said_above_the_form(alice: FlaskClient, set_site: Callable[..., None]) -> None:
    set_site(limit_model_cents_user=0)

    response = post(alice, ALL, **ASKED)

    assert response.status_code == 429
    assert "Today’s budget of the person who asks is used up." in response.text
    assert re.search(r'value="first-words" checked', response.text)


def test_a_form_that_is_sent_twice_asks_once(alice: FlaskClient) -> None:
    for _time in range(2):
        assert post(alice, ALL, **ASKED, key="of-the-form").status_code == 302

    assert count() == 1


@pytest.mark.parametrize(
    ("query", "said"),
    [
        ("lessons=first-words&kinds=text&count=2&language=en", "Likely 0."),
        ("lessons=first-words&kinds=text&count=two&language=en", "Must be 1 to 20."),
        ("kinds=text&count=2&language=en", "Must be 1 to 20 lessons, each once."),
    ],
)
def test_an_estimate_is_said_beside_the_form(alice: FlaskClient, query: str, said: str) -> None:
    assert said in words(alice.get(f"{ALL}/estimate?{query}").text)
    assert count() == 0


def test_a_draft_stands_beside_the_words_that_it_cites(alice: FlaskClient, room: Class) -> None:
    done = room.finish(room.ask("single"))

    page = alice.get(f"{ALL}/{done.id}/drafts/1").text

    assert "<mark>A pipe joins the output of one program to the input of the next one.</mark>" in page
    assert "A second reader without the key answered the same." in words(page)
    assert "Right: Right" in words(page)


def test_the_page_of_figures_has_a_line_for_each_version(alice: FlaskClient, room: Class) -> None:
    empty = alice.get(f"{ALL}/figures").text
    room.finish(room.ask("text", count=2))

    page = words(alice.get(f"{ALL}/figures").text)

    assert "Nothing yet." in empty
    assert "v1 2 0 0 – 0 – –" in page


def test_after_a_decision_the_next_draft_follows(alice: FlaskClient, room: Class) -> None:
    done = room.finish(room.ask("text", count=3))

    places = [
        post(alice, f"{ALL}/{done.id}/drafts/{number}/reject", reason="No").headers["Location"] for number in (2, 3, 1)
    ]

    assert places == [f"{ALL}/{done.id}/drafts/3", f"{ALL}/{done.id}/drafts/1", f"{ALL}/{done.id}"]


def test_hostile_words_of_a_model_are_shown_as_words(alice: FlaskClient, room: Class) -> None:
    done = room.finish(room.ask("text"))
    draft = done.drafts[0]
    draft.document = {**draft.document, "kind": "<script>alert(1)</script>", "prompt": "<script>alert(2)</script>"}
    draft.findings = [
        {"weight": "refuses", "reason": {"code": "draft_kind", "params": {"kind": "<script>alert(3)</script>"}}}
    ]
    draft.state = "refused"
    db.session.commit()

    for address in (f"{ALL}/{done.id}", f"{ALL}/{done.id}/drafts/1"):
        page = alice.get(address)

        assert page.status_code == 200
        assert "<script>alert" not in page.text
        assert "alert(3)" in page.text


def test_a_student_neither_reads_nor_decides(client: FlaskClient, cast: Cast, room: Class) -> None:
    done = room.finish(room.ask("text"))
    sign_in(client, "bob")

    assert client.get(ALL).status_code == 403
    assert post(client, f"{ALL}/{done.id}/drafts/1/accept").status_code == 403


def statements(client: FlaskClient, address: str) -> int:
    said: list[str] = []

    def note(_connection: Any, _cursor: Any, statement: str, *_rest: Any) -> None:
        said.append(statement)

    client.get(address)
    event.listen(db.engine, "before_cursor_execute", note)
    try:
        assert client.get(address).status_code == 200
    finally:
        event.remove(db.engine, "before_cursor_execute", note)
    return len([one for one in said if one.startswith("SELECT")])


def test_pages_cost_as_many_questions_for_many_drafts_as_for_one(alice: FlaskClient, cast: Cast, room: Class) -> None:
    few = add_generation(cast.alice, cast.course, cast.lesson)
    before = [statements(alice, address) for address in (ALL, f"{ALL}/{few.id}", f"{ALL}/{few.id}/drafts/1")]
    many = add_generation(cast.dana, cast.course, cast.lesson, drafts=12)
    for draft in many.drafts[:6]:
        reviews.reject(draft, cast.dana if draft.number % 2 else cast.alice, "No", now=utcnow())
    db.session.commit()

    after = [statements(alice, address) for address in (ALL, f"{ALL}/{many.id}", f"{ALL}/{many.id}/drafts/12")]

    assert after == before
    assert max(after) <= 12
