"""The state of a lab as its page and the API see it: one document, sent whole on each change."""

from datetime import datetime, timedelta
from typing import Any

from models import LabSession
from models.lab_session import QUEUED, RUNNING, STARTING, STOPPING
from services.capacity import holdings, positions
from services.capacity.positions import Place
from services.help import document
from services.idleness import rules
from services.labs import progress
from services.saves import store


def describe(lab_session: LabSession, now: datetime, reader_id: int | None = None) -> dict[str, Any]:
    """Return the lab's state as its student, or whoever looks in, sees it. Times are ISO 8601 in UTC.

    `checks` has a row for each check of the lab: `state` is that of the newest run on this very machine, `is_passed`
    says whether the student ever passed it. `steps` tells of each step how far the student is, and its solution
    where they may read it. `save` is the receipt of the work that was saved last, of one that stops that of its end;
    `save_error` says why none can be. `detail` says more of how it ended; of one that is to run, why the machine before
    it wasn't saved. What is a reason gets its words by `wording.py`.
    """
    checks = progress.of_checks(lab_session)
    place = positions.of(lab_session.id, now) if lab_session.state == QUEUED else None
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
        "idle_stop_at": _iso(facts.idle_stop_at) if facts and facts.can_be_saved else None,
        "warning": _warning(facts, now) if facts else None,
        "can_extend": facts is not None and facts.can_extend,
        "checks": checks,
        "steps": progress.of_steps(lab_session, checks),
        **_save(lab_session),
        **document.describe(lab_session, lab_session.user_id if reader_id is None else reader_id),
    }


def facts_of(lab_session: LabSession, *, is_activity_known: bool = True) -> rules.Facts | None:
    """Return what decides about the idleness of a running lab; None for one that doesn't run."""
    last_active_at, expires_at = lab_session.last_active_at, lab_session.expires_at
    if lab_session.state != RUNNING or last_active_at is None or expires_at is None:
        return None
    return rules.Facts(
        last_active_at=last_active_at,
        expires_at=expires_at,
        idle=timedelta(minutes=lab_session.lab.idle_minutes) * lab_session.idle_percent / 100,
        warned_at=lab_session.warned_at,
        warned_last_at=lab_session.warned_last_at,
        can_be_saved=lab_session.save_error is None,
        kept_until=lab_session.kept_until,
        life=timedelta(minutes=lab_session.lab.max_life_minutes),
        is_activity_known=is_activity_known,
    )


def _queue(lab_session: LabSession, place: Place | None) -> dict[str, Any]:
    """Say where it stands and what it waits for: `waiting_full` has the figures where they aren't the cluster's own.

    What starts or stops waits, too, while the cluster doesn't answer.
    """
    if place is None:
        nothing = ("position", "queue_length", "wait_s", "waiting_full")
        is_away = lab_session.state in (STARTING, STOPPING) and lab_session.waiting_for == holdings.DOWN
        return {**dict.fromkeys(nothing), "waiting_for": holdings.DOWN if is_away else None}
    reason = lab_session.waiting_for or place.reason
    return {
        "position": place.position,
        "queue_length": place.length,
        "wait_s": {"likely": place.likely_s, "latest": place.latest_s} if place.likely_s is not None else None,
        "waiting_for": reason,
        "waiting_full": place.full if reason == place.reason else None,
    }


def _save(lab_session: LabSession) -> dict[str, Any]:
    save = store.newest(lab_session.user_id, lab_session.lab_id) if lab_session.saved_at is not None else None
    is_its_own = save is not None and save.session_id == lab_session.id
    # Of one that stops, the receipt of before would be taken for that of the work which is saved now.
    is_last = lab_session.state != STOPPING or lab_session.is_settled
    return {
        "saved_at": _iso(lab_session.saved_at),
        "save_error": lab_session.save_error,
        "save": store.receipt(save) if save is not None and is_its_own and is_last else None,
    }


def _warning(facts: rules.Facts, now: datetime) -> dict[str, Any] | None:
    decided = rules.verdict(facts, now)
    is_untold = decided.is_new and not decided.is_last
    if decided.action == "leave" or is_untold:
        return None
    return {"kind": decided.reason, "at": _iso(decided.at), "is_last": decided.is_last}


def _iso(at: datetime | None) -> str | None:
    return at.isoformat() if at is not None else None
