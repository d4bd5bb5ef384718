"""What holds machines and who waits for one, read from the tables for `order` to decide on."""

from collections import Counter
from functools import cache
from typing import Any

from sqlalchemy import ColumnElement, case, func, select, text
from sqlalchemy.orm import aliased

from extensions import db
from lab_templates import TEMPLATES
from models import Activity, ClusterState, GradingRun, Lab, LabSession, WarmLab
from models.cluster import WARM_READY, WARM_STARTING, WARM_STOPPING
from models.grading_run import RUN_RUNNING
from models.lab_session import QUEUED, RUNNING, STARTING, STOPPING
from reasons import Code, Reason
from services.capacity.order import Holdings, Room, Waiting, Warm

# The advisory lock's number, any that is unused. Machines are given away one at a time: the last one is given once.
LOCK = 20_260_003
HOLDING = (STARTING, RUNNING, STOPPING)
# What a session waits for then, whether it is to start or to stop.
DOWN = Reason(Code.CLUSTER_DOWN)
# The table alone: a lab's title and place in its course don't matter here.
_lab = Lab.__table__.c


def _needs() -> tuple[ColumnElement[int], ColumnElement[int]]:
    """Return the CPU and the memory that a lab holds, as `placement.needs_of` has them."""
    kinds = TEMPLATES.values()
    cpu_mhz = _lab.cpu_mhz + case({kind.name: kind.beside_mhz for kind in kinds}, value=_lab.template, else_=0)
    least_mb = case({kind.name: kind.least_mb for kind in kinds}, value=_lab.template, else_=0)
    beside_mb = case({kind.name: kind.beside_mb for kind in kinds}, value=_lab.template, else_=0)
    return cpu_mhz, func.greatest(_lab.memory_mb, least_mb) + beside_mb


def lock() -> None:
    """Let nobody else give a machine away until the caller commits."""
    db.session.execute(text("SELECT pg_advisory_xact_lock(:lock)"), {"lock": LOCK})


@cache
def _held(_templates: frozenset[str]) -> tuple[Any, Any]:
    """Return the queries for what sessions with tests of answers, and warm machines hold.

    Built once: building costs more than running.
    """
    cpu_needed, memory_needed = _needs()
    needs = (
        func.coalesce(func.sum(cpu_needed), 0).label("cpu_mhz"),
        func.coalesce(func.sum(memory_needed), 0).label("memory_mb"),
        _lab.template,
    )
    sessions = (
        select(LabSession.course_id, func.count(), *needs)
        .join(Lab.__table__, _lab.id == LabSession.lab_id)
        .where(LabSession.state.in_(HOLDING))
        .group_by(LabSession.course_id, _lab.template)
    )
    course_of_lab = Activity.__table__.c
    runs = (
        select(course_of_lab.course_id, func.count(), *needs)
        .select_from(GradingRun)
        .join(Lab.__table__, _lab.id == GradingRun.lab_id)
        .join(Activity.__table__, course_of_lab.id == GradingRun.lab_id)
        .where(GradingRun.state == RUN_RUNNING)
        .group_by(course_of_lab.course_id, _lab.template)
    )
    of_state = [func.count().filter(WarmLab.state == state) for state in (WARM_STARTING, WARM_READY, WARM_STOPPING)]
    warm = (
        select(WarmLab.lab_id, *of_state, *needs)
        .join(Lab.__table__, _lab.id == WarmLab.lab_id)
        .group_by(WarmLab.lab_id, _lab.template)
    )
    return sessions.union_all(runs), warm


def holdings(instance: str) -> Holdings:
    """Return what holds machines now: three statements."""
    sessions, warm = _held(frozenset(TEMPLATES))
    held, kept = db.session.execute(sessions).all(), db.session.execute(warm).all()
    columns = (ClusterState.cpu_mhz, ClusterState.memory_mb, ClusterState.down_since, ClusterState.nodes)
    cluster = db.session.execute(select(*columns).where(ClusterState.instance == instance)).one_or_none()
    by_course: Counter[int] = Counter()
    for row in held:
        by_course[row[0]] += row[1]
    by_template: dict[str, tuple[int, int]] = {}
    for row in (*held, *kept):
        cpu_mhz, memory_mb = by_template.get(row.template, (0, 0))
        by_template[row.template] = cpu_mhz + int(row.cpu_mhz), memory_mb + int(row.memory_mb)
    return Holdings(
        by_course=by_course,
        warm={row[0]: Warm(row[1], row[2], row[3], row.template) for row in kept},
        cpu_mhz=sum(cpu_mhz for cpu_mhz, _memory_mb in by_template.values()),
        memory_mb=sum(memory_mb for _cpu_mhz, memory_mb in by_template.values()),
        cluster_cpu_mhz=cluster[0] if cluster else 0,
        # A cluster that counts no CPU isn't counted at all.
        cluster_memory_mb=cluster[1] if cluster and cluster[0] else 0,
        nodes=[_room(node) for node in cluster[3] if node["is_ready"]] if cluster else [],
        by_template=by_template,
        is_down=cluster is not None and cluster[2] is not None,
    )


def _room(node: dict[str, Any]) -> Room:
    # A row of a version before has no templates.
    templates = node.get("templates")
    return Room(
        node["cpu_mhz"],
        node["memory_mb"],
        node["cpu_taken_mhz"],
        node["memory_taken_mb"],
        None if templates is None else frozenset(templates),
    )


@cache
def _waiting(_templates: frozenset[str]) -> Any:
    other = aliased(LabSession)
    of_user = (
        select(func.count()).where(other.user_id == LabSession.user_id, other.state.in_(HOLDING)).scalar_subquery()
    )
    columns = (
        LabSession.id,
        LabSession.user_id,
        LabSession.course_id,
        LabSession.lab_id,
        LabSession.queued_at,
        *_needs(),
        LabSession.retry_at,
        LabSession.waiting_for,
        of_user,
        _lab.template,
    )
    return select(*columns).join(Lab.__table__, _lab.id == LabSession.lab_id).where(LabSession.state == QUEUED)


def waiting() -> list[Waiting]:
    """Return everybody who waits, in one statement."""
    return [Waiting(*row) for row in db.session.execute(_waiting(frozenset(TEMPLATES)))]


def is_down(instance: str) -> bool:
    """Say whether the cluster is known not to answer."""
    return bool(db.session.scalar(select(down(instance))))


def down(instance: str) -> ColumnElement[bool]:
    """Ask, within another question, whether the cluster is known not to answer."""
    return (
        select(ClusterState.instance)
        .where(ClusterState.instance == instance, ClusterState.down_since.is_not(None))
        .exists()
    )
