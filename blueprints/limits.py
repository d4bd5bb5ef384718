"""Counting what people do against the limits of `limit_settings.py`.

A count has a name and a key: whose it is. The key is something that its sender can't spell in two ways: an id, an
address in its one form. While Redis is gone nothing is counted, and nothing refused.
"""

import math
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import lru_cache, wraps
from ipaddress import IPv6Address, ip_address
from typing import Any, ParamSpec, TypeVar

from flask import current_app, g, request
from flask_babel import gettext as _
from flask_babel import ngettext
from flask_limiter.util import get_remote_address
from flask_login import current_user
from limits import RateLimitItem
from limits.errors import StorageError
from limits.storage import RedisStorage
from redis import RedisError

from extensions import limiter
from limit_settings import rates_of
from services.errors import LimitReached

# Who has one address of IPv6 has 2**64 of them: that is what a connection at home is given (RFC 6177).
IPV6_PREFIX = 64
# How much there is, how much of it is left, and when there is all of it again (seconds since 1970).
HEADERS = ("X-RateLimit-Limit", "X-RateLimit-Remaining", "X-RateLimit-Reset")

Parameters = ParamSpec("Parameters")
Result = TypeVar("Result")


def spend(name: str, *key: object) -> None:
    """Count one more of `name` for `key`; raise LimitReached, with the time to wait, where that is too many."""
    with _tolerant():
        rates, ids = _rates(name), _ids(name, key)
        # A try that the minute refuses doesn't use up the hour.
        if len(rates) > 1:
            _refuse_what_is_full(rates, ids)
        for rate in rates:
            if not limiter.limiter.hit(rate, *ids):
                raise _reached(rate, ids)


def standing(name: str, *key: object) -> dict[str, str]:
    """Return the headers that say how much of a limit is left, of its rate that is nearest to its end."""
    with _tolerant():
        ids, windows = _ids(name, key), []
        for rate in _rates(name):
            window = limiter.limiter.get_window_stats(rate, *ids)
            windows.append((window.remaining, rate.amount, math.ceil(window.reset_time)))
        if windows:
            left, most, until = min(windows)
            return dict(zip(HEADERS, (str(most), str(left), str(until)), strict=True))
    return {}


@dataclass(frozen=True)
class Spending:
    """One more of a count, as commands for a message to Redis that has others, too."""

    rate: RateLimitItem | None
    now: float = 0.0
    commands: tuple[tuple[Any, ...], ...] = ()

    def told(self, replies: list[Any]) -> dict[str, str] | None:
        """Return what `standing` does; None where `spend` has to do it, or would refuse."""
        if self.rate is None:
            return {}
        is_within, window = replies
        if isinstance(is_within, RedisError) or isinstance(window, RedisError) or not is_within:
            return None
        begin, used = (float(window[0]), window[1]) if window else (self.now, 0)
        amount = self.rate.amount
        told = (amount, amount - used, math.ceil(begin + self.rate.get_expiry()))
        return dict(zip(HEADERS, map(str, told), strict=True))


def spending(value: str, name: str, *key: object) -> Spending | None:
    """Return how to count one more within the limit `value`; None where `spend` has to do it.

    For a limit of one rate. The Redis that is asked is the one that all of Yurt has.
    """
    rates, storage = _read(value), limiter.limiter.storage
    if not rates:
        return Spending(None)
    if len(rates) != 1 or not isinstance(storage, RedisStorage):
        return None
    rate = rates[0]
    counted, now, expiry = storage.prefixed_key(rate.key_for(*_ids(name, key))), time.time(), rate.get_expiry()
    count = ("EVALSHA", storage.lua_acquire_moving_window.sha, 1, counted, now, rate.amount, expiry, 1)
    look = ("EVALSHA", storage.lua_moving_window.sha, 1, counted, now - expiry, rate.amount)
    return Spending(rate, now, (count, look))


def check(name: str, *key: object) -> None:
    """Raise LimitReached where `spend` would, and count nothing."""
    with _tolerant():
        _refuse_what_is_full(_rates(name), _ids(name, key))


def forget(name: str, *key: object) -> None:
    """Begin the count anew."""
    with _tolerant():
        for rate in _rates(name):
            limiter.limiter.clear(rate, *_ids(name, key))


def give_back(name: str, *key: object) -> None:
    """Take one back that `spend` has counted: it turned out not to be what the limit is about."""
    storage = limiter.limiter.storage
    if not isinstance(storage, RedisStorage):
        return
    with _tolerant():
        connection: Any = storage.get_connection()
        for rate in _rates(name):
            connection.lpop(storage.prefixed_key(rate.key_for(*_ids(name, key))))


def each_person(name: str) -> Callable[[Callable[Parameters, Result]], Callable[Parameters, Result]]:
    """Count each call of a view, of a page or of the API, for the person who asks."""

    def decorate(view: Callable[Parameters, Result]) -> Callable[Parameters, Result]:
        @wraps(view)
        def counted(*args: Parameters.args, **kwargs: Parameters.kwargs) -> Result:
            spend(name, person())
            return view(*args, **kwargs)

        return counted

    return decorate


def person() -> int:
    """Return who asks, on a route that demands somebody: by the session on pages, by the token in the API."""
    return int(g.api_token.user_id if request.path.startswith("/api/") else current_user.id)


def address() -> str:
    """Return the network that asks: an address of IPv4, the 64 bits that one connection has of IPv6."""
    shown = get_remote_address()
    try:
        ip = ip_address(shown.partition("%")[0])
    except ValueError:
        return shown
    if not isinstance(ip, IPv6Address):
        return str(ip)
    if ip.ipv4_mapped:
        return str(ip.ipv4_mapped)
    return f"{IPv6Address(int(ip) >> IPV6_PREFIX << IPV6_PREFIX)}/{IPV6_PREFIX}"


def _rates(name: str) -> tuple[RateLimitItem, ...]:
    return _read(getattr(current_app.extensions["yurt"], f"limit_{name}"))


@lru_cache(maxsize=128)
def _read(value: str) -> tuple[RateLimitItem, ...]:
    return tuple(rates_of(value))


def _ids(name: str, key: tuple[object, ...]) -> list[str]:
    return [name, *(str(part) for part in key)]


def _refuse_what_is_full(rates: Sequence[RateLimitItem], ids: list[str]) -> None:
    for rate in rates:
        if not limiter.limiter.test(rate, *ids):
            raise _reached(rate, ids)


def _reached(rate: RateLimitItem, ids: list[str]) -> LimitReached:
    wait_s = max(1, int(limiter.limiter.get_window_stats(rate, *ids).reset_time - time.time()) + 1)
    minutes = -(-wait_s // 60)
    if wait_s <= 90:
        words = ngettext("Wait %(num)d second, then try again.", "Wait %(num)d seconds, then try again.", wait_s)
    else:
        words = ngettext("Wait %(num)d minute, then try again.", "Wait %(num)d minutes, then try again.", minutes)
    return LimitReached(f"{_('That is a lot at once.')} {words}", retry_after_s=wait_s)


@contextmanager
def _tolerant() -> Iterator[None]:
    try:
        yield
    except (RedisError, StorageError) as error:
        limiter.logger.error("limits aren't counted: %s", type(error).__name__)
