"""Accounts: handles, profiles, and the admin's role."""

import re
import secrets
import unicodedata
from contextlib import suppress
from zoneinfo import available_timezones

from sqlalchemy import func, select

from extensions import db
from models import Role, User
from models.user import ADMIN, THEMES
from services import audit, names
from services.accounts import addresses
from services.errors import InvalidInput, NotFound

MAX_NAME = 60
MAX_HANDLE = 16
# Every zone of the IANA's database; `Factory` and `localtime` say where a machine is, and not where a person is.
ZONES = frozenset(available_timezones() - {"Factory", "localtime", "posixrules"})


def handle_for(name: str) -> str:
    """Return a free handle like `ada-lovelace`, with digits behind it where that one is taken.

    Only for new accounts; the unique constraint settles two that are made at the same moment.
    """
    plain = unicodedata.normalize("NFKD", name).encode("ascii", "ignore").decode().lower()
    base = re.sub(r"[^a-z0-9]+", "-", plain).strip("-")[:MAX_HANDLE].strip("-") or "student"
    if not db.session.scalar(select(User.id).where(User.handle == base)):
        return base
    return f"{base}-{secrets.token_hex(3)}"


def clean_name(name: str | None) -> str:
    """Return a display name as others see it; refuse one in which there is nothing to see."""
    return names.clean("display_name", name, MAX_NAME)


def update_profile(user: User, *, display_name: str, time_zone: str, theme: str) -> None:
    """Change what a person decides about themselves."""
    if time_zone not in ZONES and time_zone != user.time_zone:
        raise InvalidInput("time_zone", "Please choose one of the list.")
    if theme not in THEMES:
        raise InvalidInput("theme", "Please choose one of the list.")
    user.display_name = clean_name(display_name)
    user.time_zone = time_zone
    user.theme = theme
    db.session.flush()


def known_zone(name: str | None) -> str:
    """Return the time zone that a browser named, or UTC where there is no such zone."""
    return name if name in ZONES else "UTC"


def find_by_email(email: str) -> User:
    """Return the account with this address, however it is spelled; raise NotFound."""
    user = None
    with suppress(InvalidInput):
        user = db.session.scalar(select(User).where(func.lower(User.email) == addresses.normal(email)))
    if user is None:
        raise NotFound(f"There is no account with the address {email}.")
    return user


def make_admin(user: User) -> None:
    """Let a person run the site."""
    role = db.session.scalar(select(Role).where(Role.name == ADMIN))
    if role is None:
        role = Role(name=ADMIN, description="Runs the site")
        db.session.add(role)
    if not user.is_admin:
        user.roles.append(role)
        db.session.flush()
        audit.note("account.admin_made", None, person_id=user.id)


def unmake_admin(user: User) -> None:
    """Let a person run the site no longer."""
    if user.is_admin:
        user.roles = [role for role in user.roles if role.name != ADMIN]
        db.session.flush()
        audit.note("account.admin_taken", None, person_id=user.id)
