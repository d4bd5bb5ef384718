"""Labs on this machine: a shell under bubblewrap, held so that it outlives the gateway and the scheduler.

For trying Yurt out and for development. Production refuses it unless told otherwise in so many words.
"""

import contextlib
import fcntl
import os
import shutil
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

from scheduler.backends.base import BackendUnavailable, ExecResult, LabSpec, Observed, StartFailed
from scheduler.backends.local import sandbox
from scheduler.backends.local.jobs import Job, Store
from scheduler.backends.local.terminal import LocalTerminal, open_terminal

HOLDER = Path(__file__).with_name("holder.py")
START_S = 10.0
STOP_S = 5.0
POLL_S = 0.02


class LocalBackend:
    """Keeps the contract of `scheduler.backends.base` with files under `<var>/labs`."""

    name = "local"

    def __init__(self, var: Path) -> None:
        self.store = Store(var)

    def start(self, spec: LabSpec) -> None:
        """Start the lab's holder, and wait until its shell can be reached."""
        if spec.template != "exec":
            raise StartFailed(f"Labs of the kind “{spec.template}” need Nomad; this site runs labs on one machine.")
        job = self.store.job(spec.job_id)
        job.folder.mkdir(exist_ok=True)
        with _alone(job):
            if job.holder() is None:
                self._prepare(job, spec)
                subprocess.Popen(
                    [sys.executable, "-I", "-S", str(HOLDER), str(job.folder)],
                    stdin=subprocess.DEVNULL,
                    stdout=subprocess.DEVNULL,
                    stderr=subprocess.DEVNULL,
                    cwd="/",
                    start_new_session=True,
                ).wait()
            self._await_shell(job)

    def _prepare(self, job: Job, spec: LabSpec) -> None:
        for name in ("init", "error"):
            (job.folder / name).unlink(missing_ok=True)
        home, etc = self.store.home(spec, sandbox.uid_of(spec.job_id)), job.folder / "etc"
        shutil.rmtree(etc, ignore_errors=True)
        sandbox.write_etc(etc, spec)
        if spec.setup_script:
            (etc / "yurt.setup").write_text(spec.setup_script)
            (etc / "yurt.setup").chmod(0o644)
        job.save(spec, sandbox.command(spec, home=home, etc=etc))

    def _await_shell(self, job: Job) -> None:
        deadline = time.monotonic() + START_S
        while time.monotonic() < deadline:
            if job.init() is not None and job.socket.exists() and job.holder() is not None:
                return
            if job.error():
                raise StartFailed(f"The sandbox can't start on this machine: {job.error()}")
            time.sleep(POLL_S)
        raise BackendUnavailable(f"{job.job_id} didn't start within {START_S:.0f} s")

    def stop(self, job_id: str) -> None:
        """End the holder, which ends the sandbox; insist until neither is left."""
        job = self.store.job(job_id)
        if not job.folder.exists():
            return
        with _alone(job):
            for number in (signal.SIGTERM, signal.SIGKILL):
                holder = job.holder()
                if not holder:
                    break
                with contextlib.suppress(ProcessLookupError):
                    os.kill(holder, number)
                _wait(lambda: job.holder() is None, STOP_S)
            if job.holder() is not None:
                raise BackendUnavailable(f"{job_id} doesn't end")
            self._await_sandbox_end(job)
            job.remove()

    def _await_sandbox_end(self, job: Job) -> None:
        """Wait until the kernel has ended the sandbox whose holder is gone."""
        init = job.init()
        marker = f"{job.folder}/etc"
        if init and not _wait(lambda: not _is_ours(init, marker), STOP_S):
            raise BackendUnavailable(f"the sandbox of {job.job_id} doesn't end")

    def status(self, job_id: str) -> Observed | None:
        """Read the job's folder."""
        job = self.store.job(job_id)
        return self._observed(job) if job.folder.exists() else None

    def observe(self) -> list[Observed]:
        """Read every job's folder."""
        return [self._observed(job) for job in self.store.all()]

    def _observed(self, job: Job) -> Observed:
        spec = job.spec()
        session_id = spec.session_id if spec else ""
        if job.holder() is None:
            return Observed(job.job_id, session_id, "dead", job.error())
        return Observed(job.job_id, session_id, "running" if job.init() else "pending")

    def execute(self, job_id: str, script: str, *, timeout_s: float, output_limit: int) -> ExecResult:
        """Run a script in the lab's namespaces; it comes through a pipe that the student can't reach."""
        job = self.store.job(job_id)
        spec, init = job.spec(), job.init()
        if spec is None or init is None or job.holder() is None:
            raise BackendUnavailable(f"{job_id} doesn't run")
        reading, writing = os.pipe()
        if os.geteuid() == 0:
            os.fchown(reading, sandbox.uid_of(job_id), -1)  # bash opens it anew, as the student
        inner = f"cd && {sandbox.limits(spec)} && exec /bin/bash --noprofile --norc /dev/fd/{reading}"
        clean = ["/usr/bin/env", "-i", *_variables(spec), "/bin/bash", "--noprofile", "--norc", "-c", inner]
        there, namespaces = sandbox.enter(spec, init)
        process = subprocess.Popen(
            [*there, *clean],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            pass_fds=(reading, *namespaces),
            start_new_session=True,
            cwd="/",
        )
        for descriptor in (reading, *namespaces):
            os.close(descriptor)
        threading.Thread(target=_feed, args=(writing, script.encode()), daemon=True).start()
        return _collect(process, timeout_s, output_limit)

    async def attach(self, job_id: str, *, columns: int, rows: int) -> LocalTerminal:
        """Connect to the holder."""
        job = self.store.job(job_id)
        return await open_terminal(job.socket, columns, rows)

    def stop_all(self) -> None:
        """End every lab of this var folder."""
        for job in self.store.all():
            self.stop(job.job_id)


