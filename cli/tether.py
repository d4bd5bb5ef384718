"""Become another program that ends with the process that started it, without root's rights where asked.

Run as `python -I -S cli/tether.py PARENT SIGNAL USER PROGRAM ARGUMENT...`. On Linux the kernel sends SIGNAL when the
parent dies, however it dies; elsewhere the next start ends what was left. USER is '-' for no change. A program that
refuses root (PostgreSQL) gets the user's rights and the one capability to reach files below folders that only root may
enter, such as a checkout in /root. `tether.py reach USER -x PATH` says whether such a program could enter or run the
path, and -w whether it could write there. It is a program of its own, not a function between fork and exec, because
such functions must not run in a process that has threads. Standard library only: it starts in a few milliseconds.
"""

import ctypes
import os
import pwd
import signal
import sys

PR_SET_PDEATHSIG = 1
PR_SET_KEEPCAPS = 8
PR_SET_SECUREBITS = 28
PR_CAP_AMBIENT = 47
PR_CAP_AMBIENT_RAISE = 2
SECBIT_NO_SETUID_FIXUP = 4
CAP_DAC_OVERRIDE = 1
CAPABILITY_VERSION_3 = 0x20080522
# access(2), as initdb asks it.
LOOK = "import os, sys; sys.exit(not os.access(sys.argv[2], os.W_OK if sys.argv[1] == '-w' else os.X_OK))"


def main(arguments: list[str]) -> None:
    """Change what was asked, then exec."""
    if arguments[0] == "reach":
        drop_root(arguments[1])
        # After an exec, because the kernel takes rights away there.
        os.execv(sys.executable, [sys.executable, "-I", "-S", "-c", LOOK, *arguments[2:4]])
    parent, death, user, program = int(arguments[0]), int(arguments[1]), arguments[2], arguments[3:]
    forget_signals()
    if user != "-":
        drop_root(user)
    bind(parent, death)
    os.execvp(program[0], program)


def forget_signals() -> None:
    """Treat signals as a fresh process does, whatever the parent ignores or blocks."""
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP, signal.SIGQUIT, signal.SIGCHLD):
        signal.signal(number, signal.SIG_DFL)
    signal.pthread_sigmask(signal.SIG_SETMASK, [])


def bind(parent: int, death: int) -> None:
    """Ask the kernel for the signal when the parent dies; a change of user would clear that, so it comes after."""
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, death, 0, 0, 0)
        if os.getppid() != parent:
            sys.exit(0)


def drop_root(user: str) -> None:
    """Take the user's rights and keep CAP_DAC_OVERRIDE where the kernel lets us."""
    entry = pwd.getpwnam(user)
    libc = ctypes.CDLL(None, use_errno=True)
    is_linux = sys.platform == "linux"
    # Without SECBIT_NO_SETUID_FIXUP, access(2) ignores the capabilities of users other than root, and initdb asks it.
    if is_linux and libc.prctl(PR_SET_SECUREBITS, SECBIT_NO_SETUID_FIXUP, 0, 0, 0):
        libc.prctl(PR_SET_KEEPCAPS, 1, 0, 0, 0)
    try:
        os.setgroups([])
        os.setgid(entry.pw_gid)
        os.setuid(entry.pw_uid)
    except OSError as error:
        sys.exit(f"error: root may not become the user {user} here: {error.strerror}")
    if is_linux:
        header = (ctypes.c_uint32 * 2)(CAPABILITY_VERSION_3, 0)
        bit = 1 << CAP_DAC_OVERRIDE
        # Twice effective, permitted, inheritable: capabilities 0-31, then 32-63.
        libc.capset(header, (ctypes.c_uint32 * 6)(bit, bit, bit, 0, 0, 0))
        libc.prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_RAISE, CAP_DAC_OVERRIDE, 0, 0)


if __name__ == "__main__":
    main(sys.argv[1:])
