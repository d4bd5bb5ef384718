"""Proves a lab on a real machine: untouched it fails every check, solved it passes them all.

The machine is thrown away. Its job belongs to no session and to an instance of its own, so that no reconciler stops it,
and this module always stops it. What a killed run left behind is stopped by a later one.
"""

import contextlib
import secrets
import signal
import threading
import time
import uuid
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import datetime, timedelta
from typing import TypeVar

import lab_templates
from backends import Backend, BackendError, BackendUnavailable, ExecResult, LabSpec, StartFailed
from cli.reports import CheckReport, LabReport, Run, Verdict
from services.archive import LabContent
from services.labs import checks, job_names

T = TypeVar("T")
STUDENT = "test"
START_S = 300.0
# A solution that ignores the end of its time gets END_S more; then its machine is ended.
SOLUTION_S, END_S = 300.0, 10.0
# The exit status of timeout(1) for a command whose time was over.
TIMED_OUT = 124
# A call that the backend couldn't carry out is tried again, as the scheduler does with students' checks.
TRIES, PAUSE_S = 3, 1.0
POLL_S = 0.2
# Longer than any test may take: 50 checks of 5 minutes, twice.
LEFT_OVER_S = 24 * 3600
UUID_EPOCH = datetime.fromisoformat("1582-10-15T00:00:00+00:00").timestamp()


class Stuck(Exception):
    """The test can't go on; the message says why."""


def prove(backend: Backend, instance: str, course: str, lab: LabContent) -> LabReport:
    """Start the lab, try its checks, solve it, try them again, and stop it, whatever happens."""
    spec = spec_of(instance, course, lab)
    report = LabReport(course, lab.slug, [CheckReport(check.slug, check.title) for check in lab.checks], spec.job_id)
    if not lab.checks:
        report.note = "has no checks: there is nothing to prove"
        return report
    try:
        began = time.monotonic()
        _start(backend, spec)
        report.started_s = time.monotonic() - began
        for row, run in zip(report.checks, _try(backend, spec, lab), strict=True):
            row.untouched = run
        if lab.solution:
            with _solved(backend, spec, lab, report):
                for row, run in zip(report.checks, _try(backend, spec, lab), strict=True):
                    row.solved = run
        else:
            report.note = "has no solution.sh: only the untouched half was tried"
    except (Stuck, BackendError, OSError) as error:
        report.faults.append(str(error))
    finally:
        _stop(backend, spec.job_id, report)
    return report


def spec_of(instance: str, course: str, lab: LabContent) -> LabSpec:
    """Return a machine for the lab that nobody else has. Its session's ID tells when it was made."""
    session_id = uuid.uuid1(node=secrets.randbits(48), clock_seq=secrets.randbits(14))
    job_id = job_names.job_id(course, lab.slug, STUDENT, session_id)
    tries = 2 * sum(check.timeout_s for check in lab.checks)
    return LabSpec.of(
        lab,
        job_id=job_id,
        instance=instance,
        session_id=str(session_id),
        course=course,
        handle=STUDENT,
        home_key=job_id,
        setup_script=lab.setup,
        life=timedelta(seconds=START_S + SOLUTION_S + tries),
        is_fresh=True,
    )


def stop_left_over(backend: Backend, now: datetime) -> list[str]:
    """Stop machines of tests that were killed long ago, and return their names."""
    stopped = []
    for job in backend.observe():
        made_at = _made_at(job.session_id)
        if made_at is None or now.timestamp() - made_at > LEFT_OVER_S:
            with contextlib.suppress(BackendError, OSError):
                backend.stop(job.job_id)
                stopped.append(job.job_id)
    return stopped


def _made_at(session_id: str) -> float | None:
    try:
        return UUID_EPOCH + uuid.UUID(session_id).time / 1e7
    except ValueError:
        return None


def _start(backend: Backend, spec: LabSpec) -> None:
    deadline = time.monotonic() + START_S
    while True:
        try:
            backend.start(spec)
            return
        except StartFailed as error:
            raise Stuck(f"can't start: {error}") from error
        except BackendUnavailable as error:
            if time.monotonic() > deadline:
                raise Stuck(f"didn't start within {START_S:.0f} s: {error}") from error
            time.sleep(PAUSE_S)


def _try(backend: Backend, spec: LabSpec, lab: LabContent) -> list[Run]:
    runs = []
    for check in lab.checks:
        began = time.monotonic()
        result = _execute(backend, spec.job_id, check.script, check.timeout_s)
        runs.append(Run(_verdict(result), time.monotonic() - began, checks.readable(result.output)))
    return runs


