"""Who asks: taken from what came with the session, or else asked of PostgreSQL and kept.

The pages that change accounts ask PostgreSQL: they write what they have read.
"""

import time
from typing import Any

from flask import Flask, current_app, g, request, session
from flask_login import user_loaded_from_cookie
from flask_security.utils import set_request_attr
from sqlalchemy import Text, bindparam, select
from sqlalchemy.orm import joinedload

from database.prepared import KEEPS_PLAN
from extensions import db
from models import User
from services.accounts import identities, required

WRITERS = ("security", "auth", "confirmation", "second", "factors", "passkeys", "sign_on")
WHO = (
    select(User)
    .options(joinedload(User.roles))
    .where(User.fs_uniquifier == bindparam("uniquifier", type_=Text))
    .execution_options(**KEEPS_PLAN)
)


def init_app(app: Flask) -> None:
    """Stand in the place of Flask-Security's own loader, which builds its statement at each request."""

    @app.login_manager.user_loader  # type: ignore[attr-defined]
    def load_person(uniquifier: str) -> User | None:
        """Return who is signed in; nobody whose account is off, or whose address isn't confirmed."""
        values = getattr(session, "identity", None)
        kept = identities.read(values) if values is not None and request.blueprint not in WRITERS else None
        if kept is not None and kept["fs_uniquifier"] == uniquifier:
            user = identities.revive(kept)
            g.is_staff = kept[identities.STAFF]
            return _signed_in(user) if user.may_sign_in else None
        began = time.monotonic()
        asked = db.session.scalars(WHO, {"uniquifier": uniquifier}).unique().one_or_none()
        if asked is None or not asked.may_sign_in:
            return None
        if values is not None and identities.is_open(values):
            if required.depends_on_places(asked, current_app.extensions["yurt"].second_factor_for):
                g.is_staff = required.is_staff(asked.id)
            redis = current_app.extensions["yurt_redis"]
            g.identity_kept = identities.keep(redis, asked, began, is_staff=g.get("is_staff"))
        return _signed_in(asked)

    user_loaded_from_cookie.connect(_name_new_session, app)


def _signed_in(user: User) -> User:
    """Note how this person is known, as Flask-Security's loader does."""
    set_request_attr("fs_authn_via", "session")
    set_request_attr("fs_paa", session.get("fs_paa", 0))
    return user


def _name_new_session(_sender: Flask, user: User, **_rest: Any) -> None:
    """Have a session that a remembered person begins tell whose it is."""
    if not getattr(session, "is_stored", True):
        current_app.session_interface.name(session, user.id)  # type: ignore[attr-defined]  # extensions.Sessions
