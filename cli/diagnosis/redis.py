"""Redis as the site uses it: its version, its clock, what it forgets when, and whether the scheduler lives."""

import contextlib
import time
from collections.abc import Iterator
from typing import Any

import redis

from cli.checks import Refusal
from cli.diagnosis.findings import Finding, clock, fault, left, measured, note, well
from cli.engines.outside import PATIENCE_S, require_redis
from cli.heartbeat import OLDEST_S
from config import Settings
from services.heartbeats import HEARTBEATS

# Redis 7, or Valkey 8.
OLDEST, OLDEST_VALKEY = 7, 8
# Sessions must not be pushed out while there are caches: `volatile` takes what expires anyway.
GOOD_POLICIES = ("volatile-lru", "volatile-lfu", "volatile-ttl", "noeviction")
# So many connections each process may hold: caches, sessions, limits and live pages.
CLIENTS_A_PROCESS = 100


def look(settings: Settings) -> Iterator[Finding]:
    """Look at the server of REDIS_URL."""
    try:
        require_redis(settings.redis_url)
    except Refusal as error:
        yield fault("reached", str(error), "start Redis, or mend REDIS_URL")
        return
    client = redis.Redis.from_url(settings.redis_url, socket_timeout=PATIENCE_S, decode_responses=True)
    with contextlib.closing(client):
        info: dict[str, Any] = client.info("everything")
        yield _version(info)
        yield clock("clock", *measured(lambda: _time(client)))
        yield from _memory(client, info)
        yield from _persistence(client, info)
        yield _clients(info, settings)


def look_at_scheduler(settings: Settings) -> Iterator[Finding]:
    """Look for a tick of a scheduler within the last minute."""
    client = redis.Redis.from_url(settings.redis_url, socket_timeout=PATIENCE_S, socket_connect_timeout=PATIENCE_S)
    try:
        beats: list[Any] = client.hvals(HEARTBEATS)
    except redis.RedisError:
        yield left("alive", "Redis, where it tells that it lives, doesn't answer")
        return
    finally:
        client.close()
    age = time.time() - max(map(float, beats), default=0.0)
    if not beats or age > OLDEST_S:
        said = f"its last tick was {age:.0f} s ago" if beats else "none has ever run"
        yield fault("alive", f"{said}: labs don't start, mail waits", "python -m scheduler")
    else:
        yield well("alive", f"{len(beats)} ticks, the last {max(0.0, age):.0f} s ago")


def _time(client: redis.Redis) -> float:
    seconds, microseconds = client.time()
    return float(seconds) + float(microseconds) / 1e6


def _version(info: dict[str, Any]) -> Finding:
    valkey = info.get("valkey_version")
    name, version = ("Valkey", str(valkey)) if valkey else ("Redis", str(info.get("redis_version", "0")))
    oldest = OLDEST_VALKEY if valkey else OLDEST
    if int(version.split(".")[0]) < oldest:
        return fault("version", f"{name} {version} is too old", f"upgrade to {name} {oldest} or newer")
    return well("version", f"{name} {version}")


def _memory(client: redis.Redis, info: dict[str, Any]) -> Iterator[Finding]:
    policy, most = str(info.get("maxmemory_policy", "")), int(info.get("maxmemory", 0))
    used = f"{int(info.get('used_memory', 0)) // 1_048_576} MB used"
    if not policy:
        yield left("eviction", "the server doesn't tell its maxmemory-policy")
    elif policy not in GOOD_POLICIES:
        yield fault(
            "eviction",
            f"{policy}: when memory runs out, queues and limits go with the caches",
            "redis-cli CONFIG SET maxmemory-policy volatile-lru, and in its file (deploy/redis/yurt.conf)",
        )
    else:
        yield well("eviction", policy)
    if most == 0:
        yield note("memory", f"{used}, without a limit", "redis-cli CONFIG SET maxmemory 1gb, and in its file")
    elif int(info.get("used_memory", 0)) > most * 0.9:
        yield fault("memory", f"{used} of {most // 1_048_576} MB", "raise maxmemory")
    else:
        yield well("memory", f"{used} of {most // 1_048_576} MB")


def _persistence(client: redis.Redis, info: dict[str, Any]) -> Iterator[Finding]:
    for name in ("aof_last_write_status", "rdb_last_bgsave_status"):
        if info.get(name, "ok") != "ok":
            yield fault(
                "persistence", f"the last write to its disk failed ({name})", "make room on Redis' disk; see its log"
            )
            return
    try:
        is_saved = bool(client.config_get("save").get("save"))
    except redis.RedisError:
        is_saved = True  # a managed server, whose plan decides that
    if int(info.get("aof_enabled", 0)):
        yield well("persistence", "append-only file")
    elif is_saved:
        yield note("persistence", "snapshots alone: a crash signs out who came since the last one", "appendonly yes")
    else:
        yield fault(
            "persistence",
            "none: a restart signs everybody out and forgets all limits",
            "redis-cli CONFIG SET appendonly yes, and in its file (deploy/redis/yurt.conf)",
        )


def _clients(info: dict[str, Any], settings: Settings) -> Finding:
    most, now = int(info.get("maxclients", 0)), int(info.get("connected_clients", 0))
    wanted = (settings.web_concurrency + 2) * CLIENTS_A_PROCESS
    if 0 < most < wanted:
        return note(
            "connections", f"{most} allowed, and {wanted} may be wanted", f"redis-cli CONFIG SET maxclients {wanted}"
        )
    return well("connections", f"{now} open" + (f" of {most}" if most else ""))
