"""Warns of the end of labs that idle or have run long enough, and ends them.

While Redis is gone nobody is stopped for idleness, because nobody knows what students do. When the clock jumps ahead,
every warning is given anew: nobody loses a lab to a clock.
"""

import time
import uuid
from collections.abc import Callable
from datetime import datetime, timedelta

import structlog
from redis import Redis, RedisError
from sqlalchemy import select
from sqlalchemy.orm import joinedload

from extensions import db
from models import LabSession, utcnow
from models.lab_session import RUNNING
from scheduler.ticks.usage import note_activity
from services.idleness import evidence, mail, rules, verdicts
from services.idleness.evidence import Evidence
from services.idleness.rules import Verdict
from services.labs import document, lifecycle, running_labs

# A clock that goes ahead of time itself by more than this has been set.
JUMP = timedelta(seconds=60)

log = structlog.get_logger("yurt.scheduler")


class Clock:
    """Compares the time of day with time as it passes."""

    def __init__(self) -> None:
        self._last: tuple[datetime, float] | None = None

    def has_jumped(self, now: datetime) -> bool:
        """Say whether the time of day went ahead since the last call."""
        passed, before = time.monotonic(), self._last
        self._last = now, passed
        return before is not None and now - before[0] > timedelta(seconds=passed - before[1]) + JUMP


def culler(redis: Redis, public_url: str = "") -> Callable[[], bool]:
    """Return the work of the tick."""
    clock = Clock()

    def work() -> bool:
        now = utcnow()
        if clock.has_jumped(now):
            log.warning("the clock has jumped ahead: warnings are given anew")
            running_labs.warn_anew(now)
            db.session.commit()
        try:
            note_activity(redis, now)
        except RedisError:
            judge(now, public_url, is_activity_known=False)
            raise
        judge(now, public_url)
        return False

    return work


def judge(now: datetime, public_url: str = "", *, is_activity_known: bool = True) -> None:
    """Apply the verdict to every running lab that it changes, each in a transaction of its own."""
    query = select(LabSession).options(joinedload(LabSession.lab)).where(LabSession.state == RUNNING)
    lab_sessions = db.session.scalars(query).all()
    due = [lab_session.id for lab_session in lab_sessions if _decide(lab_session, now, is_activity_known)[0]]
    db.session.commit()
    for session_id in due:
        apply(session_id, now, public_url, is_activity_known=is_activity_known)
        db.session.commit()


def apply(session_id: uuid.UUID, now: datetime, public_url: str = "", *, is_activity_known: bool = True) -> None:
    """Lock the row, decide again, and act: of two schedulers only one acts, and it sees any use meanwhile."""
    query = select(LabSession).where(LabSession.id == session_id, LabSession.state == RUNNING)
    locked = query.with_for_update(skip_locked=True).execution_options(populate_existing=True)
    lab_session = db.session.scalar(locked)
    if lab_session is None:
        return
    action, decided, facts = _decide(lab_session, now, is_activity_known)
    started_at = lab_session.started_at or now
    seen = evidence.evidence(lab_session.activity, started_at, now, is_known=is_activity_known)
    if action == "settle" and facts is not None:
        running_labs.set_right(lab_session, facts)
    elif action == "stop":
        verdicts.record(lab_session, action, decided, seen, now)
        lifecycle.stop(lab_session, reason=decided.reason, now=now)
    elif action == "keep":
        verdicts.record(lab_session, action, decided, seen, now)
        running_labs.unwarned(lab_session)
    elif action:
        _warn(lab_session, action, decided, seen, public_url, now)


def _warn(
    lab_session: LabSession, action: str, decided: Verdict, seen: Evidence, public_url: str, now: datetime
) -> None:
    row = verdicts.record(lab_session, action, decided, seen, now)
    mail.warn(lab_session, decided, row.facts, public_url, now)
    running_labs.warned(lab_session, now, is_last=decided.is_last)


def _decide(lab_session: LabSession, now: datetime, is_activity_known: bool) -> tuple[str, Verdict, rules.Facts | None]:
    """Return the action (empty: none), the verdict, and the facts, without times that lie ahead of now."""
    facts = document.facts_of(lab_session, is_activity_known=is_activity_known)
    if facts is None:
        return "", Verdict("leave"), None
    settled = rules.settled(facts, now)
    if settled != facts:
        return "settle", Verdict("leave"), settled
    decided = rules.verdict(facts, now)
    if decided.action == "stop":
        return "stop", decided, facts
    if decided.is_new:
        return "warn_last" if decided.is_last else "warn", decided, facts
    if decided.action == "leave" and facts.warned_at is not None and is_activity_known:
        return "keep", decided, facts
    return "", decided, facts
