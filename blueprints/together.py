"""Answers requests before Flask, all that wait at the same moment with one message to Redis and one statement.

A lane (`kept_lane.py`, `leaderboards/lane.py`) says which requests are its own, and answers one in a generator: it
yields what it has to know, and is sent the answer. What the generators of several requests yield is asked for together
(docs/adr/0053-requests-are-answered-together.md). Whatever a lane doesn't answer is Flask's.
"""

import time
from collections.abc import Callable, Generator, Iterable, Mapping, Sequence
from dataclasses import dataclass
from email.utils import formatdate
from functools import lru_cache
from typing import Any, Protocol

import structlog
from flask import Flask
from redis import Redis, RedisError
from sqlalchemy.exc import SQLAlchemyError

import telemetry
from blueprints.hosts import ASKED
from services import hosts
from services.kept_asks import Asks
from services.kept_versions import Depends

Environ = dict[str, Any]
Start = Callable[..., Any]
Headers = tuple[tuple[str, str], ...]
# Where the application has the one who answers together.
TOGETHER = "yurt_together"
# Where a request says that lanes have looked at it, and before that whose it is.
LOOKED, LANE = "yurt.looked", "yurt.lane"

log = structlog.get_logger("yurt")


@dataclass(frozen=True)
class Message:
    """Commands for Redis. What comes back is a list: a reply for each, which may be a ResponseError."""

    commands: Sequence[tuple[Any, ...]]


@dataclass(frozen=True)
class Note:
    """Something to be written before the answer: `write` is given the values of all who have such a note at once."""

    write: Callable[[Sequence[Any]], None]
    value: Any


@dataclass(frozen=True)
class Answer:
    """What a lane answers: always 200. `own` are headers that no other answer has."""

    route: str
    headers: Headers
    own: Headers
    body: bytes


Wanted = Message | Depends | Note
# A lane's work on one request: yields what it wants, and is sent the replies of a Message, or what changed of what has
# to hold. RedisError and SQLAlchemyError are raised in it. None: the request is Flask's.
Talk = Generator[Wanted, Any, Answer | None]


class Lane(Protocol):
    """Answers some of the requests."""

    def is_for(self, environ: Environ) -> bool:
        """Say whether a request looks like one of these; look at nothing but the request."""

    def talk(self, environ: Environ) -> Talk:
        """Answer it; what Flask has to know later is put into its environ, under names that begin with `yurt.`."""


