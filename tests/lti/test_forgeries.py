"""What isn't signed for this launch, by this platform, for this site, doesn't get in, and is told why."""

import time
from collections.abc import Callable
from typing import Any

import pytest
from flask_sqlalchemy import SQLAlchemy

from models import LtiPlatform, utcnow
from services.accounts import outside_identities
from tests.factories import Cast
from tests.lti.launching import CLIENT, Launcher, register
from tests.lti.platform import CLAIM, KEYS, OTHER_KEYS, Pair, Platform, by_secret, packed, signed_part
from tests.lti.test_launches import who_is

AUTHORITY = "lti:https://moodle.example.edu"
Forge = Callable[[dict[str, Any]], str]
Change = dict[str, Any]


@pytest.fixture(autouse=True)
def bob_is_known(registered: LtiPlatform, cast: Cast) -> None:
    """Whoever got in would be bob."""
    outside_identities.link(cast.bob, AUTHORITY, "user-1", now=utcnow())


def refused(launcher: Launcher, response: Any, words: str) -> None:
    """Nobody is in, and the page says why."""
    assert response.status_code == 403
    assert words in response.text, response.text
    assert "Set-Cookie" not in response.headers
    assert who_is(launcher.client) is None


def unsigned(claims: Change) -> str:
    return f"{signed_part({'alg': 'none', 'typ': 'JWT', 'kid': 'key-1'}, claims)}."


def cut(claims: Change) -> str:
    return KEYS.sign(claims).rpartition(".")[0] + "."


def altered(claims: Change) -> str:
    head, _body, signature = KEYS.sign(claims).split(".")
    return ".".join((head, signed_part({}, {**claims, "sub": "user-1"}).split(".")[1] + "AA", signature))


def swapped(claims: Change) -> str:
    """The signature of another statement of the platform."""
    said = KEYS.sign(claims).rpartition(".")[0]
    return f"{said}.{KEYS.sign({**claims, 'sub': 'user-2'}).rpartition('.')[2]}"


def with_own_key(claims: Change) -> str:
    """Signed by a key that the statement itself brings along."""
    return OTHER_KEYS.sign(claims, {"jwk": OTHER_KEYS.shown()})


FORGERIES: dict[str, tuple[Forge, str]] = {
    "alg none": (unsigned, "signed by none"),
    "alg None": (lambda claims: f"{signed_part({'alg': 'None', 'kid': 'key-1'}, claims)}.", "signed by None"),
    "HS256 with the public key as PEM": (lambda claims: by_secret(claims, KEYS.pem(), "key-1"), "signed by HS256"),
    "HS256 with an empty secret": (lambda claims: by_secret(claims, b"", "key-1"), "signed by HS256"),
    "HS256 that says RS256": (
        lambda claims: (
            f"{signed_part({'alg': 'RS256', 'kid': 'key-1'}, claims)}."
            + by_secret(claims, KEYS.pem(), "key-1").rpartition(".")[2]
        ),
        "signature isn’t",
    ),
    "another's key of the same name": (OTHER_KEYS.sign, "signature isn’t"),
    "a key that comes along": (with_own_key, "signature isn’t"),
    "an unknown key": (Pair("key-9").sign, "a key that the learning platform doesn’t show"),
    "no signature": (cut, "signature isn’t"),
    "another statement's signature": (swapped, "signature isn’t"),
    "altered": (altered, "signature isn’t"),
    "a header that must be understood": (
        lambda claims: KEYS.sign(claims, {"crit": ["b64"], "b64": False}),
        "can’t be read",
    ),
    "no name of a key": (lambda claims: KEYS.sign(claims, {"kid": None}), "a key that the learning platform doesn’t"),
    "no object": (lambda _claims: KEYS.sign(["iss"]), "can’t be read"),
    "no token": (lambda _claims: "a.b.c", "can’t be read"),
    "nothing": (lambda _claims: "", "can’t be read"),
    "letters beyond ASCII": (lambda _claims: "ä.b.c", "can’t be read"),
    "too long": (lambda _claims: "a" * 60_000, "can’t be read"),
    "encrypted": (lambda _claims: ".".join([packed(b'{"alg":"dir","enc":"A128GCM"}'), "", "a", "b", "c"]), "can’t be"),
}


@pytest.mark.parametrize("name", FORGERIES)
def test_what_the_platform_hasnt_signed_doesnt_get_in(launcher: Launcher, name: str) -> None:
    forge, words = FORGERIES[name]
    asked = launcher.begun()

    response = launcher.send(asked["state"], forge(launcher.claims(asked["nonce"])))

    refused(launcher, response, words)


