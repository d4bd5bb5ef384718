"""Visits: a member of the staff looks into a student's lab, which the student sees, and types if the student allows it.

A visit is open while its page is. Without an open visit nobody sees or types anything.
"""

import uuid
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import ColumnElement, ScalarSelect, func, select, update
from sqlalchemy.dialects.postgresql import insert

from extensions import db
from models import LabSession, LabVisit, User
from models.lab_session import ENDED
from services import audit, changes, live, policy, timelines
from services.courses import members
from services.errors import Conflict, NotFound

# The gateway touches a visit every fifteen seconds.
GONE_AFTER = timedelta(seconds=60)
TRIES = 3


def begin(lab_session: LabSession, user: User, *, now: datetime) -> LabVisit:
    """Begin a visit, or go on with the one that is open. Its student is told."""
    if lab_session.state == ENDED:
        raise Conflict("This lab has ended.")
    for _ in range(TRIES):
        row = insert(LabVisit).values(session_id=lab_session.id, user_id=user.id, began_at=now, seen_at=now)
        if db.session.scalar(row.on_conflict_do_nothing().returning(LabVisit.id)) is not None:
            _note(lab_session.id, "visit_began", now, user)
            told = {"session": lab_session.id}
            audit.note("lab.visited", lab_session.course_id, person_id=lab_session.user_id, **told)
        visit = changes.one(LabVisit, *_open(lab_session.id, user.id), seen_at=now)
        if visit is not None:
            return visit
    raise Conflict


def find(lab_session: LabSession, user_id: int) -> LabVisit | None:
    """Return the person's open visit, if they may still help there."""
    visit = db.session.scalar(select(LabVisit).where(*_open(lab_session.id, user_id)))
    if visit is None:
        return None
    role = members.role_of(user_id, lab_session.course)
    return visit if policy.may_help_in_lab(visit.user, lab_session, role) else None


def touch(session_id: uuid.UUID, user_id: int, *, now: datetime) -> None:
    """Note that the visitor's page is still there."""
    db.session.execute(update(LabVisit).where(*_open(session_id, user_id)).values(seen_at=now))


def ask(lab_session: LabSession, user: User, *, now: datetime) -> None:
    """Ask for the keyboard; again, or with the keyboard in hand, is harmless."""
    where = (*_open(lab_session.id, user.id), LabVisit.consented_at.is_(None), LabVisit.asked_at.is_(None))
    if changes.one(LabVisit, *where, asked_at=now) is not None:
        live.lab_changed(lab_session.id)
    elif find(lab_session, user.id) is None:
        raise Conflict("Your visit has ended. Look in again.")


def give(lab_session: LabSession, visit_id: int, *, now: datetime) -> None:
    """Let a visitor who asked type, too. Again is harmless."""
    where = (*_of(lab_session, visit_id), LabVisit.asked_at.is_not(None), LabVisit.consented_at.is_(None))
    visit = changes.one(LabVisit, *where, consented_at=now)
    if visit is not None:
        _note(lab_session.id, "keyboard_given", now, visit.user)
    elif db.session.scalar(select(LabVisit.consented_at).where(*_of(lab_session, visit_id))) is None:
        raise Conflict("Nobody asks for the keyboard any more.")


def take_back(lab_session: LabSession, visit_id: int, *, now: datetime) -> None:
    """Refuse the keyboard, or take it back. Again is harmless."""
    _return(_of(lab_session, visit_id), now)


def give_back(lab_session: LabSession, user: User, *, now: datetime) -> None:
    """Hand the keyboard back, or ask for it no more. Again is harmless."""
    _return(_open(lab_session.id, user.id), now)


def end(session_id: uuid.UUID, user_id: int, *, now: datetime) -> None:
    """End a visit, and with it whatever was asked or given. Again is harmless."""
    _end(_open(session_id, user_id), now)


def end_gone(now: datetime) -> int:
    """End the visits of those whose page nobody has seen for a minute; return how many."""
    return _end((LabVisit.ended_at.is_(None), LabVisit.seen_at < now - GONE_AFTER), now)


def gone_due(_now: ColumnElement[datetime]) -> ScalarSelect[Any]:
    """Ask from when on a visit is over, if its page isn't seen any more."""
    return select(func.min(LabVisit.seen_at) + GONE_AFTER).where(LabVisit.ended_at.is_(None)).scalar_subquery()


def load(lab_session: LabSession, user: User) -> LabVisit:
    """Return the person's open visit; raise NotFound."""
    visit = find(lab_session, user.id)
    if visit is None:
        raise NotFound
    return visit


def _return(where: tuple[Any, ...], now: datetime) -> None:
    given = changes.one(LabVisit, *where, LabVisit.consented_at.is_not(None), asked_at=None, consented_at=None)
    if given is not None:
        _note(given.session_id, "keyboard_returned", now, given.user)
        return
    asked = changes.one(LabVisit, *where, LabVisit.asked_at.is_not(None), asked_at=None)
    if asked is not None:
        live.lab_changed(asked.session_id)


def _end(where: tuple[Any, ...], now: datetime) -> int:
    ended = changes.many(LabVisit, *where, ended_at=now)
    for visit in ended:
        if visit.consented_at is not None:
            timelines.note(visit.session_id, "keyboard_returned", now, name=visit.user.display_name)
        _note(visit.session_id, "visit_ended", now, visit.user)
    return len(ended)


def _open(session_id: uuid.UUID, user_id: int) -> tuple[Any, ...]:
    return LabVisit.session_id == session_id, LabVisit.user_id == user_id, LabVisit.ended_at.is_(None)


def _of(lab_session: LabSession, visit_id: int) -> tuple[Any, ...]:
    return LabVisit.session_id == lab_session.id, LabVisit.id == visit_id, LabVisit.ended_at.is_(None)


def _note(session_id: uuid.UUID, kind: str, now: datetime, user: User) -> None:
    timelines.note(session_id, kind, now, name=user.display_name)
    live.lab_changed(session_id)
