"""The JSON API of accounts: for the site's administrators alone."""

import uuid
from typing import Any

from apiflask import APIBlueprint
from flask import current_app, url_for
from flask_security.recoverable import send_reset_password_instructions

from blueprints import access, limits
from blueprints.bearer import auth, me, scope
from blueprints.pages import now
from blueprints.schemas import responses
from blueprints.users.schemas import NewUserIn, ResetIn, UserIn, UserOut, UsersOut, UsersQuery
from extensions import db
from models import User
from services.accounts import directory

users_api = APIBlueprint("users_api", __name__, tag="Users")
ONE = "/users/<int:user_id>"


@users_api.get("/users")
@users_api.auth_required(auth)
@users_api.input(UsersQuery, location="query")
@users_api.output(UsersOut)
@users_api.doc(summary="List accounts", responses=responses(403, 422))
@scope("users:read")
def list_users(query_data: UsersQuery) -> Any:
    """Give the accounts of the site, by `sort`; `q`, `state` and `role` choose among them."""
    access.site_runner(me())
    found = directory.accounts(
        query=query_data.q,
        state=query_data.state,
        role=query_data.role,
        sort=query_data.sort,
        after=query_data.after,
        per_page=query_data.per_page,
    )
    return {"users": [_document(user) for user in found.rows], "after": found.after}


@users_api.post("/users")
@users_api.auth_required(auth)
@users_api.input(NewUserIn)
@users_api.output(UserOut, status_code=201)
@users_api.doc(summary="Make an account", responses=responses(403, 409, 422))
@scope("users:write")
def create_user(json_data: NewUserIn) -> Any:
    """Make an account whose address you vouch for. Its person gets a mail with a link to choose a password."""
    access.site_runner(me())
    limits.spend("accounts_made", me().id)
    user = directory.create(
        json_data.email,
        json_data.display_name,
        time_zone=json_data.time_zone,
        language="en",
        is_admin=json_data.is_admin,
        uniquifier=uuid.uuid4().hex,
        now=now(),
    )
    _send_link(user)
    db.session.commit()
    return _document(user), 201, {"Location": url_for("users_api.read_user", user_id=user.id)}


@users_api.get(ONE)
@users_api.auth_required(auth)
@users_api.output(UserOut)
@users_api.doc(summary="Read an account", responses=responses(403, 404))
@scope("users:read")
def read_user(user_id: int) -> Any:
    """Give an account."""
    access.site_runner(me())
    return _document(directory.find(user_id))


@users_api.put(ONE)
@users_api.auth_required(auth)
@users_api.input(UserIn)
@users_api.output(UserOut)
@users_api.doc(summary="Change an account", responses=responses(403, 404, 409, 422))
@scope("users:write")
def change_user(user_id: int, json_data: UserIn) -> Any:
    """Set the name, whether the account works, and whether it runs the site.

    409 for what would take your own account away. One that is switched off is signed out everywhere, its tokens no
    longer work, and what it has done stays.
    """
    access.site_runner(me())
    user = directory.find(user_id)
    directory.change(
        user,
        display_name=json_data.display_name,
        is_active=json_data.is_active,
        is_admin=json_data.is_admin,
        by_id=me().id,
    )
    db.session.commit()
    return _document(directory.find(user_id))


@users_api.post(f"{ONE}/password-reset")
@users_api.auth_required(auth)
@users_api.input(ResetIn)
@users_api.output(UserOut)
@users_api.doc(summary="Send somebody a link to choose a password", responses=responses(403, 404, 409, 422))
@scope("users:write")
def reset_password(user_id: int, json_data: ResetIn) -> Any:
    """Send a mail with a link that holds for two hours; until they choose another, the old password works.

    With `end_access` the account is signed out everywhere, and its tokens end. 409 for an account that is off.
    """
    access.site_runner(me())
    limits.spend("accounts_made", me().id)
    user = directory.reset(user_id, end_access=json_data.end_access, now=now())
    if json_data.end_access:
        current_app.extensions["security"].datastore.set_uniquifier(user)
    _send_link(user)
    db.session.commit()
    return _document(user)


def _send_link(user: User) -> None:
    send_reset_password_instructions(user)  # type: ignore[no-untyped-call]


def _document(user: User) -> dict[str, Any]:
    confirmed = "active" if user.confirmed_at is not None else "unconfirmed"
    return {
        "id": user.id,
        "email": user.email,
        "display_name": user.display_name,
        "handle": user.handle,
        "time_zone": user.time_zone,
        "language": user.language,
        "state": confirmed if user.active else "deactivated",
        "is_active": user.active,
        "is_admin": user.is_admin,
        "created_at": user.create_datetime,
        "confirmed_at": user.confirmed_at,
    }
