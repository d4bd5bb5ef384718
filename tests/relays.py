"""A wire that tests can cut and count at: a TCP relay to an address, in threads of its own."""

import contextlib
import socket
import threading
from collections.abc import Iterator
from pathlib import Path

CHUNK = 65_536


class Relay:
    """Passes connections on to `target`, until told otherwise."""

    def __init__(self, target: tuple[str, int] | Path) -> None:
        self.target = target
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port: int = self._listener.getsockname()[1]
        self._passing = threading.Event()
        self._passing.set()
        self._lock = threading.Lock()
        self._sockets: set[socket.socket] = set()
        self._is_over = False
        threading.Thread(target=self._accept, daemon=True).start()

    @property
    def url(self) -> str:
        """Its address, for HTTP."""
        return f"http://127.0.0.1:{self.port}"

    def cut(self) -> None:
        """Break every connection; new ones are made."""
        with self._lock:
            for there in self._sockets:
                with contextlib.suppress(OSError):
                    there.shutdown(socket.SHUT_RDWR)
            self._sockets.clear()

    def freeze(self) -> None:
        """Say nothing any more, to old connections and new ones: what a lost network looks like."""
        self._passing.clear()

    def thaw(self) -> None:
        """Let everything through that waits, and what comes."""
        self._passing.set()

    def close(self) -> None:
        """End."""
        self._is_over = True
        self.thaw()
        self._listener.close()
        self.cut()

    def passed(self, client: socket.socket, data: bytes, *, is_question: bool) -> None:
        """Hear of what passes; for those that want to know."""

    def _accept(self) -> None:
        with contextlib.suppress(OSError):
            while not self._is_over:
                here, _address = self._listener.accept()
                threading.Thread(target=self._join, args=(here,), daemon=True).start()

    def _join(self, here: socket.socket) -> None:
        self._passing.wait()
        try:
            there = self._connect()
        except OSError:
            here.close()
            return
        there.settimeout(None)
        with self._lock:
            self._sockets |= {here, there}
        for ends in ((here, there, True), (there, here, False)):
            threading.Thread(target=self._pump, args=ends, daemon=True).start()

    def _connect(self) -> socket.socket:
        if isinstance(self.target, tuple):
            return socket.create_connection(self.target, 5)
        there = socket.socket(socket.AF_UNIX)
        there.connect(str(self.target))
        return there

    def _pump(self, source: socket.socket, sink: socket.socket, is_question: bool) -> None:
        with contextlib.suppress(OSError):
            while data := source.recv(CHUNK):
                self._passing.wait()
                self.passed(source if is_question else sink, data, is_question=is_question)
                sink.sendall(data)
        for end in (source, sink):
            with contextlib.suppress(OSError):
                end.shutdown(socket.SHUT_RDWR)
        with self._lock:
            self._sockets -= {source, sink}


class CountingRelay(Relay):
    """Counts round trips: a client that has got an answer, or nothing yet, speaks again."""

    def __init__(self, target: tuple[str, int] | Path) -> None:
        super().__init__(target)
        self.questions: list[bytes] = []
        self._asking: set[socket.socket] = set()

    def passed(self, client: socket.socket, data: bytes, *, is_question: bool) -> None:
        """Count a question when it begins; called before it is passed on, so no answer can overtake it."""
        if not is_question:
            self._asking.discard(client)
        elif client in self._asking:
            self.questions[-1] += data
        else:
            self._asking.add(client)
            self.questions.append(data)


@contextlib.contextmanager
def relay_to(port: int) -> Iterator[Relay]:
    """Make a relay to a port of this machine."""
    relay = Relay(("127.0.0.1", port))
    try:
        yield relay
    finally:
        relay.close()
