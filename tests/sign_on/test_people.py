"""Whose account a provider's word opens: connected by who has shown that it is theirs, never by an address alone."""

import time
from urllib.parse import parse_qsl, urlsplit

import pytest
from sqlalchemy import select

from models import Mail, OutsideIdentity, User
from services.courses import members
from tests.accounts.codes import add_app, clock, second_step, who
from tests.factories import PASSWORD
from tests.people import post, sign_in
from tests.sign_on.conftest import come_back, there
from tests.sign_on.loopback import Loopback

__all__ = ["clock"]
BOB = {"email": "bob@example.org", "sub": "bob-1"}


@pytest.fixture
def school(provider: Loopback, trust) -> Loopback:
    """A provider that the site knows as `school`."""
    trust(provider.url)
    return provider


def enter(client, school: Loopback, path: str = "/sign-on/school"):
    return come_back(client, school.agree(there(client, path)))


def connect(client, school: Loopback) -> None:
    """Connect bob, who is signed in, with who the provider says he is."""
    led = enter(client, school, "/account/factors/sign-on/school")
    assert post(client, led.location).location == "/account/factors"


def letters(db) -> list[str]:
    query = select(Mail.body_text).where(Mail.recipient == "bob@example.org").order_by(Mail.id)
    return [body.splitlines()[2] for body in db.session.scalars(query)]


def test_an_address_alone_opens_no_account_that_is_there(client, cast, school):
    school.claims = BOB

    asked = enter(client, school)

    assert asked.location.startswith("/login?next=/account/factors/connect/")
    assert who(client) is None
    assert "There is an account here with this address" in client.get(asked.location).text


def test_who_signs_in_to_the_account_connects_it_and_is_told(client, cast, school, db):
    school.claims = BOB
    asked = enter(client, school).location
    onward = post(client, asked, email="bob@example.org", password=PASSWORD, next=asked.partition("next=")[2])

    shown = client.get(onward.location)
    post(client, onward.location)

    assert "bob@example.org" in shown.text
    assert letters(db) == ["You can sign in to your account with “School” from now on."]
    post(client, "/logout")
    enter(client, school)
    assert who(client) == cast.bob.id


def test_what_may_be_connected_is_of_use_once_and_in_its_browser(client, cast, school, app):
    school.claims = BOB
    page = enter(client, school).location.partition("next=")[2]
    other = app.test_client()
    sign_in(other, "charlie")

    assert other.get(page).location == "/account/factors"
    sign_in(client, "bob")
    post(client, page)
    assert post(client, page).location == "/account/factors"


def test_an_identity_belongs_to_one_account(client, cast, school, app, db):
    sign_in(client, "bob")
    connect(client, school)
    other = app.test_client()
    sign_in(other, "charlie")

    connect(other, school)

    assert db.session.scalars(select(OutsideIdentity.user_id)).all() == [cast.bob.id]


def test_connecting_asks_first_so_that_no_page_elsewhere_connects_anything(client, cast, school, db):
    sign_in(client, "bob")

    enter(client, school, "/account/factors/sign-on/school")

    assert db.session.scalars(select(OutsideIdentity)).all() == []


def test_a_session_of_long_ago_connects_nothing(client, cast, school):
    sign_in(client, "bob")
    with client.session_transaction() as session:
        session["fs_paa"] -= 3600

    assert client.get("/account/factors/sign-on/school").location.startswith("/verify")


def test_an_address_that_the_provider_does_not_vouch_for_makes_no_account(client, db, school):
    school.claims = {"email_verified": False}

    enter(client, school)

    assert who(client) is None
    assert "you can&#39;t sign in here" in client.get("/login").text


@pytest.mark.parametrize(
    ("told", "claims", "is_in"),
    [
        ({"domains": ["school.example"]}, {}, True),
        ({"domains": ["@School.Example", "other.example"]}, {}, True),
        ({"domains": ["other.example"]}, {}, False),
        ({"domains": ["school.example"]}, {"email": "erin@evilschool.example"}, False),
        ({"domains": ["school.example"]}, {"email": "erin@sub.school.example"}, False),
        ({"domains": ["school.example"]}, {"email": "erin@school.example@evil.example"}, False),
        ({"domains": ["school.example"]}, {"email_verified": False}, False),
        ({"domains": ["school.example"], "trusts_addresses": True}, {"email_verified": None}, True),
        ({"domains": ["other.example"], "trusts_addresses": True}, {"email_verified": None}, False),
        ({"registers": False}, {}, False),
    ],
    ids=str,
)
def test_a_provider_lets_in_whom_its_rules_allow(client, db, provider, trust, told, claims, is_in):
    trust(provider.url, **told)
    provider.claims = claims

    enter(client, provider)

    assert (who(client) is not None) == is_in


def test_who_leaves_the_domain_no_longer_gets_in(client, db, provider, trust):
    trust(provider.url, domains=["school.example"])
    enter(client, provider)
    post(client, "/logout")
    provider.claims = {"email": "erin@elsewhere.example"}

    enter(client, provider)

    assert who(client) is None


def test_a_claim_gives_the_right_to_run_the_site_and_takes_it_again(client, cast, db, provider, trust):
    trust(provider.url, rules=[{"claim": "realm_access.roles", "value": "yurt-admins", "role": "admin"}])
    provider.claims = {"realm_access": {"roles": ["x", "yurt-admins"]}}
    enter(client, provider)
    erin = db.session.get(User, who(client))
    assert erin.is_admin
    post(client, "/logout")
    provider.claims = {"realm_access": {"roles": ["x"]}}

    enter(client, provider)

    assert not db.session.get(User, erin.id).is_admin


