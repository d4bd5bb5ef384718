"""A limit on all of a lab's memory together: a control group of its own, where this machine has one that we may write.

Version 1 and version 2 (cgroups(7)). Where there is none, each program has a limit of its own, and its lab says so.
"""

import contextlib
import os
import subprocess
import time
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from backends.local.holder import OOM_SCORE

MEGABYTE = 1024 * 1024
PROC, ROOT = Path("/proc/self"), Path("/")
PREFIX = "yurt-"
REMOVE_S = 2.0
PROBE_MB = 64


@dataclass(frozen=True)
class Parent:
    """A folder below which control groups of memory can be made."""

    folder: Path
    version: int


def make(job_id: str, memory_mb: int) -> str:
    """Make the lab's group, or change its limit; return its folder, or nothing where there can be none."""
    for parent in parents():
        group = parent.folder / f"{PREFIX}{job_id}"
        try:
            group.mkdir(exist_ok=True)
            _limit(group, parent.version, memory_mb * MEGABYTE)
            if _can_be_entered(group):
                return str(group)
        except OSError:
            pass
        with contextlib.suppress(OSError):
            group.rmdir()
    return ""


@cache
def are_here() -> bool:
    """Whether labs can have groups here: tried once a process, with a group that goes at once."""
    group = make(f"probe-{os.getpid()}", PROBE_MB)
    remove(group)
    return bool(group)


def remove(group: str) -> None:
    """Remove a group whose processes have ended."""
    deadline = time.monotonic() + REMOVE_S
    while group and os.path.isdir(group):
        try:
            os.rmdir(group)
        except OSError:  # the last process is still a zombie
            if time.monotonic() > deadline:
                return
            time.sleep(0.02)


def parents() -> list[Parent]:
    """Return where groups may be made, the best first.

    Version 1: below our own group. Version 2: only the root may hold processes and also give controllers to its
    children. So it is the nearest group above ours that passes `memory` on, unless one on the way limits memory: labs
    mustn't get around that.
    """
    groups = dict(_own_groups())
    parent_groups: list[Parent] = []
    for folder, root, version in _mounts():
        own = groups.get("memory" if version == 1 else "")
        if own is None:
            continue
        here = folder / os.path.relpath(own, root) if own.startswith(root.rstrip("/") + "/") or own == root else folder
        if version == 1:
            parent_groups.append(Parent(here, 1))
            continue
        while here.is_relative_to(folder):
            if "memory" in _text(here / "cgroup.subtree_control").split():
                parent_groups.append(Parent(here, 2))
                break
            if _text(here / "memory.max") not in ("", "max"):
                break
            here = here.parent
    return parent_groups


def entering(group: str) -> list[str]:
    """Return what goes before a command that is to run as a part of the lab: in its group, where there is one.

    Where memory runs out, it is ended before the platform, and no sooner than the lab's shell.
    """
    join = 'echo 0 > "$1" || exit 1; ' if group else ""
    script = f'echo {OOM_SCORE} 2>/dev/null > /proc/self/oom_score_adj; {join}shift; exec "$@"'
    return ["/bin/sh", "-c", script, "sh", f"{group}/cgroup.procs"]


def _limit(group: Path, version: int, limit: int) -> None:
    if version == 2:
        (group / "memory.max").write_text(str(limit))
        with contextlib.suppress(OSError):
            (group / "memory.swap.max").write_text("0")
        return
    # The limit of memory with swap may never be below that without: of two that grow, the one with swap is first.
    names = ["memory.limit_in_bytes", "memory.memsw.limit_in_bytes"]
    current = int(_text(group / names[0]) or 0)
    for name in names if limit < current else reversed(names):
        try:
            (group / name).write_text(str(limit))
        except OSError:
            # A kernel that doesn't count swap has no such file.
            if name == names[0]:
                raise


def _can_be_entered(group: Path) -> bool:
    done = subprocess.run([*entering(str(group)), "/bin/true"], capture_output=True, check=False)
    return done.returncode == 0


def _own_groups() -> list[tuple[str, str]]:
    """Return our own group by controller; that of version 2 has an empty name."""
    rows = [line.split(":", 2) for line in _text(PROC / "cgroup").splitlines()]
    return [(name, row[2]) for row in rows if len(row) == 3 for name in row[1].split(",")]


def _mounts() -> list[tuple[Path, str, int]]:
    """Return the mounts of control groups of memory: place, which group is mounted there, version."""
    mounts = []
    for line in _text(PROC / "mountinfo").splitlines():
        before, _dash, after = line.partition(" - ")
        fields, rest = before.split(), after.split()
        if rest[:1] == ["cgroup2"]:
            mounts.append((Path(fields[4]), fields[3], 2))
        elif rest[:1] == ["cgroup"] and "memory" in rest[-1].split(","):
            mounts.append((Path(fields[4]), fields[3], 1))
    return mounts


def _text(path: Path) -> str:
    try:
        return path.read_text().strip()
    except OSError:
        return ""
