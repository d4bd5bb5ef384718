"""Whose account a provider's statement opens, what it makes, and what its claims give.

An account is opened by an identity that was connected with it, never by an address alone: who has an account here shows
that it is theirs (they sign in) and connects the two.
"""

import uuid
from collections.abc import Mapping
from datetime import datetime
from typing import Any

from sqlalchemy import func, select
from sqlalchemy.exc import IntegrityError

from extensions import db
from models import Course, OutsideIdentity, Passkey, User
from services.accounts import factor_mail, outside_identities, profiles
from services.courses import members
from services.errors import Conflict, Forbidden, InvalidInput
from services.sign_on.statements import Statement
from sign_on_settings import Provider, Rule

MOST_NAME = 60


def opened(provider: Provider, said: Statement, *, now: datetime) -> User | None:
    """Return the account that a statement opens, or None where there is none yet.

    Forbidden: the provider's domains are bounded, and the person has no address of them.
    """
    if provider.domains and said.email is None:
        raise Forbidden
    return outside_identities.find(said.issuer, said.subject, now=now)


def has_account(said: Statement) -> bool:
    """Say whether there is an account with the address that the provider vouches for."""
    query = select(User.id).where(func.lower(User.email) == said.email)
    return said.email is not None and db.session.scalar(query) is not None


def make(provider: Provider, said: Statement, *, now: datetime) -> User:
    """Make an account for a person whose address the provider vouches for; raise Forbidden, or Conflict in a race."""
    if not provider.registers or said.email is None:
        raise Forbidden
    try:
        name = profiles.clean_name(said.name[:MOST_NAME] or said.email.partition("@")[0])
    except InvalidInput:
        name = said.email.partition("@")[0]
    user = User(
        email=said.email,
        password=None,
        display_name=name,
        handle=profiles.handle_for(name),
        time_zone=profiles.known_zone(said.zone),
        fs_uniquifier=uuid.uuid4().hex,
        confirmed_at=now,
    )
    try:
        with db.session.begin_nested():
            db.session.add(user)
    except IntegrityError as error:
        raise Conflict from error
    outside_identities.link(user, said.issuer, said.subject, now=now)
    return user


def connect(user: User, title: str, issuer: str, subject: str, *, now: datetime) -> None:
    """Connect an identity with an account whose person has shown that it is theirs, and write to them."""
    known = {(each.issuer, each.subject) for each in outside_identities.of_user(user)}
    outside_identities.link(user, issuer, subject, now=now)
    if (issuer, subject) not in known:
        factor_mail.tell(user, "identity_added", named=title)


def disconnect(user: User, identity_id: int, title: str) -> None:
    """Take a connection away; Conflict where nothing else would let its person in."""
    others = [each for each in outside_identities.of_user(user) if each.id != identity_id]
    has_key = db.session.scalar(select(Passkey.id).where(Passkey.user_id == user.id).limit(1))
    if user.password is None and not others and not has_key:
        raise Conflict("Choose a password first: nothing else would let you in.")
    outside_identities.unlink(user, identity_id)
    factor_mail.tell(user, "identity_removed", named=title)


def follow_rules(user: User, provider: Provider, said: Statement, *, now: datetime) -> None:
    """Give what the claims give: the right to run the site, and places in courses.

    The right goes again with its claim, where the claim gave it. A place that somebody has already is left as it is.
    """
    kept = [rule for rule in provider.rules if _has(said.claims, rule)]
    identity = db.session.scalars(
        select(OutsideIdentity).where(OutsideIdentity.issuer == said.issuer, OutsideIdentity.subject == said.subject)
    ).one()
    is_admin = any(rule.role == "admin" for rule in kept)
    if is_admin and not user.is_admin:
        profiles.make_admin(user)
        identity.gave_admin = True
    elif not is_admin and identity.gave_admin:
        profiles.unmake_admin(user)
        identity.gave_admin = False
    for rule in kept:
        if rule.course:
            _place(user, rule, now)
    db.session.flush()


def _place(user: User, rule: Rule, now: datetime) -> None:
    course = db.session.scalar(select(Course).where(Course.slug == rule.course))
    if course is not None and members.role_of(user.id, course) is None:
        members.set_role(course, user.id, rule.role, now=now)


def _has(claims: Mapping[str, Any], rule: Rule) -> bool:
    found: Any = claims.get(rule.claim)
    if found is None:
        found = claims
        for part in rule.claim.split("."):
            found = found.get(part) if isinstance(found, Mapping) else None
    return rule.value in found if isinstance(found, list) else found == rule.value
