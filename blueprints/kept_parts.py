"""Parts of pages as HTML, kept rendered: in the process, and where they are shared in Redis, too.

A part's key is a digest of all that it is made of, so a part never changes, and nothing is cleared.
"""

import hashlib
import json
import time
from collections.abc import Collection, Iterable
from typing import Any

import structlog
from redis import Redis, RedisError

PREFIX = "yurt:part:"
# json.dumps makes an encoder at each call.
ENCODED = json.JSONEncoder(sort_keys=True, separators=(",", ":")).encode
# Where the application has its parts.
PARTS = "yurt_kept_parts"
MOST = 4096

log = structlog.get_logger("yurt.pages")


def digest(*made_of: Any) -> str:
    """Return the key of what is made of these values, which JSON knows."""
    return hashlib.blake2b(ENCODED(made_of).encode(), digest_size=16).hexdigest()


class Parts:
    """The parts of one process. With `kept_s` they can be shared with the site's others for so many seconds."""

    def __init__(self, redis: Redis | None = None, release: str = "", kept_s: int = 0, most: int = MOST) -> None:
        self._redis, self._prefix, self._kept_s, self._most = redis, f"{PREFIX}{release}:", kept_s, most
        self._near: dict[str, Any] = {}
        self._shared_until: dict[str, float] = {}

    def near(self, key: str) -> Any:
        """Return a part that this process has, or None."""
        return self._near.get(key)

    def put(self, key: str, part: Any) -> None:
        """Keep a part in this process."""
        _put(self._near, key, part, self._most)

    def share(self, keys: Iterable[str]) -> None:
        """Let the site's other processes have these parts, which this one has."""
        if self._redis is None or not self._kept_s:
            return
        now = time.monotonic()
        parts = {key: self.near(key) for key in keys if self._shared_until.get(key, 0.0) < now}
        fresh = {key: part for key, part in parts.items() if part is not None}
        if not fresh:
            return
        try:
            with self._redis.pipeline(transaction=False) as together:
                for key, part in fresh.items():
                    together.set(self._prefix + key, json.dumps(part, separators=(",", ":")), ex=self._kept_s)
                together.execute()
        except RedisError as error:
            log.warning("parts not shared", error=type(error).__name__)
            return
        for key in fresh:
            _put(self._shared_until, key, now + self._kept_s / 2, self._most)

    def all(self, keys: Collection[str]) -> dict[str, Any] | None:
        """Return all these parts, from this process or another; None where one isn't there. Raise RedisError."""
        found = self.some(keys)
        return found if len(found) == len(set(keys)) else None

    def some(self, keys: Collection[str]) -> dict[str, Any]:
        """Return those of these parts that there are, in this process or another. Raise RedisError."""
        found = {key: part for key in keys if (part := self.near(key)) is not None}
        far = [key for key in dict.fromkeys(keys) if key not in found]
        texts = self._redis.mget([self._prefix + key for key in far]) if far and self._redis is not None else ()
        for key, text in zip(far, texts, strict=False):
            if text is not None:
                found[key] = json.loads(text)
                self.put(key, found[key])
        return found


def _put(kept: dict[str, Any], key: str, value: Any, most: int) -> None:
    if len(kept) >= most:
        # The oldest; another thread may be doing the same.
        for old in list(kept)[: most // 4]:
            kept.pop(old, None)
    kept[key] = value
