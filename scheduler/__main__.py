"""`python -m scheduler`: the ticks, and an ear for nudges."""

import os
import signal
import sys
import threading
from types import FrameType

import structlog
from redis import Redis, RedisError

from config import Settings, settings_or_exit
from core import create_core
from extensions import redis_client
from scheduler import holders
from scheduler.backends import make_backend
from scheduler.ticks import make_ticks
from scheduler.worker import Workers
from services import leases, process_figures
from services.live import NUDGE_CHANNEL
from watchdog import Watchdog

END_S = 8.0
# The look goes round every two seconds, and its statement takes 15 at most. Then whoever started us starts us again.
HANGS_S = 60.0
LISTEN_S = 1.0
RETRY_S = 2.0

log = structlog.get_logger("yurt.scheduler")


def main(settings: Settings) -> int:
    """Work until SIGTERM."""
    app = create_core(settings, "scheduler")
    redis = redis_client(settings)
    process_figures.note(settings.metrics_dir, "scheduler")
    ending = threading.Event()

    def end(_number: int, _frame: FrameType | None) -> None:
        ending.set()

    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, end)
    leases.hold_as(holders.name_of(os.getpid()))
    watch = Watchdog(HANGS_S)
    workers = Workers(app, redis, make_ticks(settings, make_backend(settings), redis), watch.beat)
    workers.start()
    log.info("scheduler works", labs=settings.lab_backend)
    while not ending.is_set():
        listen(redis, workers, ending)
    is_clean = workers.end(END_S)
    watch.end()
    log.info("scheduler ends", clean=is_clean)
    return 0


def listen(redis: Redis, workers: Workers, ending: threading.Event) -> None:
    """Pass nudges on until the end; without Redis the ticks go by their intervals."""
    try:
        with redis.pubsub(ignore_subscribe_messages=True) as subscription:  # type: ignore[no-untyped-call]  # theirs
            subscription.subscribe(NUDGE_CHANNEL)
            # What was said while nobody listened is unknown.
            workers.nudge("")
            while not ending.is_set():
                message = subscription.get_message(timeout=LISTEN_S)
                if message is not None:
                    workers.nudge(message["data"].decode(errors="replace"))
    except (RedisError, OSError) as error:
        workers.outages.down("redis", error)
        ending.wait(RETRY_S)


if __name__ == "__main__":
    sys.exit(main(settings_or_exit()))
