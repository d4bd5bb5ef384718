"""What somebody shows beside their password: an authenticator app's codes, and codes for when it is lost."""

from datetime import datetime

from sqlalchemy import ARRAY, ForeignKey, Text, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from extensions import Model
from models.base import Id, utcnow


class Authenticator(Model):
    """The authenticator app of a person (RFC 6238). `secret` is encrypted; `last_counter` is the newest code's time."""

    __tablename__ = "authenticators"

    id: Mapped[Id]
    user_id: Mapped[int] = mapped_column(ForeignKey("users.id", ondelete="CASCADE"), unique=True)
    secret: Mapped[str]
    # Codes up to this one have been used, or are older than one that has been.
    last_counter: Mapped[int | None]
    added_at: Mapped[datetime] = mapped_column(default=utcnow)
    used_at: Mapped[datetime | None]


class RecoveryCode(Model):
    """One code that stands for a lost factor, once. Only its SHA-256 is kept; a used one is kept to be counted."""

    __tablename__ = "recovery_codes"

    id: Mapped[Id]
    user_id: Mapped[int] = mapped_column(ForeignKey("users.id", ondelete="CASCADE"))
    digest: Mapped[str]
    used_at: Mapped[datetime | None]

    # Its index serves the look for a person's code, and all that is theirs.
    __table_args__ = (UniqueConstraint("user_id", "digest"),)


class Passkey(Model):
    """A key of a person's device (WebAuthn). `handle` names the person to their devices, the same in all their keys."""

    __tablename__ = "passkeys"

    id: Mapped[Id]
    user_id: Mapped[int] = mapped_column(ForeignKey("users.id", ondelete="CASCADE"), index=True)
    name: Mapped[str]
    credential_id: Mapped[bytes] = mapped_column(unique=True)
    handle: Mapped[bytes]
    public_key: Mapped[bytes]
    # How often it was used, as it says itself; 0 of keys that don't count.
    sign_count: Mapped[int]
    transports: Mapped[list[str]] = mapped_column(ARRAY(Text))
    added_at: Mapped[datetime] = mapped_column(default=utcnow)
    used_at: Mapped[datetime | None]
