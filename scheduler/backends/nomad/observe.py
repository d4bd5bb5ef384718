"""Jobs and allocations of Nomad, as the contract sees them. Pure functions of Nomad's answers."""

import re
from collections.abc import Iterable, Mapping
from typing import Any

from scheduler.backends.base import Node, Observed
from scheduler.backends.nomad import words

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


def node(found: Mapping[str, Any], allocs: Iterable[Mapping[str, Any]], jobs_of_ours: set[str]) -> Node:
    """Return a node with what labs can have of it: its own reserve is taken off, and what others run there."""
    has, reserved = found.get("NodeResources") or {}, found.get("ReservedResources") or {}
    cpu = int((has.get("Cpu") or {}).get("CpuShares") or 0) - int((reserved.get("Cpu") or {}).get("CpuShares") or 0)
    memory = int((has.get("Memory") or {}).get("MemoryMB") or 0)
    memory -= int((reserved.get("Memory") or {}).get("MemoryMB") or 0)
    cpu_taken, memory_taken = 0, 0
    for alloc in allocs:
        if alloc.get("NodeID") == found.get("ID") and is_alive(alloc) and alloc.get("JobID") not in jobs_of_ours:
            for task in ((alloc.get("AllocatedResources") or {}).get("Tasks") or {}).values():
                cpu_taken += int((task.get("Cpu") or {}).get("CpuShares") or 0)
                memory_taken += int((task.get("Memory") or {}).get("MemoryMB") or 0)
    detail = _not_ready(found)
    return Node(str(found.get("Name") or ""), cpu, memory, cpu_taken, memory_taken, not detail, detail)


def _not_ready(found: Mapping[str, Any]) -> str:
    if found.get("Status") != "ready":
        return str(found.get("Status") or "unknown")
    if found.get("Drain"):
        return "draining"
    if found.get("SchedulingEligibility") != "eligible":
        return "not eligible"
    return ""
