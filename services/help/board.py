"""The board of a course's labs: everyone who has one now, first those who need help. Few statements for any class.

What a row means is decided in `needs.py`; here its facts are read.
"""

import uuid
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Select, func, select
from sqlalchemy.orm import aliased

from extensions import db
from models import Activity, CheckRun, Course, LabCheck, LabSession, LabVisit, User
from models.lab_session import ENDED, QUEUED, RUNNING, STOPPING
from services.capacity import positions
from services.capacity.positions import Place
from services.help import document, needs
from services.help.needs import Facts, Failing, Reason
from services.paging import PER_PAGE, Page, clamp


@dataclass(frozen=True)
class Row:
    """A student's lab on the board. `place` is that in the queue; `unread` counts messages for the reader."""

    session: LabSession
    name: str
    lab_title: str
    lab_slug: str
    done: int
    total: int
    reasons: Sequence[Reason]
    place: Place | None
    visitors: Sequence[str]
    unread: int
    is_mine: bool


@dataclass(frozen=True)
class Board:
    """A page of rows, and counts over all pages: how many run, wait, stop, need help, and can't be saved.

    Of `saving` labs whose work was asked to be saved, `saved` are done; both are 0 when none is left.
    """

    page: Page[Row]
    running: int
    queued: int
    stopping: int
    needing: int
    saving: int
    saved: int
    unsaved: int


def board(
    course: Course, reader: User, *, now: datetime, lab_id: int | None = None, page: int = 1, per_page: int = PER_PAGE
) -> Board:
    """Return a page of the board, of one lab or all. Everybody is read, because who needs help is sorted first."""
    sessions = db.session.execute(_sessions(course, reader.id, lab_id)).all()
    progress, totals = _passed(course), _totals(course)
    passes, failing, visitors = _passes(course), _failing(course), _visitors(course)
    places = positions.of_all(now) if any(row[0].state == QUEUED for row in sessions) else {}
    rows: list[tuple[Any, Row]] = []
    for session, name, title, slug, unread in sessions:
        facts = Facts(
            state=session.state,
            queued_at=session.queued_at,
            started_at=session.started_at,
            last_active_at=session.last_active_at,
            passed_at=passes.get(session.id),
            hand_raised_at=session.hand_raised_at,
            hand_note=session.hand_note,
            done=progress.get((session.user_id, session.lab_id), 0),
            total=totals.get(session.lab_id, 0),
            failing=needs.worst(failing.get(session.id, ())),
        )
        why = needs.reasons(facts, now)
        row = Row(
            session=session,
            name=name,
            lab_title=title,
            lab_slug=slug,
            done=facts.done,
            total=facts.total,
            reasons=why,
            place=places.get(session.id),
            visitors=visitors.get(session.id, ()),
            unread=unread,
            is_mine=session.user_id == reader.id,
        )
        rows.append((needs.order(facts, why), row))
    rows.sort(key=lambda pair: (pair[0], pair[1].session.id))
    return _cut([row for _key, row in rows], clamp(page), per_page)


