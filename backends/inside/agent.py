"""The program of a lab's allocation: it holds the shell (or a VM's console), and does what the backend asks.

Two sockets in `<allocation>/yurt`: `view.sock` for viewers of the screen, and `do.sock` for requests, each answered by
a process of its own. A lab is nobody's until `enter`; from then on it has a student and a shell. The program runs under
another user ID than the student's, where it may change that.
"""

from __future__ import annotations

import contextlib
import fcntl
import os
import pty
import signal
import socket
import sys
import termios
import time
from pathlib import Path

from backends.inside import disk, entry, machine, scripts, serving, vm
from backends.inside.screen import Screen
from backends.inside.student import Student, become

VIEW, DO = "view.sock", "do.sock"
# How soon a lab that was entered has its shell; how often a lab that runs is looked at.
SOON_S, LATER_S = 0.03, 2.0
# How often to ask whether the measuring of the disk has ended.
LOOKING_S = 0.2
QUICK_S = 2.0


class Lab:
    """One lab: its screen, its student, their shell."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.student: Student | None = None
        self.namespaces: dict[str, int] = {}
        self.shell = 0
        self.began = 0.0
        self.quick = 0
        self.quota, self.machine = disk.Quota(), machine.Disk()
        self.slave = -1
        master = vm.open_console() if vm.is_here() else self._open_terminal()
        self.screen = Screen(master, _listen(VIEW), self.look_around)
        self.screen.look_around_s = SOON_S
        self.console = vm.ConsoleSize()
        if vm.is_here():
            self.screen.on_size = self._resize_console
        self.requests = _listen(DO)
        self.screen.listen_to(self.requests, self.answer)

    def _open_terminal(self) -> int:
        master, self.slave = pty.openpty()
        return master

    def answer(self) -> None:
        """Let a process of its own serve the next request."""
        try:
            connection, _address = self.requests.accept()
        except OSError:
            return
        connection.setblocking(True)
        # A caller who has just entered the lab asks for its shell at once.
        self.look_around()
        try:
            child = os.fork()
        except OSError:
            # The caller is told that the lab can't be reached, and asks again.
            child = -1
        if child == 0:
            try:
                signal.signal(signal.SIGTERM, signal.SIG_DFL)
                serving.serve(connection, self.folder, self.student and self.quota.hold(self.student), self.namespaces)
            except BaseException as error:  # noqa: BLE001  # a child must never fall back into its parent's loop
                print(f"request failed: {error!r}", file=sys.stderr, flush=True)
            finally:
                os._exit(0)
        connection.close()

    def look_around(self) -> bool:
        """Reap, give a lab that was entered its shell, and watch its disk. Always true: a lab is ended from outside."""
        self._reap()
        try:
            self._tend()
        except OSError as error:
            # A student may have taken the last process or the last memory: that passes, and the lab goes on.
            print(f"not looked after: {error}", file=sys.stderr, flush=True)
        return True

    def _tend(self) -> None:
        if self.student is None:
            self._meet_student()
        if self.student is not None and vm.is_here():
            self._say(self.machine.enforce(self.student.disk_mb))
            self._tell_console()
        elif self.student is not None:
            if not self.shell:
                self._start_shell(self.quota.hold(self.student))
            self._say(self.quota.enforce(self.student))
            self.screen.look_around_s = LOOKING_S if self.quota.looking else LATER_S

    def _reap(self) -> None:
        with contextlib.suppress(ChildProcessError):
            while (reaped := os.waitpid(-1, os.WNOHANG))[0] != 0:
                pid, status = reaped
                if pid == self.console.child:
                    self.console.ended(status)
                if pid == self.shell:
                    self.shell = 0
                    self.quick = self.quick + 1 if time.monotonic() - self.began < QUICK_S else 0

    def _meet_student(self) -> None:
        owner = entry.recall(self.folder)
        if owner is None:
            return
        _session, self.student = owner
        self.screen.look_around_s = LATER_S
        if not vm.is_here():
            self.namespaces = serving.namespaces_of(self.student)

    def _start_shell(self, student: Student) -> None:
        # A shell that ends at once, three times, is replaced by one without the student's files.
        files = ["--rcfile", str(entry.bashrc())] if self.quick < 3 else ["--norc"]
        self.began = time.monotonic()
        self.shell = os.fork()
        if self.shell == 0:
            try:
                os.setsid()
                if student.uid:
                    os.fchown(self.slave, student.uid, -1)
                _login(self.slave)
                become(student, self.namespaces, is_shell=True)
                os.execve("/bin/bash", ["bash", "--noprofile", *files, "-i"], student.environment)
            except OSError as error:
                os.write(2, f"no shell: {error}\r\n".encode())
            finally:
                os._exit(126)

    def _resize_console(self, columns: int, rows: int) -> None:
        self.console.wanted = columns, rows
        if self.student is not None:
            self._tell_console()

    def _tell_console(self) -> None:
        self.console.tell()
        self.screen.look_around_s = LOOKING_S if self.console.is_waiting else LATER_S

    def _say(self, words: str) -> None:
        # Past the terminal: a student who has stopped its output (Ctrl-S) would stop us, too.
        if words:
            self.screen.show(f"\r\n\x1b[1;31m{words}\x1b[0m\r\n".encode())


def _login(slave: int) -> None:
    """Make the terminal this session's, and the three streams of it."""
    fcntl.ioctl(slave, termios.TIOCSCTTY, 0)
    for stream in range(3):
        os.dup2(slave, stream)


def _listen(name: str) -> socket.socket:
    with contextlib.suppress(FileNotFoundError):
        os.unlink(name)
    listener = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    listener.bind(name)
    os.chmod(name, 0o600)
    listener.listen(64)
    return listener


def shut() -> None:
    """Take the right to write from everybody else: Nomad's folders are open to all, and nobody measures them.

    Whoever may write there could put other sockets, or another shell, where the platform looks for its own.
    """
    task, alloc = entry.root(), Path(os.environ["NOMAD_ALLOC_DIR"])
    # `secrets` has a socket of Nomad's API (api.sock), though that asks for a token.
    for name in ("secrets", "private"):
        with contextlib.suppress(OSError):
            (task / name).chmod(0o700)
    folders = [task, task / "local", alloc]
    folders += [alloc / name for name in ("data", "logs", "tmp")]
    for folder in [] if vm.is_here() else folders:
        with contextlib.suppress(OSError):
            folder.chmod(folder.stat().st_mode & ~0o022)


def main(bridge: str) -> None:
    """Serve until SIGTERM; `bridge` is the program that joins an exec session to the sockets."""
    folder = Path(os.environ["NOMAD_ALLOC_DIR"]) / "yurt"
    folder.mkdir(mode=0o700, exist_ok=True)
    # Paths of sockets are short only from where they are.
    os.chdir(folder)
    shut()
    lab = Lab(folder)
    scripts.copy_shell()
    draft = folder / ".bridge.py"
    draft.write_text(bridge)
    draft.replace(folder / "bridge.py")
    lab.screen.run()
    if lab.shell:
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.kill(lab.shell, signal.SIGKILL)
    lab.screen.leave()
