"""Every limit stands in one table, is settable, and is the same however a request is written."""

import re
from collections.abc import Callable
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient
from redis import Redis

from blueprints import limits
from config import ROOT, ConfigError, load_settings
from extensions import db as database
from limit_settings import LimitSettings
from models import User, utcnow
from services.accounts import tokens
from services.errors import LimitReached
from tests.factories import PASSWORD, Cast
from tests.people import post, sign_in, token

SECRET = "0123456789abcdef0123456789abcdef"
ROW = re.compile(r"^\| `([A-Z_]*LIMIT_[A-Z_]+)` \| (.+?) \| (.+?) \| (.+?) \|$", re.MULTILINE)


@pytest.fixture
def set_limit(app: Flask, monkeypatch: pytest.MonkeyPatch) -> Callable[..., None]:
    """Change limits of the site."""

    def change(**values: Any) -> None:
        monkeypatch.setitem(app.extensions, "yurt", app.extensions["yurt"].model_copy(update=values))

    return change


def bearer(user: User, scheme: str = "Bearer ") -> dict[str, str]:
    _row, plain = tokens.issue(user.id, name="script", scopes=("read", "write"), days=9, now=utcnow())
    database.session.commit()
    return {"Authorization": scheme + plain}


def test_the_documentation_has_the_table_of_the_settings() -> None:
    told = ROW.findall((ROOT / "docs" / "operations.md").read_text())

    assert told == [
        (name.upper(), str(field.default), field.json_schema_extra["by"], field.description)
        for name, field in LimitSettings.model_fields.items()
    ]


def test_nothing_else_writes_a_limit_down() -> None:
    written = re.compile(r'"[0-9]+ (?:per|/) ?(?:second|minute|hour|day)')
    folders = ("blueprints", "services", "gateway", "scheduler", "cli", "models")

    found = [
        str(path) for folder in folders for path in (ROOT / folder).rglob("*.py") if written.search(path.read_text())
    ]

    assert found == []


@pytest.mark.parametrize("rate", ["5", "five per minute", "0 per minute", "5 per fortnight", "5 per minute; or so"])
def test_a_rate_that_says_nothing_is_a_fault_of_the_settings(rate: str) -> None:
    with pytest.raises(ConfigError, match="LIMIT_QUIZ_STARTS"):
        load_settings(secret_key=SECRET, limit_quiz_starts=rate)


def test_a_limit_that_is_off_lets_everything_through(app: Flask, set_limit: Callable[..., None]) -> None:
    set_limit(limit_hands="off")

    with app.test_request_context("/"):
        for _ in range(50):
            limits.spend("hands", 1)


def test_without_redis_nothing_is_refused(app: Flask, monkeypatch: pytest.MonkeyPatch) -> None:
    storage = limits.limiter.limiter.storage
    monkeypatch.setattr(storage, "storage", Redis.from_url("redis://127.0.0.1:1"))
    monkeypatch.setattr(storage, "lua_acquire_moving_window", storage.storage.register_script("return 1"))

    with app.test_request_context("/"):
        for _ in range(30):
            limits.spend("keyboard", 1)


@pytest.mark.parametrize(
    ("sent", "counted"),
    [
        ("203.0.113.7", "203.0.113.7"),
        ("2001:db8:1:2:a::1", "2001:db8:1:2::/64"),
        ("2001:0DB8:1:2:ffff::9", "2001:db8:1:2::/64"),
        ("::ffff:203.0.113.7", "203.0.113.7"),
        ("unix", "unix"),
    ],
)
def test_a_network_has_one_count(app: Flask, sent: str, counted: str) -> None:
    with app.test_request_context("/", environ_base={"REMOTE_ADDR": sent}):
        assert limits.address() == counted


def test_passwords_are_guessed_ten_times_whatever_the_form_and_the_spelling(client: FlaskClient, cast: Cast) -> None:
    sign_in(client, "bob")
    own = [post(client, "/verify", password=f"guess {number}").status_code for number in range(4)]
    form = {"new_password": "a very long sentence", "new_password_confirm": "a very long sentence"}
    own += [post(client, "/change", password=f"guess {number}", **form).status_code for number in range(4)]
    post(client, "/logout")
    spelled = ["BOB@example.org", "bob@example.𝓸ｒｇ", " bob@ＥＸＡＭＰＬＥ.org", "bob@example.org"]
    at_the_door = [
        client.post(
            "/login", data={"email": email, "password": "no", "csrf_token": token(client, "/login")}
        ).status_code
        for email in spelled
    ]
    assert 429 not in own
    assert at_the_door == [200, 200, 429, 429]


