"""The state of a lab as its page and the API see it: one document, sent whole on each change."""

from datetime import datetime, timedelta
from typing import Any

from models import LabSession
from models.lab_session import QUEUED, RUNNING
from services import help_document, idle, lab_places, lab_progress
from services.lab_places import Place


def describe(lab_session: LabSession, now: datetime, reader_id: int | None = None) -> dict[str, Any]:
    """Return the lab's state as its student, or whoever looks in, sees it. Times are ISO 8601 in UTC.

    `checks` has a row for each check of the lab: `state` is that of the newest run on this very machine, `is_passed`
    says whether the student ever passed it. `steps` tells of each step how far the student is, and its solution
    where they may read it.
    """
    checks = lab_progress.of_checks(lab_session)
    place = lab_places.of(lab_session.id, now) if lab_session.state == QUEUED else None
    facts = facts_of(lab_session)
    return {
        "id": str(lab_session.id),
        "state": lab_session.state,
        "reason": lab_session.reason,
        "detail": lab_session.detail,
        "is_resetting": lab_session.is_resetting,
        **_queue(lab_session, place),
        "started_at": _iso(lab_session.started_at),
        "expires_at": _iso(lab_session.expires_at),
        "idle_stop_at": _iso(facts.idle_stop_at) if facts else None,
        "warning": _warning(facts, now) if facts else None,
        "can_extend": facts is not None and facts.can_extend,
        "checks": checks,
        "steps": lab_progress.of_steps(lab_session, checks),
        **help_document.describe(lab_session, lab_session.user_id if reader_id is None else reader_id),
    }


def facts_of(lab_session: LabSession, *, is_activity_known: bool = True) -> idle.Facts | None:
    """Return what decides about the idleness of a running lab; None for one that doesn't run."""
    last_active_at, expires_at = lab_session.last_active_at, lab_session.expires_at
    if lab_session.state != RUNNING or last_active_at is None or expires_at is None:
        return None
    return idle.Facts(
        last_active_at=last_active_at,
        expires_at=expires_at,
        idle=timedelta(minutes=lab_session.lab.idle_minutes),
        warned_at=lab_session.warned_at,
        is_activity_known=is_activity_known,
    )


def _queue(lab_session: LabSession, place: Place | None) -> dict[str, Any]:
    """Say where it stands and what it waits for: `waiting_full` has the figures where they aren't the cluster's own."""
    has_wait = place is not None and place.likely_s is not None
    words = lab_session.waiting_for or (place.words if place else "")
    return {
        "position": place.position if place else None,
        "queue_length": place.length if place else None,
        "wait_s": {"likely": place.likely_s, "latest": place.latest_s} if place and has_wait else None,
        "waiting_for": words if lab_session.state == QUEUED else "",
        "waiting_full": place.full if place and not lab_session.waiting_for else None,
    }


def _warning(facts: idle.Facts, now: datetime) -> dict[str, str | None] | None:
    decided = idle.verdict(facts, now)
    if facts.warned_at is None or decided.action == "leave":
        return None
    return {"kind": decided.reason, "at": _iso(decided.at)}


def _iso(at: datetime | None) -> str | None:
    return at.isoformat() if at is not None else None
