"""Requests that may be sent again: with the same key the same answer, and nothing is done twice.

The key is taken in the transaction that does what is asked. Who sends the same at the same time waits for it, and who
sends it after a failure finds the key free.
"""

from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import delete
from sqlalchemy.dialects.postgresql import insert

from extensions import db
from models import SentRequest
from reasons import Code, Reason
from services.errors import InvalidInput

FIELD = "Idempotency-Key"
MAX_KEY = 200
KEPT = timedelta(days=1)


def take(user_id: int, key: str, digest: str, *, now: datetime) -> SentRequest | None:
    """Take a key; return the request that had it before, with its answer, where that was the same one.

    Raise InvalidInput for a key that can't be, or that another request had.
    """
    if not 0 < len(key) <= MAX_KEY or not key.isascii() or not key.isprintable():
        raise InvalidInput(FIELD, Reason(Code.KEY_UNFIT, most=MAX_KEY))
    old = delete(SentRequest).where(SentRequest.user_id == user_id, SentRequest.sent_at < now - KEPT)
    db.session.execute(old.execution_options(synchronize_session=False))
    row = insert(SentRequest).values(user_id=user_id, key=key, digest=digest, sent_at=now)
    if db.session.scalar(row.on_conflict_do_nothing().returning(SentRequest.key)) is not None:
        return None
    before = db.session.get_one(SentRequest, (user_id, key), populate_existing=True)
    if before.digest != digest:
        raise InvalidInput(FIELD, Reason(Code.KEY_OF_ANOTHER_REQUEST))
    return before


def release(user_id: int, key: str) -> None:
    """Leave a key free: what was asked came to nothing."""
    db.session.execute(delete(SentRequest).where(SentRequest.user_id == user_id, SentRequest.key == key))


def answer(
    user_id: int,
    key: str,
    digest: str,
    status: int,
    body: dict[str, Any] | None,
    headers: dict[str, str],
    *,
    now: datetime,
) -> None:
    """Keep the answer to a request whose key was taken, also where what was asked began its transaction anew."""
    said = {"status": status, "body": body, "headers": headers}
    row = insert(SentRequest).values(user_id=user_id, key=key, digest=digest, sent_at=now, **said)
    db.session.execute(row.on_conflict_do_update(index_elements=["user_id", "key"], set_=said))
