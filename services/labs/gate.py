"""The one gate before every way to start a lab: who may start it, and whether it can ever start on this site.

A lab that can never start isn't queued. A lab for which there is no room now is: that isn't checked here.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any, Literal

import lab_templates
from extensions import db
from models import ClusterState, Lab
from services import policy
from services.capacity import placement
from services.capacity.placement import Holdings, Room

# `outsider`: not in the course. `off`: no labs here. The others are of the lab itself: no machine runs its kind, or
# none is large enough, were it empty.
Why = Literal["outsider", "off", "driver", "size"]
OF_LAB: tuple[Why, ...] = ("driver", "size")


@dataclass(frozen=True)
class Site:
    """Where labs run: the backend's name, and the row of the cluster below it."""

    backend: str
    instance: str


class Refused(Exception):
    """The gate is shut; `why` says what for. Its words are the edge's."""

    def __init__(self, why: Why) -> None:
        super().__init__(why)
        self.why = why


def admit(lab: Lab, role: str | None, site: Site) -> None:
    """Let somebody with that role in the course start the lab; raise Refused."""
    why = hindrance(lab, site) if policy.may_take_part(role) else "outsider"
    if why is not None:
        raise Refused(why)


def hindrance(lab: Lab, site: Site) -> Why | None:
    """Say why the lab can never start here, whoever asks; None when it can, or may.

    Machines that are away may come back, with any kind of lab: they count as empty and able.
    """
    if site.backend == "off":
        return "off"
    if not lab_templates.runs_on(lab.template, site.backend):
        return "driver"
    state = db.session.get(ClusterState, site.instance)
    if state is None or not state.nodes:
        return None
    needs = placement.needs_of(lab.cpu_mhz, lab.memory_mb, lab.template)
    full = placement.fits_nowhere(needs, Holdings(nodes=list(_rooms(state.nodes, lab.disk_mb + placement.OWN_DISK_MB))))
    if full is None:
        return None
    return "driver" if full.kind == "driver" else "size"


def _rooms(nodes: Iterable[dict[str, Any]], disk_mb: int) -> Iterable[Room]:
    for node in nodes:
        templates = node.get("templates") if node["is_ready"] else None
        # A disk of 0 MB is one that isn't known.
        has_disk = not node.get("disk_mb") or disk_mb <= node["disk_mb"]
        yield Room(
            node["cpu_mhz"] if has_disk else 0,
            node["memory_mb"] if has_disk else 0,
            templates=None if templates is None else frozenset(templates),
        )
