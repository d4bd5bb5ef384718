"""Every backend under the contract suite, specifications for it, and a screen to look at."""

import asyncio
import re
import secrets
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from scheduler.backends.base import Backend, ExecResult, LabSpec
from scheduler.backends.local import LocalBackend

# A backend joins the contract by its line here: how to make one that keeps its files in a folder.
BACKENDS: dict[str, Callable[[Path], Backend]] = {"local": LocalBackend}
ESCAPES = re.compile(r"\x1b\[[0-?]*[ -/]*[@-~]|\x1b\][^\x07]*\x07|\r")
PATIENCE_S = 20.0


@pytest.fixture
def anyio_backend() -> str:
    """The gateway's event loop."""
    return "asyncio"


@pytest.fixture(params=list(BACKENDS))
def make_backend(request, tmp_path) -> Iterator[Callable[[], Backend]]:
    """Make backends that see the same jobs, as the scheduler's and the gateway's do; in the end none is left."""

    def make() -> Backend:
        return BACKENDS[request.param](tmp_path / "var")

    yield make
    for job in make().observe():
        make().stop(job.job_id)


@pytest.fixture
def backend(make_backend) -> Backend:
    """One of them."""
    return make_backend()


@pytest.fixture
def local(tmp_path) -> Iterator[LocalBackend]:
    """The local backend, for what only it promises."""
    backend = LocalBackend(tmp_path / "var")
    yield backend
    backend.stop_all()
    # Deeper than pytest's own clearing up can follow, when a test of deep homes fails.
    subprocess.run(["rm", "-rf", str(tmp_path / "var")], check=True)


@pytest.fixture
def make_spec() -> Callable[..., LabSpec]:
    """Make specifications of bob's labs, each its own job with its own home unless said otherwise."""

    def make(**changes) -> LabSpec:
        digits = secrets.token_hex(4)
        values = {
            "job_id": f"lab-linux-files-bob-{digits}",
            "instance": "test",
            "session_id": f"{digits}-0000-4000-8000-000000000000",
            "course": "linux",
            "lab": "files",
            "handle": "bob",
            "home_key": f"7-{int(digits, 16)}",
            **changes,
        }
        return LabSpec(**values)

    return make


@pytest.fixture
def lab(backend, make_spec) -> LabSpec:
    """A running lab."""
    spec = make_spec()
    backend.start(spec)
    return spec


def run(backend: Backend, spec: LabSpec, script: str, *, timeout_s: float = 20, limit: int = 100_000) -> ExecResult:
    """Run a script in a lab."""
    return backend.execute(spec.job_id, script, timeout_s=timeout_s, output_limit=limit)


def output(backend: Backend, spec: LabSpec, script: str) -> str:
    """Return what a script that must succeed says."""
    result = run(backend, spec, script)
    assert result.exit_code == 0, result
    return result.output.decode()


class Screen:
    """What one viewer has seen so far."""

    def __init__(self, terminal) -> None:
        self.terminal = terminal
        self.raw = b""

    @property
    def text(self) -> str:
        """The output without colours and carriage returns."""
        return ESCAPES.sub("", self.raw.decode(errors="replace"))

    async def type(self, text: str | bytes) -> None:
        """Type, as the keyboard sends it."""
        await self.terminal.write(text.encode() if isinstance(text, str) else text)

    async def see(self, pattern: str, within: float = PATIENCE_S) -> re.Match[str]:
        """Read until the pattern shows."""
        async with asyncio.timeout(within):
            while not (found := re.search(pattern, self.text, re.MULTILINE)):
                data = await self.terminal.read()
                assert data, f"the lab ended; {pattern!r} isn't in {self.text[-2000:]!r}"
                self.raw += data
            return found

    async def end(self, within: float = PATIENCE_S) -> None:
        """Read until the lab ends."""
        async with asyncio.timeout(within):
            while data := await self.terminal.read():
                self.raw += data


async def look(backend: Backend, spec: LabSpec, columns: int = 80, rows: int = 24) -> Screen:
    """Open a terminal and wait for the prompt."""
    screen = Screen(await backend.attach(spec.job_id, columns=columns, rows=rows))
    await screen.see(r"bob@lab:~\$ ")
    return screen
