"""What the first process of a lab does before it becomes bubblewrap, because bubblewrap itself can't.

Nothing but the standard library: the holder runs it in its child. As a program (`confine.py COMMAND...`) it tries
whether it may forbid further user namespaces on this machine, and becomes the command.
"""

import contextlib
import ctypes
import fcntl
import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

# sched.h and sys/mount.h
NEW_NS, NEW_USER = 0x00020000, 0x10000000
RECURSIVE, PRIVATE = 0x4000, 0x40000
# linux/nsfs.h, linux/prctl.h
NS_GET_USERNS, SET_PDEATHSIG = 0xB701, 1
REMOVE_TRIES = 50
# In a plan's command this word stands for the options that make the files of the lab's /etc.
FILES = "@files"


def confine(plan: dict[str, Any]) -> list[str]:
    """Do what the plan asks, and return the command to become."""
    if plan.get("cgroup"):
        (Path(plan["cgroup"]) / "cgroup.procs").write_text("0")
    if plan.get("volume"):
        mount_volume(plan["volume"], plan["home"], plan["uid"])
    if plan.get("shuts_users"):
        shut_users()
    command: list[str] = plan["command"]
    return with_hidden_arguments(command, plan["files"]) if plan.get("files") is not None else command


def remove_cgroup(group: str) -> None:
    """Remove the lab's control group once its last process is gone; a plan that was damaged since doesn't matter."""
    for _ in range(REMOVE_TRIES if group else 0):
        try:
            os.rmdir(group)
            return
        except FileNotFoundError:
            return
        except OSError:
            time.sleep(0.02)


def mount_volume(image: str, home: str, uid: int) -> None:
    """Mount the image at the home, for the lab alone: the mount ends with the lab's last process."""
    unshare(NEW_NS)
    if _libc.mount(b"none", b"/", None, RECURSIVE | PRIVATE, None) != 0:
        raise OSError(ctypes.get_errno(), "mounts can't be made private")
    done = subprocess.run(["mount", "-o", "loop,nosuid,nodev,discard", image, home], capture_output=True, check=False)
    if done.returncode != 0:
        raise OSError(done.returncode, f"the home can't be mounted: {done.stderr.decode(errors='replace').strip()}")
    with contextlib.suppress(OSError):
        os.rmdir(f"{home}/lost+found")
    os.chown(home, uid, uid)
    os.chmod(home, 0o700)


def shut_users() -> None:
    """Enter a user namespace in which IDs mean what they mean outside, and in which nobody can make another."""
    maps = {name: _same_ids(f"/proc/self/{name}") for name in ("uid_map", "gid_map")}
    reading, writing = os.pipe()
    inside = os.getpid()
    # Only a process outside the namespace may write the maps.
    helper = os.fork()
    if helper == 0:
        try:
            os.close(writing)
            if os.read(reading, 1):
                for name, text in maps.items():
                    Path(f"/proc/{inside}/{name}").write_text(text)
            os._exit(0)
        finally:
            os._exit(1)
    os.close(reading)
    try:
        unshare(NEW_USER)
        os.write(writing, b"+")
    finally:
        os.close(writing)
        _pid, status = os.waitpid(helper, 0)
    if status != 0:
        raise OSError(1, "the IDs of a user namespace can't be set")
    Path("/proc/sys/user/max_user_namespaces").write_text("0")


def _same_ids(path: str) -> str:
    rows = [line.split() for line in Path(path).read_text().splitlines()]
    return "".join(f"{first} {first} {count}\n" for first, _outside, count in rows)


def with_hidden_arguments(command: list[str], files: dict[str, str]) -> list[str]:
    """Return bubblewrap's command with its arguments in a descriptor, where nobody in the lab can read them.

    Files come through descriptors, too: what is bound from a folder of the site's shows its path in the lab's mounts.
    """
    end = command.index("--")
    options: list[str] = []
    for option in command[1:end]:
        if option != FILES:
            options.append(option)
            continue
        for place, source in files.items():
            descriptor = os.open(source, os.O_RDONLY)
            os.set_inheritable(descriptor, True)
            options += ["--perms", "0644", "--file", str(descriptor), place]
    arguments = os.memfd_create("arguments", 0)
    os.write(arguments, b"".join(option.encode() + b"\0" for option in options))
    os.lseek(arguments, 0, os.SEEK_SET)
    return [command[0], "--args", str(arguments), *command[end:]]


def owner_of(namespace: str) -> int:
    """Return a descriptor of the user namespace that owns another one; -1 where we may not have it."""
    descriptor = os.open(namespace, os.O_RDONLY)
    try:
        owner: int = fcntl.ioctl(descriptor, NS_GET_USERNS)
    except OSError:
        return -1
    finally:
        os.close(descriptor)
    os.set_inheritable(owner, True)
    return owner


def die_with_parent() -> None:
    """Be ended when the holder ends."""
    _libc.prctl(SET_PDEATHSIG, signal.SIGKILL, 0, 0, 0)


def unshare(flags: int) -> None:
    """Leave the parent's namespaces."""
    if _libc.unshare(flags) != 0:
        number = ctypes.get_errno()
        raise OSError(number, f"no namespace of its own: {os.strerror(number)}")


_libc = ctypes.CDLL(None, use_errno=True)

if __name__ == "__main__":
    shut_users()
    os.execv(sys.argv[1], sys.argv[1:])
