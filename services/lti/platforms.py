"""Platforms that administrators register: what is kept of one, and how it is found."""

from collections.abc import Mapping
from typing import Any

from sqlalchemy import delete, exists, select

from extensions import db
from models import LtiPlatform, OutsideIdentity
from reasons import Code, Reason
from services import audit, names
from services.errors import InvalidInput, NotFound
from services.hosts import read as read_host
from services.lti.refusals import LtiRefused
from services.outbound import Outbound

MAX_NAME, MAX_TEXT, MAX_URL, MAX_DEPLOYMENTS = 60, 255, 2000, 100
URLS = ("auth_url", "token_url", "keys_url")
FIELDS = ("name", "issuer", "client_id", *URLS, "deployments", "frame_origins", "is_active")
# Before what a platform calls somebody, so that it never speaks for a provider of sign-on.
PREFIX = "lti:"


def every() -> list[LtiPlatform]:
    """Return all platforms by name."""
    return list(db.session.scalars(select(LtiPlatform).order_by(LtiPlatform.name, LtiPlatform.id)))


def load(platform_id: int) -> LtiPlatform:
    """Return a platform; raise NotFound."""
    platform = db.session.get(LtiPlatform, platform_id) if platform_id < 2**63 else None
    if platform is None:
        raise NotFound
    return platform


def named(issuer: str, client_id: str | None) -> LtiPlatform:
    """Return the platform that begins a launch; raise LtiRefused where none is registered, or several are meant."""
    query = select(LtiPlatform).where(LtiPlatform.issuer == issuer, LtiPlatform.is_active)
    if client_id:
        query = query.where(LtiPlatform.client_id == client_id)
    found = db.session.scalars(query.limit(2)).all()
    if len(found) != 1:
        raise LtiRefused(Code.LTI_PLATFORM_UNKNOWN)
    return found[0]


def put(platform: LtiPlatform | None, values: Mapping[str, Any], outbound: Outbound) -> LtiPlatform:
    """Register a platform, or change one; raise InvalidInput for a value that can't be used.

    What isn't given stays as it is. Whose people it speaks for is settled when it is registered.
    """
    given = {name: getattr(platform, name) for name in FIELDS} if platform else {"frame_origins": [], "is_active": True}
    wanted = _checked({**given, **values}, outbound)
    same = select(LtiPlatform).where(
        LtiPlatform.issuer == wanted["issuer"], LtiPlatform.client_id == wanted["client_id"]
    )
    other = db.session.scalar(same)
    if other is not None and other is not platform:
        raise InvalidInput("client_id", Reason(Code.LTI_PLATFORM_THERE))
    if platform is None:
        platform = LtiPlatform(authority=_authority(wanted))
        db.session.add(platform)
    elif platform.issuer != wanted["issuer"]:
        # Another issuer is another platform, with other people.
        raise InvalidInput("issuer", Reason(Code.LTI_ISSUER_STAYS))
    if platform.keys_url != wanted["keys_url"]:
        platform.key_set = platform.keys_read_at = platform.keys_tried_at = None
    is_new = platform.id is None
    changed = audit.differences({name: getattr(platform, name) for name in wanted}, wanted)
    for name, value in wanted.items():
        setattr(platform, name, value)
    db.session.flush()
    if is_new:
        audit.note("platform.registered", None, platform=platform.id, name=platform.name)
    elif changed:
        audit.note("platform.changed", None, platform=platform.id, name=platform.name, changed=changed)
    return platform


def remove(platform: LtiPlatform) -> None:
    """Forget a platform and what came from it; its people keep their accounts, and are nobody's there any more."""
    others = exists().where(LtiPlatform.authority == platform.authority, LtiPlatform.id != platform.id)
    if not db.session.scalar(select(others)):
        # Who is registered by the same name later mustn't speak for them.
        db.session.execute(delete(OutsideIdentity).where(OutsideIdentity.issuer == platform.authority))
    audit.note("platform.removed", None, platform=platform.id, name=platform.name)
    db.session.delete(platform)
    db.session.flush()


def _authority(wanted: Mapping[str, Any]) -> str:
    """Return whom a new platform speaks for: the same people as one with the same keys, and nobody else's.

    Many platforms have one issuer: every Canvas of one's own says that it is Canvas's.
    """
    query = select(LtiPlatform).where(LtiPlatform.issuer == wanted["issuer"]).order_by(LtiPlatform.id)
    alike = db.session.scalars(query).all()
    for platform in alike:
        if platform.keys_url == wanted["keys_url"]:
            return platform.authority
    name = PREFIX + str(wanted["issuer"])
    return name if not alike else f"{name}#{wanted['client_id']}"


def _checked(values: Mapping[str, Any], outbound: Outbound) -> dict[str, Any]:
    wanted: dict[str, Any] = {"name": names.clean("name", values.get("name"), MAX_NAME)}
    for name in ("issuer", "client_id"):
        wanted[name] = _text(name, values.get(name), MAX_TEXT)
    for name in URLS:
        wanted[name] = _text(name, values.get(name), MAX_URL)
        if not outbound.is_fit(wanted[name]):
            raise InvalidInput(name, Reason(Code.LTI_URL_UNFIT))
    deployments = list(dict.fromkeys(_text("deployments", each, MAX_TEXT) for each in values.get("deployments") or ()))
    if not 1 <= len(deployments) <= MAX_DEPLOYMENTS:
        raise InvalidInput("deployments", Reason(Code.LTI_DEPLOYMENTS_MISSING, most=MAX_DEPLOYMENTS))
    origins = list(dict.fromkeys(_origin(each) for each in values.get("frame_origins") or ()))
    return {
        **wanted,
        "deployments": deployments,
        "frame_origins": origins[:MAX_DEPLOYMENTS],
        "is_active": bool(values.get("is_active")),
    }


def _text(field: str, value: Any, most: int) -> str:
    text = value.strip() if isinstance(value, str) else ""
    if not text or len(text) > most or not text.isprintable():
        raise InvalidInput(field, Reason(Code.LTI_TEXT_UNFIT, most=most))
    return text


def _origin(value: Any) -> str:
    scheme, _, host = value.strip().partition("://") if isinstance(value, str) else ("", "", "")
    if (
        scheme not in ("https", "http")
        or read_host(host) is None
        or not host.isascii()
        or any(c in host for c in ";,' ")
    ):
        raise InvalidInput("frame_origins", Reason(Code.LTI_ORIGIN_UNFIT))
    return f"{scheme}://{host.lower()}"
