"""Processes start without the garbage collector, and work with it."""

import gc
import subprocess
import sys
from pathlib import Path

import pytest

from config import ROOT

PACKAGES = ("cli", "gateway", "scheduler")


def test_a_process_starts_without_the_collector_and_works_with_it(tmp_path: Path) -> None:
    package = tmp_path / "part"
    package.mkdir()
    (package / "__init__.py").write_text("import quick_start\nquick_start.begin()\n")
    (package / "__main__.py").write_text(
        "import gc, quick_start\n"
        "began = gc.isenabled()\n"
        "quick_start.end()\n"
        "print(began, gc.isenabled(), gc.get_freeze_count() > 1000)\n"
    )

    told = subprocess.run(
        [sys.executable, "-m", "part"],
        cwd=tmp_path,
        env={"PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
        check=True,
    )

    assert told.stdout.split() == ["False", "True", "True"]


@pytest.mark.parametrize("package", PACKAGES)
def test_whoever_imports_a_package_keeps_the_collector(package: str) -> None:
    code = f"import {package}, gc; print(gc.isenabled())"

    told = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True)

    assert told.stdout.split() == ["True"]


def test_no_process_forgets_to_let_the_collector_go_on() -> None:
    ends = ("quick_start.end()", "run_main(")
    # They end at once, and leave nothing to collect.
    brief = {ROOT / "cli" / name for name in ("healthcheck.py", "heartbeat.py", "tether.py")}

    forgotten = []
    for package in PACKAGES:
        for path in (ROOT / package).rglob("*.py"):
            _, is_process, main = path.read_text().partition('if __name__ == "__main__":\n')
            if is_process and path not in brief and not any(end in main for end in ends):
                forgotten.append(path)

    assert forgotten == []
    assert gc.isenabled()
