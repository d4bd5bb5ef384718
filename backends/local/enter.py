"""Enters a lab where Yurt isn't root, and becomes a command there: as the student, with nothing that the student lacks.

A program of its own with nothing but the standard library, `python -I -S enter.py INIT COMMAND...`; INIT is the process
ID of the lab's first process. Without root, bwrap makes two user namespaces: the outer owns the other namespaces and is
ours to enter, the inner gives the student's user ID. A process that enters a user namespace gets the whole bounding set
of capabilities anew (user_namespaces(7)), so the same process empties it after the inner one: nsenter(1) can't.
"""

import ctypes
import fcntl
import os
import signal
import sys

# linux/nsfs.h, linux/prctl.h
NS_GET_PARENT = 0xB702
CAPBSET_DROP, SET_NO_NEW_PRIVS = 24, 38
KINDS = ("mnt", "pid", "ipc", "uts", "net")
FAILED = 126


def main(init: str, command: list[str]) -> int:
    """Enter, and wait for the command; return its status, or end as it did."""
    places = {name: os.open(f"/proc/{init}/{name}", os.O_RDONLY) for name in ("root", "cwd")}
    namespaces = [os.open(f"/proc/{init}/ns/{kind}", os.O_RDONLY) for kind in KINDS]
    inner = os.open(f"/proc/{init}/ns/user", os.O_RDONLY)
    hide_arguments()
    for namespace in (fcntl.ioctl(inner, NS_GET_PARENT), *namespaces):
        enter(namespace)
    os.fchdir(places["root"])
    os.chroot(".")
    os.fchdir(places["cwd"])
    # Only a child is in the PID namespace.
    child = os.fork()
    if child == 0:
        try:
            enter(inner)
            give_up_privileges()
            for number in (signal.SIGPIPE, signal.SIGXFSZ):  # Python ignores them, and its children would, too
                signal.signal(number, signal.SIG_DFL)
            os.execv(command[0], command)
        except OSError as error:
            complain(error)
        finally:
            os._exit(FAILED)
    _pid, status = os.waitpid(child, 0)
    code = os.waitstatus_to_exitcode(status)
    if code < 0 and -code != signal.SIGKILL:
        signal.signal(-code, signal.SIG_DFL)
    if code < 0:
        os.kill(os.getpid(), -code)
    return code


def hide_arguments() -> None:
    """Clear our command line, which names the site's folder: the lab can read it until we become the command."""
    with open("/proc/self/stat") as file:
        # proc_pid_stat(5), counted from the state: arg_start and arg_end are fields 48 and 49.
        fields = file.read().rpartition(")")[2].split()
    begin, end = int(fields[45]), int(fields[46])
    ctypes.memset(begin, 0, end - begin)


def enter(namespace: int) -> None:
    """Enter one namespace, whatever its kind."""
    if _libc.setns(namespace, 0) != 0:
        raise _fault()


def give_up_privileges() -> None:
    """Empty the bounding set, so that no program gives a capability; the exec drops those that we hold."""
    if _libc.prctl(SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0:
        raise _fault()
    # Each kernel has its own last capability: the next one is refused as unknown.
    capability = 0
    while _libc.prctl(CAPBSET_DROP, capability, 0, 0, 0) == 0:
        capability += 1
    if capability == 0:
        raise _fault()


def complain(error: OSError) -> None:
    """Say what failed where the caller of the command reads."""
    os.write(2, f"{error.strerror}\n".encode())


def _fault() -> OSError:
    number = ctypes.get_errno()
    return OSError(number, os.strerror(number))


_libc = ctypes.CDLL(None, use_errno=True)

if __name__ == "__main__":
    try:
        sys.exit(main(sys.argv[1], sys.argv[2:]))
    except OSError as error:
        complain(error)
        sys.exit(FAILED)
