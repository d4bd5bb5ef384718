"""Compares sessions with the jobs that a backend really has, both ways, and says what to mend."""

import uuid
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Literal, Protocol

from sqlalchemy import select

from extensions import db
from models import LabSession, WarmLab
from models.cluster import WARM_READY
from models.lab_session import ENDED, RUNNING
from services import labs, timelines, warm_labs

# A machine that runs for nobody yet, as it is listed beside sessions.
WARM = "warm"


class Job(Protocol):
    """What is looked at in a job."""

    @property
    def job_id(self) -> str:
        """The name that the session gave it."""

    @property
    def state(self) -> str:
        """How it is: pending, running or dead."""


@dataclass(frozen=True)
class Known:
    """What is looked at in a session that hasn't ended, or in a warm machine, which has no `id`."""

    id: uuid.UUID | None
    job_id: str
    state: str
    started_at: datetime | None = None
    expires_at: datetime | None = None


@dataclass(frozen=True)
class Repair:
    """One thing to do: `stop` a job that nobody wants, or `lose` a session, or a warm machine, whose job is gone."""

    action: Literal["stop", "lose"]
    job_id: str
    session_id: uuid.UUID | None = None
    reason: str = ""


def known() -> list[Known]:
    """Return every warm machine, and every session that hasn't ended.

    In this order: one that becomes a student's meanwhile is then there twice, and never not at all.
    """
    kept = db.session.execute(select(WarmLab.job_id, WarmLab.state, WarmLab.ready_at)).all()
    columns = (LabSession.id, LabSession.job_id, LabSession.state, LabSession.started_at, LabSession.expires_at)
    sessions = db.session.execute(select(*columns).where(LabSession.state != ENDED))
    warm = [Known(None, job_id, WARM, ready_at if state == WARM_READY else None) for job_id, state, ready_at in kept]
    return [*warm, *(Known(*row) for row in sessions)]


def plan(sessions: Iterable[Known], jobs: Iterable[Job], looked_at: datetime) -> list[Repair]:
    """Decide what to repair. Pure.

    `looked_at` is before the look at the jobs, and the sessions are read after it: a job is then never older than its
    session, and a session that came to run only since then isn't missed among the jobs. Starts and stops in hand are
    their ticks' own affair.
    """
    sessions, jobs = list(sessions), list(jobs)
    alive = {job.job_id for job in jobs if job.state != "dead"}
    owned = {session.job_id for session in sessions}
    repairs = [Repair("stop", job.job_id) for job in jobs if job.job_id not in owned]
    for session in sessions:
        is_settled = session.started_at is not None and session.started_at < looked_at
        if session.state in (RUNNING, WARM) and is_settled and session.job_id not in alive:
            is_over = session.expires_at is not None and session.expires_at <= looked_at
            repairs.append(Repair("lose", session.job_id, session.id, "age" if is_over else "lost"))
    return repairs


def is_wanted(job_id: str) -> bool:
    """Look once more whether anybody wants the job, right before it is stopped: the stock first, as in `known`."""
    if db.session.scalar(select(WarmLab.id).where(WarmLab.job_id == job_id)) is not None:
        return True
    query = select(LabSession.id).where(LabSession.job_id == job_id, LabSession.state != ENDED)
    return db.session.scalar(query) is not None


def lose(repair: Repair, now: datetime) -> bool:
    """End the session whose machine is gone, or forget the warm one; return False when it has moved on meanwhile."""
    if repair.session_id is None:
        return warm_labs.lose(repair.job_id)
    found = db.session.get(LabSession, repair.session_id, populate_existing=True)
    if found is None:
        return False
    is_lost = labs.move(found, RUNNING, ENDED, reason=repair.reason or "lost", ended_at=now)
    if is_lost:
        timelines.note(found.id, "lost", now, saved_at=found.saved_at.isoformat() if found.saved_at else None)
    return is_lost
