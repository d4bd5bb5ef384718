"""Accounts by program: found, made, switched off, and let choose a password, by administrators."""

import re
from collections.abc import Callable

import pytest
from flask.testing import FlaskClient
from sqlalchemy import func, select

from extensions import db as database
from models import Mail, User
from tests.api.conftest import Program, problem
from tests.factories import PASSWORD, Cast, UserFactory
from tests.people import post, sign_in

NEW = {"email": "Erin@Example.org", "display_name": "Erin Ender", "time_zone": "Europe/Berlin"}


@pytest.fixture
def dana(program: Callable[..., Program]) -> Program:
    return program("dana")


def test_a_list_goes_on_where_it_stopped_and_misses_none(dana: Program, cast: Cast) -> None:
    for number in range(7):
        UserFactory(display_name="Same Name", handle=f"same-{number}")
    database.session.commit()

    seen, after = [], None
    while True:
        query = {"sort": "-display_name", "per_page": 3, **({"after": after} if after else {})}
        body = dana.get("/users", query_string=query).get_json()
        seen += [(user["display_name"], user["id"]) for user in body["users"]]
        after = body["after"]
        if after is None:
            break

    assert seen == sorted(seen, reverse=True)
    assert len(set(seen)) == database.session.scalar(select(func.count()).select_from(User))


@pytest.mark.parametrize(
    ("query", "handles"),
    [
        ({"q": "ALICE@"}, ["alice"]),
        ({"role": "admin"}, ["dana"]),
        ({"state": "deactivated"}, ["charlie"]),
        ({"state": "unconfirmed"}, ["bob"]),
        ({"state": "active", "sort": "-email"}, ["dana", "alice"]),
        ({"q": "nobody at all"}, []),
    ],
)
def test_accounts_are_found(dana: Program, cast: Cast, query: dict[str, str], handles: list[str]) -> None:
    cast.charlie.active, cast.bob.confirmed_at = False, None
    database.session.commit()

    found = dana.get("/users", query_string=query).get_json()["users"]

    assert [user["handle"] for user in found] == handles


@pytest.mark.parametrize("after", ["x", "W10", "WyJpZCIsInoiLDJd", "é", "WyJlbWFpbCIsICJhIiwgMV0", "W" * 1000])
def test_a_cursor_that_no_list_gave_is_refused(dana: Program, after: str) -> None:
    found = problem(dana.get("/users", query_string={"after": after}), 422)

    assert [error["field"] for error in found["errors"]] == ["after"]


def test_who_is_made_chooses_a_password_by_the_mail_and_signs_in(
    dana: Program, client: FlaskClient, cast: Cast
) -> None:
    made = dana.post("/users", NEW)

    assert made.status_code == 201
    assert made.get_json()["email"] == "erin@example.org"
    assert dana.get(made.headers["Location"].partition("/api/v1")[2]).get_json() == made.get_json()
    mail = database.session.scalars(select(Mail).where(Mail.recipient == "erin@example.org")).one()
    link = re.search(r"/reset/\S+", mail.body_text)
    assert link
    assert post(client, link[0], password=PASSWORD, password_confirm=PASSWORD).status_code == 302
    assert sign_in(client, "erin").status_code == 302
    assert [error["field"] for error in problem(dana.post("/users", NEW), 422)["errors"]] == ["email"]


def test_who_is_switched_off_is_out_at_once_and_comes_back(dana: Program, bob: Program, cast: Cast) -> None:
    change = {"display_name": "Bob", "is_active": False, "is_admin": False}
    off = dana.put(f"/users/{cast.bob.id}", change).get_json()

    problem(bob.get("/me"), 401)
    on = dana.put(f"/users/{cast.bob.id}", {**change, "is_active": True}).get_json()

    assert (off["state"], on["state"]) == ("deactivated", "active")
    assert bob.get("/me").get_json()["display_name"] == "Bob"


def test_an_admin_makes_another_who_takes_the_role_from_the_first(dana: Program, alice: Program, cast: Cast) -> None:
    made = dana.put(f"/users/{cast.alice.id}", {"display_name": "Alice", "is_active": True, "is_admin": True})
    taken = alice.put(f"/users/{cast.dana.id}", {"display_name": "Dana", "is_active": True, "is_admin": False})

    assert (made.get_json()["is_admin"], taken.get_json()["is_admin"]) == (True, False)
    problem(dana.get("/users"), 403)


@pytest.mark.parametrize("change", [{"is_active": False}, {"is_admin": False}])
def test_nobody_takes_their_own_account_away(dana: Program, cast: Cast, change: dict[str, bool]) -> None:
    mine = {"display_name": "Dana", "is_active": True, "is_admin": True}

    problem(dana.put(f"/users/{cast.dana.id}", {**mine, **change}), 409)

    assert dana.put(f"/users/{cast.dana.id}", mine).status_code == 200


@pytest.mark.parametrize(("end_access", "status"), [(False, 200), (True, 401)])
def test_a_reset_sends_a_link_and_may_end_what_is_open(
    dana: Program, bob: Program, cast: Cast, end_access: bool, status: int
) -> None:
    assert dana.post(f"/users/{cast.bob.id}/password-reset", {"end_access": end_access}).status_code == 200

    mail = database.session.scalars(select(Mail).where(Mail.recipient == cast.bob.email)).one()
    assert "/reset/" in mail.body_text
    assert bob.get("/me").status_code == status


def test_nobody_resets_an_account_that_is_off(dana: Program, cast: Cast) -> None:
    cast.bob.active = False
    database.session.commit()

    problem(dana.post(f"/users/{cast.bob.id}/password-reset"), 409)
