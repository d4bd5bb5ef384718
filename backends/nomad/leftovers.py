"""Executors of Nomad on this machine that outlived their lab.

For each task of `exec` Nomad's client runs a program of its own, the executor. One can be left behind when the client
is killed, or when the kernel ends the executor's child for want of memory; Nomad then ignores it. Where the scheduler
or a command runs beside a client, in the same PID namespace, `/proc` shows it. Nothing is ended here: the operator
judges what a process belongs to.
"""

import os
import re
import time
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import psutil

from backends.base import Leftover
from backends.nomad import observe
from backends.nomad.servers import Servers

# An executor may take this long to end after its allocation, and Nomad to list a new allocation.
PATIENCE_S = 60.0
# What the client gives each executor: a file in the folder of the allocation's task.
TASK = re.compile(r"(/[^\"]*/alloc/([0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}))/")


@dataclass(frozen=True)
class Executor:
    """An executor that runs: its process ID, its allocation, the allocation's folder, and its age."""

    pid: int
    alloc_id: str
    folder: Path
    age_s: float


def executors(proc: Path = Path("/proc")) -> list[Executor]:
    """Return every executor on this machine that we may see; none where there is no /proc."""
    running = []
    for path in proc.glob("[0-9]*/cmdline"):
        try:
            arguments = path.read_bytes().split(b"\0")
        except OSError:
            continue
        is_executor = len(arguments) > 2 and os.path.basename(arguments[0]) == b"nomad" and arguments[1] == b"executor"
        match = TASK.search(arguments[2].decode(errors="replace")) if is_executor else None
        if match is not None:
            pid = int(path.parent.name)
            running.append(Executor(pid, match[2], Path(match[1]), _age(pid)))
    return running


def find(servers: Servers) -> list[Leftover]:
    """Return the executors here whose allocation has ended or is gone. Asks Nomad once, and only if there are any."""
    here = executors()
    if not here:
        return []
    allocs = servers.call("get", "allocations").json()
    return judge(here, {alloc["ID"]: alloc for alloc in allocs}, time.time())


def judge(here: Iterable[Executor], allocs: Mapping[str, Mapping[str, Any]], now: float) -> list[Leftover]:
    """Decide which were left behind; `allocs` are those of our namespace, by ID.

    It also looks at folders and child processes. An executor whose allocation Nomad doesn't list may belong to another
    cluster or namespace, unless the folder of the allocation is gone: a client removes that last.
    """
    leftovers = []
    for executor in here:
        alloc = allocs.get(executor.alloc_id)
        if not _is_over(executor, alloc, now):
            continue
        job_id = str(alloc["JobID"]) if alloc is not None else ""
        is_sure = alloc is not None or not executor.folder.exists()
        leftovers.append(Leftover(executor.alloc_id, job_id, (executor.pid, *_below(executor.pid)), is_sure))
    return sorted(leftovers, key=lambda left: (not left.is_sure, left.job_id, left.pids))


def _is_over(executor: Executor, alloc: Mapping[str, Any] | None, now: float) -> bool:
    if alloc is None:
        return executor.age_s > PATIENCE_S
    # A silent node (`unknown`) may still run the allocation.
    is_over = alloc.get("ClientStatus") not in observe.ALIVE
    return is_over and now - int(alloc.get("ModifyTime") or 0) / 1e9 > PATIENCE_S


def _age(pid: int) -> float:
    try:
        return time.time() - float(psutil.Process(pid).create_time())
    except psutil.Error:
        return 0.0


def _below(pid: int) -> Collection[int]:
    try:
        return [int(child.pid) for child in psutil.Process(pid).children(recursive=True)]
    except psutil.Error:
        return []