def _verdict(result: ExecResult) -> Verdict:
    if result.is_timed_out:
        return Verdict.TOO_SLOW
    return Verdict.PASSES if result.exit_code == 0 else Verdict.FAILS


def _execute(backend: Backend, job_id: str, script: str, timeout_s: float) -> ExecResult:
    return _patiently(
        lambda: backend.execute(job_id, script, timeout_s=timeout_s, output_limit=checks.MAX_OUTPUT), "run a script"
    )


def _patiently(call: Callable[[], T], what: str) -> T:
    for left in range(TRIES - 1, -1, -1):
        try:
            return call()
        except (BackendUnavailable, OSError) as error:
            if not left:
                raise Stuck(f"couldn't {what}, {TRIES} times: {error}") from error
            time.sleep(PAUSE_S)
    raise AssertionError("unreachable")


@contextlib.contextmanager
def _solved(backend: Backend, spec: LabSpec, lab: LabContent, report: LabReport) -> Iterator[None]:
    """Run the solution. Programs that it leaves running (a server, say) run on inside the block, as a student's would.

    Such programs end with their script, so its shell is held until the block ends. A VM runs one script at a time, and
    lets its programs live on.
    """
    began = time.monotonic()
    if lab_templates.find(lab.template).is_vm:
        result = _execute(backend, spec.job_id, lab.solution, SOLUTION_S)
        report.solve(result, time.monotonic() - began, SOLUTION_S)
        yield
        return
    solution = HeldSolution(backend, spec.job_id, lab.solution, sum(check.timeout_s for check in lab.checks))
    solution.wait()
    report.solved_s = time.monotonic() - began
    yield
    report.solve(solution.release(), report.solved_s, SOLUTION_S)


class HeldSolution:
    """A solution whose shell waits after its end, so that the programs it started live on."""

    def __init__(self, backend: Backend, job_id: str, solution: str, longest_s: float) -> None:
        self.backend, self.job_id = backend, job_id
        self.mark = f"/tmp/.yurt-{secrets.token_hex(8)}"
        self.results: list[ExecResult] = []
        self.errors: list[Exception] = []
        self.timeout_s = SOLUTION_S + longest_s + 60
        self.thread = threading.Thread(target=self._run, args=(solution.encode(),), daemon=True)
        self.thread.start()

    def _run(self, solution: bytes) -> None:
        script = (
            # timeout(1) inside the lab ends it, so its output is kept for the report.
            f'script=$(cat)\nlimit=\nif command -v timeout > /dev/null; then limit="timeout {SOLUTION_S:g}"; fi\n'
            f'$limit /bin/bash -c "$script" < /dev/null\nstatus=$?\necho "$status" > {self.mark}\n'
            f'until [[ -e {self.mark}.end ]]; do sleep {POLL_S}; done\nrm -f {self.mark}*\nexit "$status"\n'
        )
        try:
            limit = checks.MAX_OUTPUT
            done = self.backend.execute(
                self.job_id, script, timeout_s=self.timeout_s, output_limit=limit, stdin=solution
            )
            self.results.append(done)
        except (BackendError, OSError) as error:
            self.errors.append(error)

    def wait(self) -> None:
        """Wait for the solution's end; raise Stuck where it doesn't come to one."""
        deadline = time.monotonic() + SOLUTION_S + END_S
        while self.thread.is_alive():
            if _execute(self.backend, self.job_id, f"test -e {self.mark}", 10).exit_code == 0:
                return
            if time.monotonic() > deadline:
                raise Stuck(f"the solution takes longer than {SOLUTION_S:.0f} s")
            time.sleep(POLL_S)
        raise Stuck(f"the solution couldn't run: {self.errors[0] if self.errors else 'its shell has ended'}")

    def release(self) -> ExecResult:
        """Let the shell go, and return how the solution ended."""
        _execute(self.backend, self.job_id, f": > {self.mark}.end", 10)
        self.thread.join(30)
        if not self.results:
            raise Stuck(f"the solution's shell doesn't end: {self.errors[0] if self.errors else 'it hangs'}")
        done = self.results[0]
        return replace(done, is_timed_out=done.is_timed_out or done.exit_code == TIMED_OUT)


def _stop(backend: Backend, job_id: str, report: LabReport) -> None:
    with undisturbed():
        try:
            _patiently(lambda: backend.stop(job_id), "stop the machine")
        except (Stuck, BackendError) as error:
            report.faults.append(f"{job_id} still runs: {error}")


@contextlib.contextmanager
def undisturbed() -> Iterator[None]:
    """Let no second Ctrl-C keep the machine from being stopped."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    before = {number: signal.signal(number, signal.SIG_IGN) for number in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
