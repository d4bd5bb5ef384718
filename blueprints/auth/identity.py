"""Who asks: taken from what came with the session, or else asked of PostgreSQL and kept.

The pages that change accounts ask PostgreSQL: they write what they have read.
"""

import time
from collections.abc import Callable
from typing import Any

from flask import Flask, current_app, g, request, session
from flask_login import user_loaded_from_cookie
from flask_security.utils import set_request_attr

from models import User
from services.accounts import identities

WRITERS = ("security", "auth", "confirmation")


def init_app(app: Flask) -> None:
    """Stand before Flask-Security's own loader."""
    load: Callable[[str], User | None] = app.login_manager._user_callback  # type: ignore[attr-defined]  # Flask-Security sets it

    @app.login_manager.user_loader  # type: ignore[attr-defined]
    def load_person(uniquifier: str) -> User | None:
        """Return who is signed in; nobody whose account is off, or whose address isn't confirmed."""
        values = getattr(session, "identity", None)
        kept = identities.read(values) if values is not None and request.blueprint not in WRITERS else None
        if kept is not None and kept["fs_uniquifier"] == uniquifier:
            user = identities.revive(kept)
            if not user.may_sign_in:
                return None
            # As Flask-Security's loader does.
            set_request_attr("fs_authn_via", "session")
            set_request_attr("fs_paa", session.get("fs_paa", 0))
            return user
        began = time.monotonic()
        asked = load(uniquifier)
        if asked is None or not asked.may_sign_in:
            return None
        if values is not None and identities.is_open(values):
            g.identity_kept = identities.keep(current_app.extensions["yurt_redis"], asked, began)
        return asked

    user_loaded_from_cookie.connect(_name_new_session, app)


def _name_new_session(_sender: Flask, user: User, **_rest: Any) -> None:
    """Have a session that a remembered person begins tell whose it is."""
    if not getattr(session, "is_stored", True):
        current_app.session_interface.name(session, user.id)  # type: ignore[attr-defined]  # extensions.Sessions
