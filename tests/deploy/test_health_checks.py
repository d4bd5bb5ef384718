"""The health checks of docker-compose.yml, each run as it stands there, against parts that work and that don't."""

import contextlib
import os
import socket
import subprocess
import sys
import time
from pathlib import Path

import pytest
import redis
import yaml

from config import ROOT
from services.heartbeats import HEARTBEATS
from tests.deploy.doors import Instance
from tests.engines import SECRET
from tests.sites import free_port


def check(part: str, there: str = "", here: str = "", **environ: str) -> int:
    """Run the check of a part, with another place in it; return its exit code."""
    services = yaml.safe_load((ROOT / "docker-compose.yml").read_text())["services"]
    kind, program, *words = services[part]["healthcheck"]["test"]
    assert (kind, program) == ("CMD", "python")
    assert any(there in word for word in words)
    command = [sys.executable, *(word.replace(there, here) if there else word for word in words)]
    told = subprocess.run(
        command, cwd=ROOT, env={**os.environ, **environ}, capture_output=True, text=True, timeout=60, check=False
    )
    return told.returncode


@pytest.mark.parametrize(("ago_s", "is_well"), [(0, True), (61, False), (None, False)])
def test_scheduler_is_well_as_long_as_it_ticks(
    redis_url: str, tmp_path: Path, ago_s: float | None, is_well: bool
) -> None:
    with contextlib.closing(redis.Redis.from_url(redis_url)) as client:
        client.delete(HEARTBEATS)
        if ago_s is not None:
            client.hset(HEARTBEATS, "start", str(time.time() - ago_s))

        code = check("scheduler", REDIS_URL=redis_url, SECRET_KEY=SECRET, YURT_VAR=str(tmp_path))

        assert (code == 0) is is_well
        client.delete(HEARTBEATS)


def test_web_is_well_as_long_as_it_answers() -> None:
    instance = Instance()

    assert check("web", "8000", str(instance.port)) == 0
    instance.close()
    assert check("web", "8000", str(instance.port)) == 1


def test_gateway_is_well_as_long_as_it_takes_connections() -> None:
    with socket.create_server(("127.0.0.1", 0)) as listening:
        assert check("gateway", "8001", str(listening.getsockname()[1])) == 0
    assert check("gateway", "8001", str(free_port())) != 0
