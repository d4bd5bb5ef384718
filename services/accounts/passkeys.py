"""Passkeys (WebAuthn): keys of a person's devices, by which they sign in without a password, or beside it.

A key that asked its person who they are (a PIN, a finger) stands for both factors; one that was only touched, for the
second. A challenge is the caller's to keep: for one browser, once (blueprints/auth/flows.py).
"""

import json
import secrets
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import webauthn
from sqlalchemy import func, select
from webauthn.helpers import base64url_to_bytes, options_to_json_dict
from webauthn.helpers.exceptions import WebAuthnException
from webauthn.helpers.structs import (
    AuthenticatorSelectionCriteria,
    AuthenticatorTransport,
    PublicKeyCredentialDescriptor,
    ResidentKeyRequirement,
    UserVerificationRequirement,
)

from extensions import db
from models import Passkey, User
from services import names
from services.accounts import factors
from services.errors import Conflict, InvalidInput, NotFound

MOST = 20
MAX_NAME = 60
MAX_ANSWER = 64 * 1024
TIMEOUT_MS = 5 * 60 * 1000
# What a browser, or whoever speaks for one, may send instead of an answer.
WRONG = (WebAuthnException, ValueError, KeyError, TypeError, AttributeError)


@dataclass(frozen=True)
class Site:
    """The site as browsers know it: keys are made for its host alone, and work on its pages alone."""

    host: str
    origin: str
    name: str


def of(user: User) -> Sequence[Passkey]:
    """Return a person's passkeys, the oldest first."""
    return db.session.scalars(select(Passkey).where(Passkey.user_id == user.id).order_by(Passkey.id)).all()


def adding(user: User, site: Site) -> tuple[str, dict[str, Any]]:
    """Return a challenge, and what a browser is asked for to make a key; its `user.id` is the handle to keep."""
    known = of(user)
    challenge = secrets.token_urlsafe(32)
    options = webauthn.generate_registration_options(
        rp_id=site.host,
        rp_name=site.name,
        user_id=known[0].handle if known else secrets.token_bytes(32),
        user_name=user.email,
        user_display_name=user.display_name,
        challenge=base64url_to_bytes(challenge),
        timeout=TIMEOUT_MS,
        authenticator_selection=AuthenticatorSelectionCriteria(
            resident_key=ResidentKeyRequirement.PREFERRED, user_verification=UserVerificationRequirement.PREFERRED
        ),
        exclude_credentials=[_descriptor(key) for key in known],
    )
    return challenge, options_to_json_dict(options)


def add(user: User, site: Site, answer: str, challenge: str, handle: str, name: str, *, now: datetime) -> bool:
    """Add the key that a browser made; return whether it is the person's first factor. InvalidInput: it isn't right."""
    name = names.clean("name", name, MAX_NAME)
    try:
        made = webauthn.verify_registration_response(
            credential=answer,
            expected_challenge=base64url_to_bytes(challenge),
            expected_rp_id=site.host,
            expected_origin=site.origin,
        )
        transports = json.loads(answer)["response"].get("transports") or []
    except WRONG as error:
        raise InvalidInput("credential", "The device's answer isn't right. Please try again.") from error
    factors.hold(user)
    if (db.session.scalar(select(func.count()).where(Passkey.user_id == user.id)) or 0) >= MOST:
        raise Conflict(f"There are {MOST} passkeys already, and no more are allowed. Remove one first.")
    if db.session.scalar(select(Passkey.id).where(Passkey.credential_id == made.credential_id)):
        raise Conflict("This passkey has been added already.")
    row = Passkey(
        user_id=user.id,
        name=name,
        credential_id=made.credential_id,
        handle=base64url_to_bytes(handle),
        public_key=made.credential_public_key,
        sign_count=made.sign_count,
        transports=[each for each in transports if each in set(AuthenticatorTransport)],
        added_at=now,
    )
    db.session.add(row)
    return factors.changed(user, "passkey_added", now=now, named=name)


def asking(site: Site, user: User | None, *, is_alone: bool) -> tuple[str, dict[str, Any]]:
    """Return a challenge, and what a browser is asked for to show a key: one of `user`, where it is known who it is.

    `is_alone` says that the key is to stand for both factors.
    """
    challenge = secrets.token_urlsafe(32)
    options = webauthn.generate_authentication_options(
        rp_id=site.host,
        challenge=base64url_to_bytes(challenge),
        timeout=TIMEOUT_MS,
        allow_credentials=[_descriptor(key) for key in of(user)] if user else [],
        user_verification=UserVerificationRequirement.REQUIRED if is_alone else UserVerificationRequirement.PREFERRED,
    )
    return challenge, options_to_json_dict(options)


def challenge_of(answer: str) -> str | None:
    """Return which challenge a browser's answer says that it answers; nothing of it is verified."""
    try:
        if len(answer) > MAX_ANSWER:
            return None
        told = json.loads(base64url_to_bytes(json.loads(answer)["response"]["clientDataJSON"]))
        return str(told["challenge"])
    except WRONG:
        return None


def verify(
    site: Site, answer: str, challenge: str, user: User | None, *, is_alone: bool, now: datetime
) -> Passkey | None:
    """Return the key that a browser showed, of `user` where that is known; None where the answer isn't right."""
    try:
        told = json.loads(answer)
        query = select(Passkey).where(Passkey.credential_id == base64url_to_bytes(told["rawId"])).with_for_update()
        key = db.session.scalar(query)
        if key is None or (user is not None and key.user_id != user.id):
            return None
        handle = told["response"].get("userHandle")
        if handle and base64url_to_bytes(handle) != key.handle:
            return None
        shown = webauthn.verify_authentication_response(
            credential=answer,
            expected_challenge=base64url_to_bytes(challenge),
            expected_rp_id=site.host,
            expected_origin=site.origin,
            credential_public_key=key.public_key,
            credential_current_sign_count=key.sign_count,
            require_user_verification=is_alone,
        )
    except WRONG:
        return None
    key.sign_count, key.used_at = shown.new_sign_count, now
    db.session.flush()
    return key


def remove(user: User, passkey_id: int, *, now: datetime) -> None:
    """Take a key away; raise NotFound unless it is the person's."""
    factors.hold(user)
    key = db.session.get(Passkey, passkey_id) if passkey_id < 2**63 else None
    if key is None or key.user_id != user.id:
        raise NotFound
    name = key.name
    db.session.delete(key)
    factors.changed(user, "passkey_removed", now=now, named=name)


def _descriptor(key: Passkey) -> PublicKeyCredentialDescriptor:
    transports = [AuthenticatorTransport(each) for each in key.transports]
    return PublicKeyCredentialDescriptor(id=key.credential_id, transports=transports or None)
