"""A network of a lab's own, by slirp4netns where this machine has it: out into the world, not to this machine's ports.

The host's own network would hand the lab everything that listens on its loopback: the database, Redis, /metrics.
"""

import os
import shutil
from pathlib import Path
from typing import Any

from reasons import Code, Reason

PROGRAM, DEVICE = "slirp4netns", Path("/dev/net/tun")
# What slirp4netns gives: its resolver asks the host's.
RESOLVER = "nameserver 10.0.2.3\n"
# A setup may use it at once.
AWAIT = "for _ in {1..100}; do [[ $(</proc/net/route) == *tap0* ]] && break; sleep 0.05; done"


def refusal() -> Reason | None:
    """Return why no lab can have a network here; None where labs can."""
    if program() is None:
        return Reason(Code.NETWORK_NEEDS_PROGRAM)
    try:
        os.close(os.open(DEVICE, os.O_RDWR | os.O_CLOEXEC))
    except OSError as error:
        return Reason(Code.NETWORK_NEEDS_DEVICE, device=str(DEVICE), said=error.strerror or "")
    return None


def program() -> str | None:
    """Return the program that makes networks, where there is one."""
    return shutil.which(PROGRAM)


def plan() -> dict[str, Any]:
    """Return what the holder starts beside a lab that has a network: the rest names the lab's first process."""
    path = program()
    return {"network": [path, "--configure", "--mtu=65520", "--disable-host-loopback"]} if path else {}
