"""Remembers which token may read which board, as Flask has judged it: in the process, and for others in Redis."""

import json
import time
from collections import OrderedDict
from dataclasses import asdict, dataclass, replace
from typing import Any

from redis import Redis, RedisError

from services.kept_versions import Depends

PREFIX = "yurt:board-admitted:"
# How many judgements a process remembers, and how long one is good.
MOST, KEPT_S = 10_000, 300


@dataclass(frozen=True)
class Admitted:
    """That a token may read a board, until when (Unix time), and with which headers it is answered."""

    token_id: int
    user_id: int
    course_id: int
    per_page: int
    on: Depends
    until: float
    # When the token's use was written last (Unix time).
    used_at: float
    headers: tuple[tuple[str, str], ...] = ()


class Admissions:
    """The judgements, by a digest of the token and of what it asks."""

    def __init__(self, redis: Redis) -> None:
        self._redis = redis
        self._known: OrderedDict[str, Admitted] = OrderedDict()

    def known(self, key: str) -> Admitted | None:
        """Return the judgement that the process knows, where its time isn't over."""
        return _good(self._known.get(key))

    def asking(self, key: str) -> tuple[str, str]:
        """Return the command that asks Redis for a judgement."""
        return "GET", PREFIX + key

    def told(self, key: str, reply: Any) -> Admitted | None:
        """Return the judgement that Redis holds, where it is sound and its time isn't over."""
        if reply is None:
            return None
        try:
            told = json.loads(reply)
            headers = tuple((name, value) for name, value in told.pop("headers"))
            until = float(told.pop("until"))
            used_at = float(told.pop("used_at"))
            admitted = Admitted(on=Depends(told.pop("on")), headers=headers, until=until, used_at=used_at, **told)
        except (ValueError, KeyError, TypeError, AttributeError):
            return None
        self._keep(key, admitted)
        return _good(admitted)

    def used(self, key: str, at: float) -> None:
        """Note in this process that the token's use was written."""
        if key in self._known:
            self._known[key] = replace(self._known[key], used_at=at)

    def remember(self, key: str, admitted: Admitted) -> None:
        """Keep a judgement."""
        self._keep(key, admitted)
        told = asdict(admitted) | {"on": admitted.on.versions}
        try:
            self._redis.set(PREFIX + key, json.dumps(told), ex=KEPT_S)
        except RedisError:
            return

    def _keep(self, key: str, admitted: Admitted) -> None:
        self._known[key] = admitted
        while len(self._known) > MOST:
            self._known.popitem(last=False)


def _good(admitted: Admitted | None) -> Admitted | None:
    return admitted if admitted is not None and admitted.until > time.time() else None
