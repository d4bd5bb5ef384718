"""Becoming the student of a lab: their own user ID without any right of the system, and namespaces of their own.

The program in the lab runs as somebody else, so a student can neither end nor trace it. Where it may not change its
user ID (a container without that capability), students run as it does.
"""

from __future__ import annotations

import contextlib
import ctypes
import fcntl
import os
import resource
import signal
import socket
import struct
from dataclasses import dataclass

# linux/sched.h, linux/prctl.h, linux/if.h
NEW_UTS, NEW_USER, NEW_NET = 0x04000000, 0x10000000, 0x40000000
SET_DUMPABLE, DROP_BOUNDING, NO_NEW_PRIVILEGES, AMBIENT, CLEAR_ALL = 4, 24, 38, 47, 4
SUBREAPER = 36
HIGHEST_CAPABILITY = 63
CAPABILITY_VERSION = 0x20080522
GET_FLAGS, SET_FLAGS, IS_UP = 0x8913, 0x8914, 0x1
MAX_PROCESSES, MAX_FILES = 256, 1024
NICENESS, OOM_SCORE = 5, 500
MEGABYTE = 1024 * 1024
HOSTNAME = "lab"

_libc = ctypes.CDLL(None, use_errno=True)


class NotIsolated(Exception):
    """This machine doesn't let a lab have a network of its own."""


@dataclass(frozen=True)
class Student:
    """Who works in the lab, and within which limits; memory and disk in MB. `uid` 0 is "as the program runs"."""

    handle: str
    uid: int
    home: str
    has_network: bool
    memory_mb: int
    disk_mb: int

    @property
    def environment(self) -> dict[str, str]:
        """The clean environment of everything in the lab."""
        return {
            "PATH": "/usr/local/bin:/usr/bin:/bin:/usr/local/sbin:/usr/sbin:/sbin",
            "HOME": self.home,
            "USER": self.handle,
            "LOGNAME": self.handle,
            "SHELL": "/bin/bash",
            "TERM": "xterm-256color",
            "LANG": "C.UTF-8",
        }


def become(student: Student, namespaces: dict[str, int], *, is_shell: bool = False) -> None:
    """Turn this (forked) process into the student's; an exec that follows drops the last capabilities.

    The shell, and all that is ever started in it, goes into a user namespace below the lab's own. Scripts stay above
    it: so a student's programs, which have the same user ID, can neither trace a check nor see its open files.
    """
    yield_memory()
    shed_rights(student.uid)
    # The user namespace comes first: its maker has every right in it.
    for name in ("user", "uts", "net"):
        if name in namespaces:
            _check(_libc.setns(namespaces[name], 0), f"setns {name}")
    if is_shell and "user" in namespaces:
        _unshare(NEW_USER)
    # Until the exec this is still the program, with its sockets, its memory and its environment.
    _libc.prctl(SET_DUMPABLE, 0, 0, 0, 0)
    _limit(student)
    for number in (signal.SIGTERM, signal.SIGPIPE, signal.SIGHUP, signal.SIGINT, signal.SIGCHLD):
        signal.signal(number, signal.SIG_DFL)
    os.umask(0o022)
    os.chdir(student.home)


def make_namespaces(student: Student, is_isolated: bool) -> dict[str, int]:
    """Return descriptors of the lab's own namespaces, which live as long as somebody holds them.

    `is_isolated` says that the allocation has a network of its own already. Raise NotIsolated.
    """
    kinds = NEW_USER | NEW_UTS | (0 if student.has_network or is_isolated else NEW_NET)
    names = ["user", "uts"] + (["net"] if kinds & NEW_NET else [])
    ours, theirs = socket.socketpair()
    child = os.fork()
    if child == 0:
        try:
            shed_rights(student.uid)
            _unshare(kinds)
            _name_host(kinds)
            socket.send_fds(theirs, [b"+"], [os.open(f"/proc/self/ns/{name}", os.O_RDONLY) for name in names])
        except OSError as error:
            theirs.send(b"-" + str(error).encode())
        finally:
            os._exit(0)
    theirs.close()
    said, descriptors, _flags, _address = socket.recv_fds(ours, 1000, len(names))
    os.waitpid(child, 0)
    ours.close()
    if said.startswith(b"+"):
        for descriptor in descriptors:
            os.set_inheritable(descriptor, False)
        return {name: descriptors[place] for place, name in enumerate(names)}
    if kinds & NEW_NET:
        raise NotIsolated(said[1:].decode(errors="replace"))
    return {}


