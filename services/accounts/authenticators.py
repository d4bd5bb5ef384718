"""Authenticator apps: codes by time (RFC 6238), each of which works once."""

import hashlib
import re
from datetime import datetime
from typing import Any

from flask_security import Totp
from passlib.exc import TokenError, UsedTokenError
from passlib.totp import TotpMatch
from sqlalchemy import or_, select, update

from extensions import db
from models import Authenticator, User
from services.accounts import factors
from services.errors import Conflict

# A clock may be wrong by one step before, or after.
WINDOW_S = 30
DIGITS = 6


class Codes(Totp):
    """What makes secrets and checks codes. Whose code it is, is given as their authenticator.

    A code counts where it is newer than the newest that was used: of two requests with the same code, the database lets
    one through.
    """

    def get_last_counter(self, user: Any) -> int | None:
        """Return the newest code that was used."""
        authenticator: Authenticator = user
        return authenticator.last_counter

    def set_last_counter(self, user: Any, tmatch: TotpMatch) -> None:
        """Note the newest code that was used; raise UsedTokenError where another request was faster."""
        is_newer = or_(Authenticator.last_counter.is_(None), Authenticator.last_counter < tmatch.counter)
        row = update(Authenticator).where(Authenticator.id == user.id, is_newer).values(last_counter=tmatch.counter)
        if db.session.scalar(row.returning(Authenticator.id)) is None:
            raise UsedTokenError

    def counter(self, code: str, secret: str) -> int | None:
        """Return the time of a code, in steps, where it belongs to a secret that nobody has yet."""
        try:
            return int(self._totp.verify(code, secret, window=WINDOW_S).counter)
        except TokenError:
            return None


def codes(secret_key: str, issuer: str) -> Codes:
    """Return what checks codes; the key of the site encrypts what is kept."""
    return Codes({"1": hashlib.sha256(f"yurt:authenticators:{secret_key}".encode()).hexdigest()}, issuer)


def of(user: User) -> Authenticator | None:
    """Return a person's authenticator app."""
    return db.session.scalar(select(Authenticator).where(Authenticator.user_id == user.id))


def looks_like_code(text: str) -> bool:
    """Whether a text is six digits, however they are parted."""
    return len(_digits(text)) == DIGITS and not re.search(r"[^\s\d-]", text)


def add(user: User, secret: str, code: str, checker: Codes, *, now: datetime) -> bool | None:
    """Add the app that has a secret and shows a code of it, in the place of an older one.

    Return whether it is the person's first factor; None where the code isn't right.
    """
    counter = checker.counter(_digits(code), secret)
    if counter is None:
        return None
    factors.hold(user)
    row = of(user)
    if row is None:
        row = Authenticator(user_id=user.id)
        db.session.add(row)
    row.secret, row.last_counter, row.added_at, row.used_at = secret, counter, now, None
    return factors.changed(user, "authenticator_added", now=now)


def verify(user: User, code: str, checker: Codes, *, now: datetime) -> bool:
    """Say whether a code is right, and use it up."""
    row = of(user)
    if row is None or not checker.verify_totp(_digits(code), row.secret, row, window=WINDOW_S):  # type: ignore[arg-type]
        return False
    row.used_at = now
    db.session.flush()
    return True


def remove(user: User, *, now: datetime) -> None:
    """Take the app away; raise Conflict where there is none any more."""
    factors.hold(user)
    row = of(user)
    if row is None:
        raise Conflict("There is no authenticator app any more.")
    db.session.delete(row)
    factors.changed(user, "authenticator_removed", now=now)


def _digits(text: str) -> str:
    return re.sub(r"[\s-]", "", text)
