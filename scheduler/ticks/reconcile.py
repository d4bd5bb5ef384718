"""Compares sessions with jobs, both ways, and mends what a crash left."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta

import structlog
from prometheus_client import Gauge
from sqlalchemy import select

from config import Settings
from extensions import db
from models import LabSession, utcnow
from models.lab_session import ENDED, RUNNING, STARTING, STOPPING
from scheduler.backends import Backend, Observed
from scheduler.ticks.starts import start
from services import labs

# A start takes less; one that takes longer belongs to a scheduler that died.
START_LIMIT = timedelta(seconds=20)

ORPHANS = Gauge("yurt_lab_orphans", "Jobs without a session, at the last look.", multiprocess_mode="livemostrecent")
log = structlog.get_logger("yurt.scheduler")


@dataclass(frozen=True)
class Repair:
    """One thing to do: `stop` an orphan job, `lose` a session whose job is gone, or `start` a job again."""

    action: str
    job_id: str
    session: LabSession | None = None


def plan(sessions: list[LabSession], jobs: list[Observed], now: datetime) -> list[Repair]:
    """Decide what to repair. Pure: sessions are those that haven't ended."""
    alive = {job.job_id for job in jobs if job.state != "dead"}
    owned = {lab_session.job_id for lab_session in sessions}
    repairs = [Repair("stop", job.job_id) for job in jobs if job.job_id not in owned]
    for lab_session in sessions:
        is_late = lab_session.claimed_at is None or now - lab_session.claimed_at > START_LIMIT
        if lab_session.state == RUNNING and lab_session.job_id not in alive:
            repairs.append(Repair("lose", lab_session.job_id, lab_session))
        elif lab_session.state == STARTING and is_late:
            repairs.append(Repair("start", lab_session.job_id, lab_session))
    return repairs


def survey(backend: Backend, now: datetime) -> list[Repair]:
    """Look at both sides and decide. Jobs are looked at first: a session made meanwhile isn't missed."""
    jobs = backend.observe()
    query = select(LabSession).where(LabSession.state.in_((STARTING, RUNNING, STOPPING)))
    sessions = list(db.session.scalars(query))
    repairs = plan(sessions, jobs, now)
    ORPHANS.set(sum(1 for repair in repairs if repair.action == "stop"))
    return repairs


def reconciler(settings: Settings, backend: Backend) -> Callable[[], bool]:
    """Return the work of the tick."""

    def work() -> bool:
        repairs = survey(backend, utcnow())
        db.session.commit()
        for repair in repairs:
            carry_out(settings, backend, repair)
        return False

    return work


def carry_out(settings: Settings, backend: Backend, repair: Repair) -> None:
    """Repair one thing; a session that moved meanwhile is left alone."""
    log.warning("repair", action=repair.action, job=repair.job_id)
    if repair.action == "stop":
        backend.stop(repair.job_id)
    elif repair.session is not None and repair.action == "lose":
        if labs.move(repair.session, RUNNING, ENDED, reason="lost", ended_at=utcnow()):
            db.session.commit()
            backend.stop(repair.job_id)  # what is left of it
    elif repair.session is not None and _claim_again(repair.session):
        start(settings, backend, repair.session)
    db.session.commit()


def _claim_again(lab_session: LabSession) -> bool:
    """Take over a start whose scheduler died; of several copies one wins."""
    found = db.session.scalar(
        select(LabSession)
        .where(
            LabSession.id == lab_session.id,
            LabSession.state == STARTING,
            LabSession.claimed_at == lab_session.claimed_at,
        )
        .with_for_update(skip_locked=True)
    )
    if found is None:
        return False
    found.claimed_at = utcnow()
    db.session.commit()
    return True
