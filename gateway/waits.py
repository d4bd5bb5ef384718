"""Tells a page that waits for its answer how far the requests before it have got; anybody may know."""

import time
from typing import Any

from aiohttp import web

from gateway.redis_gone import or_default
from services import waits

# A class of thousands asks at once: Redis is asked for all of them.
KEPT_S = 0.5


class Waits:
    """The route of waits."""

    def __init__(self, redis: Any) -> None:
        self._redis = redis
        self._kept: dict[str, bytes] = {}
        self._read_at: dict[str, float] = {}

    async def tell(self, request: web.Request) -> web.Response:
        """Give the wait of one lane."""
        lane: waits.Lane = "passwords" if request.query.get("lane") == "passwords" else "common"
        now = time.monotonic()
        if now - self._read_at.get(lane, -KEPT_S) >= KEPT_S:
            self._read_at[lane] = now
            self._kept[lane] = await or_default(self._redis.get(waits.key(lane)), b"", seconds=1)
        document = waits.document(self._kept.get(lane), time.time())
        return web.json_response(document, headers={"Cache-Control": "no-store"})
