"""The pages by which questions move: choosing a file, its preview, what it brought, and exports."""

import io
import re

import pytest
from flask import Flask
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from blueprints.question_files import documents
from reasons import Code, Reason
from tests.factories import Cast
from tests.moving.test_imports import GIFT
from tests.people import post, sign_in
from tests.quizzes.test_draws import add_to_bank

BANK = "/courses/shell/bank"


@pytest.fixture
def alice(client: FlaskClient, cast: Cast) -> FlaskClient:
    sign_in(client, "alice")
    return client


def send(client: FlaskClient, text: str, name: str = "a.txt") -> TestResponse:
    return post(client, f"{BANK}/imports/new", file=(io.BytesIO(text.encode()), name))


def apply(client: FlaskClient, address: str, **options: str) -> TestResponse:
    found = re.search(r'name="digest" value="([0-9a-f]+)"', client.get(address).text)
    assert found
    return post(client, f"{address}/apply", digest=found[1], **options)


def test_a_file_is_previewed_and_then_imported(alice: FlaskClient) -> None:
    sent = send(alice, GIFT)

    page = alice.get(sent.location).text
    done = apply(alice, sent.location)

    assert sent.status_code == 302
    assert "2 new" in page
    assert "there is no such kind of question: <code>description</code>" in page
    assert "2 questions came in, as drafts." in alice.get(done.location).text
    assert "<strong>four</strong>" in alice.get(BANK).text


def test_a_file_that_is_not_taken_is_told_on_the_page(alice: FlaskClient) -> None:
    refused = send(alice, "nothing of the kind")

    assert refused.status_code == 422
    assert "Nothing has changed. The file is of no format that can be read here." in refused.text


def test_a_form_with_a_file_is_not_said_to_be_kept(alice: FlaskClient, cast: Cast, app: Flask) -> None:
    sent = {"file": (io.BytesIO(GIFT.encode()), "a.txt"), "csrf_token": "stale", "form_person": cast.alice.id}

    refused = alice.post(f"{BANK}/imports/new", data=sent, headers={"Origin": app.extensions["yurt"].public_url})

    assert refused.status_code == 400
    assert "Go back, reload the page and send it again." in refused.text


def test_no_file_is_told_on_the_page(alice: FlaskClient) -> None:
    refused = post(alice, f"{BANK}/imports/new")

    assert refused.status_code == 422
    assert "choose a file" in refused.text


def test_a_preview_that_is_out_of_date_shows_what_the_file_brings_now(alice: FlaskClient) -> None:
    old, new = send(alice, GIFT).location, send(alice, "::Four:: 2 + 2? {=4 =four}").location
    digest = re.search(r'name="digest" value="([0-9a-f]+)"', alice.get(old).text)
    apply(alice, new)
    assert digest

    refused = post(alice, f"{old}/apply", digest=digest[1])
    done = apply(alice, old)

    assert refused.status_code == 409
    assert "The bank has changed since the preview" in refused.text
    assert "1 in the bank already" in refused.text
    assert done.status_code == 302


def test_an_export_page_says_what_each_format_leaves_out(alice: FlaskClient, cast: Cast) -> None:
    add_to_bank(cast.course.id, "in-a-lab", "pipes", kind="lab")

    page = alice.get(f"{BANK}/exports?tag=pipes").text

    assert "Moodle XML" in page
    assert "there is no such kind of question: <code>lab</code>" in page


def test_names_from_a_file_are_text_on_the_page(alice: FlaskClient) -> None:
    sent = send(alice, "::<script>alert(1)</script>:: 2 + 2? {=4}", "<b>.txt")

    page = alice.get(sent.location).text

    assert "&lt;script&gt;alert(1)" in page
    assert "<script>alert" not in page


def test_what_a_file_says_where_it_has_no_place_is_text_on_the_page(app: Flask) -> None:
    reason = Reason(Code.SEVERAL, reasons=[Reason(Code.MOVE_NO_PLACE, value="<b>*x*")])

    with app.test_request_context():
        shown = [documents.shown(each.as_json()) for each in (reason, reason.parts()[0])]

    assert shown == ["there is no place for it: <code>&lt;b&gt;*x*</code>"] * 2
