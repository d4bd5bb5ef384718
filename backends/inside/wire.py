"""What travels between a backend and the program in a lab: one line of JSON, and the bytes that it announces."""

from __future__ import annotations

import json
import socket
from typing import Any

LONGEST_LINE = 65_536
CHUNK = 65_536


class Broken(Exception):
    """The other side went away, or speaks another language."""


def read_line(connection: socket.socket) -> dict[str, Any]:
    """Read a line, and nothing of what follows it; raise Broken."""
    line = bytearray()
    while not line.endswith(b"\n"):
        byte = connection.recv(1)
        if not byte or len(line) > LONGEST_LINE:
            raise Broken("no request")
        line += byte
    try:
        message = json.loads(line)
    except ValueError as error:
        raise Broken("no JSON") from error
    if not isinstance(message, dict):
        raise Broken("no object")
    return message


def read_exactly(connection: socket.socket, size: int) -> bytes:
    """Read that many bytes; raise Broken."""
    data = bytearray()
    while len(data) < size:
        part = connection.recv(min(CHUNK, size - len(data)))
        if not part:
            raise Broken("cut off")
        data += part
    return bytes(data)


def answer(connection: socket.socket, value: dict[str, Any], payload: bytes = b"") -> None:
    """Write a line, and what it announces."""
    connection.sendall(json.dumps(value).encode() + b"\n" + payload)
