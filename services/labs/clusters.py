"""What the scheduler last saw of the cluster below the labs, kept for claims, pages and plans."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import func
from sqlalchemy.dialects.postgresql import insert

from extensions import db
from models import ClusterState
from reasons import Reason
from services import live

# What a backend says of a node that is being emptied.
DRAINING = "draining"


def seen(instance: str, nodes: Sequence[dict[str, Any]], now: datetime) -> None:
    """Write down the cluster's machines, and that it answers. An empty list means that the backend doesn't count them.

    A node is {name, cpu_mhz, memory_mb, cpu_taken_mhz, memory_taken_mb, is_ready, detail, disk_mb, disk_taken_mb,
    templates}. The totals are what ready nodes have for this instance's labs: without what others have taken.
    """
    ready = [node for node in nodes if node["is_ready"]]
    values = {
        "seen_at": now,
        "cpu_mhz": sum(max(0, node["cpu_mhz"] - node["cpu_taken_mhz"]) for node in ready),
        "memory_mb": sum(max(0, node["memory_mb"] - node["memory_taken_mb"]) for node in ready),
        "nodes": list(nodes),
        "detail": None,
    }
    before = db.session.get(ClusterState, instance, populate_existing=True)
    is_back = before is not None and before.down_since is not None
    has_grown = before is not None and values["cpu_mhz"] > before.cpu_mhz
    _write(instance, {**values, "down_since": None})
    if is_back or has_grown:
        live.nudge("labs")
    if is_back:
        live.places_changed()


def down(instance: str, detail: Reason, now: datetime) -> None:
    """Note that the cluster doesn't answer; since when stays what it was."""
    before = db.session.get(ClusterState, instance, populate_existing=True)
    _write(instance, {"detail": detail}, down_since=now)
    if before is None or before.down_since is None:
        live.places_changed()


def state(instance: str) -> ClusterState | None:
    """Return what is known of the cluster."""
    return db.session.get(ClusterState, instance, populate_existing=True)


def leaving(instance: str) -> list[str]:
    """Return the machines that are being taken out of service."""
    cluster = state(instance)
    return [node["name"] for node in cluster.nodes if node.get("detail") == DRAINING] if cluster else []


def event_index(instance: str) -> int:
    """Return the place in the backend's stream of events up to which all events were handled."""
    cluster = state(instance)
    return cluster.event_index if cluster else 0


def note_event_index(instance: str, index: int) -> None:
    """Remember the place in the stream of events."""
    _write(instance, {"event_index": index})


def _write(instance: str, values: dict[str, Any], down_since: datetime | None = None) -> None:
    # Other columns of the row, such as the place in the stream of events, belong to others.
    row = insert(ClusterState).values(instance=instance, **{"down_since": down_since, **values})
    changes = dict(values)
    if down_since is not None:
        changes["down_since"] = func.coalesce(ClusterState.down_since, down_since)
    db.session.execute(
        row.on_conflict_do_update(index_elements=[ClusterState.instance], set_=changes),
        execution_options={"populate_existing": True},
    )
