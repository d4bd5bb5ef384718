"""Decides what fits: what labs hold, what machines there are, and which resource is short. Pure."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Literal

import lab_templates
from reasons import Code, Reason

Kind = Literal["machines", "user", "course", "cpu", "memory", "size", "driver", "cluster"]


# Disk that a lab's job asks for beside the lab's own: for logs, and what its program writes.
OWN_DISK_MB = 32


@dataclass(frozen=True)
class Limits:
    """How many labs may hold a machine: in all, for one person, and for one course while others wait (per cent).

    `instance` names the cluster's row, whose CPU and memory limit too; without such a row they don't.
    """

    total: int
    user: int
    course_percent: int = 100
    instance: str = ""

    @property
    def course(self) -> int:
        """How many machines are one course's share: one at least, or it could never begin."""
        return max(1, self.total * self.course_percent // 100)


@dataclass(frozen=True)
class Needs:
    """What a lab asks for: CPU in MHz, memory in MB, and machines that run its template."""

    cpu_mhz: int
    memory_mb: int
    template: str = ""


def needs_of(cpu_mhz: int, memory_mb: int, template: str) -> Needs:
    """Return what a lab with this definition holds of a machine, which may be more than the definition says."""
    kind = lab_templates.find(template)
    return Needs(cpu_mhz + kind.beside_mhz, max(memory_mb, kind.least_mb) + kind.beside_mb, template)


@dataclass(frozen=True)
class Room:
    """A machine of the cluster: what it has in all, how much of it others than labs hold, and what it runs.

    `templates` is None where the backend doesn't tell: then it runs everything.
    """

    cpu_mhz: int
    memory_mb: int
    cpu_taken_mhz: int = 0
    memory_taken_mb: int = 0
    templates: frozenset[str] | None = None

    def runs(self, template: str) -> bool:
        """Say whether labs of this template can run here."""
        return self.templates is None or not template or template in self.templates


@dataclass(frozen=True)
class Warm:
    """The warm machines of one lab, by their state, and its template."""

    starting: int = 0
    ready: int = 0
    stopping: int = 0
    template: str = ""


@dataclass(frozen=True)
class Holdings:
    """What holds machines now: sessions by course, and warm labs by lab; CPU and memory are those of both together.

    `cluster_cpu_mhz` and `cluster_memory_mb` are what there is for this instance's labs; 0 is not counted. `nodes` are
    the cluster's machines: a lab runs on one of them, and can't be spread. `by_template` is what labs of each template
    hold, CPU and memory.
    """

    by_course: Mapping[int, int] = field(default_factory=dict)
    warm: Mapping[int, Warm] = field(default_factory=dict)
    cpu_mhz: int = 0
    memory_mb: int = 0
    cluster_cpu_mhz: int = 0
    cluster_memory_mb: int = 0
    nodes: Sequence[Room] = ()
    by_template: Mapping[str, tuple[int, int]] = field(default_factory=dict)
    is_down: bool = False

    @property
    def total(self) -> int:
        """How many machines are held, warm ones included."""
        return sum(self.by_course.values()) + sum(row.starting + row.ready + row.stopping for row in self.warm.values())

    def with_one(self, course_id: int, needs: Needs) -> "Holdings":
        """Return the holdings with one more lab of the course."""
        cpu_mhz, memory_mb = self.by_template.get(needs.template, (0, 0))
        held = cpu_mhz + needs.cpu_mhz, memory_mb + needs.memory_mb
        return replace(
            self,
            by_course={**self.by_course, course_id: self.by_course.get(course_id, 0) + 1},
            cpu_mhz=self.cpu_mhz + needs.cpu_mhz,
            memory_mb=self.memory_mb + needs.memory_mb,
            by_template={**self.by_template, needs.template: held},
        )


@dataclass(frozen=True)
class Full:
    """What holds a session up: so much of so much is used, or (`size`, `driver`, `cluster`) none is asked for."""

    kind: Kind
    used: int = 0
    limit: int = 0

    @property
    def reason(self) -> Reason:
        """The same, as it is told."""
        code, used, limit = _CODES[self.kind]
        return Reason(code, **({used: self.used, limit: self.limit} if used else {}))


# The code of each kind, and the names of its parameters.
_CODES: dict[Kind, tuple[Code, str, str]] = {
    "machines": (Code.MACHINES_IN_USE, "used", "limit"),
    "user": (Code.OWN_LABS_IN_USE, "used", "limit"),
    "course": (Code.COURSE_SHARE_IN_USE, "used", "limit"),
    "cpu": (Code.CPU_IN_USE, "used_mhz", "limit_mhz"),
    "memory": (Code.MEMORY_IN_USE, "used_mb", "limit_mb"),
    "size": (Code.TOO_LARGE_NOW, "", ""),
    "driver": (Code.KIND_RUNS_NOWHERE, "", ""),
    "cluster": (Code.CLUSTER_DOWN, "", ""),
}


def no_room(needs: Needs, held: Holdings, limits: Limits) -> Full | None:
    """Return what there is too little of for one more such lab; None when there is room."""
    hopeless = fits_nowhere(needs, held)
    if hopeless is not None:
        return hopeless
    if held.total >= limits.total:
        return Full("machines", held.total, limits.total)
    full = _short(needs, held.cpu_mhz, held.memory_mb, held.cluster_cpu_mhz, held.cluster_memory_mb)
    able = [node for node in held.nodes if node.runs(needs.template)]
    if full is None and len(able) < len(held.nodes):
        cpu = sum(max(0, node.cpu_mhz - node.cpu_taken_mhz) for node in able)
        memory = sum(max(0, node.memory_mb - node.memory_taken_mb) for node in able)
        full = _short(needs, *held.by_template.get(needs.template, (0, 0)), cpu, memory)
    return full


def _short(needs: Needs, cpu_held: int, memory_held: int, cpu_mhz: int, memory_mb: int) -> Full | None:
    if cpu_mhz and cpu_held + needs.cpu_mhz > cpu_mhz:
        return Full("cpu", cpu_held, cpu_mhz)
    if memory_mb and memory_held + needs.memory_mb > memory_mb:
        return Full("memory", memory_held, memory_mb)
    return None


def fits_nowhere(needs: Needs, held: Holdings) -> Full | None:
    """Return why no machine could take the lab even if it were empty: `size` or `driver`; None where one could."""
    able = [node for node in held.nodes if node.runs(needs.template)]
    if held.nodes and not able:
        return Full("driver")
    is_beyond_all = (held.cluster_cpu_mhz and needs.cpu_mhz > held.cluster_cpu_mhz) or (
        held.cluster_memory_mb and needs.memory_mb > held.cluster_memory_mb
    )
    is_beyond_each = able and not any(
        needs.cpu_mhz <= node.cpu_mhz and needs.memory_mb <= node.memory_mb for node in able
    )
    return Full("size") if is_beyond_all or is_beyond_each else None


def compete(one: str, other: str, held: Holdings) -> bool:
    """Say whether labs of two templates may want the same machine."""
    return not held.nodes or any(node.runs(one) and node.runs(other) for node in held.nodes)
