"""Compares sessions, jobs, and the machines that the jobs run on, and says what to repair.

A session without its job ends as lost, and a job without a session is stopped. A job that runs on another machine than
its student worked on was started anew and is empty, so its session ends as lost, too.
"""

import uuid
from collections.abc import Collection, Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Literal, Protocol

from sqlalchemy import select

from extensions import db
from models import GradingRun, LabSession, User, WarmLab
from models.cluster import WARM_READY
from models.grading_run import RUN_RUNNING
from models.lab_session import ENDED, RUNNING
from reasons import Code, Reason
from services.labs import lifecycle, warm_stock

# The state under which a warm machine is listed beside sessions.
WARM = "warm"
# The same of a machine that runs the tests of an answer: its tick alone looks after it.
TESTS = "tests"
SKEW = timedelta(seconds=60)


class Job(Protocol):
    """What repairs need of a job."""

    @property
    def job_id(self) -> str:
        """The name that the session gave it."""

    @property
    def state(self) -> str:
        """How it is: pending, running or dead."""

    @property
    def node(self) -> str:
        """The machine that it runs on; empty where the backend has no names for them, or while it has no place."""

    @property
    def reason(self) -> Reason | None:
        """Why it is dead, where that is known."""


@dataclass(frozen=True)
class Known:
    """What repairs need of a session that hasn't ended, or of a warm machine, which has no `id`."""

    id: uuid.UUID | None
    job_id: str
    state: str
    started_at: datetime | None = None
    expires_at: datetime | None = None
    node: str = ""


@dataclass(frozen=True)
class Repair:
    """One thing to do.

    `stop` a job that nobody wants; `lose` a session, or a warm machine, whose job is gone; `move` a lab to another
    machine before its own is taken out of service (a warm machine is replaced). `reason` is how a session ends, `why`
    says more of it.
    """

    action: Literal["stop", "lose", "move"]
    job_id: str
    session_id: uuid.UUID | None = None
    reason: str = ""
    why: Reason | None = None


def known(job_id: str | None = None) -> list[Known]:
    """Return every warm machine, every machine of tests, and every session that hasn't ended; of the job `job_id` only,
    where it is given.

    Warm machines are read first: one adopted meanwhile appears twice rather than never. They are also repaired first,
    so that no lab that leaves a node is given a warm machine there.
    """
    machines = select(WarmLab.job_id, WarmLab.state, WarmLab.ready_at)
    columns = (
        *(LabSession.id, LabSession.job_id, LabSession.state),
        *(LabSession.started_at, LabSession.expires_at, LabSession.node),
    )
    active = select(*columns).where(LabSession.state != ENDED)
    if job_id is not None:
        machines, active = machines.where(WarmLab.job_id == job_id), active.where(LabSession.job_id == job_id)
    runs = select(GradingRun.job_id).where(GradingRun.state == RUN_RUNNING)
    if job_id is not None:
        runs = runs.where(GradingRun.job_id == job_id)
    kept, tests = db.session.execute(machines).all(), db.session.scalars(runs).all()
    sessions = db.session.execute(active)
    warm = [Known(None, job, WARM, ready_at if state == WARM_READY else None) for job, state, ready_at in kept]
    return [*warm, *(Known(None, job, TESTS) for job in tests), *(Known(*row) for row in sessions)]


def students() -> dict[uuid.UUID, str]:
    """Return the student of each session that hasn't ended. An adopted warm machine's job doesn't name them."""
    query = select(LabSession.id, User.handle).join(User, User.id == LabSession.user_id)
    return {row[0]: row[1] for row in db.session.execute(query.where(LabSession.state != ENDED))}


