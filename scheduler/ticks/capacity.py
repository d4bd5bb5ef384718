"""Counts the cluster: what it has, what labs hold of it, and whether it answers at all."""

import itertools
from collections.abc import Callable, Sequence
from dataclasses import asdict

from prometheus_client import Gauge

from backends import Backend, BackendError, Node, reason_of
from config import Settings
from extensions import db
from models import utcnow
from services import live
from services.capacity import holdings
from services.labs import clusters

# Waiting students' pages are told after this many rounds that their expected wait has changed.
TELL_EVERY_ROUNDS = 2

CPU = Gauge(
    "yurt_cluster_cpu_mhz",
    "CPU for labs: what ready nodes have for them, and what labs hold.",
    ["of"],
    multiprocess_mode="livemostrecent",
)
MEMORY = Gauge(
    "yurt_cluster_memory_mb",
    "Memory for labs: what ready nodes have for them, and what labs hold.",
    ["of"],
    multiprocess_mode="livemostrecent",
)
NODES = Gauge(
    "yurt_cluster_nodes", "Nodes, by whether they take labs.", ["is_ready"], multiprocess_mode="livemostrecent"
)
HELD = Gauge("yurt_labs_held", "Machines held, by what for.", ["kind"], multiprocess_mode="livemostrecent")
DOWN = Gauge("yurt_cluster_down", "1 while the cluster doesn't answer.", multiprocess_mode="livemostrecent")


def counter(settings: Settings, backend: Backend) -> Callable[[], bool]:
    """Return the work of the tick."""
    rounds = itertools.count()

    def work() -> bool:
        look(settings.instance, backend)
        if next(rounds) % TELL_EVERY_ROUNDS == 0:
            live.places_changed()
            db.session.commit()
        return False

    return work


def look(instance: str, backend: Backend) -> None:
    """Ask the backend for its nodes, and write them down; where it doesn't answer, write that, and raise its error."""
    try:
        nodes = backend.capacity() or []
    except (BackendError, OSError) as error:
        DOWN.set(1)
        clusters.down(instance, reason_of(error), utcnow())
        db.session.commit()
        raise
    DOWN.set(0)
    clusters.seen(instance, [asdict(node) for node in nodes], utcnow())
    db.session.commit()
    measure(instance, nodes)
    db.session.commit()


def measure(instance: str, nodes: Sequence[Node]) -> None:
    """Set the gauges, from the nodes and from the rows that hold machines."""
    totals = holdings.holdings(instance)
    CPU.labels("total").set(totals.cluster_cpu_mhz)
    CPU.labels("held").set(totals.cpu_mhz)
    MEMORY.labels("total").set(totals.cluster_memory_mb)
    MEMORY.labels("held").set(totals.memory_mb)
    HELD.labels("session").set(sum(totals.by_course.values()))
    HELD.labels("warm").set(totals.total - sum(totals.by_course.values()))
    for is_ready in (True, False):
        NODES.labels(str(is_ready).lower()).set(sum(1 for node in nodes if node.is_ready is is_ready))
