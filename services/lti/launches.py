"""A launch, from its beginning on a platform to what is known of it once the platform's statement was believed."""

import hashlib
import secrets
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any
from urllib.parse import urlencode, urlsplit

from joserfc.jwk import RSAKey

from models import LtiPlatform
from reasons import Code
from services.lti import platform_keys, platforms, statements, tickets
from services.lti.refusals import LtiRefused
from services.lti.tickets import Store
from services.lti.vocabulary import (
    ACTIVITY,
    AGS,
    CLAIM,
    COURSE,
    DL,
    NRPS,
    PICK,
    role_here,
    teaches,
)
from services.outbound import Outbound

LAUNCH_PATH, PICK_PATH = "/lti/launch", "/lti/pick"
# Somebody signs in on the platform meanwhile.
BEGUN_S = 900
MOST_TEXT, MOST_HINT = 255, 4000


@dataclass(frozen=True)
class Launch:
    """What a platform has said of a launch, as far as it matters here. Everything in it was signed."""

    platform_id: int
    deployment_id: str
    subject: str
    name: str
    email: str
    role: str | None
    teaches: bool
    is_pick: bool
    context_id: str
    context_title: str
    resource_id: str
    course: str
    activity: str
    members_url: str
    line_item_url: str
    line_items_url: str
    scopes: tuple[str, ...]
    return_url: str
    data: str
    takes_line_items: bool
    # What began it, by which it can be begun again.
    login_hint: str
    message_hint: str

    def document(self) -> dict[str, Any]:
        """Return the launch as JSON has it."""
        return asdict(self)


def of(document: Mapping[str, Any]) -> Launch:
    """Return the launch that `document` gave."""
    return Launch(**{**document, "scopes": tuple(document["scopes"])})


def begin(platform: LtiPlatform, store: Store, *, asked: Mapping[str, str], public_url: str, browser: str) -> str:
    """Note that a browser begins a launch, and return the address on the platform where it goes on."""
    target = asked.get("target_link_uri", "")
    if not is_ours(target, public_url):
        raise LtiRefused(Code.LTI_TARGET)
    if not asked.get("login_hint") or any(len(value) > MOST_HINT for value in asked.values()):
        raise LtiRefused(Code.LTI_CLAIM, claim="login_hint")
    nonce = secrets.token_urlsafe(24)
    begun = {"platform": platform.id, "nonce": nonce, "target": target, "browser": digest(browser)}
    begun |= {"login_hint": asked["login_hint"], "message_hint": asked.get("lti_message_hint", "")}
    state = tickets.put(store, "state", begun, BEGUN_S)
    query = {
        "scope": "openid",
        "response_type": "id_token",
        "response_mode": "form_post",
        "prompt": "none",
        "client_id": platform.client_id,
        "redirect_uri": f"{public_url}{LAUNCH_PATH}",
        "login_hint": asked["login_hint"],
        "state": state,
        "nonce": nonce,
    }
    for name in ("lti_message_hint", "lti_deployment_id"):
        if asked.get(name):
            query[name] = asked[name]
    return f"{platform.auth_url}{'&' if '?' in platform.auth_url else '?'}{urlencode(query)}"


def read(
    store: Store, sent: Mapping[str, str], outbound: Outbound, *, public_url: str, browser: str, now: datetime
) -> tuple[Launch, LtiPlatform]:
    """Return the launch that a platform has a browser send; raise LtiRefused. What was begun is over with it."""
    begun = tickets.take(store, "state", sent.get("state", ""))
    if begun is None:
        raise LtiRefused(Code.LTI_STATE)
    if not browser or begun["browser"] != digest(browser):
        raise LtiRefused(Code.LTI_BROWSER)
    platform = platforms.load(begun["platform"])
    if not platform.is_active:
        raise LtiRefused(Code.LTI_PLATFORM_UNKNOWN)
    if "id_token" not in sent:
        raise LtiRefused(Code.LTI_PLATFORM_REFUSED, said=sent.get("error", "?")[:80])

    def key_of(kid: str | None) -> RSAKey:
        return platform_keys.key(platform, kid, outbound, now=now)

    claims = statements.read(sent["id_token"], platform, key_of, nonce=begun["nonce"], now=now)
    target = claims.get(f"{CLAIM}target_link_uri")
    if target != begun["target"] or not is_ours(target, public_url):
        raise LtiRefused(Code.LTI_TARGET)
    return _launch(claims, platform, begun), platform


