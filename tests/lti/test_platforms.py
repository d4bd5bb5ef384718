"""Platforms are registered by pages, programs and commands, as the administrator says, and our keys change."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient
from flask_sqlalchemy import SQLAlchemy

from cli.lti import lti_group
from models import LtiPlatform, utcnow
from services.accounts import outside_identities, tokens
from services.errors import InvalidInput
from services.lti import own_keys, platforms
from services.outbound import Outbound
from tests.access_rows_lti import NEW
from tests.factories import Cast
from tests.lti.stages import add_platform

NOW = datetime(2026, 12, 1, tzinfo=UTC)


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"issuer": ""}, "issuer"),
        ({"issuer": "a\nb"}, "issuer"),
        ({"client_id": " "}, "client_id"),
        ({"deployments": []}, "deployments"),
        ({"deployments": ["1", ""]}, "deployments"),
        ({"keys_url": "http://moodle.example.edu/keys"}, "keys_url"),
        ({"token_url": "javascript:alert(1)"}, "token_url"),
        ({"auth_url": "https://u:p@moodle.example.edu/"}, "auth_url"),
        ({"frame_origins": ["https://a.example.org; script-src *"]}, "frame_origins"),
        ({"frame_origins": ["https://a.example.org/path"]}, "frame_origins"),
        ({"frame_origins": ["*"]}, "frame_origins"),
    ],
)
def test_what_cant_be_a_platform_is_named_by_its_field(cast: Cast, change: dict[str, Any], field: str) -> None:
    with pytest.raises(InvalidInput) as fault:
        platforms.put(None, {**NEW, **change}, Outbound())

    assert fault.value.field == field


def test_a_platform_is_registered_once(cast: Cast) -> None:
    add_platform()

    with pytest.raises(InvalidInput):
        add_platform("Again")


def test_who_comes_from_a_removed_platform_isnt_known_by_one_of_its_name(cast: Cast) -> None:
    platform = add_platform()
    outside_identities.link(cast.bob, platform.authority, "user-1", now=NOW)

    platforms.remove(platform)

    assert outside_identities.find(add_platform().authority, "user-1") is None


def test_two_registrations_of_one_platform_know_the_same_people(cast: Cast) -> None:
    first = add_platform()
    values = {name: getattr(first, name) for name in platforms.FIELDS}
    second = platforms.put(None, {**values, "client_id": "second"}, Outbound())
    outside_identities.link(cast.bob, first.authority, "user-1", now=NOW)

    platforms.remove(first)

    assert outside_identities.find(second.authority, "user-1") is cast.bob


def test_other_keys_are_read_where_they_are_shown_now(cast: Cast, db: SQLAlchemy) -> None:
    platform = add_platform()
    platform.key_set, platform.keys_read_at = {"keys": []}, NOW

    platforms.put(platform, {"keys_url": "https://moodle.example.edu/new"}, Outbound())

    assert platform.key_set is None


def test_a_retired_key_is_shown_for_a_while(cast: Cast) -> None:
    first = own_keys.signing(now=NOW)
    second = own_keys.rotate(now=NOW)

    def shown(after: timedelta) -> list[str]:
        return [key["kid"] for key in own_keys.shown(now=NOW + after)["keys"]]

    assert own_keys.signing(now=NOW).kid == second.kid
    assert shown(timedelta(days=6)) == [first.kid, second.kid]
    assert shown(timedelta(days=8)) == [second.kid]


def test_nobody_reads_the_private_half_of_a_key(client: FlaskClient, cast: Cast) -> None:
    (key,) = client.get("/lti/keys").get_json()["keys"]

    assert set(key) == {"kty", "kid", "n", "e", "use", "alg"}


def test_a_program_registers_changes_and_removes_a_platform(client: FlaskClient, cast: Cast, db: SQLAlchemy) -> None:
    _row, plain = tokens.issue(cast.dana.id, name="x", scopes=["read", "write"], days=1, now=utcnow())
    headers = {"Authorization": f"Bearer {plain}"}

    made = client.post("/api/v1/lti-platforms", json=NEW, headers=headers).get_json()
    url = f"/api/v1/lti-platforms/{made['id']}"
    changed = client.put(url, json={**NEW, "deployments": ["1", "2"]}, headers=headers).get_json()
    refused = client.put(url, json={**NEW, "keys_url": "ftp://x"}, headers=headers)
    listed = client.get("/api/v1/lti-platforms", headers=headers).get_json()

    assert changed["deployments"] == ["1", "2"]
    assert refused.get_json()["errors"][0] == {
        "field": "keys_url",
        "message": "must be an address that begins with https://",
        "reason": {"code": "lti_url_unfit", "params": {}},
    }
    assert [each["issuer"] for each in listed["platforms"]] == ["https://canvas.example.edu"]
    assert listed["tool"]["keys_url"].endswith("/lti/keys")
    assert client.delete(url, headers=headers).status_code == 204
    assert client.get(url, headers=headers).status_code == 404


def test_an_operator_registers_lists_and_removes_a_platform(app: Flask, cast: Cast, db: SQLAlchemy) -> None:
    runner = app.test_cli_runner()
    given = [f"--{name.replace('_', '-')}={value}" for name, value in NEW.items() if isinstance(value, str)]

    added = runner.invoke(lti_group, ["add", *given, "--deployment=1"])
    again = runner.invoke(lti_group, ["add", *given, "--deployment=1"])
    listed = runner.invoke(lti_group, ["list"])
    platform = db.session.query(LtiPlatform).one()
    removed = runner.invoke(lti_group, ["remove", str(platform.id)])

    assert added.output == f"Registered Canvas as platform {platform.id}.\n"
    assert again.exit_code == 1 and "client_id: is registered" in again.output
    assert "https://canvas.example.edu  1  Canvas" in listed.output
    assert removed.exit_code == 0 and runner.invoke(lti_group, ["list"]).output == "No platforms.\n"


def test_an_operator_is_told_our_addresses_and_makes_a_key(app: Flask, cast: Cast) -> None:
    runner = app.test_cli_runner()

    told = runner.invoke(lti_group, ["tool"]).output
    before = own_keys.signing(now=utcnow()).kid
    rotated = runner.invoke(lti_group, ["rotate-key"])

    assert "/lti/login\n" in told and "/lti/pick\n" in told
    assert own_keys.signing(now=utcnow()).kid != before and "The new key is" in rotated.output
