"""Names of rows and places in lists that say nothing: whoever goes by a pseudonym isn't found out by an ID.

A cursor is what a place is ordered by, under a key stream of a salt of its own, with a check against other people's
bits.
"""

import base64
import binascii
import hashlib
import hmac
import secrets
import struct
from datetime import UTC, datetime, timedelta

from flask import current_app
from flask_babel import gettext as _

from services.errors import InvalidInput
from services.leaderboards.ladder import Key

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
SALT, CHECK = 6, 6
FIELDS = struct.Struct(">qqq")


def row_name(course_id: int, user_id: int) -> str:
    """Return a name for somebody's row in a course, always the same."""
    return _digest("row", f"{course_id}:{user_id}".encode()).hex()[:16]


def seal(course_id: int, key: Key) -> str:
    """Return a cursor."""
    salt = secrets.token_bytes(SALT)
    micros = (key.reached_at - EPOCH) // timedelta(microseconds=1)
    plain = FIELDS.pack(key.points, micros, key.user_id)
    sealed = salt + _crossed(course_id, salt, plain) + _check(course_id, salt, plain)
    return base64.urlsafe_b64encode(sealed).decode().rstrip("=")


def opened(course_id: int, field: str, cursor: str) -> Key:
    """Return what a cursor stands for; raise InvalidInput for one that isn't ours."""
    try:
        sealed = base64.urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4))
    except (binascii.Error, ValueError):
        sealed = b""
    salt, body, check = sealed[:SALT], sealed[SALT:-CHECK], sealed[-CHECK:]
    if len(body) == FIELDS.size:
        plain = _crossed(course_id, salt, body)
        if hmac.compare_digest(check, _check(course_id, salt, plain)):
            points, micros, user_id = FIELDS.unpack(plain)
            return Key(points, EPOCH + timedelta(microseconds=micros), user_id)
    raise InvalidInput(field, _("That isn't a place on this board."))


def _crossed(course_id: int, salt: bytes, text: bytes) -> bytes:
    stream = _digest("cursor", salt + str(course_id).encode())
    return bytes(left ^ right for left, right in zip(text, stream, strict=False))


def _check(course_id: int, salt: bytes, plain: bytes) -> bytes:
    return _digest("check", salt + str(course_id).encode() + b":" + plain)[:CHECK]


def _digest(use: str, text: bytes) -> bytes:
    key = current_app.config["SECRET_KEY"].encode()
    return hmac.new(key, f"board-{use}:".encode() + text, hashlib.sha256).digest()
