"""The extensions that every part shares, made once and bound to an app by `app.py`.

Redis may be gone at any moment: sessions then turn into a clear page, caches into misses, limits into none.
"""

import hashlib
import time
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

import redis
from flask import Flask, Request, current_app, request
from flask_babel import Babel
from flask_caching import Cache
from flask_caching.backends.rediscache import RedisCache
from flask_limiter import Limiter
from flask_limiter.util import get_remote_address
from flask_session.base import ServerSideSession
from flask_session.redis import RedisSessionInterface
from flask_sqlalchemy import SQLAlchemy
from flask_sqlalchemy.session import Session as DatabaseSession
from flask_wtf import CSRFProtect
from prometheus_client import Counter
from redis.backoff import NoBackoff
from redis.retry import Retry
from sqlalchemy import BigInteger, DateTime, MetaData, Text
from sqlalchemy.orm import DeclarativeBase

from config import Settings

# Constraints have names, so that a migration can speak of them.
NAMING = {
    "ix": "ix_%(column_0_N_label)s",
    "uq": "uq_%(table_name)s_%(column_0_N_name)s",
    "ck": "ck_%(table_name)s_%(constraint_name)s",
    "fk": "fk_%(table_name)s_%(column_0_N_name)s_%(referred_table_name)s",
    "pk": "pk_%(table_name)s",
}
REDIS_TIMEOUT_S = 2.0
REDIS_CONNECT_TIMEOUT_S = 0.5

SESSION_PREFIX = "yurt:session:"
# Where a request has the session that was read before Flask (blueprints/kept_lane.py).
READ = "yurt.session_read"
# Where it has whom to give the session's bytes to, once they are written.
WRITTEN = "yurt.session_written"
# What has no use for a session: the API has its own tokens, a picture its address, a launch what its platform signed.
WITHOUT_SESSION = ("/api/", "/static/", "/pictures/", "/healthz", "/readyz", "/metrics", "/lti/")
# Where Redis keeps who somebody is (services/accounts/identities.py), and the mark that stands for everybody.
WHO_PREFIX = "yurt:who:"

NEAR_S = 60.0
NEAR_VALUES = 256

CACHE_READS = Counter("yurt_cache_reads_total", "Reads of the cache, by outcome.", ["outcome"])


def session_digest(session_id: str) -> str:
    """Return the digest by which Redis and tickets name a browser's session: the cookie can't be made from it."""
    return hashlib.sha256(session_id.encode()).hexdigest()[:32]


def identity_keys(user_id: int) -> tuple[str, str]:
    """Return the keys to read for a person: their own, and the mark that stands for everybody."""
    return f"{WHO_PREFIX}{user_id}", f"{WHO_PREFIX}*"


class Base(DeclarativeBase):
    """Base of every model. Times are UTC-aware; text has no length, the schemas bound it."""

    metadata = MetaData(naming_convention=NAMING)


# In a session's `info`: what is done is committed by who holds it, with more (blueprints/repeats.py).
HELD = "held"


class AppSession(DatabaseSession):
    """A database session that brings along what its application gives to services, in `info["given"]`.

    `publisher` sends hints after a commit (`services/live.py`), `identities` is where it is kept who somebody is
    (`services/accounts/identities.py`), `queue` says how labs are limited and where places are
    kept (`services/capacity/positions.py`), `boards` keeps ranks (`services/leaderboards/sets.py`), and `origin` says
    who asks, and whence (`services/audit.py`).
    """

    def __init__(self, db: SQLAlchemy, **options: Any) -> None:
        super().__init__(db, **options)
        self.info["given"] = current_app.extensions["yurt_given"]

    def commit(self) -> None:
        """Commit; while somebody holds the session, send what there is, and leave the commit to them."""
        if not self.info.get(HELD):
            super().commit()
            return
        self.flush()
        self.expire_all()


db = SQLAlchemy(model_class=Base, session_options={"class_": AppSession})
if TYPE_CHECKING:
    Model = Base
else:
    Model = db.Model
Model.registry.update_type_annotation_map({str: Text, int: BigInteger, datetime: DateTime(timezone=True)})

