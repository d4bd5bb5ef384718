"""A receiver of webhooks on loopback, that behaves as it is told: well, slowly, or badly."""

import base64
import hashlib
import hmac
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any


@dataclass
class Reply:
    """One answer. `holds` says nothing until the receiver is let go; `drips` sends a body that never ends."""

    status: int = 204
    headers: dict[str, str] = field(default_factory=dict)
    body: bytes = b""
    holds: bool = False
    drips: bool = False


@dataclass(frozen=True)
class Came:
    """A message that came."""

    path: str
    headers: dict[str, str]
    body: bytes

    def is_signed_by(self, secret: str) -> bool:
        """Check the signature as a receiver does that has read the specification alone."""
        key = base64.b64decode(secret.removeprefix("whsec_"))
        said = f"{self.headers['webhook-id']}.{self.headers['webhook-timestamp']}.".encode() + self.body
        wanted = "v1," + base64.b64encode(hmac.new(key, said, hashlib.sha256).digest()).decode()
        return wanted in self.headers["webhook-signature"].split(" ")


class Receiver:
    """The receiver: `script` has the next replies, then each is 204. `came` are the messages."""

    def __init__(self) -> None:
        self.script: list[Reply] = []
        self.came: list[Came] = []
        self.arrived = threading.Semaphore(0)
        self.gone = threading.Event()
        receiver = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["Content-Length"]))
                receiver.came.append(Came(self.path, {k.lower(): v for k, v in self.headers.items()}, body))
                reply = receiver.script.pop(0) if receiver.script else Reply()
                receiver.arrived.release()
                receiver.answer(self, reply)

            def log_message(self, *_: Any) -> None:
                """Say nothing."""

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.server.daemon_threads = True
        self.url = f"http://127.0.0.1:{self.server.server_port}/hook"
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    def answer(self, handler: BaseHTTPRequestHandler, reply: Reply) -> None:
        if reply.holds:
            self.gone.wait(120)
        handler.close_connection = True
        try:
            handler.send_response(reply.status)
            for name, value in reply.headers.items():
                handler.send_header(name, value)
            if not reply.drips and reply.status != 204:
                handler.send_header("Content-Length", str(len(reply.body)))
            handler.end_headers()
            handler.wfile.write(reply.body)
            while reply.drips and not self.gone.wait(0.05):
                handler.wfile.write(b".")
        except OSError:
            pass  # who asked has hung up


@contextmanager
def receiving() -> Iterator[Receiver]:
    """Run a receiver."""
    made = Receiver()
    try:
        yield made
    finally:
        made.gone.set()
        made.server.shutdown()
        made.server.server_close()
