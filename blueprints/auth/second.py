"""The second step of signing in: somebody whose password is right shows their second factor.

Flask-Security asks `SecondStep` whenever somebody has shown their first factor. Until the second one is shown nobody is
signed in: the session knows who wants to be.
"""

import time
from typing import Any

from flask import Blueprint, Flask, current_app, flash, redirect, render_template, request, session, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _
from flask_babel import lazy_gettext, ngettext
from flask_login import current_user
from flask_security import login_user
from flask_security.tf_plugin import TfPlugin
from flask_wtf import FlaskForm
from sqlalchemy import select
from wtforms import StringField
from wtforms.validators import DataRequired, Length

from blueprints import limits
from blueprints.auth import next_page
from blueprints.pages import now
from extensions import db
from models import User
from services.accounts import authenticators, factor_mail, passkeys, recovery_codes

second = Blueprint("second", __name__)
PENDING = "yurt_second"
PENDING_S = 10 * 60


class SecondStep(TfPlugin):
    """Decides whether somebody who showed a first factor is asked for a second one: whoever has one is."""

    def tf_enter(self, user: Any, remember_me: bool | None, primary_authn_via: str, next_loc: str | None) -> Any:
        """Lead to the second step; None where there is none."""
        if user.second_factor_at is None:
            return None
        # `next_loc` is the form's own page where nobody said where to go on.
        onward = request.form.get("next") or request.args.get("next")
        return begin(user, remember=bool(remember_me), via=primary_authn_via, onward=onward)


class SecondForm(FlaskForm):
    """A code of the authenticator app, or a recovery code."""

    factor_code = StringField(lazy_gettext("Code"), validators=[DataRequired(), Length(max=100)])


def init_app(app: Flask) -> None:
    """Take the place of Flask-Security's own second step."""
    app.extensions["security"].two_factor_plugins = SecondStep()
    settings = app.extensions["yurt"]
    app.extensions["yurt_codes"] = authenticators.codes(settings.secret_key, settings.site_name)


def begin(user: User, *, remember: bool, via: str, onward: str | None) -> ResponseReturnValue:
    """Note who has shown their first factor, and lead to the page of the second."""
    session[PENDING] = {
        "user": user.fs_uniquifier,
        "remember": remember,
        "via": via,
        "onward": onward if onward and next_page.is_of_this_site(onward) else "",
        "at": time.time(),
    }
    return redirect(url_for("second.show"))


def pending() -> User | None:
    """Return who has shown their first factor here some minutes ago; a new password, or a closed account, ends it."""
    noted = session.get(PENDING)
    if noted is None or not 0 <= time.time() - noted["at"] < PENDING_S:
        session.pop(PENDING, None)
        return None
    user = db.session.scalar(select(User).where(User.fs_uniquifier == noted["user"]))
    return user if user is not None and user.may_sign_in else None


def done(user: User, factor: str) -> ResponseReturnValue:
    """Sign somebody in who has shown both factors."""
    noted = session.pop(PENDING)
    limits.forget("second_factor", user.id)
    login_user(user, remember=noted["remember"], authn_via=[noted["via"], factor])
    db.session.commit()
    return redirect(noted["onward"] or "/")


@second.route("/login/second", methods=["GET", "POST"])
def show() -> ResponseReturnValue:
    """Ask for the second factor."""
    if current_user.is_authenticated:
        return redirect("/")
    user = pending()
    if user is None:
        flash(_("Please sign in again: that took too long, or has been done already."), "info")
        return redirect(url_for("security.login"))
    form = SecondForm()
    if form.validate_on_submit():
        factor = _shown(user, form.factor_code.data)
        if factor:
            return done(user, factor)
        form.factor_code.errors = [_("This code isn't right, or has been used. Wait for the next one.")]
    has_app, has_passkey = authenticators.of(user) is not None, bool(passkeys.of(user))
    page = render_template("auth/second.html", form=form, has_app=has_app, has_passkey=has_passkey)
    return page, 422 if form.errors else 200


@second.post("/login/second/leave")
def leave() -> ResponseReturnValue:
    """Give the sign-in up that has begun."""
    session.pop(PENDING, None)
    return redirect(url_for("security.login"))


def _shown(user: User, code: str) -> str | None:
    """Return which factor a code shows; each try counts for the account, wherever it comes from."""
    limits.spend("second_factor", user.id)
    if authenticators.looks_like_code(code):
        is_right = authenticators.verify(user, code, current_app.extensions["yurt_codes"], now=now())
        return "authenticator" if is_right else None
    if not recovery_codes.use(user, code, now=now()):
        return None
    factor_mail.tell(user, "code_used")
    left = recovery_codes.left(user)
    flash(ngettext("You have %(num)d recovery code left.", "You have %(num)d recovery codes left.", left), "info")
    return "recovery_code"
