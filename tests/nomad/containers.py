"""A Docker for tests, where the machine has one: is there a daemon, and an image of a lab made without any registry."""

import hashlib
import io
import json
import os
import shutil
import subprocess
import tarfile
from functools import cache
from typing import TYPE_CHECKING

import pytest

from tests.nomad.chroots import chroot_env
from tests.sites import until

if TYPE_CHECKING:
    from tests.nomad.agents import Cluster

NOT_TRIED = "labs in containers are checked as parsed, and NOT STARTED"


@cache
def missing_docker() -> str | None:
    """Say why there can be no containers here, or None."""
    if shutil.which("docker") is None:
        return f"docker isn't on the PATH: {NOT_TRIED}"
    asked = subprocess.run(["docker", "info"], capture_output=True, text=True, timeout=30, check=False)
    if asked.returncode != 0:
        return f"no Docker daemon answers (DOCKER_HOST says another address): {NOT_TRIED}"
    return None


def endpoint() -> str:
    """Return where the daemon listens, as Nomad's driver wants to be told."""
    return os.environ.get("DOCKER_HOST", "unix:///var/run/docker.sock")


def require_docker(cluster: "Cluster") -> None:
    """Skip the test, loudly, where there is no Docker; wait until the cluster has seen the one that there is."""
    if reason := missing_docker():
        pytest.skip(reason)
    until(lambda: cluster.has_driver("docker"), 60)


@cache
def lab_image() -> str:
    """Make the image with what labs of the tests have in their chroot, and return its name."""
    files = chroot_env()
    name = f"yurt-test-lab:{hashlib.sha256(json.dumps(files, sort_keys=True).encode()).hexdigest()[:12]}"
    there = subprocess.run(["docker", "image", "inspect", name], capture_output=True, timeout=30, check=False)
    if there.returncode != 0:
        subprocess.run(
            ["docker", "import", "-", name], input=_packed(files), capture_output=True, timeout=120, check=True
        )
    return name


def _packed(files: dict[str, str]) -> bytes:
    packed = io.BytesIO()
    with tarfile.open(fileobj=packed, mode="w") as archive:
        for source, target in sorted(files.items(), key=lambda pair: pair[1]):
            archive.add(source, arcname=target.lstrip("/"))
    return packed.getvalue()
