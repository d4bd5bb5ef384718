"""Authenticator apps and recovery codes: added, asked for at sign-in, used once, taken away."""

import re

import pytest
from flask.testing import FlaskClient
from flask_sqlalchemy import SQLAlchemy
from sqlalchemy import select

from blueprints.auth import second
from cli.users import reset_factors
from models import AuditEntry, Authenticator, Mail, RecoveryCode, User
from tests.accounts.codes import PAGE, App, Clock, add_app, begin, clock, code_at, second_step, who
from tests.factories import PASSWORD, Cast
from tests.people import post, sign_in

__all__ = ["clock"]


@pytest.fixture
def phone(client: FlaskClient, cast: Cast, clock: Clock) -> App:
    """The app that bob has added; he is signed out."""
    sign_in(client, "bob")
    made = add_app(client, clock)
    post(client, "/logout")
    return made


def subjects(db: SQLAlchemy, cast: Cast) -> list[str]:
    query = select(Mail.body_text).where(Mail.recipient == cast.bob.email).order_by(Mail.id)
    return [body.splitlines()[2] for body in db.session.scalars(query)]


def stale(client: FlaskClient) -> None:
    """Let the moment be long ago at which somebody showed who they are."""
    with client.session_transaction() as session:
        session["fs_paa"] -= 3600


def test_who_adds_an_app_gets_ten_codes_and_a_mail(client, cast, clock, db):
    sign_in(client, "bob")

    made = add_app(client, clock)

    assert len(set(made.recovery)) == 10
    assert subjects(db, cast) == [
        "An authenticator app was added to your account: signing in asks for its code from now on."
    ]
    assert "10 of 10 are left." in client.get("/account/factors").text
    assert made.recovery[0] not in client.get("/account/factors").text


def test_neither_the_secret_nor_a_code_is_kept_readable(client, cast, clock, db):
    sign_in(client, "bob")

    made = add_app(client, clock)

    assert made.key.replace("-", "") not in db.session.scalars(select(Authenticator.secret)).one()
    assert not set(made.recovery) & set(db.session.scalars(select(RecoveryCode.digest)))


def test_a_password_alone_signs_nobody_in_who_has_an_app(client, cast, phone):
    asked = sign_in(client, "bob")

    assert asked.location == "/login/second"
    assert who(client) is None
    assert client.get("/account").status_code == 302


def test_the_code_signs_in_and_leads_where_one_wanted_to_go(client, cast, phone):
    form = {"email": "bob@example.org", "password": PASSWORD, "next": "/labs"}
    post(client, "/login", **form)

    done = second_step(client, phone.code())

    assert done.location == "/labs"
    assert who(client) == cast.bob.id


def test_a_code_works_once(client, cast, phone):
    code = phone.code()
    sign_in(client, "bob")
    second_step(client, code)
    post(client, "/logout")
    sign_in(client, "bob")

    again = second_step(client, code)

    assert again.status_code == 422
    assert "has been used" in again.text
    assert who(client) is None


def test_an_older_code_than_one_that_was_used_does_not_work(client, cast, phone):
    older = code_at(phone.key, phone.clock.at + 30)
    phone.clock.turn(60)
    sign_in(client, "bob")
    second_step(client, code_at(phone.key, phone.clock.at))
    post(client, "/logout")
    sign_in(client, "bob")

    assert second_step(client, older).status_code == 422


@pytest.mark.parametrize("steps", [-2, 2, 20])
def test_a_code_of_another_time_does_not_work(client, cast, phone, steps):
    phone.clock.turn(3000)
    sign_in(client, "bob")

    assert second_step(client, code_at(phone.key, phone.clock.at + 30 * steps)).status_code == 422


def test_a_code_with_spaces_works(client, cast, phone):
    sign_in(client, "bob")
    code = phone.code()

    assert second_step(client, f" {code[:3]} {code[3:]} ").location == "/"


def test_somebody_elses_code_does_not_work(client, cast, phone, app):
    other = app.test_client()
    sign_in(other, "alice")
    theirs = add_app(other, phone.clock)
    sign_in(client, "bob")

    assert second_step(client, theirs.code()).status_code == 422
    assert second_step(client, theirs.recovery[0]).status_code == 422


def test_a_recovery_code_signs_in_once_and_its_person_is_told(client, cast, phone, db):
    sign_in(client, "bob")
    code = phone.recovery[3].upper().replace("-", " ")

    assert second_step(client, code).status_code == 302
    assert who(client) == cast.bob.id
    assert "9 of 10 are left." in client.get("/account/factors").text
    assert subjects(db, cast)[-1].startswith("A recovery code was used")

    post(client, "/logout")
    sign_in(client, "bob")
    assert second_step(client, code).status_code == 422
    assert who(client) is None


def test_new_recovery_codes_end_the_old_ones(client, cast, phone):
    sign_in(client, "bob")
    second_step(client, phone.code())

    made = post(client, "/account/factors/codes")

    assert made.status_code == 200
    post(client, "/logout")
    sign_in(client, "bob")
    assert second_step(client, phone.recovery[0]).status_code == 422


def test_codes_can_not_be_tried_for_long_whoever_tries(client, cast, phone, app):
    for number in range(10):
        other = app.test_client()
        other.environ_base["REMOTE_ADDR"] = f"192.0.2.{number}"
        sign_in(other, "bob")
        assert second_step(other, "000000").status_code == 422
    sign_in(client, "bob")

    refused = second_step(client, phone.code())

    assert refused.status_code == 429
    assert int(refused.headers["Retry-After"]) > 0
    assert who(client) is None