babel = Babel()
cache = Cache()
csrf = CSRFProtect()
limiter = Limiter(get_remote_address, default_limits=[])


def redis_client(settings: Settings, **options: Any) -> redis.Redis:
    """Return a client that gives up after a moment instead of holding a request."""
    defaults: dict[str, Any] = {
        "socket_timeout": REDIS_TIMEOUT_S,
        "socket_connect_timeout": REDIS_CONNECT_TIMEOUT_S,
        "health_check_interval": 30,
        "retry": Retry(NoBackoff(), 1),
    }
    return redis.Redis.from_url(settings.redis_url, **{**defaults, **options})


class TolerantCache(RedisCache):
    """A cache that misses while Redis is gone.

    Keys carry the version of what they name, so a value never changes; the newest are also kept in the process, for
    NEAR_S, which saves reading and decoding them at each request.
    """

    def __init__(self, *args: Any, **options: Any) -> None:
        super().__init__(*args, **options)
        self._near: dict[str, tuple[float, Any]] = {}

    def _keep_near(self, key: str, value: Any) -> None:
        if len(self._near) >= NEAR_VALUES:
            # The oldest; another thread may be doing the same.
            for old in list(self._near)[: NEAR_VALUES // 4]:
                self._near.pop(old, None)
        self._near[key] = time.monotonic() + NEAR_S, value

    def _look_near(self, key: str) -> Any:
        until, value = self._near.get(key, (0.0, None))
        if until < time.monotonic():
            self._near.pop(key, None)
            return None
        CACHE_READS.labels("near").inc()
        return value

    @classmethod
    def factory(cls, app: Flask, config: dict[str, Any], args: list[Any], kwargs: dict[str, Any]) -> "TolerantCache":
        """Build from the client that the app shares."""
        return cls(host=config["CACHE_CLIENT"], key_prefix=config["CACHE_KEY_PREFIX"])

    def get(self, key: str) -> Any:
        """Return the value, or None."""
        if (near := self._look_near(key)) is not None:
            return near
        try:
            value = super().get(key)
        except redis.RedisError:
            CACHE_READS.labels("error").inc()
            return None
        CACHE_READS.labels("miss" if value is None else "hit").inc()
        if value is not None:
            self._keep_near(key, value)
        return value

    def get_many(self, *keys: str) -> list[Any]:
        """Return the values in the order of the keys, None for each that is missing."""
        known = {key: self._look_near(key) for key in keys}
        far = [key for key, value in known.items() if value is None]
        try:
            values = super().get_many(*far) if far else []
        except redis.RedisError:
            CACHE_READS.labels("error").inc(len(far))
            values = []
        for key, value in zip(far, values, strict=False):
            CACHE_READS.labels("miss" if value is None else "hit").inc()
            if value is not None:
                self._keep_near(key, value)
                known[key] = value
        return [known[key] for key in keys]

    def set(self, key: str, value: Any, timeout: int | timedelta | None = None) -> bool | None:
        """Keep the value, in Redis if it is there."""
        self._keep_near(key, value)
        try:
            return bool(super().set(key, value, timeout))
        except redis.RedisError:
            return None

    def delete(self, key: str) -> bool:
        """Forget the value, in this process and in Redis if it is there."""
        self._near.pop(key, None)
        try:
            return bool(super().delete(key))
        except redis.RedisError:
            return False


@dataclass(frozen=True)
class SessionRead:
    """What one message to Redis brought: the session `sid`, the values of its person, those of `further` keys."""

    sid: str
    stored: bytes | None
    identity: list[bytes | None] | None
    keys: tuple[str, ...] = ()
    further: tuple[bytes | None, ...] = ()


@dataclass(frozen=True)
class SessionReading:
    """What Redis is asked for a session."""

    sid: str
    commands: list[tuple[Any, ...]]
    is_named: bool
    keys: tuple[str, ...]

    def told(self, replies: list[Any]) -> SessionRead:
        """Return what the replies say; raise RedisError."""
        for reply in replies:
            if isinstance(reply, redis.RedisError):
                raise reply
        stored, values = replies[0], replies[1] if len(replies) > 1 else []
        identity = values[:2] if self.is_named else None
        return SessionRead(self.sid, stored, identity, self.keys, tuple(values[2 if self.is_named else 0 :]))


class Sessions(RedisSessionInterface):
    """Server-side sessions; while Redis is gone a request has an empty session that is marked and never saved.

    Redis knows a session by the digest of its ID, so that who reads there can't send its cookie. The ID of somebody's
    session ends with their number, so that one message to Redis brings the session and who they are
    (`services/accounts/identities.py`): `session.identity` has the values of those keys. Who changes the number has
    another ID, and no session.
    """

    def _get_store_id(self, sid: str) -> str:
        return f"{self.key_prefix}{session_digest(sid)}"

    def _upsert_session(self, session_lifetime: timedelta, session: ServerSideSession, store_id: str) -> None:
        """Write the session; one that another request has ended meanwhile stays ended."""
        data = self.serializer.encode(session)
        self.client.set(store_id, data, ex=session_lifetime, xx=bool(getattr(session, "is_stored", False)))
        # Who waits for what the session has become.
        if then := request.environ.pop(WRITTEN, None):
            then(data)

    def regenerate(self, session: ServerSideSession) -> None:
        """Give the session another ID."""
        super().regenerate(session)
        session.is_stored = False

    def name(self, session: ServerSideSession, user_id: int) -> None:
        """Have the ID of a session that isn't stored yet tell whose it is."""
        session.sid = f"{session.sid.partition('.')[0]}.{user_id}"
        session.modified = True

    def open_session(self, app: Flask, incoming: Request) -> ServerSideSession:
        """Return the session of the request's cookie."""
        if incoming.path.startswith(WITHOUT_SESSION):
            return self._new_session()
        sid = incoming.cookies.get(self.get_cookie_name(app))
        try:
            if not sid:
                self.client.ping()  # a form that can't be kept mustn't be shown either
                return self._new_session()
            # Who stood in front of the application may have read it.
            read: SessionRead | None = incoming.environ.get(READ)
            if read is None or read.sid != sid:
                read = incoming.environ[READ] = self.fetch(sid, app.permanent_session_lifetime)
        except redis.RedisError:
            incoming.environ["yurt.sessions_gone"] = True
            return self._new_session()
        if read.stored is None:
            return self._new_session()
        session = self.session_class(self.serializer.decode(read.stored), sid=sid)
        session.is_stored, session.identity = True, read.identity
        return session

    def _new_session(self) -> ServerSideSession:
        session = self.session_class(sid=self._generate_sid(self.sid_length), permanent=self.permanent)
        session.is_stored, session.identity = False, None
        return session

    def fetch(self, sid: str, lifetime: timedelta, *keys: str) -> SessionRead:
        """Read a session, prolong it, and read who its person is, and further keys: one message."""
        reading = self.reading(sid, lifetime, *keys)
        with self.client.pipeline(transaction=False) as together:
            for command in reading.commands:
                together.execute_command(*command)
            return reading.told(together.execute())

    def reading(self, sid: str, lifetime: timedelta, *keys: str) -> "SessionReading":
        """Return the commands that `fetch` sends, for a message that has others, too."""
        number = sid.rpartition(".")[2]
        is_named = "." in sid and number.isascii() and number.isdigit() and len(number) < 20
        wanted = [*(identity_keys(int(number)) if is_named else ()), *keys]
        commands: list[tuple[Any, ...]] = [("GETEX", self._get_store_id(sid), "EX", int(lifetime.total_seconds()))]
        if wanted:
            commands.append(("MGET", *wanted))
        return SessionReading(sid, commands, is_named, keys)

    def save_session(self, app: Flask, session: ServerSideSession, response: Any) -> None:
        """Keep the session; a request that changed nothing doesn't fail when Redis goes in its middle."""
        if request.environ.get("yurt.sessions_gone") or request.path.startswith(WITHOUT_SESSION):
            return
        try:
            super().save_session(app, session, response)
        except redis.RedisError:
            request.environ["yurt.sessions_gone"] = True
