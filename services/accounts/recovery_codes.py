"""Recovery codes: shown once, kept as SHA-256; each is good for one sign-in without the factor that was lost."""

import hashlib
import re
import secrets
from datetime import datetime

from sqlalchemy import delete, func, select, update

from extensions import db
from models import RecoveryCode, User
from services.accounts import factors

COUNT = 10
# No letter that is read for a digit, or for another letter: 80 bits of 32 signs need no slow hash.
SIGNS = "abcdefghijkmnpqrstuvwxyz23456789"
GROUPS, GROUP = 4, 4


def make(user: User) -> list[str]:
    """Make new codes in the place of the old ones; return them, which nobody can show again."""
    codes = [_code() for _ in range(COUNT)]
    db.session.execute(delete(RecoveryCode).where(RecoveryCode.user_id == user.id))
    db.session.add_all(RecoveryCode(user_id=user.id, digest=_digest(user.id, code)) for code in codes)
    db.session.flush()
    return codes


def make_again(user: User, *, now: datetime) -> list[str]:
    """Make new codes because their person asks for them, and write to them."""
    factors.hold(user)
    codes = make(user)
    factors.changed(user, "codes_made", now=now)
    return codes


def use(user: User, code: str, *, now: datetime) -> bool:
    """Use a code up, however it is written; return whether it was one that works."""
    used = db.session.scalar(
        update(RecoveryCode)
        .where(
            RecoveryCode.user_id == user.id,
            RecoveryCode.digest == _digest(user.id, code),
            RecoveryCode.used_at.is_(None),
        )
        .values(used_at=now)
        .returning(RecoveryCode.id)
    )
    return used is not None


def left(user: User) -> int:
    """Return how many codes still work."""
    works = RecoveryCode.user_id == user.id, RecoveryCode.used_at.is_(None)
    return db.session.scalar(select(func.count()).select_from(RecoveryCode).where(*works)) or 0


def _code() -> str:
    return "-".join("".join(secrets.choice(SIGNS) for _ in range(GROUP)) for _ in range(GROUPS))


def _digest(user_id: int, code: str) -> str:
    plain = re.sub(r"[\W_]+", "", code).lower()
    return hashlib.sha256(f"{user_id}:{plain}".encode()).hexdigest()
