"""What a provider says: taken where all of it is right, and refused where anything isn't."""

import time
from urllib.parse import parse_qsl, urlsplit

import pytest
from sqlalchemy import select

from models import User
from tests.accounts.codes import who
from tests.people import sign_in
from tests.sign_on.conftest import come_back, there
from tests.sign_on.loopback import Loopback, new_key, start


@pytest.fixture
def school(provider: Loopback, trust) -> Loopback:
    """A provider that the site knows as `school`."""
    trust(provider.url)
    return provider


def test_a_browser_is_led_with_state_nonce_and_a_challenge_each_time_new(client, db, school):
    asked = [dict(parse_qsl(urlsplit(there(client)).query)) for _ in range(2)]

    assert asked[0]["response_type"] == "code"
    assert asked[0]["redirect_uri"] == "http://localhost/sign-on/school/back"
    assert asked[0]["code_challenge_method"] == "S256"
    assert set(asked[0]["scope"].split()) == {"openid", "email", "profile"}
    for name in ("state", "nonce", "code_challenge"):
        assert asked[0][name] != asked[1][name]


def test_who_is_right_signs_in_and_gets_an_account(client, db, school):
    done = come_back(client, school.agree(there(client, "/sign-on/school?next=/labs")))

    assert done.location == "/labs"
    erin = db.session.get(User, who(client))
    assert (erin.email, erin.display_name, erin.password) == ("erin@school.example", "Erin Example", None)


# Times are given from now on.
TIMES = ("exp", "iat", "nbf")


@pytest.mark.parametrize(
    "claims",
    [
        {"iss": "https://another.example"},
        {"iss": None},
        {"aud": "another-client"},
        {"aud": ["another-client"]},
        {"aud": ["yurt", "another-client"]},
        {"aud": ["yurt", "another-client"], "azp": "another-client"},
        {"azp": "another-client"},
        {"aud": None},
        {"exp": -3600},
        {"exp": None},
        {"iat": -7200},
        {"iat": 7200},
        {"iat": None},
        {"nbf": 7200},
        {"nonce": "of another time"},
        {"nonce": None},
        {"sub": None},
        {"sub": ""},
        {"sub": 7},
        {"sub": "x" * 300},
        {"at_hash": "AAAAAAAAAAAAAAAAAAAAAA"},
    ],
    ids=str,
)
def test_a_statement_that_is_not_right_signs_nobody_in(client, db, school, claims):
    now = int(time.time())
    school.claims = {name: now + value if name in TIMES and value else value for name, value in claims.items()}

    refused = come_back(client, school.agree(there(client)))

    assert refused.location == "/login"
    assert who(client) is None
    assert db.session.scalar(select(User.id).where(User.email == "erin@school.example")) is None


@pytest.mark.parametrize(
    "claims", [{"aud": ["yurt"]}, {"aud": ["yurt", "other"], "azp": "yurt"}, {"azp": "yurt"}], ids=str
)
def test_an_audience_may_be_a_list(client, db, school, claims):
    school.claims = claims

    come_back(client, school.agree(there(client)))

    assert who(client) is not None


def forged(school: Loopback) -> None:
    school.shown = [school.key]
    other = new_key()
    other.get("kid")
    school.key = type(other).import_key({**other.as_dict(private=True), "kid": school.key.kid})


def unsigned(school: Loopback) -> None:
    school.alg = "none"
    school.described["id_token_signing_alg_values_supported"] = ["none", "ES256"]


def signed_by_the_clients_secret(school: Loopback) -> None:
    school.key, school.alg = new_key("oct"), "HS256"
    school.described["id_token_signing_alg_values_supported"] = ["HS256", "ES256"]


def of_an_algorithm_that_it_does_not_tell(school: Loopback) -> None:
    school.key, school.alg = new_key("RSA"), "RS512"


def for_encryption(school: Loopback) -> None:
    key = school.key.as_dict(private=True)
    school.key = type(school.key).import_key({**key, "use": "enc"})


