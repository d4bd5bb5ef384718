"""A backend in memory that fails as it is told to; real ones are tried elsewhere."""

import gzip
import io
import tarfile
from collections.abc import Callable, Iterable, Iterator
from typing import Any

from backends import Change, ExecResult, LabSpec, Leftover, Node, Observed, Usage


def packed(**files: bytes) -> bytes:
    """Return a home's archive as a lab makes it."""
    archive = io.BytesIO()
    with tarfile.open(fileobj=archive, mode="w", format=tarfile.GNU_FORMAT) as tar:
        tar.addfile(_entry(".", type=tarfile.DIRTYPE))
        for name, content in files.items():
            tar.addfile(_entry(name, size=len(content)), io.BytesIO(content))
    return gzip.compress(archive.getvalue(), mtime=0)


def _entry(name: str, **values: Any) -> tarfile.TarInfo:
    entry = tarfile.TarInfo(name)
    for key, value in values.items():
        setattr(entry, key, value)
    return entry


def home(data: bytes, report: str = "status 0 0 0") -> ExecResult:
    """Return what the script that packs a home gives."""
    return ExecResult(0, data + f"{report}\nyurt-save {len(report):08d}".encode())


EMPTY_HOME = home(packed())


class ScriptedBackend:
    """Keeps jobs in a dict. `faults` are raised by the next calls, one each; `results` are what scripts give.

    `homes` has what packing a home gives, by job. `specs` keeps what was started, `inputs` what scripts were given;
    `nodes`, `used` and `changes` are what it tells.
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
        self.homes: dict[str, ExecResult] = {}
        self.left: list[Leftover] = []

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

    def leftovers(self) -> list[Leftover]:
        return self.left

    def follow(self, since: int, is_over: Callable[[], bool]) -> Iterator[Change]:
        return iter([change for change in self.changes if change.index > since])

    def execute(
        self,
        job_id: str,
        script: str,
        *,
        timeout_s: float,
        output_limit: int,
        stdin: bytes = b"",
        patience_s: float = 0.0,
    ) -> ExecResult:
        self._called("execute", job_id)
        self.inputs.append(stdin)
        if script.startswith("# yurt-save"):
            return self.homes.get(job_id, EMPTY_HOME)
        return self.results.pop(0) if self.results else ExecResult(0, b"")

    def _called(self, name: str, job_id: str) -> None:
        self.calls.append((name, job_id))
        if self.before:
            self.before(name, job_id)
        if self.faults:
            raise self.faults.pop(0)
