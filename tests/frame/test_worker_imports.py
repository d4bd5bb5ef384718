"""What a web worker loads: nothing of what only the gateway, the scheduler and commands have a use for, and parsers of
files that are imported when the first one is."""

import subprocess
import sys

from config import ROOT

NAMES = ("aiohttp", "nomad", "backends.nomad", "mistralai", "lxml", "bs4", "markdownify")


def test_a_web_worker_does_not_load_what_speaks_to_clusters_and_models_or_reads_files() -> None:
    told = subprocess.run(
        [sys.executable, "-c", f"import sys, cli.worker; print([name for name in {NAMES} if name in sys.modules])"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=300,
        check=True,
    )

    assert told.stdout == "[]\n"