@pytest.mark.parametrize(
    "change", [forged, unsigned, signed_by_the_clients_secret, of_an_algorithm_that_it_does_not_tell, for_encryption]
)
def test_a_statement_that_nobody_signed_who_may_is_refused(client, db, school, change):
    change(school)

    come_back(client, school.agree(there(client)))

    assert who(client) is None


def test_a_provider_that_changes_its_keys_goes_on(client, db, school):
    come_back(client, school.agree(there(client)))
    client.post("/logout", data={"csrf_token": client.get("/session").get_json()["csrf_token"]})
    school.key = new_key("RSA")
    school.alg = "RS256"

    come_back(client, school.agree(there(client)))

    assert who(client) is not None
    assert school.calls.count("/jwks") == 2


def test_what_comes_back_is_good_once(client, db, school, app):
    address = school.agree(there(client))
    come_back(client, address)
    client.post("/logout", data={"csrf_token": client.get("/session").get_json()["csrf_token"]})

    again = come_back(client, address)

    assert again.location == "/login"
    assert who(client) is None


def test_what_one_browser_began_is_of_no_use_in_another(client, db, school, app):
    address = school.agree(there(client))
    other = app.test_client()
    there(other)

    come_back(other, address)

    assert who(other) is None
    assert "/token" not in school.calls


@pytest.mark.parametrize("query", ["", "?state=", "?state=forged&code=x", "?error=access_denied"])
def test_who_began_nothing_brings_nothing(client, db, school, query):
    assert client.get(f"/sign-on/school/back{query}").location == "/login"
    assert school.calls == []


def test_a_person_who_said_no_there_is_not_signed_in(client, db, school):
    state = dict(parse_qsl(urlsplit(there(client)).query))["state"]

    said = client.get(f"/sign-on/school/back?error=access_denied&state={state}")

    assert said.location == "/login"
    assert "didn’t work" in client.get("/login").text


@pytest.mark.parametrize("issuer", ["https://evil.example", ""])
def test_an_answer_that_names_another_provider_is_refused(client, db, school, issuer):
    come_back(client, school.agree(there(client), iss=issuer))

    assert who(client) is None
    assert "/token" not in school.calls


def test_a_provider_that_promises_to_name_itself_has_to(client, db, school):
    school.described["authorization_response_iss_parameter_supported"] = True

    come_back(client, school.agree(there(client)))
    assert who(client) is None
    come_back(client, school.agree(there(client), iss=school.url))
    assert who(client) is not None


def test_the_answer_of_one_provider_is_not_taken_for_anothers(client, db, school, trust):
    evil, server = start()
    trust(evil.url, "evil")
    begun = there(client, "/sign-on/evil")

    come_back(client, school.agree(begun.replace("sign-on%2Fevil", "sign-on%2Fschool")))

    assert who(client) is None
    assert "/token" not in evil.calls + school.calls
    server.shutdown()
    server.server_close()


def test_a_provider_that_calls_itself_by_another_name_is_not_asked(client, db, school):
    school.described["issuer"] = "https://another.example"

    assert client.get("/sign-on/school").location == "/login"


@pytest.mark.parametrize("tokens", [{"id_token": None}, {"id_token": 7}, {"id_token": "a.b.c"}, {"id_token": ""}])
def test_an_answer_without_a_statement_is_refused(client, db, school, tokens):
    school.tokens = tokens

    come_back(client, school.agree(there(client)))

    assert who(client) is None


@pytest.mark.parametrize(("subject", "is_in"), [("erin-1", True), ("somebody-else", False)])
def test_the_address_may_come_from_the_userinfo_of_the_same_person(client, db, school, subject, is_in):
    school.claims = {"email": None, "email_verified": None}
    school.described["userinfo_endpoint"] = f"{school.url}/userinfo"
    school.userinfo = {"sub": subject, "email": "Erin@School.example", "email_verified": "true"}

    come_back(client, school.agree(there(client)))

    assert (who(client) is not None) == is_in


def test_who_is_signed_in_already_stays_who_they_are(client, cast, school):
    begun = there(client)
    sign_in(client, "bob")

    come_back(client, school.agree(begun))

    assert who(client) == cast.bob.id
