"""Accounts whose address isn't confirmed: confirms one by hand, and deletes those that belong to nothing."""

from datetime import datetime

from sqlalchemy import ColumnElement, and_, delete, exists, select

from extensions import db
from models import User
from services import audit


def confirm(user: User, *, now: datetime) -> bool:
    """Confirm an address without a mail; return whether it wasn't confirmed before."""
    if user.confirmed_at is not None:
        return False
    user.confirmed_at = now
    audit.note("account.confirmed", None, person_id=user.id)
    db.session.flush()
    return True


def sweep(before: datetime, most: int) -> int:
    """Delete accounts that were made before a time and never confirmed; return how many.

    An account that has anything (a place in a course, a role, an attempt) stays, and so does one that is deactivated.
    While the rows are locked no other row can begin to refer to them, so that is checked again before they go.
    """
    is_old = and_(User.confirmed_at.is_(None), User.active, User.create_datetime < before, _has_nothing())
    query = select(User.id).where(is_old).order_by(User.id).limit(most).with_for_update(skip_locked=True)
    ids = db.session.scalars(query).all()
    if not ids:
        return 0
    gone = db.session.execute(delete(User).where(User.id.in_(ids), is_old).returning(User.id)).all()
    return len(gone)


def _has_nothing() -> ColumnElement[bool]:
    """No row of any table refers to the account: derived from the tables, so a new one can't be forgotten."""
    users = User.__table__
    references = [
        column
        for table in db.metadata.sorted_tables
        for column in table.columns
        if any(key.column is users.c.id for key in column.foreign_keys)
    ]
    return and_(*(~exists().where(column == users.c.id) for column in references))
