"""`python -m bench`: run the class of locustfile.py against a Yurt, and write its table to docs/performance.md.

`python -m bench labs` measures labs on a real Nomad instead: bench/labs.py.
"""

import argparse
import csv
import platform
import subprocess
import sys
import tempfile
from datetime import UTC, datetime
from pathlib import Path

from bench import labs

ROOT = Path(__file__).resolve().parent.parent
PAGE = ROOT / "docs" / "performance.md"
BEGIN, END = "<!-- table: written by `make bench` -->", "<!-- end of table -->"


def main() -> int:
    """Run locust headless; fail when any request failed."""
    if sys.argv[1:2] == ["labs"]:
        return labs.main(sys.argv[2:])
    parser = argparse.ArgumentParser(prog="python -m bench", description=__doc__)
    parser.add_argument("--host", default="http://127.0.0.1:2026", help="where Yurt answers (default: %(default)s)")
    parser.add_argument("--students", type=int, default=100)
    parser.add_argument("--seconds", type=int, default=90)
    parser.add_argument("--write", action="store_true", help="put the table into docs/performance.md")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        status = _run(options, Path(folder) / "run")
        rows = _rows(Path(folder) / "run_stats.csv")
    table = _table(rows)
    print(table)
    if options.write and rows:
        _write(table, options)
    return status


def _run(options: argparse.Namespace, prefix: Path) -> int:
    command = [sys.executable, "-m", "locust", "-f", str(ROOT / "bench" / "locustfile.py"), "--headless"]
    command += ["-u", str(options.students), "-r", "10", "-t", f"{options.seconds}s", "--host", options.host]
    command += ["--csv", str(prefix), "--only-summary", "--stop-timeout", "10"]
    return subprocess.run(command, cwd=ROOT, check=False).returncode


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
    before, _begin, rest = PAGE.read_text().partition(BEGIN)
    _old, _end, after = rest.partition(END)
    PAGE.write_text(f"{before}{BEGIN}\n\n{words}\n\n{table}\n\n{END}{after}")


if __name__ == "__main__":
    sys.exit(main())
