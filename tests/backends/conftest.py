"""Every backend under the contract suite, specifications for it, and a screen to look at."""

import asyncio
import re
import secrets
import subprocess
from collections.abc import AsyncIterator, Callable, Iterator

import pytest

from backends.base import Backend, ExecResult, LabSpec
from backends.local import LocalBackend
from backends.nomad import NomadBackend
from config import Settings, load_settings
from tests.engines import SECRET
from tests.nomad.agents import Cluster
from tests.nomad.containers import lab_image, require_docker

# A backend joins the contract by its entry here: the driver of its labs, or none for those on this machine.
BACKENDS = {"local": "", "nomad-exec": "exec", "nomad-raw_exec": "raw_exec", "nomad-docker": "docker"}
ESCAPES = re.compile(r"\x1b\[[0-?]*[ -/]*[@-~]|\x1b\][^\x07]*\x07|\r")
# A lab takes scripts a moment before its shell has begun: this waits for it.
SHELL_BEGAN = "until pgrep -f yurt.bashrc > /dev/null; do sleep 0.05; done"
PATIENCE_S = 60.0
# What is waited for shows at the end: to look through megabytes at each frame takes minutes. Output comes in thousands
# of frames, so a frame is looked through with the lines before it alone.
RECENT, BEFORE = 100_000, 2_000


@pytest.fixture
def anyio_backend() -> str:
    """The gateway's event loop."""
    return "asyncio"


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Labs of raw_exec share their machine's files: what is promised of a lab's own isn't promised of them."""
    items[:] = [item for item in items if not (item.get_closest_marker("isolated") and "raw_exec" in item.name)]


@pytest.fixture
def made() -> list[Backend]:
    """Every backend that the test has made."""
    return []


@pytest.fixture(params=list(BACKENDS))
def make_backend(request, tmp_path, made) -> Iterator[Callable[[], Backend]]:
    """Make backends that see the same jobs, as the scheduler's and the gateway's do; in the end none is left."""
    driver = BACKENDS[request.param]
    if driver == "docker":
        require_docker(request.getfixturevalue("nomad"))
    settings = nomad_settings(request.getfixturevalue("nomad"), driver) if driver else None

    def make() -> Backend:
        made.append(NomadBackend(settings) if settings else LocalBackend(tmp_path / "var"))
        return made[-1]

    yield make
    for job in make().observe():
        made[0].stop(job.job_id)
    for found in made:
        found.close()


def nomad_settings(cluster: Cluster, driver: str) -> Settings:
    """Return the settings of an instance of its own on the cluster."""
    return load_settings(
        secret_key=SECRET,
        lab_backend="nomad",
        nomad_addr=cluster.url,
        nomad_token=cluster.token,
        lab_exec_driver=driver if driver == "raw_exec" else "exec",
        YURT_INSTANCE=f"t{secrets.token_hex(4)}",
    )


@pytest.fixture
def backend(make_backend) -> Backend:
    """One of them."""
    return make_backend()


@pytest.fixture
async def leaving(made, backend) -> AsyncIterator[None]:
    """For tests in an event loop: nothing of their backends stays open in it."""
    yield
    for found in made:
        await found.leave()


@pytest.fixture
def local(tmp_path) -> Iterator[LocalBackend]:
    """The local backend, for what only it promises."""
    backend = LocalBackend(tmp_path / "var")
    yield backend
    backend.stop_all()
    # Deeper than pytest's own clearing up can follow, when a test of deep homes fails.
    subprocess.run(["rm", "-rf", str(tmp_path / "var")], check=True)


@pytest.fixture
def make_spec(request) -> Callable[..., LabSpec]:
    """Make specifications of bob's labs, each its own job with its own home unless said otherwise."""
    names = request.fixturenames
    made = request.getfixturevalue("make_backend")() if "make_backend" in names else None
    instance = made.instance if isinstance(made, NomadBackend) else "test"
    is_docker = "nomad-docker" in request.node.name
    template = {"template": "docker", "image": lab_image()} if is_docker else {}

    def make(**changes) -> LabSpec:
        digits = secrets.token_hex(4)
        values = {
            "job_id": f"lab-linux-files-bob-{digits}",
            "instance": instance,
            "session_id": f"{digits}-0000-4000-8000-000000000000",
            "course": "linux",
            "lab": "files",
            "handle": "bob",
            "home_key": f"7-{int(digits, 16)}",
            **template,
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


def shown(raw: bytes | bytearray) -> str:
    """Return output without colours and carriage returns."""
    return ESCAPES.sub("", raw.decode(errors="replace"))


class Screen:
    """What one viewer has seen so far."""

    def __init__(self, terminal) -> None:
        self.terminal = terminal
        self.raw = bytearray()

    @property
    def text(self) -> str:
        """The output without colours and carriage returns."""
        return shown(self.raw)

    async def type(self, text: str | bytes) -> None:
        """Type, as the keyboard sends it."""
        await self.terminal.write(text.encode() if isinstance(text, str) else text)

    async def see(self, pattern: str, within: float = PATIENCE_S) -> re.Match[str]:
        """Read until the pattern shows."""
        async with asyncio.timeout(within):
            new = RECENT
            while not (found := re.search(pattern, shown(self._end(new)), re.MULTILINE)):
                data = await self.terminal.read()
                assert data, f"the lab ended; {pattern!r} isn't in {self.text[-2000:]!r}"
                self.raw += data
                new = len(data) + BEFORE
            return found

    def _end(self, size: int) -> bytearray:
        """Return the last bytes, from the beginning of a line."""
        start = max(0, len(self.raw) - size)
        return self.raw[self.raw.rfind(b"\n", 0, start) + 1 :]

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


def typed(backend: Backend, spec: LabSpec, text: str, pattern: str) -> str:
    """Type something, wait for the pattern, and return what the screen showed."""

    async def go() -> str:
        screen = await look(backend, spec)
        await screen.type(text)
        await screen.see(pattern)
        await screen.terminal.close()
        await backend.leave()
        return screen.text

    return asyncio.run(go())
