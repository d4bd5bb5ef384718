"""Writes down how labs are used: people's activity, from Redis, and processor use, from the backend.

A compile or a training run is use, too, though nobody types; an open page alone isn't.
"""

import uuid
from collections.abc import Callable, Iterable
from datetime import datetime, timedelta

from redis import Redis
from sqlalchemy import func, select
from sqlalchemy.orm import joinedload

from backends import Backend, Usage
from extensions import db
from models import LabEvent, LabSession, utcnow
from models.lab_session import RUNNING
from scheduler.ticks import demand
from services import timelines
from services.idleness import activity, rules
from services.labs import document, running_labs
from services.labs.running_labs import Use

# Labs that would be warned or stopped within this time are asked whether they wait for a processor. It is longer than
# the time between two measurements.
AHEAD = timedelta(seconds=90)


def measurer(backend: Backend) -> Callable[[], bool]:
    """Return the work of the tick."""

    def work() -> bool:
        measure(backend)
        return False

    return work


def measure(backend: Backend) -> None:
    """Ask the backend how busy every running lab is. A lab that it can't measure keeps its last figures."""
    query = select(LabSession).options(joinedload(LabSession.lab)).where(LabSession.state == RUNNING)
    lab_sessions = db.session.scalars(query).all()
    sessions = {lab_session.job_id: (lab_session.id, lab_session.lab.busy_cpu_percent) for lab_session in lab_sessions}
    ending = {lab_session.job_id for lab_session in lab_sessions if _is_ending(lab_session, utcnow() + AHEAD)}
    db.session.commit()
    if not sessions:
        return
    used = backend.usage(list(sessions))
    busy = {job_id for job_id, usage in used.items() if usage.cpu_percent > sessions[job_id][1]}
    busy |= demand.waiting(backend, sorted(ending - busy))
    now, measured = utcnow(), used.keys() & sessions.keys() | busy
    running_labs.used([_row(sessions[job_id][0], used.get(job_id), job_id in busy, now) for job_id in sorted(measured)])
    db.session.commit()


def _is_ending(lab_session: LabSession, at: datetime) -> bool:
    """Say whether the lab will be warned or stopped for idleness by then."""
    facts = document.facts_of(lab_session)
    decided = rules.verdict(facts, at) if facts is not None else rules.Verdict("leave")
    return decided.reason == "idle" and (decided.action == "stop" or decided.is_new)


def _row(session_id: uuid.UUID, usage: Usage | None, is_busy: bool, now: datetime) -> Use:
    measured = {} if usage is None else {"cpu_percent": round(usage.cpu_percent, 1), "measured": now.isoformat()}
    return session_id, {**measured, "cpu": now.isoformat()} if is_busy else measured, now if is_busy else None


def note_activity(redis: Redis, now: datetime) -> None:
    """Move the activity in Redis to the rows; the time of the last use never goes back, nor ahead of now."""
    times, fields = activity.read(redis)
    rows: list[Use] = []
    for kind in ("input", "http", "page"):
        for session_id, at in times[kind].items():
            seen_at = min(at, now)
            rows.append((session_id, {kind: seen_at.isoformat()}, None if kind == "page" else seen_at))
    running_labs.used(_merged(rows))
    _note_prompts(times["first_prompt"], now)
    db.session.commit()
    activity.forget(redis, fields)


def _merged(rows: Iterable[Use]) -> list[Use]:
    """Merge the rows of each session into one, because an UPDATE takes only one."""
    merged: dict[uuid.UUID, Use] = {}
    for session_id, patch, at in rows:
        _id, before, before_at = merged.get(session_id, (session_id, {}, None))
        latest = max((one for one in (at, before_at) if one is not None), default=None)
        merged[session_id] = session_id, {**before, **patch}, latest
    return list(merged.values())


def _note_prompts(prompts: activity.Seen, now: datetime) -> None:
    """Write the first prompt of each machine into its timeline, once."""
    if not prompts:
        return
    query = select(LabSession).where(LabSession.id.in_(prompts), LabSession.state == RUNNING).order_by(LabSession.id)
    lab_sessions = db.session.scalars(query.with_for_update()).all()
    noted = (
        select(LabEvent.session_id, func.max(LabEvent.at))
        .where(LabEvent.session_id.in_([lab_session.id for lab_session in lab_sessions]))
        .where(LabEvent.kind == "first_prompt")
        .group_by(LabEvent.session_id)
    )
    last = dict(db.session.execute(noted).tuples().all())
    for lab_session in lab_sessions:
        started_at = lab_session.started_at or now
        if lab_session.id not in last or last[lab_session.id] < started_at:
            at = max(min(prompts[lab_session.id], now), started_at)
            timelines.note(lab_session.id, "first_prompt", at)
