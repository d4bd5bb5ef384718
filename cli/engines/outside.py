"""Engines that somebody else runs: whether they answer, in one line that names the address and never the password."""

from urllib.parse import urlsplit

import psycopg2
import redis

from cli.checks import Refusal

PATIENCE_S = 4


def require_postgresql(url: str) -> None:
    """Refuse when DATABASE_URL doesn't answer."""
    try:
        psycopg2.connect(url.replace("+psycopg2", "", 1), connect_timeout=PATIENCE_S).close()
    except psycopg2.Error as error:
        raise Refusal(f"PostgreSQL at {_place(url, 5432)} (DATABASE_URL) can't be reached: {_reason(error)}") from None


def require_redis(url: str) -> None:
    """Refuse when REDIS_URL doesn't answer."""
    client = redis.Redis.from_url(url, socket_connect_timeout=PATIENCE_S, socket_timeout=PATIENCE_S)
    try:
        client.ping()
    except (redis.RedisError, OSError) as error:
        raise Refusal(f"Redis at {_place(url, 6379)} (REDIS_URL) can't be reached: {_reason(error)}") from None
    finally:
        client.close()


def _place(url: str, port: int) -> str:
    parts = urlsplit(url)
    return f"{parts.hostname}:{parts.port or port}" if parts.hostname else (parts.path or parts.query)


def _reason(error: Exception) -> str:
    lines = [line.strip() for line in str(error).strip().splitlines()]
    return lines[0] if lines else type(error).__name__
