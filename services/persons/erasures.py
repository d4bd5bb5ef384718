"""An account is to be erased: asked for by its person or an admin, called off, and carried out by the scheduler."""

from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import ColumnElement, ScalarSelect, func, select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import aliased

from extensions import db
from models import Enrolment, Erasure, LabSession, Role, User
from models.erasure import ERASURE_CANCELLED, ERASURE_DONE, ERASURE_WAITING
from models.lab_session import ENDED
from models.user import ADMIN, role_members
from reasons import Code, Reason
from services import audit, changes, live
from services.accounts import tokens
from services.errors import Refused
from services.labs import bulk
from services.persons import scrubbing

TOPIC = "erasures"
# How long a lab may take to end before it is looked at again.
LOOK_AGAIN = timedelta(seconds=5)


def ask(user: User, *, by_id: int | None, after: timedelta, now: datetime) -> Erasure:
    """Have an account erased after some time; where that is asked for already, the earlier time counts.

    Refused where nobody would be left to run the site; and where nobody would teach a course any more, unless an
    admin or the operator (None) asks.
    """
    if user.is_admin and _admins() <= 1:
        raise Refused(Reason(Code.ERASURE_LAST_ADMIN))
    if by_id == user.id and (alone := _only_teacher_of(user.id)):
        raise Refused(Reason(Code.ERASURE_ONLY_TEACHER, slug=alone))
    due = now + after
    row = insert(Erasure).values(user_id=user.id, asked_by_id=by_id, state=ERASURE_WAITING, asked_at=now, due_at=due)
    db.session.execute(row.on_conflict_do_nothing())
    found = db.session.scalars(select(Erasure).where(*_open(user.id)).with_for_update()).one_or_none()
    if found is None:
        raise Refused(Reason(Code.ERASURE_DONE))
    if found.due_at is not None and due < found.due_at:
        found.due_at = due
    if by_id != user.id:
        audit.note("account.erasure_asked", None, person_id=user.id)
    db.session.flush()
    live.nudge(TOPIC)
    return found


def cancel(user_id: int, *, now: datetime) -> None:
    """Call an erasure off; refused once it has begun, or where there is none."""
    values = {"state": ERASURE_CANCELLED, "due_at": None, "ended_at": now}
    if changes.one(Erasure, *_open(user_id), Erasure.began_at.is_(None), **values) is None:
        raise Refused(Reason(Code.ERASURE_NOT_WAITING))


def waiting(user_id: int) -> Erasure | None:
    """Return the erasure that waits for an account, or has begun."""
    return db.session.scalar(select(Erasure).where(*_open(user_id)))


def due(_now: ColumnElement[datetime]) -> ScalarSelect[Any]:
    """Ask from when on an account is to be erased."""
    return select(func.min(Erasure.due_at)).where(Erasure.due_at.is_not(None)).scalar_subquery()


def take(*, now: datetime) -> Erasure | None:
    """Return the erasure that is due first, locked until the commit; None where none is."""
    query = select(Erasure).where(Erasure.due_at <= now).order_by(Erasure.due_at, Erasure.id).limit(1)
    return db.session.scalar(query.with_for_update(skip_locked=True))


def go_on(row: Erasure, *, now: datetime) -> bool:
    """Take a step: close the account and end its labs, wait for these, then erase; return whether it is done.

    Each step may be repeated, and the last is one transaction: who dies on the way leaves it to be done again.
    """
    user = db.session.get_one(User, row.user_id)
    if row.began_at is None:
        row.began_at = now
    # Sessions of browsers end with it, and long connections.
    user.active = False
    tokens.revoke_all(user.id, now=now)
    bulk.end_of_person(user.id, now)
    if db.session.scalar(select(func.count()).where(LabSession.user_id == user.id, LabSession.state != ENDED)):
        row.due_at = now + LOOK_AGAIN
        db.session.flush()
        return False
    scrubbing.scrub(user)
    changes.one(Erasure, *_open(user.id), state=ERASURE_DONE, due_at=None, ended_at=now)
    audit.note("account.erased", None, person_id=user.id)
    return True


def put_off(erasure_id: int, *, now: datetime) -> None:
    """Try again later."""
    changes.one(Erasure, Erasure.id == erasure_id, Erasure.state == ERASURE_WAITING, due_at=now + timedelta(minutes=5))


def _open(user_id: int) -> tuple[ColumnElement[bool], ...]:
    return Erasure.user_id == user_id, Erasure.state == ERASURE_WAITING


def _admins() -> int:
    query = (
        select(func.count())
        .select_from(role_members)
        .join(Role, Role.id == role_members.c.role_id)
        .join(User, User.id == role_members.c.user_id)
    )
    return db.session.scalar(query.where(Role.name == ADMIN, User.active)) or 0


def _only_teacher_of(user_id: int) -> str | None:
    """Return a course that has no other teacher."""
    other = aliased(Enrolment)
    others = select(other.user_id).where(
        other.course_id == Enrolment.course_id, other.role == "teacher", other.user_id != user_id
    )
    query = select(Enrolment).where(Enrolment.user_id == user_id, Enrolment.role == "teacher", ~others.exists())
    found = db.session.scalars(query.limit(1)).first()
    return found.course.slug if found else None