NOW = int(time.time())
WRONG: dict[str, tuple[Change, str]] = {
    "another issuer": ({"iss": "https://evil.example.org"}, "another learning platform"),
    "an issuer with a slash": ({"iss": "https://moodle.example.edu/"}, "another learning platform"),
    "no issuer": ({"iss": None}, "another learning platform"),
    "another audience": ({"aud": "other-tool"}, "meant for another tool"),
    "no audience": ({"aud": None}, "meant for another tool"),
    "an audience that begins alike": ({"aud": f"{CLIENT}-2"}, "meant for another tool"),
    "many audiences without a party": ({"aud": [CLIENT, "other-tool"]}, "meant for another tool"),
    "another party": ({"aud": [CLIENT, "other-tool"], "azp": "other-tool"}, "meant for another tool"),
    "a party that isn't the audience": ({"azp": "other-tool"}, "meant for another tool"),
    "over": ({"exp": NOW - 120}, "too old"),
    "over long ago": ({"exp": 1, "iat": 0}, "too old"),
    "made yesterday": ({"iat": NOW - 86_400}, "too old"),
    "made tomorrow": ({"iat": NOW + 86_400, "exp": NOW + 90_000}, "time to come"),
    "not yet": ({"nbf": NOW + 86_400}, "time to come"),
    "no end": ({"exp": None}, "“exp”"),
    "no beginning": ({"iat": None}, "“iat”"),
    "an end in words": ({"exp": "tomorrow"}, "“exp”"),
    "an end that is true": ({"exp": True}, "“exp”"),
    "an end without end": ({"exp": 10**400}, "“exp”"),
    "an end that is no number": ({"exp": float("nan")}, "too old"),
    "another nonce": ({"nonce": "another"}, "another launch"),
    "no nonce": ({"nonce": None}, "another launch"),
    "another deployment": ({f"{CLAIM}deployment_id": "2"}, "deployment that isn’t registered"),
    "no deployment": ({f"{CLAIM}deployment_id": None}, "deployment that isn’t registered"),
    "a list of deployments": ({f"{CLAIM}deployment_id": ["1"]}, "deployment that isn’t registered"),
    "another version": ({f"{CLAIM}version": "1.1"}, "“version”"),
    "another message": ({f"{CLAIM}message_type": "LtiSubmissionReviewRequest"}, "“message_type”"),
    "nobody": ({"sub": None}, "doesn’t say who you are"),
    "an empty name of somebody": ({"sub": ""}, "doesn’t say who you are"),
    "a number for somebody": ({"sub": 1}, "doesn’t say who you are"),
    "no course": ({f"{CLAIM}context": None}, "“context”"),
    "no link": ({f"{CLAIM}resource_link": {}}, "“resource_link”"),
    "a target elsewhere": ({f"{CLAIM}target_link_uri": "https://evil.example.org/lti/launch"}, "leads to an address"),
    "no target": ({f"{CLAIM}target_link_uri": None}, "leads to an address"),
}


@pytest.mark.parametrize("name", WRONG)
def test_what_is_signed_for_something_else_doesnt_get_in(launcher: Launcher, name: str) -> None:
    change, words = WRONG[name]
    asked = launcher.begun()

    response = launcher.send(asked["state"], KEYS.sign(launcher.claims(asked["nonce"], **change)))

    refused(launcher, response, words)


def test_a_launch_is_believed_once(launcher: Launcher, cast: Cast) -> None:
    asked = launcher.begun()
    token = KEYS.sign(launcher.claims(asked["nonce"]))
    assert launcher.send(asked["state"], token).status_code == 303

    again = launcher.send(asked["state"], token)

    refused(launcher, again, "has been used already")


def test_a_statement_of_another_launch_doesnt_get_in(launcher: Launcher) -> None:
    first, second = launcher.begun(), launcher.begun()
    token = KEYS.sign(launcher.claims(first["nonce"]))

    refused(launcher, launcher.send(second["state"], token), "another launch")


@pytest.mark.parametrize("state", ["", "a", "\x00", "ä" * 5000])
def test_a_launch_that_nobody_began_doesnt_get_in(launcher: Launcher, state: str) -> None:
    token = KEYS.sign(launcher.claims("nonce"))

    refused(launcher, launcher.send(state, token), "has been used already")


def test_a_launch_that_another_browser_began_doesnt_get_in(launcher: Launcher) -> None:
    asked = launcher.begun()
    token = KEYS.sign(launcher.claims(asked["nonce"]))
    victim = Launcher(launcher.app, launcher.app.test_client(), launcher.platform)

    refused(victim, victim.send(asked["state"], token), "browser hasn’t begun it")
    victim.begun()
    refused(victim, launcher.send(asked["state"], token), "has been used already")


def test_a_platform_that_says_no_is_told(launcher: Launcher) -> None:
    asked = launcher.begun()

    response = launcher.client.post("/lti/launch", data={"state": asked["state"], "error": "login_required"})

    refused(launcher, response, "said no: login_required")


