"""The program of labs on Nomad, as it travels with their jobs: whole without anything of ours beside it."""

import subprocess
import sys
from pathlib import Path

from scheduler.backends.nomad import program


def test_the_program_needs_nothing_beside_it(tmp_path: Path) -> None:
    whole = program.agent().splitlines()
    assert ".agent" in whole[-1]
    loading = "\n".join([*whole[:-1], f'print(sys.modules["{program.PACKAGE}.agent"].main.__name__)'])

    done = subprocess.run(
        [sys.executable, "-I", "-c", loading], cwd=tmp_path, capture_output=True, text=True, check=False
    )

    assert (done.returncode, done.stdout) == (0, "main\n"), done.stderr
