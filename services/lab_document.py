"""The state of a lab as its page and the API see it: one document, sent whole on each change."""

from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import aliased

from extensions import db
from models import CheckRun, LabCheck, LabSession
from models.lab_session import QUEUED, RUNNING
from services import idle, lab_queue


def describe(lab_session: LabSession, now: datetime) -> dict[str, Any]:
    """Return the lab's state: at most three statements. Times are ISO 8601 in UTC.

    `checks` has a row for each check of the lab: `state` is that of the newest run on this very machine, `is_passed`
    says whether the student ever passed it.
    """
    position, length = lab_queue.place(lab_session) if lab_session.state == QUEUED else (None, None)
    facts = facts_of(lab_session)
    is_running = lab_session.state == RUNNING
    stop_at = idle.idle_stop_at(facts) if is_running else None
    return {
        "id": str(lab_session.id),
        "state": lab_session.state,
        "reason": lab_session.reason,
        "detail": lab_session.detail,
        "is_resetting": lab_session.is_resetting,
        "position": position,
        "queue_length": length,
        "started_at": _iso(lab_session.started_at),
        "expires_at": _iso(lab_session.expires_at),
        "idle_stop_at": _iso(stop_at),
        "warning": _warning(lab_session, stop_at, now) if is_running else None,
        "can_extend": idle.can_extend(facts),
        "checks": _checks(lab_session),
    }


def facts_of(lab_session: LabSession, *, is_activity_known: bool = True) -> idle.Facts:
    """Return what a decision about idleness needs."""
    return idle.Facts(
        state=lab_session.state,
        last_active_at=lab_session.last_active_at,
        warned_at=lab_session.warned_at,
        expires_at=lab_session.expires_at,
        idle_for=timedelta(minutes=lab_session.lab.idle_minutes),
        is_activity_known=is_activity_known,
    )


def _warning(lab_session: LabSession, stop_at: datetime | None, now: datetime) -> dict[str, str | None] | None:
    if lab_session.warned_at is None:
        return None
    ends = [(at, kind) for at, kind in ((stop_at, "idle"), (lab_session.expires_at, "age")) if at is not None]
    if not ends:
        return None
    at, kind = min(ends)
    return {"kind": kind, "at": _iso(max(at, now))}


def _checks(lab_session: LabSession) -> list[dict[str, Any]]:
    run, other, owner = aliased(CheckRun), aliased(CheckRun), aliased(LabSession)
    # A reset gives a new machine: what ran on the one before says nothing about it.
    newest = (
        select(run.state, run.output)
        .where(run.session_id == lab_session.id, run.check_id == LabCheck.id)
        .where(run.requested_at >= lab_session.started_at)
        .order_by(run.id.desc())
        .limit(1)
        .lateral()
    )
    passed = (
        select(other.id)
        .join(owner, owner.id == other.session_id)
        .where(other.check_id == LabCheck.id, other.state == "passed", owner.user_id == lab_session.user_id)
        .exists()
    )
    query = (
        select(LabCheck.id, LabCheck.points, LabCheck.hint_html, newest.c.state, newest.c.output, passed)
        .outerjoin(newest, newest.c.state.is_not(None))
        .where(LabCheck.lab_id == lab_session.lab_id, ~LabCheck.is_archived)
        .order_by(LabCheck.position, LabCheck.id)
    )
    return [
        {
            "id": check_id,
            "state": state or "idle",
            "is_passed": is_passed,
            "points": points,
            "output": output or "",
            "hint_html": hint_html or None if state == "failed" else None,
        }
        for check_id, points, hint_html, state, output, is_passed in db.session.execute(query)
    ]


def _iso(at: datetime | None) -> str | None:
    return at.isoformat() if at is not None else None
