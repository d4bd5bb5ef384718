"""How busy labs are: what Nomad measures of their tasks, and of a VM what the guest says of its own processors.

QEMU without KVM is never at rest: an idle guest costs about a tenth of a core, whatever its student does. So guests are
asked how their processors spend some seconds.
"""

from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any

from backends.base import BackendError, Usage
from backends.nomad import observe
from backends.nomad.servers import Servers

AT_ONCE = 16
# Two looks at the lines of /proc/stat about processors. Between them nothing is started: under emulation on a busy
# machine that alone would look like work.
ASK_GUEST = """\
look() { while read -r line; do case $line in cpu*) echo "$line" ;; *) break ;; esac; done < /proc/stat; }
sleep 4 & rest=$!
sleep 1
look; wait $rest; echo; look
"""
# Columns of /proc/stat (proc_stat(5)) that are rest: idle and iowait. Those of guests are in user and nice already.
RESTS, MOST_COLUMNS = (3, 4), 8
# The fewest ticks, of 10 ms each and of all processors together, from which use is computed.
LEAST_TICKS = 100


@dataclass(frozen=True)
class Clock:
    """How a guest's processors have spent their time since it started, in ticks: all of them, and the busy ones."""

    total: int
    busy: int
    processors: int


def percent(said: bytes) -> float | None:
    """Read the guest's answer: use of one core in per cent between its looks; None where it doesn't tell."""
    first, _, last = said.decode(errors="replace").partition("\n\n")
    before, after = _clock(first), _clock(last)
    if before is None or after is None or after.total - before.total < LEAST_TICKS:
        return None
    passed = after.total - before.total
    return max(0.0, 100.0 * after.processors * (after.busy - before.busy) / passed)


def _clock(said: str) -> Clock | None:
    lines = [line.split() for line in said.splitlines() if line.startswith("cpu")]
    try:
        ticks = [int(word) for word in lines[0][1:]][:MOST_COLUMNS]
    except (ValueError, IndexError):
        return None
    if len(ticks) <= max(RESTS):
        return None
    return Clock(sum(ticks), sum(ticks) - sum(ticks[column] for column in RESTS), max(1, len(lines) - 1))


class Meters:
    """Measures labs; `ask(job_id, script)` runs a script in one and returns its output."""

    def __init__(self, servers: Servers, ask: Callable[[str, str], bytes]) -> None:
        self._servers, self._ask = servers, ask

    def read(self, job_ids: list[str]) -> dict[str, Usage]:
        """Return what running labs use; those that can't be measured are left out."""
        wanted = set(job_ids)
        allocs: list[dict[str, Any]] = self._servers.call("get", "allocations", task_states="true").json()
        running = [alloc for alloc in allocs if alloc.get("JobID") in wanted and observe.is_running(alloc)]
        with ThreadPoolExecutor(AT_ONCE) as pool:
            measured = list(pool.map(self._measure, running))
        usages = zip(running, measured, strict=True)
        return {alloc["JobID"]: usage for alloc, usage in usages if usage is not None}

    def _measure(self, alloc: Mapping[str, Any]) -> Usage | None:
        try:
            stats = self._servers.call("get", f"client/allocation/{alloc['ID']}/stats").json()
            used = (stats or {}).get("ResourceUsage") or {}
            cpu, memory = used.get("CpuStats") or {}, used.get("MemoryStats") or {}
            resident = memory.get("RSS") or memory.get("Usage") or 0
            busy: float | None = float(cpu.get("Percent") or 0)
            if "vm" in (alloc.get("TaskStates") or {}):
                busy = percent(self._ask(alloc["JobID"], ASK_GUEST))
        except (BackendError, OSError):
            return None
        return None if busy is None else Usage(busy, float(resident) / 1_048_576)
