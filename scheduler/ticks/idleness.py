"""Writes down who used their lab, warns of an end, and ends what is idle or too old.

Activity comes through Redis. While Redis is gone nobody is stopped for idleness, because nobody knows.
"""

from collections.abc import Callable
from datetime import datetime

from redis import Redis, RedisError
from sqlalchemy import DateTime, Uuid, column, select, update, values
from sqlalchemy.orm import joinedload

from extensions import db
from models import LabSession, utcnow
from models.lab_session import RUNNING
from services import activity, idle, labs


def collector(redis: Redis) -> Callable[[], bool]:
    """Return the work of the tick."""

    def work() -> bool:
        try:
            note_activity(redis)
        except RedisError:
            judge(utcnow(), is_activity_known=False)
            raise
        judge(utcnow())
        return False

    return work


def note_activity(redis: Redis) -> None:
    """Move what Redis has to the rows, in one statement; a row's time never goes back."""
    times, found = activity.read(redis)
    used = _latest(times["input"], times["http"])
    if used:
        rows = list(used.items())
        seen = values(column("id", Uuid), column("at", DateTime(timezone=True)), name="seen").data(rows)
        db.session.execute(
            update(LabSession)
            .where(LabSession.id == seen.c.id, LabSession.state == RUNNING, LabSession.last_active_at < seen.c.at)
            .values(last_active_at=seen.c.at)
            .execution_options(synchronize_session=False)
        )
        db.session.commit()
    activity.forget(redis, found)


def _latest(*kinds: activity.Seen) -> activity.Seen:
    latest: activity.Seen = {}
    for times in kinds:
        for session_id, at in times.items():
            latest[session_id] = max(at, latest.get(session_id, at))
    return latest


def judge(now: datetime, *, is_activity_known: bool = True) -> None:
    """Apply the verdict to every running lab, each in a transaction of its own."""
    query = select(LabSession).options(joinedload(LabSession.lab)).where(LabSession.state == RUNNING)
    known = [
        (found, labs.facts_of(found, is_activity_known=is_activity_known)) for found in db.session.scalars(query).all()
    ]
    for lab_session, facts in known:
        if facts is not None:
            apply(lab_session, facts, now)
            db.session.commit()


def apply(lab_session: LabSession, facts: idle.Facts, now: datetime) -> None:
    """Do what the verdict says, if it isn't done."""
    decided = idle.verdict(facts, now)
    if decided.action == "stop":
        labs.stop(lab_session, reason=decided.reason, now=now)
    elif decided.action == "warn":
        is_told = facts.is_warned if decided.reason == "idle" else facts.warned_at is not None
        if not is_told:
            labs.change(lab_session, RUNNING, warned_at=now)
    elif facts.warned_at is not None and facts.is_activity_known:
        labs.change(lab_session, RUNNING, warned_at=None)
