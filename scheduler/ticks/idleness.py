"""Writes down who used their lab, warns of an end, and ends what is idle or too old.

Activity comes through Redis. While Redis is gone nobody is stopped for idleness, because nobody knows.
"""

from collections.abc import Callable
from datetime import UTC, datetime

from redis import Redis
from sqlalchemy import select, update
from sqlalchemy.orm import joinedload

from extensions import db
from models import LabSession, utcnow
from models.lab_session import RUNNING
from services import idle, labs, live

ACTIVITY_KEY = "yurt:active"


def collector(redis: "Redis[bytes]") -> Callable[[], bool]:
    """Return the work of the tick. A RedisError ends the round before anybody is judged."""

    def work() -> bool:
        note_activity(redis)
        judge(utcnow())
        db.session.commit()
        return False

    return work


def note_activity(redis: "Redis[bytes]") -> None:
    """Move what Redis has to the rows; a row's time never goes back."""
    found = redis.hgetall(ACTIVITY_KEY)
    for session_id, at in found.items():
        when = datetime.fromtimestamp(float(at), UTC)
        db.session.execute(
            update(LabSession)
            .where(LabSession.id == session_id.decode(), LabSession.state == RUNNING)
            .where(LabSession.last_active_at < when)
            .values(last_active_at=when)
            .execution_options(synchronize_session=False)
        )
    db.session.commit()
    if found:
        # What was typed meanwhile comes again with the next keystroke.
        redis.hdel(ACTIVITY_KEY, *found)


def judge(now: datetime) -> None:
    """Apply the verdict to every running lab."""
    query = select(LabSession).options(joinedload(LabSession.lab)).where(LabSession.state == RUNNING)
    for lab_session in db.session.scalars(query).all():
        facts = labs.facts_of(lab_session)
        decided = idle.verdict(facts, now) if facts else idle.Verdict("leave")
        if decided.action == "stop":
            labs.stop(lab_session, reason=decided.reason, now=now)
        elif (decided.action == "warn") != (lab_session.warned_at is not None):
            lab_session.warned_at = now if decided.action == "warn" else None
            db.session.flush()
            live.lab_changed(lab_session.id)
        db.session.commit()
