"""A mail server on loopback that speaks as much SMTP as the tests need."""

import socket
import threading
from typing import Any


class Postbox(threading.Thread):
    """A mail server that takes every mail but those that it is told to refuse."""

    def __init__(self) -> None:
        super().__init__(daemon=True)
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.url = f"smtp://127.0.0.1:{self.listener.getsockname()[1]}"
        self.taken: list[bytes] = []
        self.words: list[bytes] = []
        self.extensions: list[bytes] = []
        self.refusals = 0

    def run(self) -> None:
        while True:
            try:
                connection, _address = self.listener.accept()
            except OSError:
                return
            with connection, connection.makefile("rwb", buffering=0) as lines:
                self.talk(lines)

    def talk(self, lines: Any) -> None:
        lines.write(b"220 postbox\r\n")
        for line in lines:
            word = line.split()[0].upper()
            self.words.append(word)
            if word == b"EHLO":
                lines.write(b"".join(b"250-%s\r\n" % name for name in [b"postbox", *self.extensions]) + b"250 HELP\r\n")
            elif word == b"STARTTLS":
                lines.write(b"454 not now\r\n")
            elif word == b"DATA":
                lines.write(b"354 go on\r\n")
                self.taken.append(b"".join(iter(lines.readline, b".\r\n")))
                lines.write(b"250 taken\r\n")
            elif word == b"RCPT" and self.refusals:
                self.refusals -= 1
                lines.write(b"451 later\r\n")
            else:
                lines.write(b"221 bye\r\n" if word == b"QUIT" else b"250 fine\r\n")
