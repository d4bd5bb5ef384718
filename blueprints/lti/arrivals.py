"""What platforms send browsers for, and read: nothing here has a session, or takes one away.

A browser sends these from a page of the platform, where the cookie of somebody's session doesn't come along. A cookie
of its own says that the browser that ends a launch is the one that began it. In a frame a launch asks to be opened in a
tab (docs/adr/0062-launches-open-in-a-tab.md).
"""

import secrets
from typing import Any
from urllib.parse import urlencode, urlsplit

from flask import Blueprint, Response, current_app, g, jsonify, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from blueprints import limits
from blueprints.pages import from_elsewhere, now
from config import Settings
from extensions import db
from models import LtiPlatform, User
from services.accounts import outside_identities
from services.lti import launches, own_keys, platforms, tickets
from services.lti.launches import Launch
from services.outbound import Outbound

arrivals = Blueprint("lti", __name__, url_prefix="/lti")
ASKED = ("iss", "client_id", "login_hint", "lti_message_hint", "lti_deployment_id", "target_link_uri")
# Long enough for somebody to sign in, and to say which course is meant.
TICKET_S = 1800
KEYS_GOOD_FOR_S = 300


def settings() -> Settings:
    """Return the settings of the site."""
    found: Settings = current_app.extensions["yurt"]
    return found


def store() -> tickets.Store:
    """Return where launches are kept while they are under way."""
    kept: tickets.Store = current_app.extensions["yurt_redis"]
    return kept


def outbound() -> Outbound:
    """Return the way to servers of platforms."""
    return Outbound(may_private=settings().call_private_addresses)


def cookie_name() -> str:
    """Return the name of the cookie; over TLS no other host, such as one of a lab, can set one of this name."""
    return "__Host-yurt_lti" if settings().is_https else "yurt_lti"


def browser() -> str:
    """Return what the cookie says; nothing where there is none."""
    return request.cookies.get(cookie_name(), "")[:100]


@arrivals.route("/login", methods=["GET", "POST"])
@from_elsewhere
def login() -> ResponseReturnValue:
    """Begin a launch: send the browser to the platform, which says who it is (third-party login of OpenID Connect)."""
    limits.spend("launches", limits.address())
    asked = {name: request.values[name] for name in ASKED if request.values.get(name)}
    platform = platforms.named(asked.get("iss", ""), asked.get("client_id"))
    let_frame(platform)
    is_to_pick = launches.is_to_pick(asked.get("target_link_uri", ""), settings().public_url)
    if _is_framed() and not is_to_pick:
        onward = f"{url_for('lti.login')}?{urlencode(asked)}"
        return render_template("lti/frame.html", onward=onward, platform=platform, is_bare=True)
    own = browser() or secrets.token_urlsafe(32)
    url = launches.begin(platform, store(), asked=asked, public_url=settings().public_url, browser=own)
    return _with_cookie(redirect(url, 303), own)  # type: ignore[arg-type]  # werkzeug's Response


@arrivals.post("/launch")
@from_elsewhere
def launch() -> ResponseReturnValue:
    """Take what a platform says of a launch; who it is about goes on where the session of this browser is."""
    launch, platform = launches.read(
        store(), request.form, outbound(), public_url=settings().public_url, browser=browser(), now=now()
    )
    let_frame(platform)
    kept: dict[str, Any] = {"launch": launch.document(), "browser": launches.digest(browser())}
    if launch.is_pick and _is_framed():
        owner = outside_identities.find(platform.authority, launch.subject, now=now())
        db.session.commit()
        if owner is None or not opens_alone(owner):
            return render_template("lti/pick_in_tab.html", onward=_again(launch, platform), is_bare=True)
        ticket = tickets.put(store(), "pick", {**kept, "user": owner.id}, TICKET_S)
        return redirect(url_for("lti_picks.show", ticket=ticket), 303)
    db.session.commit()
    ticket = tickets.put(store(), "arrived", kept, TICKET_S)
    return redirect(url_for("launches.show", ticket=ticket), 303)


@arrivals.get("/keys")
def keys() -> ResponseReturnValue:
    """Show our public keys, with which platforms see that a statement is ours."""
    response = jsonify(own_keys.shown(now=now()))
    db.session.commit()
    response.headers["Cache-Control"] = f"public, max-age={KEYS_GOOD_FOR_S}"
    return response


def _is_framed() -> bool:
    """Whether the browser says that it shows the answer within another page."""
    return request.headers.get("Sec-Fetch-Dest") in ("iframe", "frame")


def opens_alone(owner: User) -> bool:
    """Say whether a platform's word is enough to be this person: not for who runs the site, or has a second factor."""
    return owner.may_sign_in and not owner.is_admin and owner.second_factor_at is None


def _again(launch: Launch, platform: LtiPlatform) -> str:
    """Return where the same begins anew in a tab."""
    asked = {"iss": platform.issuer, "client_id": platform.client_id, "login_hint": launch.login_hint}
    hint = {"lti_message_hint": launch.message_hint} if launch.message_hint else {}
    target = {"target_link_uri": f"{settings().public_url}{launches.PICK_PATH}"}
    return f"{url_for('lti.login')}?{urlencode({**asked, **hint, **target})}"


def let_frame(platform: LtiPlatform) -> None:
    """Let pages of the platform show the answer in a frame."""
    g.frame_ancestors = " ".join(origins_of(platform))


def origins_of(platform: LtiPlatform) -> list[str]:
    """Return where the pages of a platform are."""
    named = [urlsplit(url) for url in (platform.issuer, platform.auth_url)]
    origins = [f"{parts.scheme}://{parts.netloc}" for parts in named if parts.scheme in ("https", "http")]
    fit = [origin for origin in origins if not any(char in origin for char in ";,' ")]
    return list(dict.fromkeys([*fit, *platform.frame_origins]))


def _with_cookie(response: Response, value: str) -> Response:
    # The platform's page sends the browser back by a form, which only such a cookie survives, and only over TLS.
    cross: dict[str, Any] = {"secure": True, "samesite": "None", "partitioned": True} if settings().is_https else {}
    response.set_cookie(cookie_name(), value, max_age=TICKET_S, httponly=True, path="/", **cross)
    response.headers["Cache-Control"] = "no-store"
    return response
