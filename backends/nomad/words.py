"""What Nomad says about a lab that doesn't run, in words for students and operators. Pure functions of its answers."""

import re
from collections.abc import Iterable, Mapping
from typing import Any

# AllocationMetric.DimensionExhausted counts nodes by what they lack.
DIMENSIONS = {
    "memory": "memory",
    "cpu": "CPU",
    "cores": "CPU cores",
    "disk": "disk",
    "devices": "devices",
    "network: reserved port collision": "ports",
}
# Task events that say nothing about the reason of a failure.
DULL = {
    "Received",
    "Task Setup",
    "Started",
    "Terminated",
    "Not Restarting",
    "Killing",
    "Killed",
    "Alloc Unhealthy",
    "Reconnected",
}
MAX_REFUSAL = 300
# What a task says that was ended because of another one, which knows why.
SIBLING = "Sibling Task Failed"
# What a client says whose program for the task, its executor, was ended.
NO_EXECUTOR = "executor: error waiting on process"


def placement(metrics: Mapping[str, Any]) -> str:
    """Return why a group isn't placed: "memory: 3 of 3 nodes full"."""
    evaluated = int(metrics.get("NodesEvaluated") or 0)
    exhausted = metrics.get("DimensionExhausted") or {}
    filtered = metrics.get("ConstraintFiltered") or {}
    full = (f"{_dimension(name)}: {count} of {evaluated} nodes full" for name, count in _most(exhausted))
    lacking = (f"{count} of {evaluated} nodes lack {_constraint(name)}" for name, count in _most(filtered))
    if reasons := [*full, *lacking]:
        return "; ".join(reasons)
    quota = metrics.get("QuotaExhausted") or []
    if quota:
        return f"the quota is used up: {', '.join(map(str, quota))}"
    if not evaluated:
        # Those of other datacenters aren't even counted.
        pool = metrics.get("NodePool")
        return f"no node is ready for labs{f' in the node pool {pool}' if pool else ''}"
    return f"none of {evaluated} nodes can take it"


def failed_placement(evaluations: Iterable[Mapping[str, Any]]) -> str:
    """Return why the newest evaluation placed nothing; empty when it did, or when none has ended."""
    newest = max(evaluations, key=lambda found: int(found.get("ModifyIndex") or 0), default=None)
    failed = (newest or {}).get("FailedTGAllocs") or {}
    return "; ".join(placement(metrics) for metrics in failed.values())


def failure(alloc: Mapping[str, Any]) -> str:
    """Return the task event that tells why an allocation failed."""
    said = ""
    events = {name: (state or {}).get("Events") or [] for name, state in (alloc.get("TaskStates") or {}).items()}
    for name, told in events.items():
        if len(events) > 1 and any(event.get("Type") == SIBLING for event in told):
            continue
        for event in told:
            text = str(event.get("DisplayMessage") or event.get("Message") or "")
            if text and event.get("Type") not in DULL:
                said = f"{name}: {text}"
            elif text and event.get("Type") == "Terminated" and event.get("ExitCode"):
                words = "its executor, the node's own program for it, was ended" if NO_EXECUTOR in text else text
                said = said or f"{name}: {words}"
    return said or str(alloc.get("ClientDescription") or "the machine ended without a reason")


def refusal(text: str) -> str:
    """Return Nomad's no in one line: several faults come as a list with a heading."""
    listed = re.sub(r"^\s*\d+ errors? occurred:", "\n", text)
    faults = (" ".join(fault.split()) for fault in re.split(r"\n\s*\* ", listed))
    return "; ".join(fault for fault in faults if fault)[:MAX_REFUSAL]


def ending(alloc: Mapping[str, Any], node: Mapping[str, Any] | None) -> str:
    """Return why a lab that ran has no machine any more: lost, drained, over its time, failed."""
    name = str(alloc.get("NodeName") or "its node")
    if alloc.get("ClientStatus") in ("lost", "unknown"):
        return f"the machine {name} went away"
    if (alloc.get("DesiredTransition") or {}).get("Migrate") or (node or {}).get("Drain"):
        return f"the machine {name} was taken out of service"
    description = str(alloc.get("DesiredDescription") or "")
    if "max_run_duration" in description or "max_run_duration" in str(alloc.get("ClientDescription") or ""):
        return "its longest life is over"
    return failure(alloc)


def _most(counts: Mapping[str, int]) -> list[tuple[str, int]]:
    return sorted(counts.items(), key=lambda pair: -pair[1])


def _dimension(name: str) -> str:
    return DIMENSIONS.get(name, name)


def _constraint(name: str) -> str:
    if name.startswith("missing drivers"):
        return "the driver"
    if "node.pool" in name or "node pool" in name:
        return "the node pool"
    if "datacenter" in name:
        return "the datacenter"
    return f"what it asks for ({name})"
