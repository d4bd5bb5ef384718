"""`python -m cli.run` as a person uses it: in a folder of its own, watched from outside."""

import contextlib
import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from types import TracebackType
from urllib.request import urlopen

import psutil

from config import ROOT
from tests.sites import free_port, until

START_S = 120.0
END_S = 10.0


class RunningSite:
    """One run; as a context manager it leaves nothing behind, whatever the test did."""

    def __init__(self, var: Path, port: int | None = None, **environ: str) -> None:
        self.var = var
        self.port = port or free_port()
        self.url = f"http://127.0.0.1:{self.port}"
        self.log = var.parent / "site.log"
        # What the suite itself was told must not reach the site.
        own = {name: value for name, value in os.environ.items() if name not in ("DATABASE_URL", "REDIS_URL", "BIND")}
        fixed = {"YURT_VAR": str(var), "PORT": str(self.port), "WEB_CONCURRENCY": "2"}
        self.environ = {**own, **fixed, **environ}
        self.started = time.monotonic()
        with self.log.open("wb") as log:
            self.process = subprocess.Popen(
                [sys.executable, "-m", "cli.run"],
                cwd=ROOT,
                env=self.environ,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                start_new_session=True,
                # A suite under nohup ignores SIGHUP, and so would the site.
                preexec_fn=lambda: signal.signal(signal.SIGHUP, signal.SIG_DFL),
            )

    def __enter__(self) -> "RunningSite":
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        if self.process.poll() is None:
            self.process.terminate()
            with contextlib.suppress(subprocess.TimeoutExpired):
                self.process.wait(END_S + 5)
        for process in self.tree():
            with contextlib.suppress(psutil.Error):
                process.kill()
        self.process.wait(END_S)

    def output(self) -> str:
        """Return what it printed so far."""
        return self.log.read_text(errors="replace")

    def wait_until_ready(self) -> float:
        """Wait for the line; return the seconds that it took."""
        until(lambda: "Yurt is ready" in self.output() or self.process.poll() is not None, START_S, self.output)
        assert "Yurt is ready" in self.output(), self.output()
        return time.monotonic() - self.started

    def get(self, path: str) -> int:
        """Ask for a page; return its status, 0 when nobody answers."""
        with contextlib.suppress(OSError), urlopen(self.url + path, timeout=60) as response:
            return int(response.status)
        return 0

    def end(self, number: int = signal.SIGTERM, within: float = 3 * END_S) -> int:
        """Send the signal and wait for the end; return the exit code. Beside other tests it may take longer."""
        self.process.send_signal(number)
        return self.process.wait(within)

    def tree(self) -> list[psutil.Process]:
        """Return every process of this run that lives: those that know its folder."""
        found = []
        for process in psutil.process_iter():
            with contextlib.suppress(psutil.Error, OSError):
                words = [*process.cmdline(), process.environ().get("YURT_VAR", ""), process.cwd()]
                is_ours = any(word.startswith(str(self.var)) for word in words)
                if is_ours and process.pid != os.getpid() and process.status() != psutil.STATUS_ZOMBIE:
                    found.append(process)
        return found

    def pids(self, words: str) -> list[int]:
        """Return the processes whose command line has these words, the oldest first."""
        found = []
        for process in self.tree():
            with contextlib.suppress(psutil.Error):
                if words in " ".join(process.cmdline()):
                    found.append((process.create_time(), process.pid))
        return [pid for _, pid in sorted(found)]
