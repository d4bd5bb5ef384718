"""Passkeys at the edge: a challenge for a browser, once, and the four things that an answer to it is good for."""

import ipaddress
import time
from urllib.parse import urlsplit

from flask import Blueprint, abort, current_app, flash, jsonify, redirect, request, session, url_for
from flask.sansio.blueprints import BlueprintSetupState
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _
from flask_login import current_user
from flask_security import login_user

from blueprints import limits
from blueprints.auth import factors, flows, next_page, second
from blueprints.pages import login_required, me, now
from config import Settings
from extensions import db
from models import Passkey, User
from services.accounts import passkeys as keys
from services.errors import Conflict, InvalidInput, NotFound

passkeys = Blueprint("passkeys", __name__)


@passkeys.record_once
def _give_templates(state: BlueprintSetupState) -> None:
    state.app.jinja_env.globals["has_passkeys"] = has_passkeys


def site() -> keys.Site | None:
    """Return the site as browsers know it; None where they allow no passkeys: without TLS, or a name."""
    settings: Settings = current_app.extensions["yurt"]
    host = urlsplit(settings.public_url).hostname or ""
    try:
        ipaddress.ip_address(host)
    except ValueError:
        is_named = settings.is_https or host == "localhost" or host.endswith(".localhost")
        return keys.Site(host, settings.public_url.rstrip("/"), settings.site_name) if is_named else None
    return None


def has_passkeys() -> bool:
    """Say to templates whether browsers allow passkeys for this site."""
    return site() is not None


def _site() -> keys.Site:
    found = site()
    if found is None:
        raise NotFound
    return found


@passkeys.post("/login/passkey/options")
def options_to_sign_in() -> ResponseReturnValue:
    """Begin to sign in with a passkey alone: whose it is, the answer says."""
    return _ask("sign_in", None, is_alone=True)


@passkeys.post("/login/second/passkey/options")
def options_for_second_step() -> ResponseReturnValue:
    """Begin the second step with a passkey."""
    user = second.pending()
    if user is None:
        abort(401)
    return _ask("second", user, is_alone=False)


@passkeys.post("/verify/passkey/options")
@login_required
def options_to_verify() -> ResponseReturnValue:
    """Begin to show that it is still oneself."""
    return _ask("verify", me(), is_alone=True)


@passkeys.post("/account/factors/passkeys/options")
@factors.fresh_required
def options_to_add() -> ResponseReturnValue:
    """Begin to add a passkey."""
    user = me()
    challenge, options = keys.adding(user, _site())
    flows.begin("add", {"user": user.id, "handle": options["user"]["id"]}, challenge)
    return jsonify(options)


def _ask(purpose: str, user: User | None, *, is_alone: bool) -> ResponseReturnValue:
    limits.spend("passkeys", limits.address())
    challenge, options = keys.asking(_site(), user, is_alone=is_alone)
    flows.begin(purpose, {"user": user.id if user else None}, challenge)
    return jsonify(options)


@passkeys.post("/login/passkey")
def sign_in() -> ResponseReturnValue:
    """Sign in with a passkey that asked its person who they are: that is two factors."""
    if current_user.is_authenticated:
        return redirect("/")
    key = _shown("sign_in", None, is_alone=True)
    user = db.session.get(User, key.user_id) if key else None
    if user is None or not user.may_sign_in:
        db.session.rollback()
        flash(_("This passkey isn't known here, or that took too long. Try again, or sign in by password."), "error")
        return redirect(url_for("security.login", next=_onward()))
    session.pop(second.PENDING, None)
    login_user(user, remember=bool(request.form.get("remember")), authn_via=["passkey"])
    db.session.commit()
    return redirect(_onward() or "/")


@passkeys.post("/login/second/passkey")
def second_step() -> ResponseReturnValue:
    """Show a passkey as the second factor."""
    if current_user.is_authenticated:
        return redirect("/")
    user = second.pending()
    if user is not None and _shown("second", user, is_alone=False):
        return second.done(user, "passkey")
    flash(_("That passkey isn't one of this account, or it took too long. Please try again."), "error")
    return redirect(url_for("second.show"))


@passkeys.post("/verify/passkey")
@login_required
def verify() -> ResponseReturnValue:
    """Show that it is still oneself."""
    if not _shown("verify", me(), is_alone=True):
        flash(_("That passkey isn't one of this account, or it took too long. Please try again."), "error")
        return redirect(url_for("security.verify", next=_onward()))
    session["fs_paa"] = time.time()
    db.session.commit()
    return redirect(_onward() or url_for("factors.show"))


@passkeys.post("/account/factors/passkeys")
@factors.fresh_required
def add() -> ResponseReturnValue:
    """Add the passkey that the browser made."""
    user, answer = me(), request.form.get("credential", "")
    challenge = keys.challenge_of(answer)
    kept = flows.take("add", challenge)
    if challenge is None or kept is None or kept["user"] != user.id:
        flash(_("That took too long, or has been done already. Please try again."), "error")
        return redirect(url_for("factors.show"))
    name = request.form.get("name", "").strip() or _("Passkey")
    try:
        is_first = keys.add(user, _site(), answer, challenge, kept["handle"], name, now=now())
    except (InvalidInput, Conflict) as fault:
        flash(fault.message, "error")
        return redirect(url_for("factors.show"))
    return factors.added(user, is_first, _("Your passkey is added."))


@passkeys.post("/account/factors/passkeys/<int:passkey_id>/remove")
@factors.fresh_required
def remove(passkey_id: int) -> ResponseReturnValue:
    """Take a passkey away."""
    keys.remove(me(), passkey_id, now=now())
    db.session.commit()
    flash(_("The passkey is removed."), "success")
    return redirect(url_for("factors.show"))


def _shown(purpose: str, user: User | None, *, is_alone: bool) -> Passkey | None:
    """Return the key that the browser showed for what it had begun; what it had begun is over."""
    limits.spend("passkeys", limits.address())
    answer = request.form.get("credential", "")
    challenge = keys.challenge_of(answer)
    kept = flows.take(purpose, challenge)
    if challenge is None or kept is None or kept["user"] != (user.id if user else None):
        return None
    return keys.verify(_site(), answer, challenge, user, is_alone=is_alone, now=now())


def _onward() -> str:
    onward = request.form.get("next", "")
    return onward if next_page.is_of_this_site(onward) else ""
