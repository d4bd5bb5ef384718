"""What a machine may lack or have oddly: a time zone, IPv4, a loopback."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from config import ROOT

# A network of its own, which has nothing but a loopback that is down.
ALONE = ("unshare", "--map-root-user", "--net")


def run(*command: str, **environ: str) -> subprocess.CompletedProcess[str]:
    own = {name: value for name, value in os.environ.items() if name not in ("DATABASE_URL", "REDIS_URL", "BIND")}
    return subprocess.run(
        command, cwd=ROOT, env={**own, **environ}, capture_output=True, text=True, timeout=60, check=False
    )


@pytest.fixture
def alone() -> tuple[str, ...]:
    """The command in front of one that is to have a network of its own."""
    found = run(*ALONE, "ip", "link", "set", "lo", "up")
    if found.returncode:
        pytest.skip(f"a machine without IPv4 is NOT TRIED: {found.stderr.strip()}")
    return ALONE


@pytest.mark.parametrize("zone", ["XYZ-99", "Mars/Olympus", ":Pacific/Apia", ""])
def test_lines_are_said_whatever_the_time_zone(zone: str) -> None:
    told = run(sys.executable, "-c", "from cli.voice import Voice; Voice(['web']).say('web', 'it works')", TZ=zone)

    assert told.stdout.endswith("| it works\n"), told


def test_machine_without_ipv4_is_served_at_its_ipv6_address(alone: tuple[str, ...], tmp_path: Path) -> None:
    script = (
        "import os\n"
        "from pathlib import Path\n"
        "from cli.site import site_environ\n"
        f"found = site_environ(os.environ, Path({str(tmp_path)!r}), 2026, is_terminal=False)\n"
        "print(found['BIND'], found['PUBLIC_URL'])"
    )
    without = 'ip link set lo up && ip address del 127.0.0.1/8 dev lo && exec "$0" -c "$1"'

    told = run(*alone, "sh", "-c", without, sys.executable, script)

    assert told.stdout == "::1 http://[::1]:2026\n", told


def test_loopback_that_is_down_is_told_at_once(alone: tuple[str, ...], tmp_path: Path) -> None:
    told = run(*alone, sys.executable, "-m", "cli.run", YURT_VAR=str(tmp_path / "var"))

    assert told.returncode == 1
    assert told.stderr.splitlines() == [
        "Yurt can't start: this machine can't reach itself at 127.0.0.1: bring its loopback up (ip link set lo up)."
    ]
    assert not (tmp_path / "var").exists()
