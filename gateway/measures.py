"""Publishes the gateway's metrics for the web processes, where it shares no folder with them."""

import asyncio
import time

from redis.asyncio import Redis

from config import Settings
from gateway import redis_gone
from services import measures

OWNED = ("yurt_board_", "yurt_db_", "yurt_gateway_", "yurt_process_")


async def publish(settings: Settings, redis: Redis) -> None:
    """Write the metrics to Redis every EVERY_S, for ever; while Redis is gone they are left out."""
    while True:
        entry = await asyncio.to_thread(measures.entry, settings.metrics_dir, "gateway", OWNED, time.time())
        await redis_gone.or_default(redis.hset(measures.KEY, *entry), 0)
        await asyncio.sleep(measures.EVERY_S)
