"""What a Nomad client leaves behind: programs, mounts and control groups below a folder of the tests.

A client that ends lets its labs run, on purpose; one that is killed unmounts nothing. A folder is removed only when no
mount is left in it, because a mount below may be the machine's own files.
"""

import contextlib
import os
import shutil
import signal
import subprocess
from pathlib import Path

import psutil

from cli import processes
from tests.sites import until


def clear_all(run: Path) -> None:
    """Clear every cluster of a run of the tests."""
    for folder in run.glob("nomad-*"):
        clear(folder)


def clear(folder: Path) -> None:
    """End everything that works below a cluster's folder, unmount what is mounted there, and remove it."""
    for record in folder.glob("**/agent.json"):
        processes.end(processes.living(record), within=5)
    processes.end(working_below(folder), within=5, first=signal.SIGKILL)
    unmount(folder)
    left = mounts_below(folder)
    assert not left, f"still mounted: {left}"
    for group in groups_of(folder):
        _remove_groups(group)
    shutil.rmtree(folder, ignore_errors=True)


def group_of(folder: Path) -> str:
    """Return how the names of a cluster's control groups begin."""
    return f"{folder.parent.name}-{folder.name}-"


def groups_of(folder: Path) -> list[Path]:
    """Return the control groups of a cluster's clients; version 1 keeps those of all clients in one, by allocation."""
    names = [f"{group_of(folder)}*", *(f"nomad/{alloc.name}.*" for alloc in folder.glob("*/alloc/*"))]
    return [group for name in names for root in ("", "*/") for group in Path("/sys/fs/cgroup").glob(f"{root}{name}")]


def working_below(folder: Path) -> list[int]:
    """Return the processes that were started with the folder in their command, live in it, or are in its groups."""
    found = []
    for group in groups_of(folder):
        # The root of what runs in a chroot reads as "/", also from outside.
        with contextlib.suppress(OSError):
            found += [int(line) for line in (group / "cgroup.procs").read_text().split()]
    for process in psutil.process_iter():
        with contextlib.suppress(psutil.Error, OSError):
            places = [os.readlink(f"/proc/{process.pid}/{name}") for name in ("cwd", "root")]
            is_below = any(f"{place}/".startswith(f"{folder}/") for place in places)
            is_told = any(f"{folder}/" in argument for argument in process.cmdline())
            if process.pid != os.getpid() and (is_below or is_told):
                found.append(process.pid)
    return found


def mounts_below(folder: Path) -> list[str]:
    """Return the mount points below the folder, the deepest first."""
    points = [line.split()[1] for line in Path("/proc/self/mounts").read_text().splitlines()]
    return sorted((point for point in points if point.startswith(f"{folder}/")), key=len, reverse=True)


def unmount(folder: Path) -> None:
    """Take every mount below the folder away."""
    for point in mounts_below(folder):
        subprocess.run(["umount", "--lazy", point], check=False, capture_output=True, timeout=20)


def _remove_groups(group: Path) -> None:
    for folder, _, _ in os.walk(group, topdown=False):
        # A group with a process that is about to end is busy for a moment.
        with contextlib.suppress(AssertionError, OSError):
            until(lambda path=folder: _removed(path), 2)


def _removed(path: str) -> bool:
    with contextlib.suppress(OSError):
        os.rmdir(path)
    return not os.path.exists(path)
