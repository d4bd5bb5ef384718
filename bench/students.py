"""`python -m bench class`: the class of locustfile.py on a Yurt, and its table in docs/performance.md.

Without `--host` it starts a Yurt of its own, as `make run` does, and ends it.
"""

import argparse
import contextlib
import csv
import os
import platform
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

from config import ROOT
from tests.run.sites import RunningSite

PAGE = ROOT / "docs" / "performance.md"
BEGIN, END = "<!-- table: written by `python -m bench class --write` -->", "<!-- end of table -->"


def main(arguments: list[str]) -> int:
    """Run locust headless; fail when any request failed."""
    parser = argparse.ArgumentParser(prog="python -m bench class", description=__doc__)
    parser.add_argument("--host", default="", help="a Yurt that runs (default: one that is started for it)")
    parser.add_argument("--students", type=int, default=100)
    parser.add_argument("--seconds", type=int, default=90)
    parser.add_argument("--write", action="store_true", help="put the table into docs/performance.md")
    options = parser.parse_args(arguments)
    with tempfile.TemporaryDirectory() as folder:
        with _host(options.host, Path(folder)) as host:
            status = _run(options, host, Path(folder) / "run")
        rows = _rows(Path(folder) / "run_stats.csv")
    table = _table(rows)
    print(table)
    if options.write and rows:
        _write(table, options)
    return status


@contextlib.contextmanager
def _host(given: str, folder: Path) -> Iterator[str]:
    if given:
        yield given
        return
    folder.chmod(0o711)  # As root, PostgreSQL is another user, who has to get through.
    with RunningSite(folder / "var", WEB_CONCURRENCY="4") as site:
        print(f"Starting a Yurt on {site.url} ...", flush=True)
        site.wait_until_ready()
        yield site.url
        site.end()


def _run(options: argparse.Namespace, host: str, prefix: Path) -> int:
    command = [sys.executable, "-m", "locust", "-f", str(ROOT / "bench" / "locustfile.py"), "--headless"]
    command += ["-u", str(options.students), "-r", "10", "-t", f"{options.seconds}s", "--host", host]
    command += ["--csv", str(prefix), "--only-summary", "--stop-timeout", "10"]
    environ = dict(os.environ)
    if not options.host:
        environ["YURT_VAR"] = str(prefix.parent / "var")  # where its mail lies
    return subprocess.run(command, cwd=ROOT, env=environ, check=False).returncode


def _rows(path: Path) -> list[dict[str, str]]:
    if not path.exists():
        return []
    with path.open(newline="") as file:
        return list(csv.DictReader(file))


def _table(rows: list[dict[str, str]]) -> str:
    lines = [
        "| request | count | failures | p50 ms | p95 ms | requests/s |",
        "| --- | ---: | ---: | ---: | ---: | ---: |",
    ]
    for row in rows:
        name = f"**{row['Name']}**" if row["Name"] == "Aggregated" else f"{row['Type']} `{row['Name']}`"
        cells = [name, row["Request Count"], row["Failure Count"], row["50%"], row["95%"]]
        lines.append(f"| {' | '.join(cells)} | {float(row['Requests/s']):.1f} |")
    return "\n".join(lines)


def _write(table: str, options: argparse.Namespace) -> None:
    when = datetime.now(UTC).strftime("%Y-%m-%d")
    words = f"{when}, {options.students} students for {options.seconds} s, {platform.system()} {platform.machine()}."
    before, begin, rest = PAGE.read_text().partition(BEGIN)
    _old, end, after = rest.partition(END)
    if not begin or not end:
        raise SystemExit(f"{PAGE} has no place for the table")
    PAGE.write_text(f"{before}{BEGIN}\n\n{words}\n\n{table}\n\n{END}{after}")