@pytest.mark.parametrize(
    "asked",
    [
        {"iss": "https://evil.example.org"},
        {"iss": ""},
        {"client_id": "other"},
        {"target_link_uri": "https://evil.example.org/lti/launch"},
        {"target_link_uri": "//evil.example.org/lti/launch"},
        {"target_link_uri": "http://[::1/lti/launch"},
        {"target_link_uri": ""},
        {"login_hint": ""},
        {"login_hint": "a" * 5000},
    ],
)
def test_a_beginning_that_leads_nowhere_is_refused(launcher: Launcher, asked: Change) -> None:
    response = launcher.begin(**asked)

    assert response.status_code == 403
    assert "Location" not in response.headers


def test_a_target_elsewhere_on_this_site_is_refused(launcher: Launcher) -> None:
    assert launcher.begin(target="/logout").status_code == 403
    assert launcher.begin(target="/lti/launch/../../logout").status_code == 403


def test_a_platform_that_is_switched_off_lets_nobody_in(launcher: Launcher, registered: LtiPlatform) -> None:
    asked = launcher.begun()
    registered.is_active = False

    response = launcher.send(asked["state"], KEYS.sign(launcher.claims(asked["nonce"])))

    refused(launcher, response, "isn’t registered")
    assert launcher.begin().status_code == 403


def test_another_platform_of_the_same_issuer_doesnt_speak_for_its_people(
    launcher: Launcher, registered: LtiPlatform, cast: Cast
) -> None:
    """As with Canvas, where every school's own names the same issuer."""
    other = register(launcher.platform, client_id="evil", keys_url=f"{launcher.platform.url}/evil-keys")
    launcher.platform.answer = lambda _platform, request: (
        (200, {}, {"keys": [OTHER_KEYS.shown()]}) if request.path == "/evil-keys" else None
    )
    asked = launcher.begun(client_id="evil")

    arrived = launcher.send(asked["state"], OTHER_KEYS.sign(launcher.claims(asked["nonce"], aud="evil")))
    page = launcher.client.get(arrived.location)

    assert other.authority != registered.authority
    assert "Who are you here?" in page.text
    assert who_is(launcher.client) is None


def test_keys_are_read_once_and_kept(launcher: Launcher, platform: Platform) -> None:
    launcher.launch()
    launcher.launch()

    assert len(platform.asked("/keys")) == 1


def test_a_new_key_is_read_when_it_is_used_first_and_unknown_ones_dont_hurry_us(
    launcher: Launcher, platform: Platform, registered: LtiPlatform, db: SQLAlchemy
) -> None:
    launcher.launch()
    new = Pair("key-2")
    platform.keys = [new.shown()]

    def send(pair: Pair) -> Any:
        asked = launcher.begun()
        return launcher.send(asked["state"], pair.sign(launcher.claims(asked["nonce"])))

    for _try in range(3):
        assert send(Pair("key-3", 1024)).status_code == 403
    assert len(platform.asked("/keys")) == 1
    registered.keys_tried_at = None
    db.session.flush()

    assert send(new).status_code == 303
    assert len(platform.asked("/keys")) == 2


@pytest.mark.parametrize(
    "shown",
    [
        [],
        [Pair("key-1", 1024).shown()],
        [{"kty": "oct", "kid": "key-1", "k": "c2VjcmV0"}],
        [KEYS.shown(use="enc")],
        [KEYS.shown(alg="PS256")],
        [{**KEYS.shown(), "kid": 1}],
        ["key-1"],
        None,
        "keys",
    ],
)
def test_keys_that_cant_sign_a_launch_are_not_taken(launcher: Launcher, platform: Platform, shown: Any) -> None:
    platform.keys = shown
    asked = launcher.begun()

    response = launcher.send(asked["state"], KEYS.sign(launcher.claims(asked["nonce"])))

    assert response.status_code == 403


def test_a_platform_that_doesnt_answer_is_still_known_by_the_keys_it_showed(
    launcher: Launcher, platform: Platform, registered: LtiPlatform, db: SQLAlchemy
) -> None:
    launcher.launch()
    registered.keys_read_at = registered.keys_tried_at = utcnow().replace(year=2020)
    db.session.flush()
    platform.answer = lambda _platform, _request: (500, {}, {})
    asked = launcher.begun()

    assert launcher.send(asked["state"], KEYS.sign(launcher.claims(asked["nonce"]))).status_code == 303


def test_keys_at_a_private_address_are_not_read_unless_a_setting_says_so(
    launcher: Launcher, platform: Platform, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings = launcher.app.extensions["yurt"].model_copy(update={"call_private_addresses": False})
    monkeypatch.setitem(launcher.app.extensions, "yurt", settings)
    asked = launcher.begun()

    response = launcher.send(asked["state"], KEYS.sign(launcher.claims(asked["nonce"])))

    refused(launcher, response, "keys of the learning platform can’t be read")
    assert platform.asked("/keys") == []