def test_the_eleventh_wrong_password_of_one_who_is_signed_in_is_refused(client: FlaskClient, cast: Cast) -> None:
    sign_in(client, "bob")

    statuses = [post(client, "/verify", password=f"guess {number}").status_code for number in range(11)]

    assert (set(statuses[:10]), statuses[10]) == ({200}, 429)


def test_a_right_password_ends_the_count(client: FlaskClient, cast: Cast) -> None:
    for _ in range(3):
        for number in range(6):
            assert sign_in(client, "bob", f"guess {number}").status_code == 200
        assert sign_in(client, "bob").status_code == 302
        post(client, "/logout")


def test_an_address_counts_wrong_passwords_alone_so_that_any_class_behind_it_signs_in(
    client: FlaskClient, cast: Cast, set_limit: Callable[..., None]
) -> None:
    set_limit(limit_sign_in_address="3 per minute")
    for _ in range(5):
        assert sign_in(client, "bob").status_code == 302
        post(client, "/logout")

    wrong = [sign_in(client, name, "one guess for all").status_code for name in ("alice", "bob", "carol", "dora")]

    assert wrong == [200, 200, 200, 429]
    assert sign_in(client, "bob").status_code == 429


def test_who_is_signed_in_cannot_clear_the_count_of_another(client: FlaskClient, cast: Cast) -> None:
    for number in range(9):
        sign_in(client, "alice", f"guess {number}")
    sign_in(client, "bob")
    form = {"email": "alice@example.org", "password": PASSWORD, "csrf_token": token(client)}
    client.post("/login", data=form)
    post(client, "/logout")

    assert sign_in(client, "alice").status_code == 429


def test_a_mailbox_gets_five_mails_an_hour_whether_it_has_an_account(client: FlaskClient, cast: Cast) -> None:
    for email in ("bob@example.org", "nobody@example.org"):
        asked = [post(client, "/reset", email=email).status_code for _ in range(6)]
        assert (429 in asked[:5], asked[5]) == (False, 429)


def test_registering_again_and_again_writes_five_mails_to_a_mailbox(client: FlaskClient, cast: Cast) -> None:
    form = {"display_name": "B", "password": "a long enough sentence", "password_confirm": "a long enough sentence"}

    statuses = [post(client, "/register", email="bob@example.org", **form).status_code for _ in range(6)]

    assert statuses[5] == 429
    assert 429 not in statuses[:5]


def test_a_form_that_is_filled_in_badly_uses_up_no_mail(client: FlaskClient, db: object) -> None:
    form = {"display_name": "E", "password": "short", "password_confirm": "short", "email": "erin@example.org"}

    assert 429 not in [post(client, "/register", **form).status_code for _ in range(8)]


def test_a_token_has_one_count_however_its_header_is_written(
    client: FlaskClient, cast: Cast, set_limit: Callable[..., None]
) -> None:
    set_limit(limit_api="4 per minute")
    plain = bearer(cast.bob)["Authorization"].removeprefix("Bearer ")
    other = bearer(cast.bob)

    spelled = ["Bearer ", "bearer ", "Bearer  ", "BEARER ", "bEaReR   ", "Bearer ", "bearer "]
    statuses = [
        client.get("/api/v1/me", headers={"Authorization": f"{scheme}{plain}"}).status_code for scheme in spelled
    ]

    assert statuses == [200] * 4 + [429] * 3
    refused = client.get("/api/v1/me", headers={"Authorization": f"Bearer {plain}"})
    assert (refused.status_code, refused.mimetype) == (429, "application/problem+json")
    assert 1 <= int(refused.headers["Retry-After"]) <= 61
    assert client.get("/api/v1/me", headers=other).status_code == 200


