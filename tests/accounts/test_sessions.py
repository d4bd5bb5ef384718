"""Sessions of browsers: what ends one, and that an ended one stays ended."""

from flask import request
from flask.testing import FlaskClient
from sqlalchemy import select

from extensions import SESSION_PREFIX, session_digest
from extensions import db as database
from models import EndedSession, utcnow
from scheduler.ticks import sweeps
from services.accounts import grants
from services.tickets import LIVE_SECONDS
from tests.factories import PASSWORD, Cast
from tests.people import post, sign_in

BOARD = "/courses/shell/leaderboard"


def digest(client: FlaskClient) -> str:
    return session_digest(client.get_cookie("yurt_session").value)


def ended() -> set[str]:
    return set(database.session.scalars(select(EndedSession.digest)))


def test_signing_out_ends_the_session_and_gives_what_is_left_another(
    client: FlaskClient, cast: Cast, app: object
) -> None:
    sign_in(client, "bob")
    before = digest(client)

    post(client, "/logout")

    assert ended() == {before}
    assert not app.extensions["yurt_redis"].exists(SESSION_PREFIX + before)
    assert digest(client) != before


def test_a_session_that_had_tickets_ends_when_the_password_changes(client: FlaskClient, cast: Cast) -> None:
    sign_in(client, "bob")
    client.get(BOARD)
    before = digest(client)

    form = {"password": PASSWORD, "new_password": "another-2026-x", "new_password_confirm": "another-2026-x"}
    assert post(client, "/change", **form).status_code == 302

    assert ended() == {before}


def test_signing_in_writes_nothing_where_nothing_was_open(client: FlaskClient, cast: Cast) -> None:
    sign_in(client, "bob")
    client.get("/courses")
    post(client, "/logout")
    sign_in(client, "bob")

    assert len(ended()) == 1


def test_a_late_request_does_not_bring_back_a_session_that_was_signed_out(
    client: FlaskClient, cast: Cast, app: object
) -> None:
    sign_in(client, "bob")
    key = SESSION_PREFIX + digest(client)

    interface, redis = app.session_interface, app.extensions["yurt_redis"]
    cookie = {"Cookie": f"yurt_session={client.get_cookie('yurt_session').value}"}
    with app.test_request_context("/", headers=cookie):
        late = interface.open_session(app, request)
        assert late["_user_id"]
        redis.delete(key)
        late["theme"] = "dark"
        interface.save_session(app, late, app.response_class())

    assert not redis.exists(key)


def test_redis_does_not_know_the_cookie(client: FlaskClient, cast: Cast, app: object) -> None:
    sign_in(client, "bob")
    cookie = client.get_cookie("yurt_session").value

    assert not [key for key in app.extensions["yurt_redis"].scan_iter() if cookie in key.decode()]


def test_ended_sessions_are_forgotten_when_no_ticket_of_theirs_is_valid(app: object, db: object) -> None:
    grants.end_session("old", now=utcnow().replace(year=2020))
    grants.end_session("new", now=utcnow())
    assert sweeps.ENDED_FOR.total_seconds() >= LIVE_SECONDS

    sweeps.work()

    assert ended() == {"new"}
