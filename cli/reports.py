"""The result of testing a lab: as data, as a table for people, and as JSON for programs."""

from collections.abc import Iterator
from dataclasses import asdict, dataclass, field
from enum import StrEnum
from typing import Any

from backends import ExecResult
from services.labs import checks

MOST_LINES = 12


class Verdict(StrEnum):
    """How a run of a check ended, as people and programs read it."""

    PASSES = "passes"
    FAILS = "fails"
    TOO_SLOW = "too slow"


EXPECTED = {"untouched": Verdict.FAILS, "solved": Verdict.PASSES}


@dataclass(frozen=True)
class Run:
    """One run of a check."""

    verdict: Verdict
    seconds: float
    output: str


@dataclass
class CheckReport:
    """A check on the untouched lab and on the solved one; None where it wasn't run."""

    slug: str
    title: str
    untouched: Run | None = None
    solved: Run | None = None

    def faults(self) -> list[tuple[str, str]]:
        """Return what is wrong, each with what the check printed."""
        faults = []
        for phase, expected in EXPECTED.items():
            run: Run | None = getattr(self, phase)
            if run is not None and run.verdict != expected:
                word = "is too slow" if run.verdict is Verdict.TOO_SLOW else run.verdict
                faults.append(
                    (f"{self.slug} {word} on {'an' if phase == 'untouched' else 'the'} {phase} lab", run.output)
                )
        return faults


@dataclass
class LabReport:
    """A lab: its checks, and what is wrong with it as a whole. `note` says why less was tried than could be."""

    course: str
    lab: str
    checks: list[CheckReport]
    job_id: str = ""
    started_s: float | None = None
    solved_s: float | None = None
    faults: list[str] = field(default_factory=list)
    output: str = ""
    note: str = ""

    @property
    def is_proven(self) -> bool:
        """Say whether every check failed on the untouched lab and passed on the solved one."""
        runs = [run for check in self.checks for run in (check.untouched, check.solved)]
        return bool(runs) and None not in runs and not self.all_faults()

    def solve(self, result: ExecResult, seconds: float, limit_s: float) -> None:
        """Record how the solution ended."""
        self.solved_s = seconds
        if result.is_timed_out:
            self.faults.append(f"the solution takes longer than {limit_s:.0f} s")
        elif result.exit_code != 0:
            self.faults.append(f"the solution ends with the status {result.exit_code}")
        else:
            return
        self.output = checks.readable(result.output)

    def all_faults(self) -> list[tuple[str, str]]:
        """Return everything that is wrong, each with the output that explains it."""
        own = [(fault, self.output if fault.startswith("the solution") else "") for fault in self.faults]
        return own + [fault for check in self.checks for fault in check.faults()]

    def as_json(self) -> dict[str, Any]:
        """Return plain data."""
        faults = [{"fault": fault, "output": output} for fault, output in self.all_faults()]
        return {**asdict(self), "faults": faults, "is_proven": self.is_proven}


def table(report: LabReport) -> Iterator[str]:
    """Yield the lines of a report."""
    times = [f"started in {report.started_s:.1f} s"] if report.started_s is not None else []
    times += [f"solved in {report.solved_s:.1f} s"] if report.solved_s is not None else []
    yield f"{report.course}/{report.lab}{'  (' + ', '.join(times) + ')' if times else ''}"
    if report.checks:
        width = max(5, *(len(check.slug) for check in report.checks))
        yield f"  {'check':<{width}}  {'untouched':<9}  {'solved':<8}  seconds"
        for check in report.checks:
            runs = [run for run in (check.untouched, check.solved) if run is not None]
            slowest = f"{max(run.seconds for run in runs):7.2f}" if runs else f"{'-':>7}"
            yield f"  {check.slug:<{width}}  {_word(check.untouched):<9}  {_word(check.solved):<8}  {slowest}"
    if report.note:
        yield f"  It {report.note}."
    for fault, output in report.all_faults():
        yield f"  Fault: {fault.rstrip('.')}."
        lines = output.splitlines()
        yield from (f"    | {line}" for line in lines[:MOST_LINES])
        if len(lines) > MOST_LINES:
            yield f"    | ... and {len(lines) - MOST_LINES} lines more"


def summary(reports: list[LabReport]) -> str:
    """Return the last line: how many labs are proven, and how many faults there are."""
    proven = sum(report.is_proven for report in reports)
    faults = sum(len(report.all_faults()) for report in reports)
    labs = f"{proven} of {len(reports)} lab{'' if len(reports) == 1 else 's'} proven"
    return f"{labs}, {faults} fault{'' if faults == 1 else 's'}." if faults or proven < len(reports) else f"{labs}."


def _word(run: Run | None) -> str:
    return run.verdict if run is not None else "-"
