"""A network of a lab's own, by slirp4netns where this machine has it: out into the world, not to this machine's ports.

The host's own network would hand the lab everything that listens on its loopback: the database, Redis, /metrics.
"""

import shutil
from typing import Any

PROGRAM = "slirp4netns"
# What slirp4netns gives: its resolver asks the host's.
RESOLVER = "nameserver 10.0.2.3\n"
# A setup may use it at once.
AWAIT = "for _ in {1..100}; do [[ $(</proc/net/route) == *tap0* ]] && break; sleep 0.05; done"
REFUSED = (
    "This lab asks for a network, and labs on this machine have none: it needs the program slirp4netns, "
    "which gives them one of their own (apt-get install slirp4netns)."
)


def program() -> str | None:
    """Return the program that makes networks, where there is one."""
    return shutil.which(PROGRAM)


def plan() -> dict[str, Any]:
    """Return what the holder starts beside a lab that has a network: the rest names the lab's first process."""
    found = program()
    return {"network": [found, "--configure", "--mtu=65520", "--disable-host-loopback"]} if found else {}
