"""The program that runs in labs on Nomad, as a node gets it: one argument, and nothing of ours beside it."""

import subprocess
import sys
from pathlib import Path

from backends.nomad import program


def test_every_module_of_the_packed_program_can_be_made_where_nothing_of_yurt_is_installed(tmp_path: Path) -> None:
    packed, call = program.agent().rstrip().rsplit("\n", 1)
    names = f'print(*(name for name in sys.modules if name.startswith("{program.PACKAGE}.")))'

    told = subprocess.run(
        [sys.executable, "-I", "-S", "-c", f"{packed}\n{names}"], cwd=tmp_path, capture_output=True, text=True
    )

    assert "agent" in call
    assert told.stderr == ""
    assert told.stdout.split() == [f"{program.PACKAGE}.{name}" for name in program.MODULES]
