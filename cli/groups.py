"""Requests that a worker answers together: one thread takes all of them that wait, and writes their answers.

Who answers is given by the server's owner (blueprints/together.py is it in Yurt). What it doesn't answer is made as any
other request, by the lane of pages.
"""

import logging
import time
from collections import deque
from collections.abc import Callable, Mapping, Sequence
from typing import Any, Protocol

from cli.waits import Teller

Environ = dict[str, Any]
# The head of an answer without its end, and the body.
Answer = tuple[bytes, bytes]
# So many at once, and as many may wait before the worker accepts no more connections.
MOST = 32
# What is put into a request's environ under such names is for whoever makes it in the end.
OWN = "yurt."

log = logging.getLogger("yurt.processes")


class Answering(Protocol):
    """Answers requests together."""

    def read(self, method: str, path: str, query: str, headers: Mapping[str, str]) -> Environ | None:
        """Return what it looks at of a request; None where it has no answer for such requests."""

    def answer(self, environs: Sequence[Environ]) -> Sequence[Answer | None]:
        """Return an answer for each; None for those that it leaves to others."""


class Asked:
    """A request's connection, and what is looked at of the request."""

    def __init__(self, channel: Any, environ: Environ) -> None:
        self.channel, self.environ, self.since = channel, environ, time.monotonic()

    def cancel(self) -> None:
        """Give the request up."""
        self.channel.cancel()


class Group:
    """All requests of one worker that are answered together: a task of the dispatcher, for one thread at a time."""

    def __init__(self, lock: Any, leave: Callable[[Sequence[Asked]], None]) -> None:
        self.waiting: deque[Asked] = deque()
        self.teller: Teller | None = None
        self.answering: Answering | None = None
        self.is_in_hand = False
        self._lock, self._leave = lock, leave
        self._answered: deque[Any] = deque()

    def read(self, request: Any) -> Environ | None:
        """Return what is looked at of a request; None where it is none of the group's."""
        if self.answering is None or request.error is not None or request.command != "GET":
            return None
        # A body to read, or an older HTTP, is for waitress.
        if request.version != "1.1" or request.body_rcv is not None or getattr(request, "is_given_up", False):
            return None
        return self.answering.read(request.command, request.path, request.query, request.headers)

    def __bool__(self) -> bool:
        """Say whether a thread may take the group now."""
        return bool(self.waiting) and not self.is_in_hand

    def service(self) -> None:
        """Answer those who wait, and those who come meanwhile, until nobody waits. The dispatcher has marked it."""
        try:
            while taken := self._take():
                self._leave(self._answer(taken))
        finally:
            self.is_in_hand = False

    def finish(self) -> None:
        """Close the connections whose answers are sent; the server's loop does that when it has heard all its sockets.

        Not in between: who is accepted then gets the number of a closed socket, and is taken for it.
        """
        while self._answered:
            self._answered.popleft().handle_write()

    def cancel(self) -> None:
        """Give up nothing: those who wait are given up one by one."""

    def _take(self) -> list[Asked]:
        with self._lock:
            taken = [self.waiting.popleft() for _ in range(min(MOST, len(self.waiting)))]
            self.is_in_hand = bool(taken)
            return taken

    def _answer(self, taken: list[Asked]) -> list[Asked]:
        """Answer requests; return those that are left to others."""
        assert self.answering is not None, "it has read them"
        if self.teller is not None:
            self.teller.note(taken[0].channel.requests[0])
        answers: Sequence[Answer | None] = [None] * len(taken)
        try:
            answers = self.answering.answer([each.environ for each in taken])
        except Exception:  # whatever it is, those who wait must not wait for ever
            log.exception("requests weren't answered together")
        answered, left = [], []
        for each, answer in zip(taken, answers, strict=True):
            if answer is None:
                left.append(each)
            else:
                each.channel.answer(*answer)
                answered.append(each.channel)
        if answered:
            self._answered.extend(answered)
            answered[0].server.pull_trigger()
        return left
