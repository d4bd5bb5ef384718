"""Passkeys: added, shown alone and as the second step; what is forged, replayed or somebody else's is refused."""

import json

import pytest
from flask.testing import FlaskClient
from sqlalchemy import select

from models import Mail, Passkey
from tests.accounts.codes import who
from tests.accounts.software_key import SoftwareKey, add_key, ask, send
from tests.factories import PASSWORD, Cast
from tests.people import post, sign_in

ADD, ALONE, SECOND = "/account/factors/passkeys", "/login/passkey", "/login/second/passkey"


@pytest.fixture
def key(client: FlaskClient, cast: Cast) -> SoftwareKey:
    """The passkey that bob has added; he is signed out."""
    sign_in(client, "bob")
    made = add_key(client)
    post(client, "/logout")
    return made


def count(db) -> int:
    return len(db.session.scalars(select(Passkey.id)).all())


def test_a_passkey_is_listed_and_its_person_is_told(client, cast, key, db):
    send(client, ALONE, key.get(ask(client, ALONE)))

    page = client.get("/account/factors").text

    assert "Phone" in page
    assert "last used" in page
    [letter] = db.session.scalars(select(Mail.body_text).where(Mail.recipient == cast.bob.email))
    assert "“Phone” was added" in letter


def test_the_first_factor_brings_recovery_codes_also_where_it_is_a_passkey(client, cast):
    sign_in(client, "bob")

    page = send(client, ADD, SoftwareKey().create(ask(client, ADD)), name="Phone")

    assert page.text.count("<li><code>") == 10


def test_a_passkey_signs_in_alone_where_it_asked_who_one_is(client, cast, key):
    done = send(client, ALONE, key.get(ask(client, ALONE)), next="/labs")

    assert done.location == "/labs"
    assert who(client) == cast.bob.id


def test_a_passkey_that_was_only_touched_is_a_second_step_and_nothing_else(client, cast, key):
    key.is_verifying = False

    alone = send(client, ALONE, key.get(ask(client, ALONE)))

    assert alone.location.startswith("/login")
    assert who(client) is None
    assert sign_in(client, "bob").location == "/login/second"
    assert send(client, SECOND, key.get(ask(client, SECOND))).location == "/"
    assert who(client) == cast.bob.id


def test_an_answer_is_good_once_even_where_the_key_does_not_count(client, cast, key, app):
    key.count = -1
    answer = key.get(ask(client, ALONE))
    send(client, ALONE, answer)
    post(client, "/logout")

    send(client, ALONE, answer)

    assert who(client) is None


def test_an_answer_is_of_no_use_in_another_browser(client, cast, key, app):
    other = app.test_client()
    ask(other, ALONE)

    send(other, ALONE, key.get(ask(client, ALONE)))

    assert who(other) is None


def test_an_answer_for_one_thing_is_of_no_use_for_another(client, cast, key):
    sign_in(client, "bob")
    of_second_step = ask(client, SECOND)

    send(client, ALONE, key.get(of_second_step))

    assert who(client) is None


def test_a_key_that_was_copied_is_refused(client, cast, key):
    send(client, ALONE, key.get(ask(client, ALONE)))
    post(client, "/logout")
    key.count -= 1

    send(client, ALONE, key.get(ask(client, ALONE)))

    assert who(client) is None


@pytest.mark.parametrize("origin", ["https://localhost.evil.example", "http://localhost:8080", "null"])
def test_an_answer_that_another_site_got_is_refused(client, cast, key, origin):
    key.origin = origin

    send(client, ALONE, key.get(ask(client, ALONE)))

    assert who(client) is None


def test_a_signature_of_another_key_is_refused(client, cast, key):
    forged = SoftwareKey(id=key.id, handle=key.handle, count=5)

    send(client, ALONE, forged.get(ask(client, ALONE)))

    assert who(client) is None


def test_somebody_elses_key_is_no_second_step(client, cast, key, app):
    other = app.test_client()
    sign_in(other, "alice")
    theirs = add_key(other)
    sign_in(client, "bob")

    send(client, SECOND, theirs.get(ask(client, SECOND)))

    assert who(client) is None


