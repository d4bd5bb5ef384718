"""What Nomad says about a lab that doesn't run, as reasons. Pure functions of its answers."""

import re
from collections.abc import Iterable, Mapping
from typing import Any

from reasons import Code, Reason

# AllocationMetric.DimensionExhausted counts nodes by what they lack: these names are terms of `reasons`, but for one.
DIMENSIONS = {"network: reserved port collision": "ports"}
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


def placement(metrics: Mapping[str, Any]) -> Reason:
    """Return why a group isn't placed: memory is full on 3 of 3 nodes."""
    evaluated = int(metrics.get("NodesEvaluated") or 0)
    exhausted = metrics.get("DimensionExhausted") or {}
    filtered = metrics.get("ConstraintFiltered") or {}
    full = (_full(name, count, evaluated) for name, count in _most(exhausted))
    lacking = (_lacking(name, count, evaluated) for name, count in _most(filtered))
    if reasons := [*full, *lacking]:
        return Reason.all_of(reasons)
    quota = metrics.get("QuotaExhausted") or []
    if quota:
        return Reason(Code.QUOTA_USED_UP, quotas=", ".join(map(str, quota)))
    if evaluated:
        return Reason(Code.NO_NODE_TAKES_IT, total=evaluated)
    # Those of other datacenters aren't even counted.
    pool = metrics.get("NodePool")
    return Reason(Code.NO_NODE_IN_POOL, pool=str(pool)) if pool else Reason(Code.NO_NODE)


def failed_placement(evaluations: Iterable[Mapping[str, Any]]) -> Reason | None:
    """Return why the newest evaluation placed nothing; None when it did, or when none has ended."""
    newest = max(evaluations, key=lambda evaluation: int(evaluation.get("ModifyIndex") or 0), default=None)
    failed = (newest or {}).get("FailedTGAllocs") or {}
    reasons = [part for metrics in failed.values() for part in placement(metrics).parts()]
    return Reason.all_of(reasons) if reasons else None


def failure(alloc: Mapping[str, Any]) -> Reason:
    """Return the task event that tells why an allocation failed."""
    reason: Reason | None = None
    events = {name: (state or {}).get("Events") or [] for name, state in (alloc.get("TaskStates") or {}).items()}
    for name, task_events in events.items():
        if len(events) > 1 and any(event.get("Type") == SIBLING for event in task_events):
            continue
        for event in task_events:
            text = str(event.get("DisplayMessage") or event.get("Message") or "")
            if text and event.get("Type") not in DULL:
                reason = Reason(Code.TASK_ENDED, task=name, said=text)
            elif text and event.get("Type") == "Terminated" and event.get("ExitCode"):
                reason = reason or _terminated(name, text)
    if reason is not None:
        return reason
    description = str(alloc.get("ClientDescription") or "")
    return Reason.said(description) if description else Reason(Code.ENDED_SILENTLY)


def _terminated(task: str, text: str) -> Reason:
    if NO_EXECUTOR in text:
        return Reason(Code.EXECUTOR_ENDED, task=task)
    return Reason(Code.TASK_ENDED, task=task, said=text)


def refusal(text: str) -> str:
    """Return Nomad's no in one line: several faults come as a list with a heading."""
    listed = re.sub(r"^\s*\d+ errors? occurred:", "\n", text)
    faults = (" ".join(fault.split()) for fault in re.split(r"\n\s*\* ", listed))
    return "; ".join(fault for fault in faults if fault)[:MAX_REFUSAL]


def ending(alloc: Mapping[str, Any], node: Mapping[str, Any] | None) -> Reason:
    """Return why a lab that ran has no machine any more: lost, drained, over its time, failed."""
    name = str(alloc.get("NodeName") or alloc.get("NodeID") or "?")
    if alloc.get("ClientStatus") in ("lost", "unknown"):
        return Reason(Code.MACHINE_AWAY, node=name)
    if (alloc.get("DesiredTransition") or {}).get("Migrate") or (node or {}).get("Drain"):
        return Reason(Code.MACHINE_DRAINED, node=name)
    description = str(alloc.get("DesiredDescription") or "")
    if "max_run_duration" in description or "max_run_duration" in str(alloc.get("ClientDescription") or ""):
        return Reason(Code.LIFE_OVER)
    return failure(alloc)


def _most(counts: Mapping[str, int]) -> list[tuple[str, int]]:
    return sorted(counts.items(), key=lambda pair: -pair[1])


def _full(name: str, count: int, evaluated: int) -> Reason:
    return Reason(Code.NODES_FULL, resource=DIMENSIONS.get(name, name), count=count, total=evaluated)


def _lacking(name: str, count: int, evaluated: int) -> Reason:
    if name.startswith("missing drivers"):
        return Reason(Code.NODES_LACK_DRIVER, count=count, total=evaluated)
    if "node.pool" in name or "node pool" in name:
        return Reason(Code.NODES_LACK_POOL, count=count, total=evaluated)
    if "datacenter" in name:
        return Reason(Code.NODES_LACK_DATACENTER, count=count, total=evaluated)
    return Reason(Code.NODES_LACK, said=name, count=count, total=evaluated)
