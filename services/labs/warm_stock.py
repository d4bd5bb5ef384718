"""The machines that are kept warm: rows that are made, given to students, and given up."""

import uuid
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import ColumnElement, ScalarSelect, and_, case, delete, func, or_, select, true, update

from extensions import db
from models import Lab, WarmLab, WarmPlan
from models.cluster import WARM_READY, WARM_STARTING, WARM_STOPPING, WARM_TRANSITIONS
from reasons import Reason
from services import leases, live
from services.capacity import holdings, order, placement, warm_plans
from services.capacity.order import Limits
from services.labs import definitions, job_names

HANDLE = "warm"
# An older one is replaced: its job's own life must hold a whole lab.
LONGEST = timedelta(hours=4)
# How often a start is tried. A stop is tried for ever, because the machine may run.
RETRIES = leases.Retries(most=5)


@dataclass(frozen=True)
class Stock:
    """One lab's warm machines: how many are wanted, and how many there are."""

    lab_id: int
    wanted: int
    starting: int
    ready: int

    @property
    def missing(self) -> int:
        """How many are to be started; below zero, to be stopped."""
        return self.wanted - self.starting - self.ready


def adopt(lab_id: int, now: datetime) -> str | None:
    """Take a ready machine of the lab out of the stock and return its job's ID; None where there is none.

    Machines that are out of date are stopped first, also where the lab changed a moment ago.
    """
    _stop(WarmLab.state == WARM_READY, _is_old(now, [db.session.get_one(Lab, lab_id, populate_existing=True)]))
    first = (
        select(WarmLab.id)
        .where(WarmLab.lab_id == lab_id, WarmLab.state == WARM_READY)
        .order_by(WarmLab.id)
        .limit(1)
        .with_for_update(skip_locked=True)
        .scalar_subquery()
    )
    job_id: str | None = db.session.scalar(delete(WarmLab).where(WarmLab.id == first).returning(WarmLab.job_id))
    return job_id


def give_up(counts: Mapping[int, int]) -> None:
    """Have so many machines of each lab stopped; those that only start go first, then the newest."""
    for lab_id, count in counts.items():
        chosen = (
            select(WarmLab.id)
            .where(WarmLab.lab_id == lab_id, WarmLab.state.in_((WARM_STARTING, WARM_READY)))
            .order_by(WarmLab.state == WARM_READY, WarmLab.id.desc())
            .limit(count)
            .with_for_update(skip_locked=True)
        )
        _stop(WarmLab.id.in_(chosen))


def stock(now: datetime) -> list[Stock]:
    """Compare what is wanted with what there is, for every lab that has either."""
    targets = warm_plans.wanted_now(now)
    counts = [func.count().filter(WarmLab.state == state) for state in (WARM_STARTING, WARM_READY)]
    rows = db.session.execute(select(WarmLab.lab_id, *counts).group_by(WarmLab.lab_id))
    there = {row[0]: (row[1], row[2]) for row in rows}
    none = (0, 0)
    return [
        Stock(lab, targets.get(lab, 0), there.get(lab, none)[0], there.get(lab, none)[1])
        for lab in sorted({*targets, *there})
    ]


def stock_of(lab_id: int, now: datetime) -> Stock:
    """Return the stock of one lab, which may be nothing."""
    return next((row for row in stock(now) if row.lab_id == lab_id), Stock(lab_id, 0, 0, 0))


def drain(now: datetime) -> None:
    """Have warm machines stopped that are too many, too old, or of a definition that has changed since."""
    there = select(Lab).where(Lab.id.in_(select(WarmLab.lab_id)))
    if labs_there := db.session.scalars(there.execution_options(populate_existing=True)).all():
        _stop(WarmLab.state == WARM_READY, _is_old(now, labs_there))
    if any(row.missing < 0 for row in stock(now)):
        holdings.lock()
        give_up({row.lab_id: -row.missing for row in stock(now) if row.missing < 0})


def _is_old(now: datetime, of_labs: Iterable[Lab]) -> ColumnElement[bool]:
    """Match the machines of these labs that are out of date or too old to be given away."""
    changed = (
        and_(
            WarmLab.lab_id == lab.id,
            or_(WarmLab.definition != definitions.fingerprint(lab), WarmLab.created_at < now - LONGEST),
        )
        for lab in of_labs
    )
    return or_(*changed)