def _cut(rows: list[Row], number: int, per_page: int) -> Board:
    shown = rows[(number - 1) * per_page : number * per_page]
    sessions = [row.session for row in rows]
    asked = [
        session.save_requested_at
        for session in sessions
        if session.state == RUNNING and session.save_requested_at is not None
    ]
    # Labs count as done where they were saved after the first of the open requests.
    saved = sum(_is_done(session, min(asked)) for session in sessions) if asked else 0
    return Board(
        Page(shown, number, max(1, -(-len(rows) // per_page)), len(rows)),
        running=sum(session.state == RUNNING for session in sessions),
        queued=sum(session.state == QUEUED for session in sessions),
        stopping=sum(session.state == STOPPING for session in sessions),
        needing=sum(bool(row.reasons) for row in rows),
        saving=len(asked) + saved,
        saved=saved,
        unsaved=sum(bool(session.save_error) for session in sessions),
    )


def _is_done(session: LabSession, since: datetime) -> bool:
    is_saved = session.saved_at is not None and session.saved_at >= since
    return session.state == RUNNING and session.save_requested_at is None and (is_saved or bool(session.save_error))


def _sessions(course: Course, reader_id: int, lab_id: int | None) -> Select[Any]:
    query = (
        select(
            LabSession,
            User.display_name,
            Activity.title,
            Activity.slug,
            document.unread(LabSession.id, reader_id),
        )
        .join(User, User.id == LabSession.user_id)
        .join(Activity, Activity.id == LabSession.lab_id)
        .where(*_active(course))
    )
    return query if lab_id is None else query.where(LabSession.lab_id == lab_id)


def _active(course: Course) -> tuple[Any, ...]:
    return LabSession.course_id == course.id, LabSession.state != ENDED


def _totals(course: Course) -> dict[int, int]:
    query = (
        select(LabCheck.lab_id, func.count())
        .join(Activity, Activity.id == LabCheck.lab_id)
        .where(Activity.course_id == course.id, ~LabCheck.is_archived)
        .group_by(LabCheck.lab_id)
    )
    return dict(db.session.execute(query).tuples().all())


def _passed(course: Course) -> dict[tuple[int, int], int]:
    """Count the checks that each student has ever passed, by student and lab."""
    owner = aliased(LabSession)
    is_here = (
        select(LabSession.id)
        .where(*_active(course), LabSession.user_id == owner.user_id, LabSession.lab_id == owner.lab_id)
        .exists()
    )
    query = (
        select(owner.user_id, owner.lab_id, func.count(CheckRun.check_id.distinct()))
        .join(CheckRun, CheckRun.session_id == owner.id)
        .join(LabCheck, LabCheck.id == CheckRun.check_id)
        .where(owner.course_id == course.id, is_here, CheckRun.state == "passed", ~LabCheck.is_archived)
        .group_by(owner.user_id, owner.lab_id)
    )
    return {(user_id, lab_id): count for user_id, lab_id, count in db.session.execute(query)}


def _passes(course: Course) -> dict[uuid.UUID, datetime]:
    """Return when a check last passed on the machine that each session has now."""
    query = (
        select(CheckRun.session_id, func.max(CheckRun.finished_at))
        .join(LabSession, LabSession.id == CheckRun.session_id)
        .where(*_active(course), CheckRun.state == "passed", CheckRun.requested_at >= LabSession.started_at)
        .group_by(CheckRun.session_id)
    )
    return {session_id: at for session_id, at in db.session.execute(query) if at is not None}


def _failing(course: Course) -> Mapping[uuid.UUID, list[Failing]]:
    """Return the checks that failed since they last passed, by session."""
    passes = (
        select(CheckRun.session_id, CheckRun.check_id, func.max(CheckRun.id).label("id"))
        .where(CheckRun.state == "passed")
        .group_by(CheckRun.session_id, CheckRun.check_id)
        .subquery()
    )
    query = (
        select(CheckRun.session_id, LabCheck.title, func.count(), func.min(CheckRun.requested_at))
        .join(LabSession, LabSession.id == CheckRun.session_id)
        .join(LabCheck, LabCheck.id == CheckRun.check_id)
        .outerjoin(passes, (passes.c.session_id == CheckRun.session_id) & (passes.c.check_id == CheckRun.check_id))
        .where(*_active(course), ~LabCheck.is_archived, CheckRun.state == "failed")
        .where(CheckRun.id > func.coalesce(passes.c.id, 0), CheckRun.requested_at >= LabSession.started_at)
        .group_by(CheckRun.session_id, LabCheck.id, LabCheck.title)
        .having(func.count() >= needs.FAILS)
    )
    by_session: defaultdict[uuid.UUID, list[Failing]] = defaultdict(list)
    for session_id, title, times, since in db.session.execute(query):
        by_session[session_id].append(Failing(title, times, since))
    return by_session


def _visitors(course: Course) -> Mapping[uuid.UUID, list[str]]:
    query = (
        select(LabVisit.session_id, User.display_name)
        .join(LabSession, LabSession.id == LabVisit.session_id)
        .join(User, User.id == LabVisit.user_id)
        .where(*_active(course), LabVisit.ended_at.is_(None))
        .order_by(LabVisit.id)
    )
    by_session: defaultdict[uuid.UUID, list[str]] = defaultdict(list)
    for session_id, name in db.session.execute(query):
        by_session[session_id].append(name)
    return by_session