def test_somebody_elses_key_does_not_show_that_it_is_still_oneself(client, cast, key, app):
    other = app.test_client()
    sign_in(other, "alice")
    theirs = add_key(other)
    send(client, ALONE, key.get(ask(client, ALONE)))

    mine = send(client, "/verify/passkey", key.get(ask(client, "/verify/passkey")), next="/labs")
    wrong = send(client, "/verify/passkey", theirs.get(ask(client, "/verify/passkey")))

    assert (mine.location, wrong.location.partition("?")[0]) == ("/labs", "/verify")


def test_a_key_of_one_person_does_not_name_another(client, cast, key, app):
    other = app.test_client()
    sign_in(other, "alice")
    theirs = add_key(other)
    key.handle = theirs.handle

    send(client, ALONE, key.get(ask(client, ALONE)))

    assert who(client) is None


def test_an_account_that_is_off_signs_nobody_in(client, cast, key, db):
    cast.bob.active = False
    db.session.commit()

    send(client, ALONE, key.get(ask(client, ALONE)))

    assert who(client) is None


@pytest.mark.parametrize(
    "answer", ["", "{", "[]", "7", "null", '{"response": {"clientDataJSON": "e30"}}', "x" * 70_000]
)
def test_what_is_no_answer_is_refused_with_words(client, cast, key, answer):
    ask(client, ALONE)

    refused = send(client, ALONE, answer)

    assert refused.location.startswith("/login")
    assert "isn&#39;t known here" in client.get("/login").text


@pytest.mark.parametrize("part", ["authenticatorData", "signature", "clientDataJSON"])
def test_an_answer_that_was_changed_is_refused(client, cast, key, part):
    answer = json.loads(key.get(ask(client, ALONE)))
    text = answer["response"][part]
    answer["response"][part] = text[:-3] + ("AAA" if text[-3:] != "AAA" else "BBB")

    send(client, ALONE, json.dumps(answer))

    assert who(client) is None


def test_a_key_is_added_once_and_for_one_person(client, cast, key, app, db):
    other = app.test_client()
    sign_in(other, "alice")

    add_key(other, SoftwareKey(id=key.id))

    assert count(db) == 1


def test_what_begins_the_adding_is_good_once(client, cast, db):
    sign_in(client, "bob")
    asked = ask(client, ADD)
    send(client, ADD, SoftwareKey().create(asked), name="Phone")

    send(client, ADD, SoftwareKey().create(asked), name="Another")

    assert count(db) == 1


def test_all_keys_of_a_person_name_them_alike_and_nobody_else_so(client, cast, key, app):
    send(client, ALONE, key.get(ask(client, ALONE)))
    other = app.test_client()
    sign_in(other, "alice")

    second = ask(client, ADD)

    assert second["user"]["id"] == key.handle
    assert [each["type"] for each in second["excludeCredentials"]] == ["public-key"]
    assert ask(other, ADD)["user"]["id"] != key.handle


def test_a_key_that_was_removed_signs_nobody_in_and_somebody_elses_stays(client, cast, key, app, db):
    other = app.test_client()
    sign_in(other, "alice")
    [of_bob] = db.session.scalars(select(Passkey.id))
    wrong = post(other, f"{ADD}/{of_bob}/remove")
    send(client, ALONE, key.get(ask(client, ALONE)))

    gone = post(client, f"{ADD}/{of_bob}/remove")

    assert (wrong.status_code, gone.status_code) == (404, 302)
    post(client, "/logout")
    send(client, ALONE, key.get(ask(client, ALONE)))
    assert who(client) is None
    sign_in(client, "bob")
    assert who(client) == cast.bob.id


def test_a_session_of_long_ago_is_asked_again_before_a_key_is_added(client, cast, db):
    sign_in(client, "bob")
    asked = ask(client, ADD)
    with client.session_transaction() as session:
        session["fs_paa"] -= 3600

    begun = client.post(f"{ADD}/options", headers={"X-CSRFToken": csrf(client), "Accept": "application/json"})
    sent = send(client, ADD, SoftwareKey().create(asked), name="Phone")

    assert begun.status_code == 403
    assert begun.get_json()["go"] == "/verify?next=/account/factors"
    assert sent.location.startswith("/verify")
    assert count(db) == 0
    assert post(client, "/verify?next=/account/factors", password=PASSWORD).location == "/account/factors"


def csrf(client: FlaskClient) -> str:
    return str(client.get("/session").get_json()["csrf_token"])