def claim_start(
    limits: Limits, now: datetime, paused: frozenset[int] = frozenset(), held: Collection[int] = ()
) -> WarmLab | None:
    """Take a machine to start: one that was put off or whose scheduler died, else a new row; None if none is due.

    New ones are made only while no student waits for room, and never beyond the limits. `paused` labs get no new one.
    """
    warm_lab = leases.next_due(WarmLab, now, WarmLab.state == WARM_STARTING, order_by=[WarmLab.id], but=held)
    if warm_lab is not None:
        leases.set_on(warm_lab, {"tries": leases.tries_of(warm_lab), **leases.held(now)})
        return warm_lab
    if not _missing(now, paused):
        return None
    holdings.lock()
    machines = holdings.holdings(limits.instance)
    is_awaited = any(order.can_move(entry, machines, limits) for entry in holdings.waiting())
    if machines.is_down or is_awaited:
        return None
    for lab_id in _missing(now, paused):
        lab = db.session.get_one(Lab, lab_id)
        if order.no_room(placement.needs_of(lab.cpu_mhz, lab.memory_mb, lab.template), machines, limits) is None:
            return _new(lab, now)
    return None


def _missing(now: datetime, paused: frozenset[int]) -> list[int]:
    """Return the labs that lack warm machines, first the one that lacks most."""
    short = [row for row in stock(now) if row.missing > 0 and row.lab_id not in paused]
    return [row.lab_id for row in sorted(short, key=lambda row: (-row.missing, row.lab_id))]


def _new(lab: Lab, now: datetime) -> WarmLab:
    job_id = job_names.job_id(lab.course.slug, lab.slug, HANDLE, uuid.uuid4())
    made_of = definitions.fingerprint(lab)
    warm_lab = WarmLab(lab_id=lab.id, job_id=job_id, definition=made_of, created_at=now, **leases.held(now))
    db.session.add(warm_lab)
    db.session.flush()
    return warm_lab


def ready(warm_id: int, now: datetime) -> bool:
    """Note that it runs; False when it was given up meanwhile."""
    statement = update(WarmLab).where(WarmLab.id == warm_id, _may_become(WARM_READY))
    changed = db.session.scalar(
        statement.values(state=WARM_READY, ready_at=now, tries=0, detail=None, **leases.FREE).returning(WarmLab.id)
    )
    # Somebody may wait for just this one.
    live.nudge("labs")
    return changed is not None


def put_off(warm_id: int, tries: int, now: datetime, detail: Reason) -> None:
    """Put off a start or a stop that has failed `tries` times; it is tried again later."""
    values = {"detail": detail, **RETRIES.later(tries, now)}
    db.session.execute(update(WarmLab).where(WarmLab.id == warm_id).values(**values))


def discard(warm_id: int) -> None:
    """Have a machine stopped whose start failed, because something of it may run."""
    _stop(WarmLab.id == warm_id)


def claim_stop(now: datetime, held: Collection[int] = ()) -> WarmLab | None:
    """Take a machine that is to be stopped; None if there is none."""
    return leases.claim(WarmLab, now, WarmLab.state == WARM_STOPPING, order_by=[WarmLab.id], but=held)


def due(now: ColumnElement[datetime]) -> ScalarSelect[Any]:
    """Ask from when on a machine is to be started again or stopped."""
    return leases.due(WarmLab, now, WarmLab.state.in_((WARM_STARTING, WARM_STOPPING)))


def stand(_now: ColumnElement[datetime]) -> ScalarSelect[Any]:
    """Ask for a text that changes with the warm machines and the plans; NULL where there are none of either."""
    rows = select(func.count(), func.max(WarmLab.id), func.count().filter(WarmLab.state == WARM_READY)).subquery()
    plans = select(func.count(), func.max(WarmPlan.id)).subquery()
    parts = func.concat_ws(" ", *rows.c, *plans.c)
    query = select(case((rows.c[0] + plans.c[0] > 0, parts), else_=None))
    return query.select_from(rows.join(plans, true())).scalar_subquery()


def gone(warm_id: int) -> None:
    """Forget a machine that has been stopped."""
    db.session.execute(delete(WarmLab).where(WarmLab.id == warm_id))
    live.nudge("labs")


def retire(job_id: str) -> None:
    """Have a ready machine stopped whose node is leaving; another one is made elsewhere."""
    _stop(WarmLab.job_id == job_id, WarmLab.state == WARM_READY)


def lose(job_id: str) -> bool:
    """Forget a ready machine whose job has died; False when it has become somebody's or goes already."""
    dead = delete(WarmLab).where(WarmLab.job_id == job_id, WarmLab.state == WARM_READY).returning(WarmLab.id)
    return db.session.scalar(dead) is not None


def _stop(*conditions: ColumnElement[bool]) -> None:
    where = (*conditions, _may_become(WARM_STOPPING))
    statement = update(WarmLab).where(*where).values(state=WARM_STOPPING, tries=0, **leases.FREE)
    result = db.session.execute(statement.returning(WarmLab.id).execution_options(synchronize_session=False))
    if result.all():
        live.nudge("labs")


def _may_become(state: str) -> ColumnElement[bool]:
    """Match the machines that may go to a state, by the table of their transitions."""
    return WarmLab.state.in_([old for old, following in WARM_TRANSITIONS.items() if state in following])