def shed_rights(uid: int) -> None:
    """Turn this process into that user's, without any right; 0 is "as the program runs"."""
    for capability in range(HIGHEST_CAPABILITY + 1):
        _libc.prctl(DROP_BOUNDING, capability, 0, 0, 0)
    if uid:
        os.setgroups([])
        os.setresgid(uid, uid, uid)
        os.setresuid(uid, uid, uid)
    _libc.prctl(AMBIENT, CLEAR_ALL, 0, 0, 0)
    header = struct.pack("=Ii", CAPABILITY_VERSION, 0)
    _libc.capset(header, bytes(24))
    _check(_libc.prctl(NO_NEW_PRIVILEGES, 1, 0, 0, 0), "no_new_privs")


def end_all(uid: int) -> None:
    """Kill every process of that user at once (kill(2), -1): one by one would miss those that begin meanwhile."""
    # The child isn't waited for: it runs as the user, who could stop it.
    if uid and os.fork() == 0:
        try:
            shed_rights(uid)
            os.kill(-1, signal.SIGKILL)
        finally:
            os._exit(0)


def _unshare(kinds: int) -> None:
    uid, gid = os.geteuid(), os.getegid()
    _check(_libc.unshare(kinds), "unshare")
    # A process that changed its user isn't dumpable, and may not write to its own /proc/self/uid_map.
    _libc.prctl(SET_DUMPABLE, 1, 0, 0, 0)
    for name, text in (("setgroups", "deny"), ("uid_map", f"{uid} {uid} 1"), ("gid_map", f"{gid} {gid} 1")):
        with open(f"/proc/self/{name}", "w") as file:
            file.write(text)
    _libc.prctl(SET_DUMPABLE, 0, 0, 0, 0)


def _name_host(kinds: int) -> None:
    socket.sethostname(HOSTNAME)
    if kinds & NEW_NET:
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
            # struct ifreq: a name of 16 bytes, then the flags.
            answer = fcntl.ioctl(probe, GET_FLAGS, struct.pack("16sH22x", b"lo", 0))
            flags = struct.unpack("16sH22x", answer)[1] | IS_UP
            fcntl.ioctl(probe, SET_FLAGS, struct.pack("16sH22x", b"lo", flags))


def _limit(student: Student) -> None:
    memory = student.memory_mb * MEGABYTE
    for kind, most in (
        (resource.RLIMIT_CORE, 0),
        (resource.RLIMIT_NOFILE, MAX_FILES),
        (resource.RLIMIT_FSIZE, student.disk_mb * MEGABYTE),
        (resource.RLIMIT_DATA, memory),
        (resource.RLIMIT_NPROC, MAX_PROCESSES),
    ):
        if kind != resource.RLIMIT_NPROC or student.uid:
            resource.setrlimit(kind, (most, most))
    os.nice(NICENESS)


def yield_memory() -> None:
    """Have the kernel end this process before the program, where memory runs out."""
    with contextlib.suppress(OSError), open("/proc/self/oom_score_adj", "w") as file:
        file.write(str(OOM_SCORE))


def _check(outcome: int, what: str) -> None:
    if outcome != 0:
        number = ctypes.get_errno()
        raise OSError(number, f"{what}: {os.strerror(number)}")
