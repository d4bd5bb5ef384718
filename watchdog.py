"""Ends a process that hangs, so that whoever started it starts it again: nothing restarts what merely is unhealthy.

`Watchdog` starts this file as a small program beside the process. As long as the process works it writes a byte now and
then; when none has come for a time, the process is killed, even if it was stopped or its interpreter hangs. When
the process ends, the pipe closes and the program ends, too. Standard library only.
"""

import os
import select
import signal
import subprocess
import sys
import time
from contextlib import suppress


class Watchdog:
    """The program beside this process."""

    def __init__(self, within_s: float) -> None:
        self._beaten_at, self._pause_s = 0.0, within_s / 10
        read, self._write = os.pipe()
        os.set_blocking(self._write, False)
        command = [sys.executable, "-I", "-S", __file__, str(os.getpid()), str(within_s)]
        self._program = subprocess.Popen(command, stdin=read, start_new_session=True)
        os.close(read)

    def beat(self) -> None:
        """Say that this process works; ten bytes in the time that it may be silent are enough."""
        now = time.monotonic()
        if now - self._beaten_at >= self._pause_s:
            self._beaten_at = now
            with suppress(BlockingIOError, BrokenPipeError):
                os.write(self._write, b".")

    def end(self) -> None:
        """Watch no more."""
        os.close(self._write)
        self._program.wait(5)


def main() -> None:
    """Watch over the process that was named, whose child this is."""
    watched, within_s = int(sys.argv[1]), float(sys.argv[2])
    # Ctrl-C is for the process; we end when it does.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    while os.getppid() == watched:
        ready, _, _ = select.select([0], [], [], within_s)
        if ready and not os.read(0, 4096):
            return
        if not ready and os.getppid() == watched:
            line = (
                f'{{"event": "hangs, and is killed", "level": "critical", "logger": "yurt.watchdog", "pid": {watched}}}'
            )
            print(line, file=sys.stderr, flush=True)
            os.kill(watched, signal.SIGKILL)
            return


if __name__ == "__main__":
    main()