def test_a_right_that_no_claim_gave_stays(client, cast, provider, trust, db):
    trust(provider.url, rules=[{"claim": "groups", "value": "yurt-admins", "role": "admin"}])
    provider.claims = {"sub": "dana-1"}
    sign_in(client, "dana")
    connect(client, provider)
    post(client, "/logout")

    enter(client, provider)

    assert who(client) == cast.dana.id
    assert db.session.get(User, cast.dana.id).is_admin


@pytest.mark.parametrize("groups", ["staff", ["staff", "x"], {"staff": True}, 7, None])
def test_a_claim_gives_a_place_in_a_course(client, cast, provider, trust, groups):
    trust(provider.url, rules=[{"claim": "groups", "value": "staff", "role": "assistant", "course": "shell"}])
    provider.claims = {"groups": groups}

    enter(client, provider)

    wanted = "assistant" if groups in ("staff", ["staff", "x"]) else None
    assert members.role_of(who(client), cast.course) == wanted


def test_a_claim_does_not_change_a_place_that_somebody_has(client, cast, provider, trust):
    trust(provider.url, rules=[{"claim": "groups", "value": "staff", "role": "teacher", "course": "shell"}])
    provider.claims = {"sub": "bob-1", "groups": "staff"}
    sign_in(client, "bob")
    connect(client, provider)
    post(client, "/logout")

    enter(client, provider)

    assert members.role_of(cast.bob.id, cast.course) == "student"


@pytest.mark.parametrize("is_trusted", [False, True])
def test_a_second_factor_is_asked_for_where_the_provider_does_not(client, cast, provider, trust, clock, is_trusted):
    trust(provider.url, has_second_factor=is_trusted)
    sign_in(client, "bob")
    phone = add_app(client, clock)
    connect(client, provider)
    post(client, "/logout")

    entered = enter(client, provider, "/sign-on/school?next=/labs")

    assert (who(client) is not None) == is_trusted
    if not is_trusted:
        assert entered.location == "/login/second"
        assert second_step(client, phone.code()).location == "/labs"
    assert who(client) == cast.bob.id


def test_an_account_that_is_off_signs_nobody_in(client, db, school):
    enter(client, school)
    db.session.get(User, who(client)).active = False
    db.session.commit()

    enter(client, school)

    assert who(client) is None


@pytest.mark.parametrize(
    ("changed", "is_shown"),
    [({}, True), ({"auth_time": 1}, False), ({"auth_time": None}, False), ({"sub": "x"}, False)],
    ids=str,
)
def test_who_has_no_password_shows_by_the_provider_that_it_is_still_them(client, db, school, changed, is_shown):
    enter(client, school)
    with client.session_transaction() as session:
        session["fs_paa"] = time.time() - 3600
    page = client.get("/verify").text
    assert "/sign-on/school/again" in page
    assert 'type="password"' not in page
    led = there(client, "/sign-on/school/again?next=/account/factors/authenticator")
    school.claims = changed

    done = come_back(client, school.agree(led))

    asked = dict(parse_qsl(urlsplit(led).query))
    assert (asked["prompt"], asked["max_age"]) == ("login", "0")
    assert (done.location == "/account/factors/authenticator") == is_shown
    assert (client.get("/account/factors/authenticator").status_code == 200) == is_shown


def test_the_last_way_in_stays(client, cast, school, db, app):
    enter(client, school)
    [identity] = db.session.scalars(select(OutsideIdentity.id))
    post(client, f"/account/factors/sign-on/{identity}/remove")
    assert "Choose a password first" in client.get("/account/factors").text
    other = app.test_client()
    sign_in(other, "bob")
    school.claims = BOB
    connect(other, school)
    of_bob = db.session.scalar(select(OutsideIdentity.id).where(OutsideIdentity.user_id == cast.bob.id))

    assert post(client, f"/account/factors/sign-on/{of_bob}/remove").status_code == 404
    assert post(other, f"/account/factors/sign-on/{of_bob}/remove").status_code == 302

    assert letters(db)[-1] == "“School” no longer signs in to your account."
    assert db.session.scalars(select(OutsideIdentity.id)).all() == [identity]


def test_who_signs_out_is_offered_to_sign_out_there_too(client, db, school):
    school.described["end_session_endpoint"] = f"{school.url}/end"
    enter(client, school)

    left = post(client, "/logout")

    assert left.location == "/sign-on/school/left"
    page = client.get(left.location).text
    assert f"{school.url}/end?client_id=yurt&amp;post_logout_redirect_uri=http%3A%2F%2Flocalhost%2F" in page
    assert who(client) is None


def test_the_pages_lead_to_the_providers(client, cast, school):
    assert "/sign-on/school?next=" in client.get("/login?next=/labs").text
    sign_in(client, "bob")
    assert "Connect School" in client.get("/account/factors").text
    assert "/sign-on/school/again" in client.get("/verify").text


def test_a_provider_that_is_away_is_said_to_be(client, db, trust):
    trust("http://127.0.0.1:9")

    assert client.get("/sign-on/school").location == "/login"
    assert "didn’t work" in client.get("/login").text
