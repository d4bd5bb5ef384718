"""Identifies processes: keeps records of those that we started, and ends those that a crash left over.

A pid may be another process's after a reboot or a day; a pid with its start time names one process for good.
"""

import contextlib
import json
import os
import signal
import time
from pathlib import Path

import psutil

Record = dict[str, object]


def identity(pid: int) -> str | None:
    """Return what tells this process from an earlier one of the same pid; None when it is gone."""
    try:
        # Ticks since boot, which no change of the clock moves; psutil's time derives from the clock.
        fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
        boot = Path("/proc/sys/kernel/random/boot_id").read_text().strip()
        return None if fields[0] == "Z" else f"{boot} {fields[19]}"
    except FileNotFoundError:
        pass
    except (OSError, IndexError):
        return None
    try:
        process = psutil.Process(pid)
        return None if process.status() == psutil.STATUS_ZOMBIE else f"{process.create_time():.2f}"
    except psutil.Error:
        return None


def write_record(path: Path, pids: dict[str, int]) -> None:
    """Remember the processes by name, whole or not at all."""
    records = [{"name": name, "pid": pid, "identity": identity(pid)} for name, pid in pids.items()]
    draft = path.with_suffix(".draft")
    draft.write_text(json.dumps(records))
    draft.replace(path)


def living(path: Path) -> list[int]:
    """Return the recorded pids that are still the processes that were recorded."""
    try:
        entries: list[Record] = json.loads(path.read_text())
        pairs = [(int(str(entry["pid"])), entry["identity"]) for entry in entries]
    except (OSError, ValueError, KeyError, TypeError):
        return []
    return [pid for pid, recorded in pairs if recorded is not None and identity(pid) == recorded]


def working_in(folder: Path, name: str) -> list[int]:
    """Return the pids of processes of that name that work in the folder, such as PostgreSQL's in its data."""
    records = []
    for process in psutil.process_iter(["name"]):
        if process.info["name"] and process.info["name"].startswith(name):
            with contextlib.suppress(psutil.Error, OSError):
                if Path(process.cwd()) == folder:
                    records.append(process.pid)
    return records


def end(pids: list[int], *, within: float, first: int = signal.SIGTERM) -> None:
    """Ask the processes to end, then kill them; return when none is left."""
    identities = {pid: identity(pid) for pid in pids}
    _send(identities, first)
    if not _gone(identities, within):
        _send(identities, signal.SIGKILL)
        _gone(identities, 5)


def _send(identities: dict[int, str | None], number: int) -> None:
    for pid, recorded in identities.items():
        if recorded is not None and identity(pid) == recorded:
            with contextlib.suppress(ProcessLookupError, PermissionError):
                os.kill(pid, number)


def _gone(identities: dict[int, str | None], within: float) -> bool:
    deadline = time.monotonic() + within
    while any(recorded is not None and identity(pid) == recorded for pid, recorded in identities.items()):
        if time.monotonic() > deadline:
            return False
        time.sleep(0.03)
    return True
