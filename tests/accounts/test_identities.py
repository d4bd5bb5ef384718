"""Who somebody is comes with the session; what changes there holds from the next request on."""

import json
import time
from collections.abc import Iterator
from typing import Any

import pytest
from flask.testing import FlaskClient
from redis import RedisError
from sqlalchemy import event, text, update

from extensions import WHO_PREFIX
from extensions import db as database
from models import User
from services.accounts import identities, profiles
from tests.factories import PASSWORD, Cast
from tests.people import post, sign_in

COOKIE = "yurt_session"


@pytest.fixture
def redis(app: Any) -> Any:
    return app.extensions["yurt_redis"]


@pytest.fixture
def asked(db: Any) -> Iterator[list[str]]:
    """The statements that ask for people or their roles."""
    statements: list[str] = []

    def note(_connection: object, _cursor: object, statement: str, *_rest: object) -> None:
        if "FROM users" in statement or "FROM role_members" in statement or "JOIN role_members" in statement:
            statements.append(statement)

    event.listen(database.engine, "before_cursor_execute", note)
    yield statements
    event.remove(database.engine, "before_cursor_execute", note)


def known(client: FlaskClient, name: str) -> FlaskClient:
    """Sign in, and have the person kept: whoever made the cast did it long ago."""
    sign_in(client, name)
    assert is_signed_in(client)
    return client


def is_signed_in(client: FlaskClient) -> bool:
    return client.get("/enrol").status_code == 200


def key(user: User) -> str:
    return f"{WHO_PREFIX}{user.id}"


def test_postgresql_is_asked_once_who_somebody_is(client: FlaskClient, cast: Cast, asked: list[str]) -> None:
    known(client, "dana")
    asked.clear()

    # Somebody who isn't in the course reads its lessons because they run the site.
    pages = [client.get("/enrol"), client.get("/courses/shell/lessons/first-words")]

    assert [page.status_code for page in pages] == [200, 200]
    assert asked == []


def test_who_is_deactivated_is_out_with_the_next_request(client: FlaskClient, cast: Cast) -> None:
    known(client, "bob")

    cast.bob.active = False

    assert not is_signed_in(client)


def test_a_role_that_is_taken_is_gone_with_the_next_request(client: FlaskClient, cast: Cast) -> None:
    known(client, "dana")
    before = client.get("/courses/shell/labs-board").status_code

    cast.dana.roles.clear()

    assert (before, client.get("/courses/shell/labs-board").status_code) == (200, 403)


def test_a_role_that_is_given_counts_with_the_next_request(client: FlaskClient, cast: Cast) -> None:
    known(client, "charlie")
    before = client.get("/courses/shell/labs-board").status_code

    profiles.make_admin(cast.charlie)

    assert (before, client.get("/courses/shell/labs-board").status_code) == (403, 200)


def test_a_new_password_ends_the_other_sessions_at_once(app: Any, client: FlaskClient, cast: Cast) -> None:
    here, elsewhere = client, known(app.test_client(), "bob")
    known(here, "bob")

    new = "a-password-that-is-new"
    post(here, "/change", password=PASSWORD, new_password=new, new_password_confirm=new)

    assert is_signed_in(here)
    assert not is_signed_in(elsewhere)


def test_who_signs_out_is_out(client: FlaskClient, cast: Cast) -> None:
    known(client, "bob")
    cookie = client.get_cookie(COOKIE)
    assert cookie is not None

    post(client, "/logout")
    client.set_cookie(COOKIE, cookie.value)

    assert not is_signed_in(client)


def test_a_new_name_is_shown_at_once(client: FlaskClient, cast: Cast) -> None:
    known(client, "bob")

    post(client, "/account", display_name="Robert", time_zone="UTC", theme="dark")

    page = client.get("/enrol").text
    assert "Robert" in page and 'data-theme="dark"' in page


def test_a_writer_that_dies_after_its_commit_leaves_the_mark(
    client: FlaskClient, cast: Cast, monkeypatch: pytest.MonkeyPatch
) -> None:
    known(client, "bob")
    cast.bob.active = False
    database.session.flush()
    # Nothing is said after the commit any more.
    database.session.info.pop(identities.CHANGED)

    assert not is_signed_in(client)


