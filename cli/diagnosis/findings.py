"""What a look at a deployment finds: a state, what was seen, and the command that mends it."""

import time
from collections.abc import Callable, Iterable
from dataclasses import asdict, dataclass
from typing import Any, Literal

import structlog

# `fault`: something doesn't work, or is unsafe. `note`: it works, and wants a look. `left`: not looked at.
State = Literal["well", "note", "fault", "left"]

# Leases of rows last six seconds (services/leases.py): clocks that are apart by less than this harm nothing.
MOST_APART_S = 2.0

log = structlog.get_logger("yurt.doctor")


@dataclass(frozen=True)
class Finding:
    """One thing that was looked at; `mend` is a command or a setting, where something is to be done."""

    name: str
    state: State
    said: str
    mend: str = ""


@dataclass(frozen=True)
class Part:
    """A part of the deployment, and all that was found of it."""

    name: str
    findings: list[Finding]

    def as_json(self) -> dict[str, Any]:
        """Return it for programs."""
        return {"part": self.name, "findings": [asdict(finding) for finding in self.findings]}


def well(name: str, said: str) -> Finding:
    """Return a finding that asks for nothing."""
    return Finding(name, "well", said)


def note(name: str, said: str, mend: str = "") -> Finding:
    """Return a finding that somebody should look at."""
    return Finding(name, "note", said, mend)


def fault(name: str, said: str, mend: str = "") -> Finding:
    """Return a finding that is to be mended."""
    return Finding(name, "fault", said, mend)


def left(name: str, said: str, mend: str = "") -> Finding:
    """Return what wasn't looked at, and why."""
    return Finding(name, "left", said, mend)


def look_at(name: str, look: Callable[[], Iterable[Finding]]) -> Part:
    """Collect what a look finds. One that fails by our own mistake is a finding, too, and ends no other."""
    findings: list[Finding] = []
    try:
        for finding in look():
            findings.append(finding)  # one by one: what was found before it failed counts
    except Exception as error:
        log.debug("a look failed", part=name, exc_info=True)
        findings.append(fault("looking", f"this part couldn't be looked at: {type(error).__name__}: {error}"))
    return Part(name, findings)


def clock(name: str, theirs: float, before: float, after: float) -> Finding:
    """Compare another machine's clock, asked between `before` and `after`, with ours."""
    apart = max(0.0, before - theirs, theirs - after)
    if apart < MOST_APART_S:
        return well(name, f"agrees with this machine's to {max(apart, (after - before)):.3f} s")
    way = "ahead of" if theirs > after else "behind"
    return fault(
        name,
        f"is {apart:.1f} s {way} this machine's: leases and deadlines are read wrongly",
        "timedatectl set-ntp true, on both machines",
    )


def measured(ask: Callable[[], float]) -> tuple[float, float, float]:
    """Ask another machine for its time; return it between our times before and after."""
    before = time.time()
    theirs = ask()
    return theirs, before, time.time()
