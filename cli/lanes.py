"""In which order a web worker does what waits for it, and how much of it a worker takes.

Requests are done in the order in which they came; those that need no more than a look at what is kept are done
together, by one thread (`groups.py`). Two things keep a rush (an exam that starts, a class that signs in) from holding
up everybody:

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
from collections.abc import Sequence
from typing import Any

from waitress.task import ThreadedTaskDispatcher

from cli.groups import MOST, OWN, Answering, Asked, Group
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

    def __init__(self, channel: Any, lane: "Lane", since: float | None = None) -> None:
        self.channel, self.lane = channel, lane
        self.since = time.monotonic() if since is None else since

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
    """What waitress takes for its queue: pages, scripts and programs in one lane, passwords in the other.

    What is answered together waits beside them.
    """

    def __init__(self, changed: threading.Condition) -> None:
        self.common, self.passwords = Lane(), Lane(PASSWORDS_IN_HAND, changed)
        self.together = Group(changed, self._leave_to_pages)
        self._changed = changed

    def append(self, channel: Any) -> None:
        """Let a request wait in its lane."""
        environ = self.together.read(channel.requests[0])
        if environ is not None:
            self.together.waiting.append(Asked(channel, environ))
            return
        lane = self.passwords if brings_password(channel.requests[0]) else self.common
        lane.waiting.append(Waiting(channel, lane))

    def popleft(self) -> Waiting | Group:
        """Take the request that came first of those that may be taken, or the group where it is one of the group's."""
        heads = [lane for lane in (self.common, self.passwords, self.together) if lane]
        first = min(heads, key=lambda lane: lane.waiting[0].since)
        if isinstance(first, Group):
            first.is_in_hand = True
            return first
        return first.take()

    @property
    def is_for_one(self) -> bool:
        """Whether a thread may take a request that is made by itself."""
        return bool(self.common) or bool(self.passwords)

    def __bool__(self) -> bool:
        return self.is_for_one or bool(self.together)

    def __len__(self) -> int:
        return len(self.common.waiting) + len(self.passwords.waiting) + len(self.together.waiting)

    def _leave_to_pages(self, left: Sequence[Asked]) -> None:
        """Have requests made that were not answered together; they come first, for they have waited."""
        if not left:
            return
        for each in left:
            each.channel.requests[0].further = {
                name: each.environ[name] for name in each.environ if name.startswith(OWN)
            }
        with self._changed:
            self.common.waiting.extendleft(Waiting(each.channel, self.common, each.since) for each in reversed(left))
            self._changed.notify(len(left))


class Dispatcher(ThreadedTaskDispatcher):
    """waitress's threads, with our lanes before them."""

    queue: Any

    def __init__(self) -> None:
        super().__init__()
        self.queue = Lanes(self.queue_cv)

    def add_task(self, task: Any) -> None:
        """Let a request wait. For one that is answered with others a thread is woken by `wake`."""
        with self.lock:
            self.queue.append(task)
            if self.queue.is_for_one:
                self.queue_cv.notify()

    def wake(self) -> None:
        """Have a thread answer those who wait to be answered together, unless one is at it.

        The server's loop says so when it has read all that came, so that they are many.
        """
        with self.lock:
            if self.queue.together:
                self.queue_cv.notify()

    def shutdown(self, cancel_pending: bool = True, timeout: float = 5) -> bool:
        """End the threads; what waits behind passwords or for a group is given up, too."""
        with self.lock:
            for lane in (self.queue.passwords, self.queue.together):
                self.queue.common.waiting.extend(lane.waiting)
                lane.waiting.clear()
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
    """Have the server accept while no more requests wait in it than it can begin at once, each time all that it may."""
    lanes, readable, accept = server.task_dispatcher.queue, server.readable, server.handle_accept

    def accept_all() -> None:
        for _ in range(threads):
            before = len(server._map)
            accept()
            if len(server._map) == before or not server.readable():
                break

    server.handle_accept = accept_all
    server.readable = lambda: readable() and len(lanes.common.waiting) < threads and len(lanes.together.waiting) < MOST


def answer_together(server: Any, answering: Answering) -> None:
    """Have those requests answered together that `answering` knows."""
    server.task_dispatcher.queue.together.answering = answering


def tell_waits(server: Any, redis: Any) -> None:
    """Have the server tell how long requests wait in its lanes."""
    lanes = server.task_dispatcher.queue
    lanes.common.teller, lanes.passwords.teller = Teller(redis, "common"), Teller(redis, "passwords")
    lanes.together.teller = lanes.common.teller
