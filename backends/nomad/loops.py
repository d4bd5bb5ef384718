"""An event loop in a thread of its own: the scheduler's threads have none."""

import asyncio
import threading
from collections.abc import Callable, Coroutine
from typing import Any, TypeVar

from backends.base import BackendUnavailable

T = TypeVar("T")


class Loop:
    """Starts with its first question, and ends with the process."""

    def __init__(self) -> None:
        self._loop: asyncio.AbstractEventLoop | None = None
        self._starting = threading.Lock()

    def run(self, question: Callable[[], Coroutine[Any, Any, T]], timeout_s: float) -> T:
        """Run a coroutine to its end and return what it gives; raise BackendUnavailable when the time is over."""
        future = asyncio.run_coroutine_threadsafe(question(), self._started())
        try:
            return future.result(timeout_s)
        except TimeoutError as error:
            future.cancel()
            raise BackendUnavailable("the lab didn't answer in time") from error

    def _started(self) -> asyncio.AbstractEventLoop:
        with self._starting:
            if self._loop is None:
                self._loop = asyncio.new_event_loop()
                threading.Thread(target=self._loop.run_forever, name="nomad-exec", daemon=True).start()
            return self._loop

    def end(self) -> None:
        """Stop; a later question starts it anew."""
        with self._starting:
            if self._loop is not None:
                self._loop.call_soon_threadsafe(self._loop.stop)
                self._loop = None
