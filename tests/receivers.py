"""A Sentry on loopback."""

import gzip
import json
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import sentry_sdk

from tests.sites import until


class Receiver:
    """A Sentry on loopback that keeps the events it is sent."""

    def __init__(self) -> None:
        self.events: list[dict[str, Any]] = []
        receiver = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["Content-Length"]))
                if self.headers.get("Content-Encoding") == "gzip":
                    body = gzip.decompress(body)
                _head, *items = body.split(b"\n")
                kinds = [json.loads(item) for item in items if item]
                receiver.events += [
                    value for kind, value in zip(kinds[::2], kinds[1::2], strict=False) if kind.get("type") == "event"
                ]
                self.send_response(200)
                self.send_header("Content-Length", "2")
                self.end_headers()
                self.wfile.write(b"{}")

            def log_message(self, *_: Any) -> None:
                """Say nothing."""

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.dsn = f"http://key@127.0.0.1:{self.server.server_port}/1"
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    def wait(self, number: int) -> list[dict[str, Any]]:
        """Return the events as soon as there are so many."""
        sentry_sdk.flush(5)
        until(lambda: len(self.events) >= number, explain=lambda: f"{len(self.events)} events")
        return self.events