class Together:
    """Stands in front of the application; a server that has several requests gives them to `answer` at once."""

    def __init__(self, app: Flask, inner: Callable[[Environ, Start], Iterable[bytes]], asks: Asks) -> None:
        self._app, self._inner, self._asks = app, inner, asks
        self._redis: Redis = app.extensions["yurt_redis"]
        self._proxies: int = app.extensions["yurt"].trusted_proxies
        # The name by which the site was asked for last, and served.
        self._served = ""
        self.lanes: list[Lane] = []

    def __call__(self, environ: Environ, start_response: Start) -> Iterable[bytes]:
        """Answer one request, as WSGI has it."""
        if not environ.get(LOOKED) and self._is_ours(environ):
            began = time.perf_counter()
            [answer] = self._settle([environ])
            if answer is not None:
                number = self._number(environ)
                own = [*answer.own, ("Content-Length", str(len(answer.body))), ("X-Request-ID", number)]
                start_response("200 OK", [*answer.headers, *own])
                telemetry.note_all([_noted(environ, answer, time.perf_counter() - began, number)])
                return [answer.body]
        return self._inner(environ, start_response)

    def read(self, method: str, path: str, query: str, headers: Mapping[str, str]) -> Environ | None:
        """Return what lanes look at of a request's environ; None where it is none of theirs.

        Headers are named in capitals with underscores.
        """
        environ: Environ = {f"HTTP_{name}": value for name, value in headers.items()}
        environ |= {"REQUEST_METHOD": method, "PATH_INFO": path, "QUERY_STRING": query, "SCRIPT_NAME": ""}
        # As ProxyFix and `blueprints/hosts.py` leave it.
        chain = headers.get("X_FORWARDED_HOST", "")
        environ[ASKED] = hosts.forwarded(headers.get("HOST", ""), chain, self._proxies)
        return environ if self._is_ours(environ) else None

    def answer(self, environs: Sequence[Environ]) -> list[tuple[bytes, bytes] | None]:
        """Return an answer of HTTP/1.1 for each request; None for those that are Flask's.

        It is a head without the empty line at its end, for servers have headers of their own, and a body.
        """
        began = time.perf_counter()
        told: list[tuple[bytes, bytes] | None] = []
        noted = []
        answers = self._settle(environs)
        for environ, answer in zip(environs, answers, strict=True):
            if answer is None:
                told.append(None)
                continue
            number = self._number(environ)
            told.append((_head(answer, number), answer.body))
            noted.append(_noted(environ, answer, time.perf_counter() - began, number))
        telemetry.note_all(noted)
        return told

    def _number(self, environ: Environ) -> str:
        return telemetry.request_id(environ.get("HTTP_X_REQUEST_ID", "") if self._proxies else "")

    def _is_ours(self, environ: Environ) -> bool:
        for lane in self.lanes:
            if lane.is_for(environ):
                environ[LANE] = lane
                break
        else:
            return False
        asked = environ.get(ASKED, "")
        if asked != self._served:
            if not self._app.extensions["yurt_hosts"].serves(asked):
                return False
            self._served = asked
        return True

    def _settle(self, environs: Sequence[Environ]) -> list[Answer | None]:
        """Have each request answered: in rounds, of at most one message and one statement."""
        with self._app.app_context():
            return self._settled(environs)

    def _settled(self, environs: Sequence[Environ]) -> list[Answer | None]:
        answers: list[Answer | None] = [None] * len(environs)
        going: list[tuple[int, Talk, Any]] = []
        for at, environ in enumerate(environs):
            environ[LOOKED] = True
            lane: Lane = environ.pop(LANE)
            going.append((at, lane.talk(environ), None))
        while going:
            asked: list[tuple[int, Talk, Wanted]] = []
            for at, talk, reply in going:
                try:
                    asked.append((at, talk, talk.throw(reply) if isinstance(reply, Exception) else talk.send(reply)))
                except StopIteration as end:
                    answers[at] = end.value
                except (RedisError, SQLAlchemyError):
                    continue
                except Exception:  # one request's fault is no other's: Flask answers it, and says what is wrong
                    log.exception("a request wasn't answered before Flask")
            replies = self._replies([each for _at, _talk, each in asked])
            going = [(at, talk, reply) for (at, talk, _each), reply in zip(asked, replies, strict=True)]
        return answers

    def _replies(self, asked: Sequence[Wanted]) -> list[Any]:
        told = iter(self._send([each for each in asked if isinstance(each, Message)]))
        changed = iter(self._changes([each for each in asked if isinstance(each, Depends)]))
        written = iter(self._write([each for each in asked if isinstance(each, Note)]))
        turns: dict[type, Any] = {Message: told, Depends: changed, Note: written}
        return [next(turns[type(each)]) for each in asked]

    def _write(self, notes: Sequence[Note]) -> Sequence[Any]:
        values: dict[Any, list[Any]] = {}
        for note in notes:
            values.setdefault(note.write, []).append(note.value)
        failed: dict[Any, Exception] = {}
        for write, these in values.items():
            try:
                write(these)
            except SQLAlchemyError as error:
                failed[write] = error
        return [failed.get(note.write) for note in notes]

    def _send(self, messages: Sequence[Message]) -> Sequence[Any]:
        if not messages:
            return []
        try:
            together: Any = self._redis.pipeline(transaction=False)
            with together:
                for message in messages:
                    for command in message.commands:
                        together.execute_command(*command)
                replies = iter(together.execute(raise_on_error=False))
        except RedisError as error:
            return [error] * len(messages)
        return [[next(replies) for _command in message.commands] for message in messages]

    def _changes(self, depends: Sequence[Depends]) -> Sequence[Any]:
        if not depends:
            return []
        try:
            return self._asks.changes_of(depends)
        except SQLAlchemyError as error:
            return [error] * len(depends)


def init_app(app: Flask, asks: Asks) -> Together:
    """Stand in front of the application, where the host that was asked for is known."""
    together = Together(app, app.wsgi_app, asks)
    app.extensions[TOGETHER] = together
    app.wsgi_app = together  # type: ignore[method-assign]  # the documented way
    return together


def _noted(environ: Environ, answer: Answer, took: float, number: str) -> telemetry.Noted:
    return telemetry.Noted(answer.route, "GET", environ["PATH_INFO"], 200, took, number, {"is_kept": True})


def _head(answer: Answer, number: str) -> bytes:
    further = (
        ("Content-Length", str(len(answer.body))),
        ("Date", _date(int(time.time()))),
        ("X-Request-ID", number),
    )
    own = "".join([f"{name}: {value}\r\n" for name, value in (*answer.own, *further)])
    return f"HTTP/1.1 200 OK\r\n{_lines(answer.headers)}{own}".encode("latin-1")


@lru_cache(maxsize=512)
def _lines(headers: Headers) -> str:
    return "".join(f"{name}: {value}\r\n" for name, value in headers)


@lru_cache(maxsize=2)
def _date(now: int) -> str:
    return formatdate(now, usegmt=True)
