"""A lab that is a VM: its console is the screen, its second serial port runs scripts. docs/vm-images.md says how."""

from __future__ import annotations

import base64
import fcntl
import os
import secrets
import signal
import socket
import time

from backends.inside.entry import OUTPUT, RESTORE, START_S, Refused
from backends.inside.scripts import Result

CONNECT_S = 30.0
POLL_S = 0.05
# How long a VM may take to come up; how long after a script's limit its answer may come.
BOOT_S, GRACE_S = 120.0, 10.0
# A slow machine is asked less and less often: each question that it can't answer yet delays it.
ASK_AGAIN_S, ASK_AGAIN_PART = 2.0, 0.5
# What may come beside the output in base64: the rest of an earlier answer.
FLOOD = 1024 * 1024
# The firmware writes this to the console, whose log QEMU keeps, at each start. A kernel that panics starts anew.
FIRMWARE, MOST_STARTS = b"SeaBIOS (version", 5
SIZE_S = 5.0
LOCK = "control.lock"


def is_here() -> bool:
    """Say whether this lab is a VM."""
    return bool(os.environ.get("YURT_CONSOLE"))


def open_console() -> int:
    """Return a descriptor of the VM's console."""
    return _connect(os.environ["YURT_CONSOLE"], CONNECT_S).detach()


def fill(saved: bytes | None, setup: bytes) -> None:
    """Wait for the VM to come up, then unpack what was saved or run the setup; raise Refused."""
    deadline = time.monotonic() + BOOT_S
    while (left := deadline - time.monotonic()) > 0:
        if _is_up(min(left, max(ASK_AGAIN_S, ASK_AGAIN_PART * (BOOT_S - left)))):
            break
        if _starts() > MOST_STARTS:
            raise Refused("The virtual machine starts again and again. It has too little memory, most likely.")
    else:
        raise Refused(f"The virtual machine didn't come up within {BOOT_S:.0f} s.")
    if saved is not None:
        result = run(RESTORE, saved, START_S, OUTPUT)
    elif setup.strip():
        result = run(setup, b"", START_S, OUTPUT)
    else:
        return
    if result.is_timed_out or result.exit_code != 0:
        raise Refused(f"The lab's setup failed {result.exit_code}. {result.output.decode(errors='replace')[-500:]}")


def run(script: bytes, stdin: bytes, timeout_s: float, limit: int, grace_s: float = GRACE_S) -> Result:
    """Run a script through the VM's second serial port, one at a time. Its answer may be `grace_s` late."""
    with open(LOCK, "w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        with _connect(os.environ["YURT_CONTROL"], CONNECT_S) as control:
            return _run(control, script, stdin, timeout_s, limit, grace_s)


def _starts() -> int:
    """Return how often the machine has started, as far as its console tells."""
    try:
        with open(os.path.splitext(os.environ["YURT_CONSOLE"])[0] + ".log", "rb") as log:
            return log.read(1_000_000).count(FIRMWARE)
    except OSError:
        return 0


class ConsoleSize:
    """Tells a VM the size of its viewers' screen, by a script, because a serial line carries no sizes.

    One script runs at a time, in the process `child`. The last size counts, and is sent again to a machine that was too
    slow to answer.
    """

    def __init__(self) -> None:
        self.wanted: tuple[int, int] | None = None
        self.sent: tuple[int, int] | None = None
        self.child = 0

    @property
    def is_waiting(self) -> bool:
        """Whether a size is being sent, or waits to be sent."""
        return bool(self.child) or self.wanted != self.sent

    def tell(self) -> None:
        """Begin to send the wanted size, unless it is sent or being sent."""
        if self.child or self.wanted is None or self.wanted == self.sent:
            return
        self.sent = self.wanted
        self.child = os.fork()
        if self.child == 0:
            try:
                signal.signal(signal.SIGTERM, signal.SIG_DFL)
                result = run(b"stty -F /dev/ttyS0 cols %d rows %d" % self.sent, b"", SIZE_S, 100)
                os._exit(1 if result.is_timed_out else 0)
            finally:
                os._exit(0)

    def ended(self, status: int) -> None:
        """Take the end of the child; any status but 0 says that the machine was too slow."""
        self.child = 0
        if status:
            self.sent = None


def _is_up(patience: float) -> bool:
    try:
        return not run(b"true", b"", patience, 100, grace_s=0).is_timed_out
    except OSError:
        time.sleep(POLL_S)
        return False


def _run(control: socket.socket, script: bytes, stdin: bytes, timeout_s: float, limit: int, grace_s: float) -> Result:
    mark = secrets.token_hex(8).encode()
    words = [b"yurt-run", mark, b"%d" % max(1, round(timeout_s)), base64.b64encode(script), base64.b64encode(stdin)]
    # One byte more than wanted says that there was more.
    words.append(b"%d" % (limit + 1))
    # A machine that isn't up yet takes nothing.
    control.settimeout(timeout_s + grace_s)
    control.sendall(b"\n" + b" ".join(words) + b"\n")
    deadline = time.monotonic() + timeout_s + grace_s
    received = bytearray()
    ending = b"yurt-end " + mark + b" "
    while (left := deadline - time.monotonic()) > 0:
        control.settimeout(left)
        try:
            data = control.recv(65_536)
        except TimeoutError:
            break
        if not data:
            raise ConnectionError("the VM is gone")
        received += data
        if len(received) > 2 * limit + FLOOD:
            raise ConnectionError("the VM says more than it was asked for")
        place = received.rfind(ending)
        if place >= 0 and b"\n" in received[place:]:
            return _result(bytes(received), mark, int(received[place + len(ending) :].split()[0]), limit)
    return Result(-1, b"", is_timed_out=True, is_truncated=False)


def _result(received: bytes, mark: bytes, exit_code: int, limit: int) -> Result:
    body = received.partition(b"yurt-begin " + mark)[2].rpartition(b"yurt-end " + mark)[0]
    output = base64.b64decode(b"".join(body.split()))
    # timeout(1) gives 124 for a script that took too long, 137 for one that had to be killed.
    return Result(exit_code, output[:limit], is_timed_out=exit_code in (124, 137), is_truncated=len(output) > limit)


def _connect(path: str, within_s: float) -> socket.socket:
    deadline = time.monotonic() + within_s
    while True:
        there = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        try:
            there.connect(path)
            return there
        except OSError:
            there.close()
            if time.monotonic() > deadline:
                raise
            time.sleep(POLL_S)
