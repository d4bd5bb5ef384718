"""Signing in by a provider elsewhere: there and back, and connecting what comes back with an account that is there.

A browser that comes back has begun here, with that provider, minutes ago (`flows.py`): what it brings is good once.
"""

import secrets
import time
from typing import Any

import structlog
from flask import Blueprint, Flask, current_app, flash, redirect, render_template, request, session, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _
from flask_login import current_user
from flask_security import login_user

from blueprints import limits
from blueprints.auth import factors, flows, next_page, required, second
from blueprints.pages import login_required, me, now
from extensions import db
from models import User
from services.accounts import outside_identities
from services.errors import Conflict, Forbidden, NotFound, Refused
from services.sign_on import people, statements
from services.sign_on.clients import Client, Denied
from services.sign_on.statements import Statement

sign_on = Blueprint("sign_on", __name__)
BEGUN, CONNECT = "sign_on", "connect"
# By which provider a session was begun: to it leads the way out.
BY = "yurt_sign_on"

log = structlog.get_logger("yurt.accounts")


def init_app(app: Flask) -> None:
    """Keep a client for each provider, and tell templates which there are."""
    app.extensions["yurt_sign_on"] = {each.name: Client(each) for each in app.extensions["yurt"].sign_on}
    app.jinja_env.globals["sign_on_providers"] = factors.providers
    views = app.view_functions
    leave = views["security.logout"]

    def logout() -> Any:
        """Sign out here, and offer to do it at the provider, too."""
        by = session.pop(BY, None)
        response = leave()
        has_way = by in app.extensions["yurt_sign_on"] and not request.args.get("next")
        return redirect(url_for("sign_on.left", name=by)) if has_way else response

    views["security.logout"] = logout


def _client(name: str) -> Client:
    found: Client | None = current_app.extensions["yurt_sign_on"].get(name)
    if found is None:
        raise NotFound
    return found


@sign_on.get("/sign-on/<name>")
def begin(name: str) -> ResponseReturnValue:
    """Lead to a provider, to sign in."""
    client = _client(name)
    if current_user.is_authenticated:
        return redirect("/")
    onward = request.args.get("next", "")
    return _lead(client, "sign_in", onward=onward if next_page.is_of_this_site(onward) else "")


@sign_on.get("/sign-on/<name>/again")
@login_required
def begin_again(name: str) -> ResponseReturnValue:
    """Lead to a provider, to show that it is still oneself."""
    onward = request.args.get("next", "")
    user, onward = me(), onward if next_page.is_of_this_site(onward) else ""
    return _lead(_client(name), "verify", user_id=user.id, onward=onward)


@sign_on.get("/account/factors/sign-on/<name>")
@factors.fresh_required
def begin_connecting(name: str) -> ResponseReturnValue:
    """Lead to a provider, to connect an identity there with one's account."""
    return _lead(_client(name), "connect", user_id=me().id)


def _lead(client: Client, purpose: str, **kept: Any) -> ResponseReturnValue:
    limits.spend("sign_on", limits.address())
    nonce, verifier = secrets.token_urlsafe(32), secrets.token_urlsafe(48)
    kept |= {"name": client.provider.name, "for": purpose, "nonce": nonce, "verifier": verifier, "at": time.time()}
    state = flows.begin(BEGUN, kept)
    try:
        there = client.leading(_back(client), state=state, nonce=nonce, verifier=verifier, is_again=purpose == "verify")
    except Denied as denied:
        return _failed(client, denied.why)
    return redirect(there)


def _back(client: Client) -> str:
    """Return the address that the provider leads back to; it is registered there, letter by letter."""
    path = url_for("sign_on.back", name=client.provider.name)
    return str(current_app.extensions["yurt"].public_url.rstrip("/")) + path


@sign_on.get("/sign-on/<name>/back")
def back(name: str) -> ResponseReturnValue:
    """Take what a provider says of whoever comes back from it."""
    client = _client(name)
    limits.spend("sign_on", limits.address())
    kept = flows.take(BEGUN, request.args.get("state"))
    if kept is None or kept["name"] != name:
        flash(_("That took too long, or has been done already. Please try again."), "info")
        return redirect(url_for("factors.show" if current_user.is_authenticated else "security.login"))
    try:
        said = _said(client, kept)
    except Denied as denied:
        return _failed(client, denied.why)
    if kept["for"] == "sign_in":
        return _sign_in(client, said, kept["onward"])
    if not current_user.is_authenticated or current_user.id != kept["user_id"]:
        return _failed(client, "somebody else is signed in now")
    if kept["for"] == "connect":
        return redirect(url_for("sign_on.connect", name=_keep(client, said)))
    owner = outside_identities.find(said.issuer, said.subject, now=now())
    if owner is None or owner.id != me().id:
        return _failed(client, "another identity than the account's")
    session["fs_paa"] = time.time()
    db.session.commit()
    return redirect(kept["onward"] or url_for("factors.show"))


