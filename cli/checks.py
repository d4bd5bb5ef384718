"""Checks before anything is made: the port, the disk, the folder for data.

Standard library only: `make run` asks here with the system's Python before it installs, so that a taken port on a
fresh machine costs no download. A Refusal is shown as its one line.
"""

import contextlib
import errno
import ipaddress
import os
import shutil
import socket
import sys
from collections.abc import Callable, Mapping
from pathlib import Path

import environment
import lines
import quick_start

DEFAULT_PORT = 2026
# The machine's own addresses; the first that exists is used.
LOOPBACK = ("127.0.0.1", "::1")
MEGABYTE = 1024 * 1024
SPACE_TO_RUN = 200 * MEGABYTE
SPACE_TO_INSTALL = 1200 * MEGABYTE


class Refusal(Exception):
    """Yurt can't start; the message is one line that says why and what would help."""


def complain(error: Refusal, *, is_log: bool = False) -> int:
    """Print the line on stderr and return the exit code."""
    lines.complain(f"Yurt can't start: {error}", is_log=is_log)
    return 1


def port_of(environ: Mapping[str, str]) -> int:
    """Return the port asked for."""
    text = environment.value(environ, "PORT", str(DEFAULT_PORT))
    if not text.isascii() or not text.isdigit() or not 1 <= int(text) <= 65535:
        raise Refusal(f"PORT must be a number from 1 to 65535, and is {text!r}.")
    return int(text)


def bind_of(environ: Mapping[str, str]) -> str:
    """Return the address to listen on, as sockets take it."""
    text = environment.value(environ, "BIND") or default_bind()
    try:
        return str(ipaddress.ip_address(text.removeprefix("[").removesuffix("]")))
    except ValueError:
        raise Refusal(f"BIND must be an address of this machine such as 127.0.0.1 or ::1, and is {text!r}.") from None


def default_bind() -> str:
    """Return the address of this machine that only it can reach: IPv6's where there is no other."""
    for address in LOOPBACK:
        with contextlib.suppress(OSError), socket.socket(_family(address), socket.SOCK_STREAM) as probe:
            probe.bind((address, 0))
            return address
    return LOOPBACK[0]


def _family(address: str) -> socket.AddressFamily:
    return socket.AF_INET6 if ":" in address else socket.AF_INET


def address_of(bind: str, port: int) -> str:
    """Return the address that a browser on this machine types."""
    host = {"0.0.0.0": "127.0.0.1", "::": "[::1]"}.get(bind, f"[{bind}]" if ":" in bind else bind)
    return f"http://{host}:{port}"


def require_free_port(bind: str, port: int) -> None:
    """Refuse when somebody listens on the address already, or we may not."""
    advice = f"Stop what uses it, or choose another: make run PORT={port + 1 if port < 65535 else port - 1}"
    try:
        # On macOS one socket may bind the address and another one all addresses: so try to connect as well.
        asked = _ask({"0.0.0.0": LOOPBACK[0], "::": LOOPBACK[1]}.get(bind, bind), port)
        if asked == 0:
            raise Refusal(f"port {port} is taken. {advice}")
        with socket.socket(_family(bind), socket.SOCK_STREAM) as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            probe.bind((bind, port))
    except PermissionError:
        raise Refusal(f"port {port} needs root's rights. {advice}") from None
    except OSError as error:
        if error.errno == errno.EADDRINUSE:
            raise Refusal(f"port {port} is taken. {advice}") from None
        raise Refusal(f"can't listen on {bind}:{port}: {error.strerror}.") from None
    # Listening on all of IPv6 serves IPv4 too, where the machine has no IPv6 address of its own.
    if asked == errno.ENETUNREACH and bind != "::":
        raise Refusal(f"this machine can't reach itself at {bind}: bring its loopback up (ip link set lo up).")


def _ask(address: str, port: int) -> int:
    with socket.socket(_family(address), socket.SOCK_STREAM) as probe:
        probe.settimeout(1)
        return probe.connect_ex((address, port))


def require_space(folder: Path, needed: int) -> None:
    """Refuse when the disk that holds the folder (or will hold it) is as good as full."""
    there = next(parent for parent in [folder, *folder.parents] if parent.exists())
    free = shutil.disk_usage(there).free
    if free < needed:
        raise Refusal(
            f"the disk of {there} is full: {free // MEGABYTE} MB free, at least {needed // MEGABYTE} MB needed."
        )


def require_folder(folder: Path) -> None:
    """Make the folder, or refuse when it can't be made or written."""
    try:
        folder.mkdir(parents=True, exist_ok=True)
        probe = folder / f".write-{os.getpid()}"
        probe.write_bytes(b"")
        probe.unlink()
    except OSError as error:
        raise Refusal(f"can't write to {folder}: {error.strerror}. Name another folder with YURT_VAR.") from None


def require_writable(folder: Path) -> None:
    """Refuse when nothing can be made in the folder, as on a read-only disk."""
    if not os.access(folder, os.W_OK | os.X_OK):
        raise Refusal(f"can't write to {folder}, where .venv goes: make it writable, or clone to another folder.")


def before_installing(root: Path) -> None:
    """Refuse at once what would make the installing useless."""
    require_free_port(bind_of(os.environ), port_of(os.environ))
    require_space(root, SPACE_TO_INSTALL)
    if named := environment.value(os.environ, "YURT_VAR"):
        require_space(Path(named).expanduser().resolve(), SPACE_TO_RUN)


def run_main(main: Callable[[], int], *, is_log: bool = False) -> None:
    """Run a command and exit with its code. A refusal is one line: on stderr, or in the log where `is_log`."""
    quick_start.end()
    try:
        code = main()
    except Refusal as error:
        code = complain(error, is_log=is_log)
    sys.exit(code)
