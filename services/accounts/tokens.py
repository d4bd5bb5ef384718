"""Bearer tokens of the JSON API: shown once, kept as SHA-256, with scopes and an expiry."""

import hashlib
import secrets
from collections.abc import Sequence
from datetime import datetime, timedelta

from sqlalchemy import ColumnElement, Engine, func, or_, select, update
from sqlalchemy.orm import joinedload

from extensions import db
from limit_settings import LimitSettings
from models import ApiToken, User
from services import kept_asks, kept_versions, names
from services.accounts.scopes import SCOPES
from services.errors import Conflict, InvalidInput, NotFound

PREFIX = "yurt_"
MAX_DAYS = 366
MOST = int(LimitSettings.model_fields["limit_tokens"].default)
MAX_NAME = 60
# `last_used_at` is for people who tidy up: a minute is exact enough, and spares a write a request.
USED_EVERY = timedelta(minutes=1)
# A row that somebody holds is being written by them, or will be a minute later.
USES = """
UPDATE api_tokens SET last_used_at = %(now)s WHERE id IN (
    SELECT id FROM api_tokens WHERE id = ANY(%(ids)s) AND (last_used_at IS NULL OR last_used_at < %(before)s)
    ORDER BY id FOR UPDATE SKIP LOCKED
) RETURNING id
"""


def issue(
    user_id: int,
    *,
    name: str,
    scopes: Sequence[str],
    days: int,
    now: datetime,
    most: int = MOST,
    course_id: int | None = None,
) -> tuple[ApiToken, str]:
    """Make a token; return its row and the token itself, which nobody can show again. Conflict: there are `most`.

    With `course_id` it works in that course alone.
    """
    name = names.clean("name", name, MAX_NAME)
    if not scopes or not set(scopes) <= set(SCOPES):
        raise InvalidInput("scopes", f"must be some of {', '.join(SCOPES)}")
    if not 1 <= days <= MAX_DAYS:
        raise InvalidInput("days", f"must be 1 to {MAX_DAYS}")
    # Of two requests at once, each would miss the other's token in the count: one waits here.
    db.session.execute(select(User.id).where(User.id == user_id).with_for_update(key_share=True))
    if (db.session.scalar(select(func.count()).where(*_works(user_id, now))) or 0) >= most:
        raise Conflict(f"There are {most} tokens that work already, and no more are allowed. Revoke one first.")
    plain = PREFIX + secrets.token_urlsafe(32)
    row = ApiToken(
        user_id=user_id,
        name=name,
        digest=digest(plain),
        scopes=sorted(set(scopes)),
        course_id=course_id,
        created_at=now,
        expires_at=now + timedelta(days=days),
    )
    db.session.add(row)
    db.session.flush()
    return row, plain


def digest(plain: str) -> str:
    """Return the digest under which a token is kept. A random token of 256 bits needs no slow hash."""
    return hashlib.sha256(plain.encode()).hexdigest()


def find(plain: str, *, now: datetime) -> ApiToken | None:
    """Return the token that works now, of an account that may sign in."""
    number = kept_versions.number(func.concat("person:", ApiToken.user_id))
    found = db.session.execute(select(ApiToken, number).where(ApiToken.digest == digest(plain))).one_or_none()
    if found is None:
        return None
    row = found[0]
    kept_versions.saw(db.session(), {kept_versions.person(row.user_id): found[1]})
    if row.revoked_at is not None or row.expires_at <= now or not row.user.may_sign_in:
        return None
    return row  # type: ignore[no-any-return]  # of a Row


def note_use(row: ApiToken, *, now: datetime) -> bool:
    """Write when the token was last used, at most once a minute; return whether there is something to commit."""
    if row.last_used_at is not None and now - row.last_used_at < USED_EVERY:
        return False
    db.session.execute(
        update(ApiToken)
        .where(ApiToken.id == row.id)
        .where(or_(ApiToken.last_used_at.is_(None), ApiToken.last_used_at < now - USED_EVERY))
        .values(last_used_at=now)
        .execution_options(synchronize_session=False)
    )
    return True


def note_uses(engine: Engine, token_ids: Sequence[int], *, now: datetime) -> None:
    """Write for several tokens what `note_use` does, in one statement of its own; raise SQLAlchemyError."""
    kept_asks.ask(engine, USES, {"ids": sorted(set(token_ids)), "now": now, "before": now - USED_EVERY})


def of_user(user_id: int) -> list[ApiToken]:
    """Return a person's tokens with their courses, the newest first."""
    rows = select(ApiToken).where(ApiToken.user_id == user_id).options(joinedload(ApiToken.course))
    return list(db.session.scalars(rows.order_by(ApiToken.id.desc())))


def revoke_all(user_id: int, *, now: datetime) -> int:
    """End every token of a person at once; return how many."""
    ended = db.session.execute(update(ApiToken).where(*_works(user_id, now)).values(revoked_at=now))
    return int(ended.rowcount)  # type: ignore[attr-defined]  # an UPDATE gives a CursorResult


def _works(user_id: int, now: datetime) -> tuple[ColumnElement[bool], ...]:
    return ApiToken.user_id == user_id, ApiToken.revoked_at.is_(None), ApiToken.expires_at > now


def revoke(token_id: int, *, user_id: int | None, now: datetime) -> ApiToken:
    """End a token at once; raise NotFound unless it is the user's (None: anybody's, for operators)."""
    row = db.session.get(ApiToken, token_id) if token_id < 2**63 else None
    if row is None or (user_id is not None and row.user_id != user_id):
        raise NotFound
    row.revoked_at = row.revoked_at or now
    db.session.flush()
    return row
