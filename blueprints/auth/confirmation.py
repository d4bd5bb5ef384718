"""Registering, and confirming that an address is one's own.

Nobody is signed in before their address is confirmed, and the answer to a registration is the same whether the address
was free or not (docs/adr/0020-addresses-are-confirmed-by-who-registered.md). The link of the mail alone confirms
nothing: it takes the browser that registered, or the password. So neither a mail scanner that follows links, nor
somebody whose address was registered by another, confirms an account whose password another knows.
"""

import uuid
from collections.abc import Callable
from functools import wraps
from typing import Any

from flask import Blueprint, Flask, current_app, flash, g, redirect, render_template, request, session, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _
from flask_babel import lazy_gettext
from flask_login import current_user
from flask_security import login_user, logout_user, password_reset, user_registered
from flask_security.confirmable import confirm_email_token_status, confirm_user, send_confirmation_instructions
from flask_security.utils import get_message
from flask_wtf import FlaskForm
from wtforms import PasswordField, SubmitField
from wtforms.validators import DataRequired

from blueprints import limits
from blueprints.auth import next_page
from blueprints.auth.throttle import right_password
from config import Settings
from extensions import db
from models import User
from services.accounts import addresses
from services.errors import NotFound

confirmation = Blueprint("confirmation", __name__)
# What the browser that registers remembers: the address, the account that was made of it, and where it wanted to go.
REGISTERED = "yurt_registered"


class ConfirmForm(FlaskForm):
    """The password of the account whose link was opened elsewhere than where it was made."""

    password = PasswordField(lazy_gettext("Password"), validators=[DataRequired()])
    submit = SubmitField(lazy_gettext("Confirm"))


def init_app(app: Flask) -> None:
    """Follow accounts that are made and whose password is chosen anew."""
    user_registered.connect(_note_account, app)
    password_reset.connect(_confirm_by_reset, app)


def alike(view: Callable[[], Any]) -> Callable[[], Any]:
    """Make registering a known address look like registering a new one; refuse where registration is closed."""

    @wraps(view)
    def register() -> Any:
        settings: Settings = current_app.extensions["yurt"]
        if settings.registration == "closed":
            raise NotFound(_("Accounts at this site are given out by those who run it. Ask them for yours."))
        response = view()
        if request.method != "POST" or current_user.is_authenticated:
            return response
        if getattr(response, "status_code", 200) != 302:
            return response
        onward = request.form.get("next") or request.args.get("next") or ""
        session.pop("_flashes", None)
        session[REGISTERED] = {
            "address": addresses.key(request.form.get("email")),
            # Of an address that has an account it is none: its link from a mail takes the password.
            "account": g.pop("yurt_made", None) or uuid.uuid4().hex,
            "onward": onward if next_page.is_of_this_site(onward) else "",
        }
        # Flask-Security would go on to `next`, which is for who is signed in.
        return redirect(url_for("confirmation.sent"))

    return register


def send_again(user: User) -> None:
    """Send the mail of a registration once more, because somebody else asks for it; a mailbox gets few."""
    limits.spend("mail", addresses.key(user.email))
    send_confirmation_instructions(user)


def _note_account(_sender: Flask, user: User, **_rest: Any) -> None:
    g.yurt_made = user.fs_uniquifier


def _confirm_by_reset(_sender: Flask, user: User, **_rest: Any) -> None:
    # The link came by mail, and the password is new: whoever knew the old one is out.
    confirm_user(user)


@confirmation.get("/register/sent")
def sent() -> ResponseReturnValue:
    """Say what comes by mail, and what can be done until then."""
    settings: Settings = current_app.extensions["yurt"]
    if current_user.is_authenticated:
        return redirect("/")
    if REGISTERED not in session:
        return redirect(url_for("security.register"))
    folder = settings.var_dir / "mail" if settings.is_demo and not settings.mail_url else None
    return render_template("auth/registered.html", address=session[REGISTERED]["address"], folder=folder)


def confirm(token: str) -> ResponseReturnValue:
    """Confirm where the account was made; ask for its password elsewhere."""
    expired, invalid, user = confirm_email_token_status(token)
    if invalid or expired or user is None or not user.active:
        text, kind = get_message("CONFIRMATION_EXPIRED" if expired else "INVALID_CONFIRMATION_TOKEN", within="")
        flash(text, kind)
        return redirect(url_for("security.send_confirmation"))
    if user.confirmed_at is not None:
        flash(_("This address is confirmed. Sign in with it."), "info")
        return redirect(url_for("security.login"))
    made_here = session.get(REGISTERED, {})
    form = ConfirmForm()
    if made_here.get("account") != user.fs_uniquifier:
        if not form.validate_on_submit():
            return render_template("auth/confirm.html", form=form, address=user.email), 422 if form.errors else 200
        key = (addresses.key(user.email), limits.address())
        limits.spend("sign_in_address", limits.address())
        limits.spend("sign_in", *key)
        password = current_app.extensions["security"].password_util.normalize(form.password.data)
        if not user.verify_and_update_password(password):
            form.password.errors = [_("That isn't the password of this account.")]
            return render_template("auth/confirm.html", form=form, address=user.email), 422
        right_password(*key)
    if current_user.is_authenticated:
        logout_user()
    confirm_user(user)
    session.pop(REGISTERED, None)
    login_user(user, authn_via=["confirm"])
    db.session.commit()
    flash(_("Your address is confirmed. Welcome!"), "success")
    return redirect(made_here.get("onward") or "/")
