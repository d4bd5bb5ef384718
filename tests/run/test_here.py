"""Commands beside a running site: they have its environment."""

import subprocess
import sys

from cli import here
from config import ROOT


def test_a_command_has_the_sites_settings_those_of_its_cluster_too_and_no_more(tmp_path):
    environ = {"DATABASE_URL": "postgresql://db/yurt", "LAB_BACKEND": "nomad", "NOMAD_ADDR": "https://n:4646"}
    here.remember(tmp_path, {**environ, "NOMAD_TOKEN": "secret", "HISTFILE": "/root/.history"})

    told = subprocess.run(
        [sys.executable, "-m", "cli.here", "env"],
        cwd=ROOT,
        env={"PATH": "/usr/bin:/bin", "YURT_VAR": str(tmp_path)},
        capture_output=True,
        text=True,
        check=True,
    ).stdout

    assert {*(f"{name}={value}" for name, value in environ.items()), "NOMAD_TOKEN=secret"} <= set(told.splitlines())
    assert "HISTFILE" not in told
    assert (tmp_path / "environ.json").stat().st_mode & 0o077 == 0
