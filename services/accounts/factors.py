"""Second factors of a person, of whatever kind: whether there is one, and what follows when one comes or goes.

`users.second_factor_at` says since when there is one, so that a request learns it with who somebody is. It is written
here alone, in the transaction that adds or takes a factor.
"""

from datetime import datetime

from sqlalchemy import delete, exists, select

from extensions import db
from models import Authenticator, Passkey, RecoveryCode, User
from services import audit
from services.accounts import factor_mail
from services.accounts.factor_mail import Change

# Every kind of factor. Recovery codes aren't one: they stand for one that is lost.
KINDS = (Authenticator, Passkey)


def hold(user: User) -> None:
    """Keep others from adding or taking a factor of this person at the same time."""
    db.session.execute(select(User.id).where(User.id == user.id).with_for_update(key_share=True))


def changed(user: User, change: Change, *, now: datetime, named: str = "") -> bool:
    """Note that a factor came or went, and write to its person; return whether they have their first now.

    Without any factor there is nothing that a recovery code could stand for: those go, too.
    """
    db.session.flush()
    has_any = any(db.session.scalar(select(exists().where(kind.user_id == user.id))) for kind in KINDS)
    is_first = has_any and user.second_factor_at is None
    if is_first:
        user.second_factor_at = now
    elif not has_any:
        user.second_factor_at = None
        db.session.execute(delete(RecoveryCode).where(RecoveryCode.user_id == user.id))
    factor_mail.tell(user, change, named=named)
    db.session.flush()
    return is_first


def remove_all(user: User, *, now: datetime) -> int:
    """Take every factor of a person who has lost theirs, for operators; return how many there were."""
    hold(user)
    gone = 0
    for kind in KINDS:
        gone += len(db.session.scalars(delete(kind).where(kind.user_id == user.id).returning(kind.id)).all())
    if gone:
        changed(user, "all_removed", now=now)
        audit.note("account.factors_removed", None, person_id=user.id, factors=gone)
    return gone
