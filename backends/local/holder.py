"""Holds one lab: a PTY with a sandbox on it, and a socket for its viewers. It outlives who started it.

A program of its own with nothing but the standard library, started as `python -I -S holder.py JOB_FOLDER LOCK`. LOCK is
the descriptor of the job's file `alive`, locked by who starts it: the lock passes to the holder without a gap, and
whoever can take it knows that the lab is gone, whatever process IDs say. When the holder dies, the kernel ends the
sandbox (bwrap --die-with-parent). `backends/inside/screen.py` says what travels to viewers.
"""

import contextlib
import json
import os
import pty
import signal
import socket
import sys
import time
from pathlib import Path
from typing import Any

if __name__ != "__main__":
    from backends.inside.screen import Screen, set_size
    from backends.local import confine, watch
else:  # as a program it has nothing but its neighbours
    sys.path += [str(Path(__file__).resolve().parents[1] / "inside"), str(Path(__file__).resolve().parent)]
    import confine  # type: ignore[import-not-found,no-redef]
    import watch  # type: ignore[import-not-found,no-redef]
    from screen import Screen, set_size  # type: ignore[import-not-found,no-redef]

# Descriptors of the sandbox's reports: bwrap names its first process in one, the lab's script says `ready` in the
# other.
INIT_FD, READY_FD = 10, 11
# The descriptor of the archive that the script unpacks into the home, where there is one.
SAVED_FD = 12
NICENESS, OOM_SCORE = 5, 500
# Between the end of a lab's network and its next start.
REST_S, LONGEST_REST_S = 0.2, 5.0


class Claim:
    """The lock on the job's file. Removing the job's folder takes the job from us."""

    def __init__(self, descriptor: int, path: Path) -> None:
        self.descriptor, self.path = descriptor, path
        os.set_inheritable(descriptor, False)

    def sign(self) -> None:
        """Write who holds the lock."""
        os.ftruncate(self.descriptor, 0)
        os.pwrite(self.descriptor, str(os.getpid()).encode(), 0)

    def holds(self) -> bool:
        """Say whether the file is still the one that we lock."""
        with contextlib.suppress(OSError):
            return os.path.samestat(os.stat(self.path), os.fstat(self.descriptor))
        return False


def main(folder: Path, lock: int) -> int:
    """Listen, start the sandbox, serve; end the sandbox and be sure of it."""
    claim = Claim(lock, folder / "alive")
    claim.sign()
    plan = json.loads((folder / "plan.json").read_text())
    path = plan["socket"]
    with contextlib.suppress(FileNotFoundError):
        os.unlink(path)
    listener = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    listener.bind(path)
    os.chmod(path, 0o600)
    listener.listen(16)
    child, master = spawn(plan, folder)
    set_size(master, 80, 24)
    screen = Screen(master, listener, claim.holds)
    tend(screen, claim, plan, folder)
    screen.run()
    end_child(child)
    confine.remove_cgroup(plan.get("cgroup", ""))
    screen.leave()
    if claim.holds():
        with contextlib.suppress(OSError):
            os.unlink(path)
            # The output of a lab that doesn't come up is kept as the reason.
            if (folder / "ready").read_bytes() != b"ready\n":
                (folder / "error").write_bytes(bytes(screen.past[-2000:]))
    return 0


def tend(screen: Screen, claim: Claim, plan: dict[str, Any], folder: Path) -> None:
    """Have the screen's loop look after the lab's disk and its network."""
    disk = watch.Watch(plan, folder) if plan.get("is_watched") else None
    network = Network(plan["network"], folder) if plan.get("network") else None

    def look_around() -> bool:
        try:
            said = disk.look() if disk else ""
            if network:
                network.tend()
        except OSError:
            # The machine has no process or descriptor left for now: the lab goes on.
            said = ""
        if said:
            screen.show(f"\r\n\x1b[1;31m{said}\x1b[0m\r\n".encode())
        return claim.holds()

    screen.is_ours = look_around
    if disk or network:
        screen.look_around_s = watch.LOOK_S


