"""Jobs and allocations of Nomad, as the contract sees them. Pure functions of Nomad's answers."""

import re
from collections.abc import Collection, Iterable, Mapping
from typing import Any

from backends.base import Node, Observed
from backends.nomad import words

# Client states of an allocation that has, or may have, processes.
ALIVE = ("pending", "running", "unknown")


def instance_of(job: Mapping[str, Any]) -> str:
    """Return the instance that the job belongs to; empty for a job that isn't a lab of any Yurt."""
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
    # An allocation on a silent node (`unknown`) may come back with the node; once Nomad gives it up, it is `lost`.
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


def takes_labs(stub: Mapping[str, Any], pool: str, datacenters: Iterable[str]) -> bool:
    """Say whether labs may be placed on a node: it is in their pool, and in one of the datacenters that jobs name.

    In those `*` stands for any letters, as in a job; in the pool `all` is every node.
    """
    names = (".*".join(map(re.escape, name.split("*"))) for name in datacenters)
    is_near = any(re.fullmatch(name, str(stub.get("Datacenter") or "")) for name in names)
    return is_near and pool in ("all", stub.get("NodePool") or "default")


def node(
    stub: Mapping[str, Any],
    allocs: Iterable[Mapping[str, Any]],
    jobs_of_ours: set[str],
    drivers: Mapping[str, Collection[str]],
) -> Node:
    """Return a node of Nomad's list: its resources without its own reserve, and what others than labs hold of them.

    `drivers` are those that each template needs.
    """
    has, reserved = stub.get("NodeResources") or {}, stub.get("ReservedResources") or {}
    cpu, memory, disk = (
        _amount(has, part, unit) - _amount(reserved, part, unit)
        for part, unit in (("Cpu", "CpuShares"), ("Memory", "MemoryMB"), ("Disk", "DiskMB"))
    )
    cpu_taken, memory_taken, disk_taken = 0, 0, 0
    for alloc in allocs:
        if alloc.get("NodeID") == stub.get("ID") and is_alive(alloc) and alloc.get("JobID") not in jobs_of_ours:
            resources = alloc.get("AllocatedResources") or {}
            disk_taken += int((resources.get("Shared") or {}).get("DiskMB") or 0)
            for task in (resources.get("Tasks") or {}).values():
                cpu_taken += _amount(task, "Cpu", "CpuShares")
                memory_taken += _amount(task, "Memory", "MemoryMB")
    detail = _not_ready(stub)
    return Node(
        name=str(stub.get("Name") or ""),
        cpu_mhz=cpu,
        memory_mb=memory,
        cpu_taken_mhz=cpu_taken,
        memory_taken_mb=memory_taken,
        is_ready=not detail,
        detail=detail,
        disk_mb=disk,
        disk_taken_mb=disk_taken,
        templates=_templates(stub, drivers),
    )


def _amount(resources: Mapping[str, Any], part: str, unit: str) -> int:
    return int((resources.get(part) or {}).get(unit) or 0)


def _templates(stub: Mapping[str, Any], drivers: Mapping[str, Collection[str]]) -> tuple[str, ...] | None:
    """Return the templates whose drivers all work on the node; None for a node that reports no drivers."""
    drivers_there = stub.get("Drivers")
    if not drivers_there:
        return None
    works = {
        name for name, driver in drivers_there.items() if driver and driver.get("Detected") and driver.get("Healthy")
    }
    return tuple(template for template, needed in drivers.items() if works.issuperset(needed))


def _not_ready(stub: Mapping[str, Any]) -> str:
    if stub.get("Status") != "ready":
        return str(stub.get("Status") or "unknown")
    if stub.get("Drain"):
        return "draining"
    if stub.get("SchedulingEligibility") != "eligible":
        return "ineligible"
    return ""