def _variables(spec: LabSpec) -> list[str]:
    pairs = sandbox.environment(spec)[1:]
    return [f"{name}={value}" for name, value in zip(pairs[1::3], pairs[2::3], strict=True)]


def _feed(descriptor: int, data: bytes) -> None:
    with contextlib.suppress(BrokenPipeError), os.fdopen(descriptor, "wb") as pipe:
        pipe.write(data)


def _collect(process: "subprocess.Popen[bytes]", timeout_s: float, output_limit: int) -> ExecResult:
    """Read at most `output_limit` bytes until the end or the time-out, which kills the script's whole group."""
    assert process.stdout is not None
    output, total = bytearray(), 0
    timed_out = threading.Event()

    def expire() -> None:
        timed_out.set()
        with contextlib.suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
        with contextlib.suppress(OSError):
            os.set_blocking(process.stdout.fileno(), False)  # type: ignore[union-attr]  # asserted above

    timer = threading.Timer(timeout_s, expire)
    timer.start()
    try:
        while data := process.stdout.read1(65_536):  # type: ignore[attr-defined]  # a BufferedReader
            total += len(data)
            output += data[: max(0, output_limit - len(output))]
    finally:
        timer.cancel()
    with contextlib.suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGKILL)
    code = process.wait()
    process.stdout.close()
    return ExecResult(code, bytes(output), timed_out.is_set(), total > output_limit)


@contextlib.contextmanager
def _alone(job: Job) -> Iterator[None]:
    """Let one caller at a time start or stop a job; the kernel frees the lock of a caller that dies."""
    folder = job.folder.parent.parent / "locks"
    folder.mkdir(exist_ok=True)
    with (folder / job.job_id).open("w") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield


def _is_ours(pid: int, marker: str) -> bool:
    """Whether the process is still the sandbox: its mounts name the job's folder."""
    try:
        return marker in Path(f"/proc/{pid}/mountinfo").read_text()
    except OSError:
        return False


def _wait(condition: Callable[[], bool], seconds: float) -> bool:
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        if condition():
            return True
        time.sleep(POLL_S)
    return condition()
