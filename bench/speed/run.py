"""`python -m bench speed`: pages, answers and an exam on a Yurt of its own, beside bare Flask where that has a meaning.

It starts what it needs on the loopback, and ends it. Without names all scenarios run but the exam of the full length:
`exam --students 1000` is one of eight minutes and more, `--quick` shortens its thought.
"""

import argparse
import os
import signal
import sys
import tempfile
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path

from bench.speed import answers, exam, pages, ranks, report, rush
from bench.speed.figures import Outcome
from bench.speed.ground import Ground, ground
from bench.speed.report import Done
from config import ROOT

CALM, LOOK_S = 1.0, 5.0
Scenario = Callable[[Ground, argparse.Namespace], Outcome]


def _page(name: str, at: Ground, options: argparse.Namespace) -> Outcome:
    return pages.measure(at, name, rounds=options.rounds, seconds=options.seconds)


# One row a scenario: its name, and what it does.
SCENARIOS: dict[str, Scenario] = {
    **{name: partial(_page, name) for name in pages.PAGES},
    "save": lambda at, options: answers.saves(at, rounds=options.rounds, seconds=options.seconds),
    "submit": lambda at, _options: answers.submits(at),
    "ranks": lambda at, options: ranks.measure(at, quick=options.quick),
    "sign-in": rush.sign_in,
    "exam": exam.run,
}


def main(arguments: list[str]) -> int:
    """Measure; 1 when an aim is missed or a scenario broke."""
    parser = argparse.ArgumentParser(prog="python -m bench speed", description=__doc__)
    parser.add_argument("scenarios", nargs="*", metavar="SCENARIO", help=f"of {', '.join(SCENARIOS)} (default: all)")
    parser.add_argument("--students", type=int, default=0, help="in the exam and the sign-in, 5000 at most")
    parser.add_argument("--quick", action="store_true", help="short rounds, and an exam with little thought")
    parser.add_argument("--rounds", type=int, default=0)
    parser.add_argument("--seconds", type=float, default=0, help="of a round, 60 at most")
    parser.add_argument("--workers", type=int, default=2, help="web workers, of Yurt and of bare Flask")
    parser.add_argument("--events", type=int, default=10_000, help="points in the ledger")
    parser.add_argument("--patience", type=float, default=60, help="seconds to wait for a calm machine each time")
    parser.add_argument(
        "--out", type=Path, default=ROOT / "bench" / "results", help="where speed.json and speed.html go"
    )
    parser.add_argument("--write", action="store_true", help="put the table into docs/performance.md")
    options = parser.parse_args(arguments)
    if unknown := set(options.scenarios) - set(SCENARIOS):
        parser.error(f"no scenario {', '.join(sorted(unknown))}")
    if not 0 <= options.students <= 5000 or options.seconds > 60:
        parser.error("at most 5000 students, and rounds of 60 seconds")
    # Whoever ends us early leaves no site behind.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))
    is_named = bool(options.scenarios)
    options.quick = options.quick or not is_named
    options.students = options.students or 100
    options.rounds = options.rounds or (2 if options.quick and is_named else 3)
    options.seconds = options.seconds or (4.0 if options.quick and is_named else 8.0)
    done, faults = _measure(options.scenarios or list(SCENARIOS), options)
    print(report.table(done))
    print(f"\nPlots: {options.out / 'speed.html'}")
    met = all(row.is_met is not False for one in done for row in one.outcome.rows)
    return 0 if done and not faults and met else 1


def _measure(names: list[str], options: argparse.Namespace) -> tuple[list[Done], int]:
    """Run one scenario after the other and write what there is after each; one that breaks is said and left out."""
    done: list[Done] = []
    faults = 0
    with tempfile.TemporaryDirectory(prefix="yurt-speed-") as folder:
        people = max(1000, options.students)
        with ground(Path(folder), students=people, events=options.events, workers=options.workers) as at:
            for number, name in enumerate(names, start=1):
                before = _calm(options.patience)
                print(f"[{number}/{len(names)}] {name}: load {before:.1f}", flush=True)
                try:
                    outcome = SCENARIOS[name](at, options)
                except Exception as error:  # noqa: BLE001  # whatever it is, it is no row of the table
                    print(f"{name} broke: {type(error).__name__}: {error}", file=sys.stderr, flush=True)
                    faults += 1
                    continue
                for row in outcome.rows:
                    mark = {None: "   ", True: "ok ", False: "NOT"}[row.is_met]
                    print(f"  {mark} {row.what}: {row.measured} ({row.aim})", flush=True)
                done.append(Done(name, outcome, before, os.getloadavg()[0]))
                report.write_files(options.out, done, options.workers)
                if options.write:
                    report.write_docs(done, options.workers)
    return done, faults


def _calm(patience: float) -> float:
    """Wait for a machine with little else to do; return its load."""
    deadline = time.monotonic() + patience
    while os.getloadavg()[0] > CALM and time.monotonic() < deadline:
        time.sleep(LOOK_S)
    return os.getloadavg()[0]
