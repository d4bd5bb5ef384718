"""People's activity in labs, as the gateway sees it: a Redis hash for each kind, from session to Unix seconds.

It may be lost: the scheduler moves it to the rows four times a minute, and no lab is stopped for idleness while Redis
is gone. Kinds: `input` (keystrokes), `http` (requests to a lab's web server), `page` (its page is open, which isn't
activity), `first_prompt` (the first bytes of its terminal, of which the earliest counts).
"""

import uuid
from collections.abc import Iterable, Mapping
from datetime import UTC, datetime
from typing import Any, Literal, Protocol

from redis.asyncio import Redis as AsyncRedis

Kind = Literal["input", "http", "page", "first_prompt"]
KINDS: tuple[Kind, ...] = ("input", "http", "page", "first_prompt")
PREFIX = "yurt:active"
# No need to write more often: idleness is counted in minutes.
EVERY_S = 5.0

Seen = dict[uuid.UUID, datetime]


class Hashes(Protocol):
    """What reading needs of a Redis client."""

    def hgetall(self, name: str) -> Any:
        """Return a whole hash."""

    def hdel(self, name: str, *keys: Any) -> Any:
        """Remove fields."""


def key(kind: Kind) -> str:
    """Return the name of the hash of that kind."""
    return f"{PREFIX}:{kind}"


def keys(kind: Kind) -> tuple[str, ...]:
    """Return the hashes to read; a gateway of the release before writes keystrokes to one without a kind."""
    return (key(kind), PREFIX) if kind == "input" else (key(kind),)


async def write(redis: AsyncRedis, new: Mapping[Kind, Mapping[str, str]]) -> None:
    """Write the times of each kind, by session in Unix seconds; raise what Redis raises."""
    async with redis.pipeline(transaction=False) as pipe:
        for kind, times in new.items():
            if kind == "first_prompt":
                for session_id, at in times.items():
                    pipe.hsetnx(key(kind), session_id, at)
            else:
                pipe.hset(key(kind), mapping=dict(times.items()))
        await pipe.execute()


def read(redis: Hashes) -> tuple[dict[Kind, Seen], dict[str, list[Any]]]:
    """Return the times by kind and session, and what `forget` takes once they are written down."""
    times: dict[Kind, Seen] = {kind: {} for kind in KINDS}
    fields: dict[str, list[Any]] = {}
    for kind in KINDS:
        for name in keys(kind):
            values = redis.hgetall(name)
            fields[name] = list(values)
            for session_id, at in _parsed(values):
                times[kind][session_id] = max(at, times[kind].get(session_id, at))
    return times, fields


def forget(redis: Hashes, fields_by_hash: Mapping[str, Iterable[Any]]) -> None:
    """Remove the fields that were read. Activity since then is written again with the next keystroke or request."""
    for name, fields in fields_by_hash.items():
        if fields:
            redis.hdel(name, *fields)


def _parsed(values: Mapping[Any, Any]) -> Iterable[tuple[uuid.UUID, datetime]]:
    for name, at in values.items():
        try:
            yield uuid.UUID(name.decode() if isinstance(name, bytes) else name), datetime.fromtimestamp(float(at), UTC)
        except (ValueError, OverflowError, OSError):
            continue  # not ours
