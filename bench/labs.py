"""`python -m bench labs`: what labs promise, measured on a real Nomad, and its table in docs/performance.md.

Everything it needs it starts itself, and ends: engines, a Nomad agent, sites with a scheduler. It needs `nomad` on the
PATH and root, as Nomad's driver exec does, and QEMU for virtual machines.
"""

import argparse
import os
import platform
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import psutil

from bench import labs_click, labs_echo, labs_kills, labs_queue, labs_rest, labs_wide, terminals
from bench.labs_queue import Row
from bench.sites import Ground, ground
from tests.nomad.agents import missing

PAGE = Path(__file__).resolve().parent.parent / "docs" / "performance.md"
BEGIN, END = "<!-- labs: written by `python -m bench labs --write` -->", "<!-- end of labs -->"
CALM, LOOK_S = 4.0, 5.0


@dataclass(frozen=True)
class Outcome:
    """A row of the table, and how busy the machine was when its scenario began."""

    row: Row
    load: float


def rush(ground: Ground) -> list[Row]:
    """A hundred clicks in one second on fifty slots."""
    with ground.site("rush") as site:
        rows = labs_queue.run(site.settings, site.backend)
    return [Row(f"100 clicks in one second, 50 slots: {row.what}", row.aim, row.measured, row.is_met) for row in rows]


def many_terminals(ground: Ground) -> list[Row]:
    """Two thousand terminals at one gateway."""
    return terminals.run(ground.engines.redis_url(""))


SCENARIOS: dict[str, Callable[[Ground], list[Row]]] = {
    "rest": labs_rest.run,
    "warm": labs_click.warm_exec,
    "cold": labs_click.cold_exec,
    "vm": labs_click.machine,
    "echo": labs_echo.run,
    "rush": rush,
    "wide": labs_wide.run,
    "kills": labs_kills.run,
    "terminals": many_terminals,
}


def main(arguments: list[str]) -> int:
    """Measure; 1 when a promise isn't kept, or can't be looked at."""
    parser = argparse.ArgumentParser(prog="python -m bench labs", description=__doc__)
    parser.add_argument("scenarios", nargs="*", metavar="SCENARIO", help=f"of {', '.join(SCENARIOS)} (default: all)")
    parser.add_argument("--write", action="store_true", help="put the table into docs/performance.md")
    parser.add_argument("--patience", type=float, default=120, help="seconds to wait for a calm machine each time")
    options = parser.parse_args(arguments)
    if unknown := set(options.scenarios) - set(SCENARIOS):
        parser.error(f"no scenario {', '.join(sorted(unknown))}")
    if reason := missing():
        print(f"No Nomad to measure: {reason}", file=sys.stderr)
        return 1
    outcomes, faults = _measure(options.scenarios or list(SCENARIOS), options.patience, options.write)
    print(_table(outcomes))
    return 0 if outcomes and not faults and all(outcome.row.is_met for outcome in outcomes) else 1


def _measure(names: list[str], patience: float, is_written: bool) -> tuple[list[Outcome], int]:
    """Run one scenario after the other and write what there is after each; one that breaks is said and left out."""
    outcomes: list[Outcome] = []
    faults = 0
    with ground() as prepared:
        for name in names:
            load = _calm(patience)
            print(f"{name}: load {load:.1f}", flush=True)
            try:
                rows = SCENARIOS[name](prepared)
            except Exception as error:  # noqa: BLE001  # whatever it is, it is no row of the table
                print(f"{name} broke: {type(error).__name__}: {error}", file=sys.stderr, flush=True)
                faults += 1
                continue
            for row in rows:
                print(f"  {'ok ' if row.is_met else 'NOT'} {row.what}: {row.measured} ({row.aim})", flush=True)
            outcomes += [Outcome(row, load) for row in rows]
            if is_written:
                _write(_table(outcomes))
    return outcomes, faults


def _calm(patience: float) -> float:
    """Wait for a machine with little else to do; return its load."""
    deadline = time.monotonic() + patience
    while os.getloadavg()[0] > CALM and time.monotonic() < deadline:
        time.sleep(LOOK_S)
    return os.getloadavg()[0]


def _table(outcomes: list[Outcome]) -> str:
    lines = ["| scenario | aim | measured | holds | load |", "| --- | --- | --- | --- | ---: |"]
    for outcome in outcomes:
        row, holds = outcome.row, ("yes" if outcome.row.is_met else "**no**") if outcome.row.aim else ""
        lines.append(f"| {row.what} | {row.aim} | {row.measured} | {holds} | {outcome.load:.1f} |")
    return "\n".join(lines)


def _write(table: str) -> None:
    when, memory = datetime.now(UTC).strftime("%Y-%m-%d"), psutil.virtual_memory().total / 2**30
    machine = f"{platform.system()} {platform.machine()}, {os.cpu_count()} cores, {memory:.0f} GB"
    before, begin, rest = PAGE.read_text().partition(BEGIN)
    _old, end, after = rest.partition(END)
    if not begin or not end:
        raise SystemExit(f"{PAGE} has no place for the table")
    PAGE.write_text(f"{before}{BEGIN}\n\n{when}, {machine}.\n\n{table}\n\n{END}{after}")
