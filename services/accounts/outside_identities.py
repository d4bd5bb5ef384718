"""Which account here belongs to an identity elsewhere: of a provider of sign-on, or of a learning platform.

Whoever calls `link` has proof that both are the same person: a signed statement of the issuer for the identity, and for
the account that they are signed in with it, or that it was just made for them. An address that an issuer states is no
such proof. What Redis keeps of signed-in people is in `identities.py`.
"""

from datetime import datetime

from sqlalchemy import Select, delete, select
from sqlalchemy.dialects.postgresql import insert

from extensions import db
from models import OutsideIdentity, User
from reasons import Code, Reason
from services.errors import NotFound, Refused


def find(issuer: str, subject: str, *, now: datetime | None = None) -> User | None:
    """Return the account that an identity belongs to, or None; with `now` its use is noted."""
    identity = db.session.scalar(_of(issuer, subject))
    if identity is None:
        return None
    if now is not None:
        identity.last_used_at = now
    return identity.user


def link(user: User, issuer: str, subject: str, *, now: datetime) -> OutsideIdentity:
    """Say that an identity is this account's; again is harmless. Refused where it is another's.

    Of two that link one identity at once, the second waits, and is refused.
    """
    row = insert(OutsideIdentity).values(issuer=issuer, subject=subject, user_id=user.id, linked_at=now)
    db.session.execute(row.on_conflict_do_nothing())
    identity = db.session.scalars(_of(issuer, subject)).one()
    if identity.user_id != user.id:
        raise Refused(Reason(Code.IDENTITY_TAKEN))
    return identity


def unlink(user: User, identity_id: int) -> None:
    """Forget an identity of this account; NotFound where it has no such one."""
    gone = delete(OutsideIdentity).where(OutsideIdentity.id == identity_id, OutsideIdentity.user_id == user.id)
    if not db.session.execute(gone.returning(OutsideIdentity.id)).all():
        raise NotFound


def of_user(user: User) -> list[OutsideIdentity]:
    """Return the identities of an account, the oldest first."""
    query = select(OutsideIdentity).where(OutsideIdentity.user_id == user.id).order_by(OutsideIdentity.id)
    return list(db.session.scalars(query))


def _of(issuer: str, subject: str) -> Select[OutsideIdentity]:
    return select(OutsideIdentity).where(OutsideIdentity.issuer == issuer, OutsideIdentity.subject == subject)
