"""A backend in memory that fails as it is told to; real ones are tried elsewhere."""

from collections.abc import Callable, Iterable, Iterator

from scheduler.backends import Change, ExecResult, LabSpec, Node, Observed, Usage


class ScriptedBackend:
    """Keeps jobs in a dict. `faults` are raised by the next calls, one each; `results` are what scripts give.

    `specs` keeps what was started, `inputs` what scripts were given; `nodes`, `used` and `changes` are what it tells.
    """

    name = "scripted"
    has_events = True
    has_warm = True

    def __init__(self, faults: Iterable[Exception] = (), before: Callable[[str, str], None] | None = None) -> None:
        self.jobs: dict[str, Observed] = {}
        self.calls: list[tuple[str, str]] = []
        self.faults = list(faults)
        self.results: list[ExecResult] = []
        self.before = before
        self.specs: dict[str, LabSpec] = {}
        self.inputs: list[bytes] = []
        self.nodes: list[Node] | None = None
        self.used: dict[str, Usage] = {}
        self.changes: list[Change] = []

    def start(self, spec: LabSpec) -> str:
        self._called("start", spec.job_id)
        self.specs[spec.job_id] = spec
        self.jobs[spec.job_id] = Observed(spec.job_id, spec.session_id, "running", node="node-1")
        return "node-1"

    def stop(self, job_id: str) -> None:
        self._called("stop", job_id)
        self.jobs.pop(job_id, None)

    def status(self, job_id: str) -> Observed | None:
        return self.jobs.get(job_id)

    def observe(self) -> list[Observed]:
        return list(self.jobs.values())

    def usage(self, job_ids: list[str]) -> dict[str, Usage]:
        return {job_id: self.used[job_id] for job_id in job_ids if job_id in self.used}

    def capacity(self) -> list[Node] | None:
        return self.nodes

    def follow(self, since: int, is_over: Callable[[], bool]) -> Iterator[Change]:
        return iter([change for change in self.changes if change.index > since])

    def execute(
        self, job_id: str, script: str, *, timeout_s: float, output_limit: int, stdin: bytes = b""
    ) -> ExecResult:
        self._called("execute", job_id)
        self.inputs.append(stdin)
        return self.results.pop(0) if self.results else ExecResult(0, b"")

    def _called(self, name: str, job_id: str) -> None:
        self.calls.append((name, job_id))
        if self.before:
            self.before(name, job_id)
        if self.faults:
            raise self.faults.pop(0)