def plan(
    sessions: Iterable[Known], jobs: Iterable[Job], looked_at: datetime, leaving: Collection[str] = ()
) -> list[Repair]:
    """Decide what to repair. Pure.

    `looked_at` is a time before the jobs were read, and the sessions were read after them: so each job's session is
    there, and a session that started only since then isn't taken for one without a job. Sessions that are starting or
    stopping are left to their ticks. `leaving` names the machines that are being taken out of service.
    """
    sessions, by_id = list(sessions), {job.job_id: job for job in jobs}
    owned = {session.job_id for session in sessions}
    repairs = [Repair("stop", job_id) for job_id in by_id if job_id not in owned]
    due = (_repair(session, by_id.get(session.job_id), looked_at, leaving) for session in sessions)
    return [*repairs, *(repair for repair in due if repair is not None)]


def _repair(session: Known, job: Job | None, looked_at: datetime, leaving: Collection[str]) -> Repair | None:
    since = session.started_at
    # A session that started in the future started before the clock was set back.
    is_settled = since is not None and (since < looked_at or since > looked_at + SKEW)
    if session.state not in (RUNNING, WARM) or not is_settled:
        return None
    if job is not None and job.state != "dead":
        if session.node and job.node and job.node != session.node:
            away = Reason(Code.MACHINE_AWAY, node=session.node)
            return Repair("lose", session.job_id, session.id, "lost", away)
        if job.node in leaving:
            leaves = Reason(Code.NODE_LEAVING, node=job.node)
            return Repair("move", session.job_id, session.id, why=leaves)
        return None
    is_over = session.expires_at is not None and session.expires_at <= looked_at
    why = None if job is None or is_over else job.reason
    return Repair("lose", session.job_id, session.id, "age" if is_over else "lost", why)


def is_due(repair: Repair, job: Job | None, now: datetime) -> bool:
    """Compare the one session and its job again, right before a repair: the lists may have been incomplete."""
    if repair.action == "stop":
        return not is_wanted(repair.job_id)
    leaving = (job.node,) if repair.action == "move" and job is not None else ()
    repairs = plan(known(repair.job_id), [job] if job else [], now, leaving)
    return any(other.action == repair.action for other in repairs)


def is_wanted(job_id: str) -> bool:
    """Say whether anybody wants the job, right before it is stopped. Warm machines are read first, as in `known`."""
    if db.session.scalar(select(WarmLab.id).where(WarmLab.job_id == job_id)) is not None:
        return True
    runs = select(GradingRun.id).where(GradingRun.job_id == job_id, GradingRun.state == RUN_RUNNING)
    if db.session.scalar(runs) is not None:
        return True
    query = select(LabSession.id).where(LabSession.job_id == job_id, LabSession.state != ENDED)
    return db.session.scalar(query) is not None


def carry_out(repair: Repair, job: Job | None, now: datetime) -> bool:
    """Write down what the repair does to its session; return whether it was still due.

    After a repair that was due, unless it is a move, the caller stops the job.
    """
    is_still_due = is_due(repair, job, now)
    if is_still_due and repair.action == "lose":
        return lose(repair, now)
    if is_still_due and repair.action == "move":
        move(repair, now)
    return is_still_due


def lose(repair: Repair, now: datetime) -> bool:
    """End the session whose machine is gone, or forget the warm machine; return False where it moved on meanwhile."""
    if repair.session_id is None:
        return warm_stock.lose(repair.job_id)
    lab_session = db.session.get(LabSession, repair.session_id, populate_existing=True)
    if lab_session is None:
        return False
    return lifecycle.lost(lab_session, now, reason=repair.reason or "lost", detail=repair.why)


def move(repair: Repair, now: datetime) -> None:
    """Save the lab and start it again elsewhere with that save, or have a warm machine replaced.

    A session or machine that has moved on meanwhile is left alone.
    """
    if repair.session_id is None:
        warm_stock.retire(repair.job_id)
        return
    lab_session = db.session.get(LabSession, repair.session_id, populate_existing=True)
    if lab_session is not None and repair.why is not None:
        lifecycle.relocate(lab_session, now, why=repair.why)
