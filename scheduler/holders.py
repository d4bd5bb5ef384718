"""Who a scheduler is among all that there were: a name that tells whether its process still lives.

The name has the host's boot, the PID namespace (a container has its own), the PID and when it started. Of a process of
the same boot and namespace anybody here can say whether it lives. Of others nobody here can: their leases run out.
"""

import os
from pathlib import Path

import psutil

from extensions import db
from models import utcnow
from services import leases


def name_of(pid: int) -> str:
    """Return the name of a process; empty when it is gone."""
    try:
        # Ticks since boot, which no change of the clock moves.
        fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
        return "" if fields[0] in "ZX" else f"{place()} {pid} {fields[19]}"
    except (OSError, IndexError):
        pass
    try:
        process = psutil.Process(pid)
        return "" if process.status() == psutil.STATUS_ZOMBIE else f"{place()} {pid} {process.create_time():.2f}"
    except psutil.Error:
        return ""


def place() -> str:
    """Name this boot of this host and this PID namespace: where PIDs name the same processes as here."""
    try:
        boot = Path("/proc/sys/kernel/random/boot_id").read_text().strip()
        return f"{boot} {os.readlink('/proc/self/ns/pid')}"
    except OSError:
        return f"{psutil.boot_time():.0f} {os.uname().nodename}"


def is_dead(name: str) -> bool:
    """Say whether the process of that name is known to be gone."""
    where, _, rest = name.rpartition(" ")[0].rpartition(" ")
    return where == place() and rest.isdigit() and name_of(int(rest)) != name


def take_over() -> list[str]:
    """End the leases of schedulers that died on this host; return their names."""
    dead = [name for name in leases.holders() if is_dead(name)]
    leases.take_over(dead, utcnow())
    db.session.commit()
    return dead