class Network:
    """The program that gives the lab a network; it joins the lab's, so it starts once that is there."""

    def __init__(self, command: list[str], folder: Path) -> None:
        self.command, self.folder = command, folder
        self.child = 0
        self.began_at = self.next_at = self.rest_s = 0.0

    def tend(self) -> None:
        """Start it when the lab has begun; again when it has ended, ever later while it ends soon."""
        now = time.monotonic()
        if self.child:
            with contextlib.suppress(ChildProcessError):
                if os.waitpid(self.child, os.WNOHANG)[0] == 0:
                    return
            self.child = 0
            is_soon = now - self.began_at < 2 * LONGEST_REST_S
            self.rest_s = min(max(2 * self.rest_s, REST_S), LONGEST_REST_S) if is_soon else REST_S
            self.next_at = now + self.rest_s
        if now >= self.next_at:
            self.began_at = now
            self._start()

    def _start(self) -> None:
        with contextlib.suppress(OSError, ValueError, KeyError):
            init = int(json.loads((self.folder / "init").read_text())["child-pid"])
            namespaces = f"/proc/{init}/ns"
            owner = confine.owner_of(f"{namespaces}/net")
            users = [f"--userns-path=/proc/self/fd/{owner}"] if owner >= 0 and os.geteuid() else []
            self.child = os.fork()
            if self.child == 0:
                try:
                    confine.die_with_parent()
                    null = os.open(os.devnull, os.O_RDWR)
                    for stream in range(3):
                        os.dup2(null, stream)
                    os.execv(self.command[0], [*self.command, *users, "--netns-type=path", f"{namespaces}/net", "tap0"])
                finally:
                    os._exit(126)
            if owner >= 0:
                os.close(owner)


def spawn(plan: dict[str, Any], folder: Path) -> tuple[int, int]:
    """Start the sandbox on a new PTY, with two files to report to."""
    reports = [os.open(folder / name, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600) for name in ("init", "ready")]
    child, master = pty.fork()
    if child == 0:
        try:
            become_lab(plan["uid"])
            for report, descriptor in zip(reports, (INIT_FD, READY_FD), strict=True):
                os.dup2(report, descriptor)
            if plan.get("saved"):
                os.dup2(os.open(plan["saved"], os.O_RDONLY), SAVED_FD)
            os.environ["PATH"] = "/usr/bin:/bin:/usr/sbin:/sbin"
            command = confine.confine(plan)
            os.execve(
                command[0], [Path(command[0]).name, *command[1:]], {"PATH": "/usr/bin:/bin", "TERM": "xterm-256color"}
            )
        except OSError as error:
            os.write(2, f"{plan['command'][0]}: {error.strerror}".encode())
        finally:
            os._exit(126)
    for report in reports:
        os.close(report)
    return child, master


def become_lab(uid: int | None) -> None:
    """Be less important than the platform, own the terminal, and treat signals as a fresh process does."""
    os.nice(NICENESS)
    with contextlib.suppress(OSError):
        Path("/proc/self/oom_score_adj").write_text(str(OOM_SCORE))
    if uid is not None:
        os.fchown(0, uid, -1)
    for number in (signal.SIGTERM, signal.SIGPIPE, signal.SIGHUP, signal.SIGINT):
        signal.signal(number, signal.SIG_DFL)


def end_child(child: int) -> None:
    """Kill the sandbox and wait: its first process takes all others with it."""
    for send in (os.killpg, os.kill):
        with contextlib.suppress(ProcessLookupError, PermissionError):
            send(child, signal.SIGKILL)
    with contextlib.suppress(ChildProcessError):
        os.waitpid(child, 0)


if __name__ == "__main__":
    if os.fork() == 0:
        os.setsid()
        sys.exit(main(Path(sys.argv[1]), int(sys.argv[2])))
