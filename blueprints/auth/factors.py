"""Pages of how one signs in: factors of one's account, added and taken away by who has shown lately who they are."""

import uuid
from typing import Any

from flask import Blueprint, current_app, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _
from flask_babel import lazy_gettext
from flask_security import auth_required, login_user
from flask_wtf import FlaskForm
from wtforms import HiddenField, StringField
from wtforms.validators import DataRequired, Length

from blueprints import limits
from blueprints.auth import flows
from blueprints.pages import login_required, me, now
from extensions import db
from models import User
from services.accounts import authenticators, outside_identities, passkeys, recovery_codes
from sign_on_settings import Provider

factors = Blueprint("factors", __name__)
# For how many minutes after showing who one is one may change how one signs in.
FRESH_MIN = 15
SETUP = "authenticator"
fresh_required: Any = auth_required("session", within=FRESH_MIN, grace=0)


class AuthenticatorForm(FlaskForm):
    """The first code of an app that is being added."""

    setup = HiddenField()
    factor_code = StringField(lazy_gettext("Code"), validators=[DataRequired(), Length(max=20)])


@factors.get("/account/factors")
@login_required
def show() -> ResponseReturnValue:
    """List how one signs in."""
    return _page(me())


def _page(user: User, *, codes: list[str] | None = None) -> ResponseReturnValue:
    return render_template(
        "auth/factors.html",
        authenticator=authenticators.of(user),
        passkeys=passkeys.of(user),
        identities=identities_of(user),
        codes_left=recovery_codes.left(user),
        codes_in_all=recovery_codes.COUNT,
        new_codes=codes,
        has_password=user.password is not None,
    )


def providers() -> list[Provider]:
    """Return the providers of sign-on."""
    return [client.provider for client in current_app.extensions["yurt_sign_on"].values()]


def identities_of(user: User) -> list[dict[str, Any]]:
    """Return who somebody is at the providers of sign-on, with what each is called here."""
    titles = {f"oidc:{each.issuer}": each.title for each in providers()}
    return [
        {"id": each.id, "title": titles.get(each.issuer, each.issuer), "used_at": each.last_used_at}
        for each in outside_identities.of_user(user)
        if each.issuer.startswith("oidc:")
    ]


def added(user: User, is_first: bool, said: str) -> ResponseReturnValue:
    """Answer that a factor was added. With the first come recovery codes, and all other browsers are signed out."""
    codes = None
    if is_first:
        codes = recovery_codes.make(user)
        user.fs_uniquifier = uuid.uuid4().hex
        remembered = current_app.config["REMEMBER_COOKIE_NAME"] in request.cookies
        login_user(user, remember=remembered, authn_via=["factor"])
    db.session.commit()
    flash(said, "success")
    return _page(user, codes=codes) if codes else redirect(url_for("factors.show"))


@factors.route("/account/factors/authenticator", methods=["GET", "POST"])
@fresh_required
def authenticator() -> ResponseReturnValue:
    """Show a secret for an authenticator app; add it once its first code is right."""
    user, form, checker = me(), AuthenticatorForm(), current_app.extensions["yurt_codes"]
    kept = flows.look(SETUP, form.setup.data) if request.method == "POST" else None
    if kept is not None and kept["user"] != user.id:
        kept = None
    if request.method == "POST" and kept is None:
        flash(_("That took too long, or has been done already. Here is a new one to scan."), "info")
        return redirect(url_for("factors.authenticator"))
    if kept is not None and form.validate_on_submit():
        limits.spend("second_factor", user.id)
        is_first = authenticators.add(user, kept["secret"], form.factor_code.data, checker, now=now())
        if is_first is not None:
            flows.take(SETUP, form.setup.data)
            limits.forget("second_factor", user.id)
            return added(user, is_first, _("Your authenticator app is added."))
        form.factor_code.errors = [_("This code isn't right. Is the clock of the device right?")]
    if kept is None:
        kept = {"user": user.id, "secret": checker.generate_totp_secret()}
        form.setup.data = flows.begin(SETUP, kept)
    shown = checker.fetch_setup_values(kept["secret"], user)
    has_one = authenticators.of(user) is not None
    page = render_template("auth/authenticator.html", form=form, shown=shown, has_one=has_one)
    return page, 422 if form.errors else 200


@factors.post("/account/factors/authenticator/remove")
@fresh_required
def remove_authenticator() -> ResponseReturnValue:
    """Take the authenticator app away."""
    authenticators.remove(me(), now=now())
    db.session.commit()
    flash(_("The authenticator app is removed."), "success")
    return redirect(url_for("factors.show"))


@factors.post("/account/factors/codes")
@fresh_required
def make_codes() -> ResponseReturnValue:
    """Make new recovery codes, and show them this once."""
    user = me()
    if user.second_factor_at is None:
        flash(_("Recovery codes stand for a factor that is lost. Add one first."), "info")
        return redirect(url_for("factors.show"))
    codes = recovery_codes.make_again(user, now=now())
    db.session.commit()
    return _page(user, codes=codes)