def test_a_right_code_ends_the_count(client, cast, phone):
    for _ in range(3):
        sign_in(client, "bob")
        for _ in range(6):
            assert second_step(client, "000000").status_code == 422
        assert second_step(client, phone.code()).status_code == 302
        post(client, "/logout")


def test_the_second_step_is_for_who_has_shown_the_first(client, cast, phone):
    asked = client.get("/login/second")
    sent = post(client, "/login/second", factor_code=phone.code())

    assert (asked.location, sent.location) == ("/login", "/login")
    assert who(client) is None


def test_the_second_step_waits_ten_minutes(client, cast, phone, monkeypatch):
    sign_in(client, "bob")
    monkeypatch.setattr(second, "PENDING_S", 0)

    late = post(client, "/login/second", factor_code=phone.code())

    assert late.location == "/login"
    assert who(client) is None


def test_a_new_password_ends_a_sign_in_that_has_begun(client, cast, phone, db):
    sign_in(client, "bob")
    db.session.get(User, cast.bob.id).fs_uniquifier = "another"

    assert post(client, "/login/second", factor_code=phone.code()).location == "/login"


def test_going_back_to_the_second_step_after_it_leads_on(client, cast, phone):
    sign_in(client, "bob")
    second_step(client, phone.code())

    assert client.get("/login/second").location == "/"
    assert post(client, "/login/second", factor_code=phone.code()).location == "/"
    assert who(client) == cast.bob.id


def test_two_tabs_that_add_an_app_each_add_their_own(client, cast, clock, db):
    sign_in(client, "bob")
    (first, of_first), (second, of_second) = begin(client), begin(client)

    wrong = post(client, PAGE, setup=of_first, factor_code=code_at(second, clock.at))
    right = post(client, PAGE, setup=of_first, factor_code=code_at(first, clock.at))
    later = post(client, PAGE, setup=of_second, factor_code=code_at(second, clock.at))

    assert (wrong.status_code, right.status_code, later.status_code) == (422, 200, 302)
    post(client, "/logout")
    sign_in(client, "bob")
    clock.turn()
    assert second_step(client, code_at(second, clock.at)).status_code == 302


def test_what_was_begun_is_of_use_once_and_to_its_browser_alone(client, cast, clock, app):
    other = app.test_client()
    sign_in(other, "bob")
    key, setup = begin(other)
    sign_in(client, "bob")

    stolen = post(client, PAGE, setup=setup, factor_code=code_at(key, clock.at))
    post(other, PAGE, setup=setup, factor_code=code_at(key, clock.at))
    again = post(other, PAGE, setup=setup, factor_code=code_at(key, clock.at))

    assert (stolen.location, again.location) == (PAGE, PAGE)


def test_the_first_factor_signs_all_other_browsers_out(client, cast, clock, app):
    other = app.test_client()
    sign_in(other, "bob")
    sign_in(client, "bob")

    add_app(client, clock)

    assert who(client) == cast.bob.id
    assert who(other) is None


@pytest.mark.parametrize(
    ("method", "path"),
    [("get", PAGE), ("post", PAGE), ("post", f"{PAGE}/remove"), ("post", "/account/factors/codes")],
)
def test_a_session_of_long_ago_changes_no_factor(client, cast, clock, db, method, path):
    sign_in(client, "bob")
    add_app(client, clock)
    before = db.session.scalars(select(RecoveryCode.digest)).all()
    stale(client)

    asked = client.get(path) if method == "get" else post(client, path)

    assert asked.status_code == 302
    assert asked.location.startswith("/verify?next=")
    assert db.session.scalars(select(RecoveryCode.digest)).all() == before
    on = post(client, asked.location, password=PASSWORD)
    assert on.status_code == 302
    assert client.get(on.location).status_code == 200


def test_without_the_last_factor_the_password_is_enough_again(client, cast, phone, db):
    sign_in(client, "bob")
    second_step(client, phone.code())

    assert post(client, f"{PAGE}/remove").status_code == 302

    assert db.session.scalars(select(RecoveryCode)).all() == []
    assert subjects(db, cast)[-1] == "The authenticator app of your account was removed."
    post(client, "/logout")
    sign_in(client, "bob")
    assert who(client) == cast.bob.id
    assert post(client, f"{PAGE}/remove").status_code == 409


def test_a_new_password_by_mail_does_not_replace_the_second_factor(client, cast, phone, db):
    post(client, "/reset", email="bob@example.org")
    letter = db.session.scalars(select(Mail.body_text).order_by(Mail.id.desc())).first()
    link = re.search(r"/reset/\S+", letter)[0]

    post(client, link, password="another-2026-x", password_confirm="another-2026-x")
    asked = sign_in(client, "bob", "another-2026-x")

    assert asked.location == "/login/second"


def test_operators_take_the_factors_of_somebody_who_lost_them(client, cast, phone, app, db):
    runner = app.test_cli_runner()

    done = runner.invoke(reset_factors, ["bob@example.org"])
    again = runner.invoke(reset_factors, ["bob@example.org"])

    assert (done.exit_code, again.exit_code) == (0, 0)
    assert "1 factor" in done.output
    assert db.session.scalars(select(AuditEntry.act).order_by(AuditEntry.id)).all()[-1] == "account.factors_removed"
    assert "there was none" in again.output
    assert subjects(db, cast)[-1].startswith("Those who run the site removed")
    sign_in(client, "bob")
    assert who(client) == cast.bob.id