def is_ours(target: object, public_url: str) -> bool:
    """Say whether a launch may go there: to one of our two addresses for it."""
    if not isinstance(target, str) or "\\" in target:
        return False
    try:
        parts = urlsplit(target)
    except ValueError:
        return False
    return f"{parts.scheme}://{parts.netloc}" == public_url and parts.path in (LAUNCH_PATH, PICK_PATH)


def is_to_pick(target: str, public_url: str) -> bool:
    """Say whether a launch is for a teacher who picks what a link leads to."""
    return is_ours(target, public_url) and urlsplit(target).path == PICK_PATH


def digest(browser: str) -> str:
    """Return what is kept of a browser's cookie."""
    return hashlib.sha256(browser.encode()).hexdigest()


def _launch(claims: Mapping[str, Any], platform: LtiPlatform, begun: Mapping[str, Any]) -> Launch:
    is_pick = claims[f"{CLAIM}message_type"] == PICK
    context, custom = _object(claims, f"{CLAIM}context"), _object(claims, f"{CLAIM}custom")
    grades, settings = _object(claims, AGS), _object(claims, f"{DL}deep_linking_settings")
    resource = _object(claims, f"{CLAIM}resource_link")
    if not _said(context, "id"):
        raise LtiRefused(Code.LTI_CLAIM, claim="context")
    if not is_pick and not _said(resource, "id"):
        raise LtiRefused(Code.LTI_CLAIM, claim="resource_link")
    if is_pick and not _said(settings, "deep_link_return_url", 2000):
        raise LtiRefused(Code.LTI_CLAIM, claim="deep_linking_settings")
    if is_pick and "ltiResourceLink" not in (settings.get("accept_types") or ()):
        raise LtiRefused(Code.LTI_CLAIM, claim="accept_types")
    roles, scopes = claims.get(f"{CLAIM}roles"), grades.get("scope")
    return Launch(
        platform_id=platform.id,
        deployment_id=str(claims[f"{CLAIM}deployment_id"]),
        subject=str(claims["sub"]),
        name=_said(claims, "name") or f"{_said(claims, 'given_name')} {_said(claims, 'family_name')}".strip(),
        email=_said(claims, "email"),
        role=role_here(roles),
        teaches=teaches(roles),
        is_pick=is_pick,
        context_id=_said(context, "id"),
        context_title=_said(context, "title") or _said(context, "label"),
        resource_id=_said(resource, "id"),
        course=_said(custom, COURSE),
        activity=_said(custom, ACTIVITY),
        members_url=_said(_object(claims, NRPS), "context_memberships_url", 2000),
        line_item_url=_said(grades, "lineitem", 2000),
        line_items_url=_said(grades, "lineitems", 2000),
        scopes=tuple(each for each in scopes if isinstance(each, str))[:10] if isinstance(scopes, list) else (),
        return_url=_said(settings, "deep_link_return_url", 2000),
        data=_said(settings, "data", statements.MOST_CHARS),
        takes_line_items=settings.get("accept_lineitem", True) is not False,
        login_hint=begun["login_hint"],
        message_hint=begun["message_hint"],
    )


def _object(claims: Mapping[str, Any], name: str) -> Mapping[str, Any]:
    value = claims.get(name)
    return value if isinstance(value, dict) else {}


def _said(value: Mapping[str, Any], name: str, most: int = MOST_TEXT) -> str:
    """Return a text, or nothing where there is none or it is longer than any; a cut name would be another one."""
    text = value.get(name)
    is_fit = isinstance(text, str) and len(text) <= most and "\x00" not in text
    return text.strip() if is_fit and isinstance(text, str) else ""
