"""Machines for the tests that grade answers: claimed within the limits that hold for labs, and tried again.

A try has a machine of its own name. Whoever is late with one before reaches nobody's machine; what is left of it is a
job that nobody wants, which the reconciler ends.
"""

import uuid
from collections.abc import Collection
from datetime import datetime, timedelta
from typing import Any, Literal

from sqlalchemy import ColumnElement, ScalarSelect, func, select, update
from sqlalchemy.orm import aliased, joinedload

from extensions import db
from models import GradingRun, Lab
from models.grading_run import OPEN_RUNS, RUN_QUEUED, RUN_RUNNING
from services import leases
from services.capacity import holdings, order, placement
from services.capacity.order import Limits
from services.labs import job_names

# Minutes, not seconds: what fails is the machine, and an answer can wait.
RETRIES = leases.Retries(most=5, first=timedelta(seconds=5), longest=timedelta(minutes=5))
HANDLE = "tests"
# How long a run waits for room before it asks again.
ROOM_PAUSE = timedelta(seconds=5)


def claim(limits: Limits, now: datetime, held: Collection[int] = ()) -> GradingRun | None:
    """Take a run whose scheduler died, else the oldest that waits, if there is room for a machine; None otherwise.

    A student's runs follow each other. Runs hold at most a quarter of the machines, one at least.
    """
    lost = leases.next_due(GradingRun, now, GradingRun.state == RUN_RUNNING, order_by=[GradingRun.id], but=held)
    if lost is not None:
        return _take(lost, now)
    if db.session.scalar(select(GradingRun.id).where(GradingRun.state == RUN_QUEUED).limit(1)) is None:
        return None
    holdings.lock()
    other = aliased(GradingRun)
    is_busy = select(other.id).where(other.user_id == GradingRun.user_id, other.state == RUN_RUNNING).exists()
    run = leases.next_due(
        GradingRun,
        now,
        GradingRun.state == RUN_QUEUED,
        ~is_busy,
        # Nobody sits and waits for those of a regrade.
        order_by=[GradingRun.regrade_id.is_not(None), GradingRun.requested_at, GradingRun.id],
        options=[joinedload(GradingRun.lab)],
    )
    if run is None:
        return None
    if run.lab is None or RETRIES.is_over(run.tries):
        return _take(run, now)  # it is given up
    room = _room(run.lab, limits)
    if room == "never":
        leases.set_on(run, RETRIES.later(run.tries + 1, now))
    elif room == "later":
        leases.set_on(run, leases.waiting(now + ROOM_PAUSE))
    return _take(run, now) if room == "now" else None


def claim_any(now: datetime) -> GradingRun | None:
    """Take the oldest run that nobody holds, for who gives it up: without a look at machines."""
    run = leases.next_due(
        GradingRun, now, GradingRun.state.in_(OPEN_RUNS), order_by=[GradingRun.requested_at, GradingRun.id]
    )
    return _take(run, now) if run is not None else None


def _room(lab: Lab, limits: Limits) -> Literal["now", "later", "never"]:
    running = select(func.count()).select_from(GradingRun).where(GradingRun.state == RUN_RUNNING)
    machines = holdings.holdings(limits.instance)
    if machines.is_down or (db.session.scalar(running) or 0) >= max(1, limits.total // 4):
        return "later"
    needs = placement.needs_of(lab.cpu_mhz, lab.memory_mb, lab.template)
    if placement.fits_nowhere(needs, machines) is not None:
        return "never"
    return "now" if order.no_room(needs, machines, limits) is None else "later"


def _take(run: GradingRun, now: datetime) -> GradingRun:
    tries = leases.tries_of(run)
    course, lab = (run.lab.course.slug, run.lab.slug) if run.lab else ("", "")
    job_id = job_names.job_id(course, lab, HANDLE, uuid.uuid4())
    leases.set_on(run, {"state": RUN_RUNNING, "tries": tries, "job_id": job_id, **leases.held(now)})
    return run


def is_held(run_id: int, job_id: str) -> bool:
    """Say whether this try is still the caller's."""
    mine = (GradingRun.id == run_id, GradingRun.job_id == job_id, GradingRun.state == RUN_RUNNING)
    return db.session.scalar(select(GradingRun.id).where(*mine)) is not None


def put_off(run_id: int, job_id: str, tries: int, now: datetime, *, is_counted: bool) -> None:
    """Try a run again later. `is_counted`: it failed; where there was only no room, it waits."""
    values = RETRIES.later(tries, now) if is_counted else leases.waiting(now + ROOM_PAUSE)
    mine = (GradingRun.id == run_id, GradingRun.job_id == job_id, GradingRun.state == RUN_RUNNING)
    db.session.execute(update(GradingRun).where(*mine).values(state=RUN_QUEUED, **values))


def due(now: ColumnElement[datetime]) -> ScalarSelect[Any]:
    """Ask from when on a run is due: one that waits, or one whose lease has run out."""
    return leases.due(GradingRun, now, GradingRun.state.in_(OPEN_RUNS))


def oldest(_now: ColumnElement[datetime]) -> ScalarSelect[Any]:
    """Ask since when the first run waits."""
    return select(func.min(GradingRun.requested_at)).where(GradingRun.state == RUN_QUEUED).scalar_subquery()