def _said(client: Client, kept: dict[str, Any]) -> Statement:
    """Return what the provider says, verified; raise Denied."""
    issuer = request.args.get("iss")
    must_name = client.described().get("authorization_response_iss_parameter_supported") is True
    # RFC 9207: the answer of one provider isn't taken for another's.
    if (issuer is not None or must_name) and issuer != client.provider.issuer:
        raise Denied("the answer is another provider's")
    if error := request.args.get("error"):
        raise Denied(f"the provider said {error[:60]!r}")
    code = request.args.get("code")
    if not code:
        raise Denied("there is no code")
    # Nobody else's page waits for the provider with a connection to the database.
    db.session.rollback()
    tokens = client.exchange(code, _back(client), kept["verifier"])
    since = kept["at"] if kept["for"] == "verify" else None
    return statements.verified(client, tokens, nonce=kept["nonce"], now=time.time(), since=since)


def _sign_in(client: Client, said: Statement, onward: str) -> ResponseReturnValue:
    provider = client.provider
    if current_user.is_authenticated:
        return redirect(onward or "/")
    try:
        user = people.opened(provider, said, now=now())
        if user is None and people.has_account(said):
            flash(
                _(
                    "There is an account here with this address already. Sign in to it as you did so far, and connect "
                    "%(provider)s with it.",
                    provider=provider.title,
                ),
                "info",
            )
            connect_page = url_for("sign_on.connect", name=_keep(client, said))
            return redirect(url_for("security.login", next=connect_page))
        if user is None:
            user = people.make(provider, said, now=now())
    except (Forbidden, Conflict):
        db.session.rollback()
        flash(_("%(provider)s knows you, but you can't sign in here with it.", provider=provider.title), "error")
        return redirect(url_for("security.login"))
    if not user.may_sign_in:
        db.session.rollback()
        return _failed(client, "the account is off")
    people.follow_rules(user, provider, said, now=now())
    db.session.commit()
    return _enter(client, user, onward)


def _enter(client: Client, user: User, onward: str) -> ResponseReturnValue:
    name = client.provider.name
    if user.second_factor_at is not None and not client.provider.has_second_factor:
        session[BY] = name
        return second.begin(user, remember=False, via="sign_on", onward=onward)
    session.pop(second.PENDING, None)
    login_user(user, remember=False, authn_via=["sign_on"])
    session[BY] = name
    if client.provider.has_second_factor:
        required.shown_to_provider(user.id)
    db.session.commit()
    return redirect(onward or "/")


def _keep(client: Client, said: Statement) -> str:
    """Keep an identity that may be connected; return the name of what is kept."""
    kept = {"name": client.provider.name, "issuer": said.issuer, "subject": said.subject, "email": said.email}
    return flows.begin(CONNECT, kept)


@sign_on.route("/account/factors/connect/<name>", methods=["GET", "POST"])
@factors.fresh_required
def connect(name: str) -> ResponseReturnValue:
    """Ask whether an identity is to be connected with the account that is signed in, and do it."""
    kept = flows.take(CONNECT, name) if request.method == "POST" else flows.look(CONNECT, name)
    if kept is None:
        flash(_("That took too long, or has been done already. Please try again."), "info")
        return redirect(url_for("factors.show"))
    provider = _client(kept["name"]).provider
    if request.method == "GET":
        return render_template("auth/connect.html", provider=provider, email=kept["email"])
    try:
        people.connect(me(), provider.title, kept["issuer"], kept["subject"], now=now())
    except Refused as fault:
        flash(fault.message, "error")
        return redirect(url_for("factors.show"))
    db.session.commit()
    flash(_("You can sign in with %(provider)s from now on.", provider=provider.title), "success")
    return redirect(url_for("factors.show"))


@sign_on.post("/account/factors/sign-on/<int:identity_id>/remove")
@factors.fresh_required
def disconnect(identity_id: int) -> ResponseReturnValue:
    """Take the connection with an identity away."""
    user = me()
    of_mine = [each for each in factors.identities_of(user) if each["id"] == identity_id]
    if not of_mine:
        raise NotFound
    try:
        people.disconnect(user, identity_id, of_mine[0]["title"])
    except Conflict as fault:
        flash(fault.message, "error")
    else:
        db.session.commit()
        flash(_("That is no longer connected with your account."), "success")
    return redirect(url_for("factors.show"))


@sign_on.get("/sign-on/<name>/left")
def left(name: str) -> ResponseReturnValue:
    """Say that one is signed out here, and where one still is signed in."""
    client, there = _client(name), None
    try:
        there = client.leaving(current_app.extensions["yurt"].public_url)
    except Denied as denied:
        log.info("sign-on", provider=name, why=denied.why)
    return render_template("auth/left.html", provider=client.provider, there=there)


def _failed(client: Client, why: str) -> ResponseReturnValue:
    log.warning("sign-on refused", provider=client.provider.name, why=why)
    flash(_("Signing in with %(provider)s didn’t work. Please try again.", provider=client.provider.title), "error")
    return redirect(url_for("factors.show" if current_user.is_authenticated else "security.login"))
