"""In which order a web worker does what waits for it, and how much of it a worker takes.

Requests are done in the order in which they came. Two things keep a rush (an exam that starts, a class that signs in)
from holding up everybody:

- A worker accepts no more connections while it has enough to do. The others wait in the listening socket, which all
  workers share: whichever is free takes the one that has waited for the longest.
- Requests that bring a password, each of which costs a tenth of a second, wait in a lane of their own. Only a few of
  them are in hand at once.
"""

import contextlib
import socket
import threading
import time
from collections import deque
from typing import Any

from waitress.task import ThreadedTaskDispatcher

from cli.waits import Teller
from services.accounts import passwords

# First parts of the addresses whose forms bring a password.
PASSWORD_FORMS = ("login", "register", "change", "verify", "reset")
# Two are hashed at a time; as many more are read and answered meanwhile.
PASSWORDS_IN_HAND = 2 * passwords.AT_ONCE
# Who has waited so long may have left. Whether a connection is still there is asked of the kernel.
LEAVES_AFTER_S = 1.0


class Waiting:
    """A request's connection in its lane."""

    def __init__(self, channel: Any, lane: "Lane") -> None:
        self.channel, self.lane, self.since = channel, lane, time.monotonic()

    def service(self) -> None:
        """Answer the request, unless whoever asked for a page has left."""
        if time.monotonic() - self.since > LEAVES_AFTER_S and has_left(self.channel):
            self.channel.connected = False
        if self.lane.teller is not None:
            self.lane.teller.note(self.channel.requests[0])
        try:
            self.channel.service()
        finally:
            self.lane.leave()

    def cancel(self) -> None:
        """Give the request up."""
        self.channel.cancel()


class Lane:
    """Requests in order of arrival, of which so many are in hand at once; None is as many as there are threads."""

    def __init__(self, most: int | None = None, changed: threading.Condition | None = None) -> None:
        self.waiting: deque[Waiting] = deque()
        self.teller: Teller | None = None
        self._most, self._changed, self._in_hand = most, changed, 0

    def __bool__(self) -> bool:
        """Say whether the next one may be taken now."""
        return bool(self.waiting) and (self._most is None or self._in_hand < self._most)

    def take(self) -> Waiting:
        """Take the one that waits for the longest; the dispatcher's lock is held."""
        self._in_hand += 1
        return self.waiting.popleft()

    def leave(self) -> None:
        """Note that one is done."""
        if self._changed is None:
            return
        with self._changed:
            self._in_hand -= 1
            self._changed.notify()


class Lanes:
    """What waitress takes for its queue: pages, scripts and programs in one lane, passwords in the other."""

    def __init__(self, changed: threading.Condition) -> None:
        self.common, self.passwords = Lane(), Lane(PASSWORDS_IN_HAND, changed)

    def append(self, channel: Any) -> None:
        """Let a request wait in its lane."""
        lane = self.passwords if brings_password(channel.requests[0]) else self.common
        lane.waiting.append(Waiting(channel, lane))

    def popleft(self) -> Waiting:
        """Take the request that came first of those that may be taken."""
        heads = [lane for lane in (self.common, self.passwords) if lane]
        return min(heads, key=lambda lane: lane.waiting[0].since).take()

    def __bool__(self) -> bool:
        return bool(self.common) or bool(self.passwords)

    def __len__(self) -> int:
        return len(self.common.waiting) + len(self.passwords.waiting)


class Dispatcher(ThreadedTaskDispatcher):
    """waitress's threads, with our lanes before them."""

    queue: Any

    def __init__(self) -> None:
        super().__init__()
        self.queue = Lanes(self.queue_cv)

    def shutdown(self, cancel_pending: bool = True, timeout: float = 5) -> bool:
        """End the threads; what waits behind passwords is given up, too."""
        with self.lock:
            self.queue.common.waiting.extend(self.queue.passwords.waiting)
            self.queue.passwords.waiting.clear()
        return bool(super().shutdown(cancel_pending, timeout))


def brings_password(request: Any) -> bool:
    """Say whether a request is a form with a password."""
    return request.command == "POST" and request.path.lstrip("/").partition("/")[0] in PASSWORD_FORMS


def has_left(channel: Any) -> bool:
    """Say whether nobody waits for the answer of a request that changes nothing."""
    if channel.requests[0].command not in ("GET", "HEAD"):
        return False
    with contextlib.suppress(OSError):
        return not channel.socket.recv(1, socket.MSG_PEEK | socket.MSG_DONTWAIT)
    return False


def accept_by_turns(server: Any, threads: int) -> None:
    """Have the server accept while no more requests wait in it than it can begin at once."""
    lanes, readable = server.task_dispatcher.queue, server.readable
    server.readable = lambda: readable() and len(lanes.common.waiting) < threads


def tell_waits(server: Any, redis: Any) -> None:
    """Have the server tell how long requests wait in its lanes."""
    lanes = server.task_dispatcher.queue
    lanes.common.teller, lanes.passwords.teller = Teller(redis, "common"), Teller(redis, "passwords")
