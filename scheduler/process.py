"""The scheduler at work: the ticks, and an ear for nudges."""

import os
import threading

import structlog
from flask import Flask
from redis import Redis, RedisError

from backends.makers import make_backend
from config import Settings
from extensions import redis_client
from scheduler import holders
from scheduler.parent import Ending
from scheduler.ticks import make_ticks
from scheduler.worker import Workers
from services import leases, process_figures
from services.live import NUDGE_CHANNEL
from watchdog import Watchdog

END_S = 8.0
# The lookout asks every two seconds, and its statement takes 15 at most. A process silent for this time hangs: it ends,
# and the parent starts another one.
HANGS_S = 60.0
# How long the ear waits in one go. It hears a nudge at once; at rest it only keeps its connection alive.
LISTEN_S = 30.0
RETRY_S = 0.3

log = structlog.get_logger("yurt.scheduler")


def work(app: Flask, settings: Settings, ending: Ending) -> int:
    """Work until the end."""
    redis = redis_client(settings)
    process_figures.note(settings.metrics_dir, "scheduler")
    leases.hold_as(holders.name_of(os.getpid()))
    watch = Watchdog(HANGS_S)
    workers = Workers(app, redis, make_ticks(settings, make_backend(settings), redis), watch.beat)
    workers.start()
    # A daemon: it may be waiting for a nudge when everything else has ended.
    threading.Thread(target=hear, args=(redis, workers, ending), name="ear", daemon=True).start()
    log.info("scheduler works", labs=settings.lab_backend)
    ending.wait()
    is_clean = workers.end(END_S)
    watch.end()
    log.info("scheduler ends", clean=is_clean)
    return 0


def hear(redis: Redis, workers: Workers, ending: Ending) -> None:
    """Listen for nudges until the end, also when Redis has been away."""
    while not ending.is_set():
        listen(redis, workers, ending)


def listen(redis: Redis, workers: Workers, ending: Ending) -> None:
    """Pass nudges on until the end; without Redis the ticks go by their intervals."""
    try:
        with redis.pubsub(ignore_subscribe_messages=True) as subscription:  # type: ignore[no-untyped-call]  # theirs
            subscription.subscribe(NUDGE_CHANNEL)
            # Nudges may have been missed while nobody listened.
            workers.nudge("")
            while not ending.is_set():
                message = subscription.get_message(timeout=LISTEN_S)
                if message is not None:
                    workers.nudge(message["data"].decode(errors="replace"))
    except (RedisError, OSError) as error:
        workers.outages.down("redis", error)
        ending.wait(RETRY_S)