def test_while_a_person_is_marked_nothing_is_kept(client: FlaskClient, cast: Cast, redis: Any) -> None:
    known(client, "bob")

    identities.changed(cast.bob.id)
    is_in = is_signed_in(client)

    assert (is_in, redis.get(key(cast.bob))) == (True, identities.MARK)
    assert 0 < redis.ttl(key(cast.bob)) <= identities.MARKED_S


def test_who_read_before_a_commit_does_not_write_over_its_mark(cast: Cast, redis: Any) -> None:
    began = time.monotonic()
    identities.changed(cast.bob.id)

    identities.keep(redis, cast.bob, began)

    assert redis.get(key(cast.bob)) == identities.MARK


def test_what_was_read_long_ago_is_not_kept(cast: Cast, redis: Any) -> None:
    identities.keep(redis, cast.bob, time.monotonic() - identities.FRESH_S - 1)

    assert redis.get(key(cast.bob)) is None
    assert identities.FRESH_S < identities.MARKED_S


def test_a_change_that_redis_never_heard_of_holds_within_a_minute(client: FlaskClient, cast: Cast, redis: Any) -> None:
    known(client, "bob")
    database.session.execute(text("UPDATE users SET active = false WHERE id = :id"), {"id": cast.bob.id})
    left = redis.ttl(key(cast.bob))

    redis.delete(key(cast.bob))  # as it goes by itself then

    assert 0 < left <= identities.KEPT_S == 60
    assert not is_signed_in(client)


def test_a_change_is_made_while_redis_is_gone(cast: Cast, monkeypatch: pytest.MonkeyPatch, redis: Any) -> None:
    def gone(*_arguments: object, **_options: object) -> None:
        raise RedisError("gone")

    monkeypatch.setattr(redis, "set", gone)
    cast.bob.active = False
    database.session.commit()

    assert database.session.scalar(text("SELECT active FROM users WHERE handle = 'bob'")) is False


def test_a_statement_that_changes_many_has_everybody_asked_for(client: FlaskClient, cast: Cast, redis: Any) -> None:
    known(client, "bob")

    database.session.execute(update(User).where(User.handle == "bob").values(active=False))

    assert not is_signed_in(client)
    # Until all that was kept before has gone.
    assert redis.ttl(f"{WHO_PREFIX}*") > identities.KEPT_S


def test_a_cookie_that_names_somebody_else_has_no_session(client: FlaskClient, cast: Cast) -> None:
    known(client, "bob")
    cookie = client.get_cookie(COOKIE)
    assert cookie is not None and cookie.value.endswith(f".{cast.bob.id}")

    client.set_cookie(COOKIE, f"{cookie.value.rpartition('.')[0]}.{cast.dana.id}")

    assert not is_signed_in(client)


def test_what_is_kept_of_another_account_counts_for_nothing(client: FlaskClient, cast: Cast, redis: Any) -> None:
    known(client, "bob")
    redis.delete(key(cast.bob))
    began = time.monotonic()
    identities.keep(redis, cast.dana, began)
    redis.rename(key(cast.dana), key(cast.bob))

    assert client.get("/courses/shell/labs-board").status_code == 403


def test_neither_password_nor_address_is_kept(client: FlaskClient, cast: Cast, redis: Any) -> None:
    known(client, "bob")

    kept = json.loads(redis.get(key(cast.bob)))

    assert set(kept) == {*identities.FIELDS, *identities.TIMES, identities.STAFF, "roles"}
    assert not {"password", "email"} & set(kept)


def test_pages_that_change_an_account_read_it_from_postgresql(
    client: FlaskClient, cast: Cast, asked: list[str]
) -> None:
    known(client, "bob")
    asked.clear()

    client.get("/account")

    assert asked


def test_a_session_that_was_only_read_lives_on_and_is_not_written(
    client: FlaskClient, cast: Cast, redis: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    known(client, "bob")
    (stored,) = redis.keys("yurt:session:*")
    redis.expire(stored, 100)
    written: list[object] = []
    monkeypatch.setattr(redis, "set", lambda *arguments, **_options: written.append(arguments))

    client.get("/enrol")

    assert written == []
    assert redis.ttl(stored) > 100