def test_the_api_says_how_much_of_the_rate_is_left(
    client: FlaskClient, cast: Cast, set_limit: Callable[..., None]
) -> None:
    set_limit(limit_api="3 per minute; 100 per hour")
    headers = bearer(cast.bob)

    answers = [client.get("/api/v1/me", headers=headers) for _ in range(4)]
    stranger = client.get("/api/v1/me")
    page = client.get("/")

    left = [int(answer.headers["X-RateLimit-Remaining"]) for answer in answers]
    assert ([answer.status_code for answer in answers], left) == ([200, 200, 200, 429], [2, 1, 0, 0])
    assert {answer.headers["X-RateLimit-Limit"] for answer in answers} == {"3"}
    assert all(answer.headers["X-RateLimit-Reset"].isdigit() for answer in answers)
    assert stranger.headers["X-RateLimit-Limit"] == "600"
    assert "X-RateLimit-Limit" not in page.headers


def test_refused_requests_count_too(client: FlaskClient, cast: Cast, set_limit: Callable[..., None]) -> None:
    set_limit(limit_api="5 per minute", limit_api_address="5 per minute")
    mine = bearer(cast.bob)

    wrong = [client.get("/api/v1/me", headers={"Authorization": f"Bearer yurt_{n}"}).status_code for n in range(6)]
    nowhere = client.get("/api/v1/nowhere", headers={"Authorization": "Bearer other"}).status_code
    bad = [client.post("/api/v1/courses/shell/enrolments", data="{", headers=mine).status_code for _ in range(6)]

    assert (wrong, nowhere) == ([401] * 5 + [429], 429)
    assert (429 in bad[:5], bad[5]) == (False, 429)


def test_a_stranger_behind_the_same_address_stops_nobody(
    client: FlaskClient, cast: Cast, set_limit: Callable[..., None]
) -> None:
    set_limit(limit_api_address="3 per minute")
    mine = bearer(cast.bob)
    for _ in range(5):
        client.get("/api/v1/me")

    assert client.get("/api/v1/me").status_code == 429
    assert client.get("/api/v1/me", headers=mine).status_code == 200


def test_page_and_api_share_the_count_of_enrolment_codes(client: FlaskClient, cast: Cast, set_limit: Callable) -> None:
    set_limit(limit_enrol_codes="4 per minute")
    cast.course.enrolment, cast.course.enrol_code = "code", "right"
    mine = bearer(cast.charlie)
    sign_in(client, "charlie")

    page = [post(client, "/enrol", code=f"guess {number}").status_code for number in range(2)]
    course = post(client, "/courses/shell/enrol", code="guess").status_code
    api = [
        client.post("/api/v1/courses/shell/enrolments", json={"code": "guess"}, headers=mine).status_code
        for _ in range(2)
    ]

    assert (page, course, api) == ([422, 422], 422, [422, 429])
    assert post(client, "/enrol", code="right").status_code == 429


def test_page_and_api_share_the_five_starts_of_a_quiz(client: FlaskClient, cast: Cast) -> None:
    mine = bearer(cast.bob)
    sign_in(client, "bob")
    address = f"/courses/shell/quizzes/{cast.quiz.slug}/attempts"

    for number in range(5):
        if number % 2:
            begun = client.post(f"/api/v1{address}", headers=mine)
            again = client.post(f"/api/v1{address}", headers=mine)
            client.post(f"/api/v1/attempts/{begun.json['id']}/submit", headers=mine)
        else:
            begun = post(client, address)
            again = post(client, address)
            post(client, f"{begun.location}/submit")
        assert begun.status_code in (201, 302)
        assert again.status_code in (201, 302)
    page, api = post(client, address), client.post(f"/api/v1{address}", headers=mine)

    assert (page.status_code, page.mimetype) == (429, "text/html")
    assert (api.status_code, api.mimetype) == (429, "application/problem+json")
    assert all(1 <= int(answer.headers["Retry-After"]) <= 61 for answer in (page, api))


def test_a_count_is_exact_around_the_end_of_a_minute(app: Flask) -> None:
    with app.test_request_context("/"):
        for _ in range(6):
            limits.spend("keyboard", 1)
        with pytest.raises(LimitReached):
            limits.spend("keyboard", 1)
        limits.spend("keyboard", 2)
