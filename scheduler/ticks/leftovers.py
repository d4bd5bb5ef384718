"""Looks for what labs left behind on this machine, and says so; to end it is the operator's."""

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
    """Return the work of the tick: each thing that is left is said once."""
    said: set[str] = set()

    def work() -> bool:
        found = {left for left in backend.leftovers() if left.is_sure}
        LEFT.set(len(found))
        for left in sorted(found, key=lambda left: left.pids):
            if left.name not in said:
                command = f"kill -9 {' '.join(map(str, left.pids))}"
                log.warning("left behind", job=left.job_id, allocation=left.name, command=command)
        said.clear()
        said.update(left.name for left in found)
        return False

    return work
