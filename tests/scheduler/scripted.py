"""A backend in memory that fails as it is told to; real ones are tried elsewhere."""

from collections.abc import Callable, Iterable

from scheduler.backends import ExecResult, LabSpec, Observed


class ScriptedBackend:
    """Keeps jobs in a dict. `faults` are raised by the next calls, one each; `results` are what scripts give."""

    name = "scripted"

    def __init__(self, faults: Iterable[Exception] = (), before: Callable[[str, str], None] | None = None) -> None:
        self.jobs: dict[str, Observed] = {}
        self.calls: list[tuple[str, str]] = []
        self.faults = list(faults)
        self.results: list[ExecResult] = []
        self.before = before

    def start(self, spec: LabSpec) -> None:
        self._called("start", spec.job_id)
        self.jobs[spec.job_id] = Observed(spec.job_id, spec.session_id, "running")

    def stop(self, job_id: str) -> None:
        self._called("stop", job_id)
        self.jobs.pop(job_id, None)

    def status(self, job_id: str) -> Observed | None:
        return self.jobs.get(job_id)

    def observe(self) -> list[Observed]:
        return list(self.jobs.values())

    def execute(self, job_id: str, script: str, *, timeout_s: float, output_limit: int) -> ExecResult:
        self._called("execute", job_id)
        return self.results.pop(0) if self.results else ExecResult(0, b"")

    def _called(self, name: str, job_id: str) -> None:
        self.calls.append((name, job_id))
        if self.before:
            self.before(name, job_id)
        if self.faults:
            raise self.faults.pop(0)
