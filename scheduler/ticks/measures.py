"""Publishes this process's metrics for the web processes."""

import time
from collections.abc import Callable

from redis import Redis

from config import Settings
from services import measures

OWNED = ("yurt_board_", "yurt_cluster_", "yurt_db_", "yurt_lab_", "yurt_labs_", "yurt_process_", "yurt_scheduler_")


def publisher(settings: Settings, redis: Redis) -> Callable[[], bool]:
    """Return the work of the tick."""

    def work() -> bool:
        redis.hset(measures.KEY, *measures.entry(settings.metrics_dir, "scheduler", OWNED, time.time()))
        return False

    return work
