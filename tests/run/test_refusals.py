"""What can't work is told in one line, before anything is made."""

import os
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from cli import checks
from cli.checks import Refusal
from cli.engines.postgresql import PostgreSQL
from cli.programs import Program
from cli.supervise import Supervisor
from config import ROOT
from tests.sites import free_port

PATIENCE_S = 60


@pytest.fixture
def taken_port() -> Iterator[int]:
    """A port that somebody listens on."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        yield server.getsockname()[1]


def run(var: Path, **environ: str) -> subprocess.CompletedProcess[str]:
    own = {name: value for name, value in os.environ.items() if name not in ("DATABASE_URL", "REDIS_URL", "BIND")}
    return subprocess.run(
        [sys.executable, "-m", "cli.run"],
        cwd=ROOT,
        env={**own, "YURT_VAR": str(var), "PORT": str(free_port()), **environ},
        capture_output=True,
        text=True,
        timeout=PATIENCE_S,
        check=False,
    )


def assert_one_line(result: subprocess.CompletedProcess[str], words: str) -> None:
    assert result.returncode == 1
    assert len(result.stderr.splitlines()) == 1, result.stderr
    assert words in result.stderr
    assert "Traceback" not in result.stdout + result.stderr


def test_taken_port_leaves_nothing(tmp_path: Path, taken_port: int) -> None:
    result = run(tmp_path / "var", PORT=str(taken_port))

    assert_one_line(result, f"port {taken_port} is taken")
    assert not (tmp_path / "var").exists()


@pytest.mark.parametrize("port", ["many", "0", "65536", "-1", "²"])
def test_port_must_be_a_port(tmp_path: Path, port: str) -> None:
    assert_one_line(run(tmp_path / "var", PORT=port), "PORT must be a number")
    assert not (tmp_path / "var").exists()


@pytest.mark.parametrize(
    ("bind", "address"),
    [("127.0.0.1", "http://127.0.0.1:80"), ("::1", "http://[::1]:80"), ("::", "http://[::1]:80")],
)
def test_address_is_one_that_a_browser_takes(bind: str, address: str) -> None:
    assert checks.address_of(bind, 80) == address


def test_unreachable_database_is_named_without_its_password(tmp_path: Path) -> None:
    url = f"postgresql://yurt:hidden-word@127.0.0.1:{free_port()}/yurt"

    result = run(tmp_path / "var", DATABASE_URL=url)

    assert_one_line(result, "PostgreSQL at 127.0.0.1:")
    assert "hidden-word" not in result.stderr
    assert not (tmp_path / "var" / "postgresql").exists()
    assert not (tmp_path / "var" / "valkey").exists()


def test_silent_database_is_given_up_within_ten_seconds(tmp_path: Path) -> None:
    # It takes connections and says nothing, as a firewall that swallows packets.
    with socket.create_server(("127.0.0.1", 0)) as silent:
        url = f"postgresql://yurt@127.0.0.1:{silent.getsockname()[1]}/yurt"
        taken: list[tuple[object, float]] = []
        thread = threading.Thread(target=lambda: taken.append((silent.accept(), time.monotonic())), daemon=True)
        thread.start()

        result = run(tmp_path / "var", DATABASE_URL=url)

    assert_one_line(result, "can't be reached")
    # From when it asked: how long Python takes to start is the machine's matter.
    assert time.monotonic() - taken[0][1] < 10


def test_unreachable_redis_is_named(tmp_path: Path) -> None:
    assert_one_line(run(tmp_path / "var", REDIS_URL=f"redis://127.0.0.1:{free_port()}/0"), "Redis at 127.0.0.1:")


def test_every_wrong_setting_is_named_at_once(tmp_path: Path) -> None:
    result = run(tmp_path / "var", WEB_CONCURRENCY="none", LAB_BACKEND="cloud")

    assert_one_line(result, "WEB_CONCURRENCY")
    assert "LAB_BACKEND" in result.stderr


def test_folder_that_cannot_be_made_is_named(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("in the way")

    assert_one_line(run(tmp_path / "file" / "var"), str(tmp_path / "file"))


def test_full_disk_is_told_before_anything_is_made(tmp_path: Path) -> None:
    with pytest.raises(Refusal, match="is full"):
        checks.require_space(tmp_path / "not" / "there", 10**18)

    assert list(tmp_path.iterdir()) == []


def test_database_that_cannot_be_made_leaves_no_half(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    engine = PostgreSQL(tmp_path / "postgresql", tmp_path, tmp_path / "postgresql.log")
    script = "echo 'initdb: error: No space left on device' >&2; exit 1"
    failing = Program(name="initdb", command=["sh", "-c", script], is_kept=False, output=engine.log)
    monkeypatch.setattr(engine, "_initdb", lambda folder: failing)

    with pytest.raises(Refusal, match="No space left on device"):
        engine.create(Supervisor(tmp_path / "record.json", lambda name, line: None))

    assert [path.name for path in tmp_path.iterdir() if path.is_dir()] == []


def test_old_python_is_one_line(tmp_path: Path) -> None:
    for name in ("python3", "python3.14", "python3.13", "python3.12", "python3.11"):
        (tmp_path / name).write_text("#!/bin/sh\nexit 1\n")
        (tmp_path / name).chmod(0o755)
    environ = {"PATH": f"{tmp_path}:/usr/bin:/bin", "PYTHON": ""}

    result = subprocess.run(
        ["make", "-s", "run"], cwd=ROOT, env=environ, capture_output=True, text=True, timeout=20, check=False
    )

    assert result.returncode != 0
    complaints = [line for line in result.stderr.splitlines() if not line.startswith("make:")]
    assert complaints == [
        "Yurt needs Python 3.11 or newer, and finds none: install it, or name it with PYTHON=/path/to/python3."
    ]
