"""Logs the processes that labs left behind on this machine; the operator ends them."""

from collections.abc import Callable

import structlog
from prometheus_client import Gauge

from backends import Backend

LEFT = Gauge(
    "yurt_lab_leftovers",
    "Processes of labs that outlived their lab on the scheduler's machine.",
    multiprocess_mode="livemostrecent",
)

log = structlog.get_logger("yurt.scheduler")


def finder(backend: Backend) -> Callable[[], bool]:
    """Return the work of the tick: it logs each leftover once."""
    reported: set[str] = set()

    def work() -> bool:
        leftovers = {leftover for leftover in backend.leftovers() if leftover.is_sure}
        LEFT.set(len(leftovers))
        for leftover in sorted(leftovers, key=lambda leftover: leftover.pids):
            if leftover.name not in reported:
                command = f"kill -9 {' '.join(map(str, leftover.pids))}"
                log.warning("left behind", job=leftover.job_id, allocation=leftover.name, command=command)
        reported.clear()
        reported.update(leftover.name for leftover in leftovers)
        return False

    return work
