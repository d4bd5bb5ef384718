"""What the processes of one machine or container use: processor, memory, threads, open files.

Each process writes its name to the folder of its metrics once. The process that is asked for figures looks all of them
up, and forgets those that are gone.
"""

import json
import os
from contextlib import suppress
from pathlib import Path

import psutil
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily
from prometheus_client.metrics_core import Metric

LABELS = ["process", "pid"]

# This process and the one that it is a copy of; used where there is no folder.
_own: dict[int, str] = {}


def note(folder: Path | None, name: str) -> None:
    """Say that this process is there, and what it is called."""
    pid = os.getpid()
    _own[pid] = name
    if folder is not None:
        with suppress(OSError):
            # The others count on when this process is gone.
            with (folder / f"pids_{role_of(name)}").open("a") as pids:
                pids.write(f"{pid}\n")
            draft = folder / f"process_{pid}.draft"
            draft.write_text(json.dumps({"name": name, "began": psutil.Process(pid).create_time()}))
            draft.replace(folder / f"process_{pid}.json")


def role_of(name: str) -> str:
    """Return the part of Yurt that a process belongs to: `scheduler` for `scheduler.parent`."""
    return name.partition(".")[0]


def pids_of(folder: Path, role: str) -> set[int]:
    """Return the processes of a part that are there, or were there since the folder was made."""
    with suppress(OSError):
        return {int(line) for line in (folder / f"pids_{role}").read_text().split() if line.isdecimal()}
    return set()


def figures(folder: Path | None, role: str | None = None) -> list[Metric]:
    """Return what each process uses now; of one part of Yurt where it is named."""
    cpu = CounterMetricFamily(
        "yurt_process_cpu_seconds_total", "Processor time that a process has used.", labels=LABELS
    )
    memory = GaugeMetricFamily("yurt_process_resident_memory_bytes", "Memory that a process holds.", labels=LABELS)
    began = GaugeMetricFamily("yurt_process_start_time_seconds", "When a process began, in Unix time.", labels=LABELS)
    threads = GaugeMetricFamily("yurt_process_threads", "Threads of a process.", labels=LABELS)
    files = GaugeMetricFamily("yurt_process_open_fds", "Files and connections that are open.", labels=LABELS)
    for pid, name in _living(folder, role).items():
        with suppress(psutil.Error, OSError):
            process = psutil.Process(pid)
            with process.oneshot():
                times, resident, at = process.cpu_times(), process.memory_info().rss, process.create_time()
                number, opened = process.num_threads(), process.num_fds()
            for family, value in (
                (cpu, times.user + times.system),
                (memory, resident),
                (began, at),
                (threads, number),
                (files, opened),
            ):
                family.add_metric([name, str(pid)], value)
    return [cpu, memory, began, threads, files]


def _living(folder: Path | None, role: str | None) -> dict[int, str]:
    if folder is None:
        return dict(_own) if os.getpid() in _own else {}
    names = {}
    pids = None if role is None else pids_of(folder, role)
    for path in folder.glob("process_*.json") if pids is None else [folder / f"process_{pid}.json" for pid in pids]:
        try:
            kept, pid = json.loads(path.read_text()), int(path.stem.partition("_")[2])
            # A pid may be somebody else's by now.
            is_there = abs(psutil.Process(pid).create_time() - float(kept["began"])) < 1
            is_there = is_there and psutil.Process(pid).status() != psutil.STATUS_ZOMBIE
        except (psutil.Error, OSError, ValueError, KeyError):
            is_there = False
        if is_there:
            names[pid] = str(kept["name"])
        else:
            path.unlink(missing_ok=True)
    return names
