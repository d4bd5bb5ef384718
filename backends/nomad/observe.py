"""Jobs and allocations of Nomad, as the contract sees them. Pure functions of Nomad's answers."""

import re
from collections.abc import Collection, Iterable, Mapping
from typing import Any

from backends.base import Node, Observed
from backends.nomad import words

# Client states of an allocation that has, or may have, processes.
ALIVE = ("pending", "running", "unknown")


def instance_of(job: Mapping[str, Any]) -> str:
    """Return whose the job is; empty for one that is no lab of any Yurt."""
    return str((job.get("Meta") or {}).get("yurt_instance") or "")


def newest(allocs: Iterable[Mapping[str, Any]]) -> Mapping[str, Any] | None:
    """Return the job's newest allocation."""
    return max(allocs, key=lambda alloc: int(alloc.get("CreateIndex") or 0), default=None)


def observed(job: Mapping[str, Any], alloc: Mapping[str, Any] | None) -> Observed:
    """Return a job as the contract sees it: it is as its newest allocation is."""
    session_id = str((job.get("Meta") or {}).get("yurt_session") or "")
    job_id = str(job["ID"])
    if alloc is None:
        is_over = job.get("Stop") or job.get("Status") == "dead"
        return Observed(job_id, session_id, "dead" if is_over else "pending")
    node = str(alloc.get("NodeName") or "")
    if is_running(alloc):
        return Observed(job_id, session_id, "running", node=node)
    # One whose node is silent (`unknown`) may come back with it; when Nomad gives it up, it is `lost`.
    if alloc.get("ClientStatus") in ("pending", "unknown") and alloc.get("DesiredStatus") == "run":
        return Observed(job_id, session_id, "pending", node=node)
    return Observed(job_id, session_id, "dead", words.ending(alloc, None), node)


def is_running(alloc: Mapping[str, Any]) -> bool:
    """Say whether the lab can be reached: every task of the allocation runs."""
    states = (alloc.get("TaskStates") or {}).values()
    is_wanted = alloc.get("DesiredStatus") == "run" and alloc.get("ClientStatus") == "running"
    return bool(is_wanted and states and all((state or {}).get("State") == "running" for state in states))


def is_alive(alloc: Mapping[str, Any]) -> bool:
    """Say whether processes of the allocation may be left."""
    if alloc.get("ClientStatus") not in ALIVE:
        return False
    return alloc.get("ClientStatus") != "unknown"


def takes_labs(found: Mapping[str, Any], pool: str, datacenters: Iterable[str]) -> bool:
    """Say whether labs may be placed on a node: it is in their pool, and in one of the datacenters that jobs name.

    In those `*` stands for any letters, as in a job; in the pool `all` is every node.
    """
    names = (".*".join(map(re.escape, name.split("*"))) for name in datacenters)
    is_near = any(re.fullmatch(name, str(found.get("Datacenter") or "")) for name in names)
    return is_near and pool in ("all", found.get("NodePool") or "default")


def node(
    found: Mapping[str, Any],
    allocs: Iterable[Mapping[str, Any]],
    jobs_of_ours: set[str],
    drivers: Mapping[str, Collection[str]],
) -> Node:
    """Return a node with what labs can have of it: its own reserve is taken off, and what others run there.

    `drivers` are those that each template needs.
    """
    has, reserved = found.get("NodeResources") or {}, found.get("ReservedResources") or {}
    cpu, memory, disk = (
        _amount(has, part, unit) - _amount(reserved, part, unit)
        for part, unit in (("Cpu", "CpuShares"), ("Memory", "MemoryMB"), ("Disk", "DiskMB"))
    )
    cpu_taken, memory_taken, disk_taken = 0, 0, 0
    for alloc in allocs:
        if alloc.get("NodeID") == found.get("ID") and is_alive(alloc) and alloc.get("JobID") not in jobs_of_ours:
            resources = alloc.get("AllocatedResources") or {}
            disk_taken += int((resources.get("Shared") or {}).get("DiskMB") or 0)
            for task in (resources.get("Tasks") or {}).values():
                cpu_taken += _amount(task, "Cpu", "CpuShares")
                memory_taken += _amount(task, "Memory", "MemoryMB")
    detail = _not_ready(found)
    return Node(
        name=str(found.get("Name") or ""),
        cpu_mhz=cpu,
        memory_mb=memory,
        cpu_taken_mhz=cpu_taken,
        memory_taken_mb=memory_taken,
        is_ready=not detail,
        detail=detail,
        disk_mb=disk,
        disk_taken_mb=disk_taken,
        templates=_templates(found, drivers),
    )


def _amount(resources: Mapping[str, Any], part: str, unit: str) -> int:
    return int((resources.get(part) or {}).get(unit) or 0)


def _templates(found: Mapping[str, Any], drivers: Mapping[str, Collection[str]]) -> tuple[str, ...] | None:
    """Return the templates whose drivers all work on the node; None of a node that doesn't tell its drivers."""
    told = found.get("Drivers")
    if not told:
        return None
    works = {name for name, driver in told.items() if driver and driver.get("Detected") and driver.get("Healthy")}
    return tuple(template for template, needed in drivers.items() if works.issuperset(needed))


def _not_ready(found: Mapping[str, Any]) -> str:
    if found.get("Status") != "ready":
        return str(found.get("Status") or "unknown")
    if found.get("Drain"):
        return "draining"
    if found.get("SchedulingEligibility") != "eligible":
        return "not eligible"
    return ""
