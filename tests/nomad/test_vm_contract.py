"""The contract of a lab backend, as far as it goes for virtual machines: started, entered, asked, watched, stopped."""

import asyncio
import secrets
from collections.abc import Iterator

import pytest

from backends.base import BackendUnavailable, LabSpec
from backends.nomad import NomadBackend
from tests.backends.conftest import Screen, nomad_settings
from tests.nomad.agents import Cluster
from tests.nomad.images import vm_image
from tests.sites import until

pytestmark = pytest.mark.long


@pytest.fixture
def backend(nomad: Cluster) -> Iterator[NomadBackend]:
    """Labs as virtual machines, with the console's side in a chroot."""
    made = NomadBackend(nomad_settings(nomad, "exec"))
    yield made
    for job in made.observe():
        made.stop(job.job_id)
    made.close()


def spec(backend: NomadBackend, **changes: object) -> LabSpec:
    """A small VM of bob's."""
    image, digits = vm_image(), secrets.token_hex(4)
    values = {
        "job_id": f"lab-linux-vm-bob-{digits}",
        "instance": backend.instance,
        "session_id": f"{digits}-0000-4000-8000-000000000000",
        "course": "linux",
        "lab": "vm",
        "handle": "bob",
        "home_key": f"7-{digits}",
        "template": "qemu",
        "kernel": str(image.kernel),
        "initrd": str(image.initrd),
        "memory_mb": 224,
        **changes,
    }
    return LabSpec(**values)  # type: ignore[arg-type]


async def at_the_console(backend: NomadBackend, job_id: str, typed: str = "") -> str:
    """Return what the console shows, once it shows a sum; who types nothing waits for one of before."""
    screen = Screen(await backend.attach(job_id, columns=80, rows=24))
    await screen.type(typed)
    await screen.see(r"^sum 42$")
    await screen.terminal.close()
    await backend.leave()
    return screen.text


def test_a_virtual_machine_keeps_the_contract(backend: NomadBackend) -> None:
    lab = spec(backend, setup_script="echo made > work")

    node = backend.start(lab)
    backend.start(lab)
    ran = backend.execute(lab.job_id, "cat work; id -un; exit 3", timeout_s=10, output_limit=1000)
    given = backend.execute(lab.job_id, "wc -c", timeout_s=10, output_limit=1000, stdin=bytes(100_000))
    slow = backend.execute(lab.job_id, "echo began; sleep 60", timeout_s=1, output_limit=1000)
    cut = backend.execute(lab.job_id, "seq 1 1000", timeout_s=10, output_limit=100)
    shown = asyncio.run(at_the_console(backend, lab.job_id, "\recho sum $((40 + 2))\r"))
    again = asyncio.run(at_the_console(backend, lab.job_id))

    assert (ran.exit_code, ran.output) == (3, b"made\nstudent\n")
    assert given.output.strip() == b"100000"
    assert slow.is_timed_out
    assert (len(cut.output), cut.is_truncated) == (100, True)
    asyncio.run(sized(backend, lab.job_id))
    asyncio.run(reached(backend, lab.job_id))
    # Who comes back sees what was on the screen.
    assert "sum 42" in shown
    assert "sum 42" in again
    assert [(job.job_id, job.state, job.node) for job in backend.observe()] == [(lab.job_id, "running", node)]

    backend.stop(lab.job_id)

    assert backend.observe() == []
    with pytest.raises(BackendUnavailable):
        backend.execute(lab.job_id, "true", timeout_s=5, output_limit=10)


async def sized(backend: NomadBackend, job_id: str) -> None:
    """See the console take the size of its viewer's screen, and the next one."""
    screen = Screen(await backend.attach(job_id, columns=101, rows=33))
    for columns, rows in ((101, 33), (57, 19)):
        await screen.terminal.resize(columns, rows)
        await screen.type(f"until stty size | grep -qx '{rows} {columns}'; do sleep 1; done; echo is $(stty size)\r")
        await screen.see(f"^is {rows} {columns}$")
    await screen.terminal.close()
    await backend.leave()


async def reached(backend: NomadBackend, job_id: str) -> None:
    """See servers on the machine's loopback reached, more at once than it has ports for them, and others not."""
    serve = "mkdir www; seq 1 200000 > www/numbers; setsid httpd -p 127.0.0.1:8000 -h www\n"
    serve += "setsid nc -ll -p 9000 -e cat > /dev/null 2>&1 & sleep 1"
    ran = await asyncio.to_thread(backend.execute, job_id, serve, timeout_s=20, output_limit=1000)
    assert ran.exit_code == 0, ran

    async def get() -> bytes:
        stream, received = await backend.connect(job_id, 8000), b""
        await stream.write(b"GET /numbers HTTP/1.1\r\nConnection: close\r\n\r\n")
        while data := await stream.read():
            received += data
        await stream.close()
        return received.partition(b"\r\n\r\n")[2]

    with pytest.raises(BackendUnavailable):
        await backend.connect(job_id, 8001)
    # Each is left while the server would go on; what it says isn't the next one's.
    sent = secrets.token_bytes(100_000)
    held = [await backend.connect(job_id, 9000) for _ in range(3)]
    for stream in held:
        received = b""
        await stream.write(sent)
        while len(received) < len(sent):
            received += await stream.read()
        assert received == sent
        await stream.write(b"unheard")
        await stream.close()
    numbers = b"".join(b"%d\n" % number for number in range(1, 200_001))
    assert [found == numbers for found in await asyncio.gather(*(get() for _ in range(10)))] == [True] * 10
    await backend.leave()


def test_a_virtual_machine_at_rest_is_not_busy_although_its_qemu_is_and_a_compile_is(backend: NomadBackend) -> None:
    lab = spec(backend)
    backend.start(lab)

    def use() -> float:
        return backend.usage([lab.job_id])[lab.job_id].cpu_percent

    until(lambda: use() < 10, 60, lambda: f"{use()} %")
    asyncio.run(at_the_console(backend, lab.job_id, "\r(while :; do :; done) &\recho sum $((40 + 2))\r"))
    assert use() > 30


def test_saved_work_comes_back_into_a_new_virtual_machine(backend: NomadBackend) -> None:
    first = spec(backend)
    backend.start(first)
    backend.execute(first.job_id, "mkdir -p a; echo mine > a/work", timeout_s=10, output_limit=100)
    packed = backend.execute(first.job_id, "tar -cz .", timeout_s=20, output_limit=1_000_000)
    backend.stop(first.job_id)
    second = spec(backend, saved=packed.output, setup_script="touch setup-ran")

    backend.start(second)

    said = backend.execute(second.job_id, "cat a/work; ls", timeout_s=10, output_limit=100)
    assert said.output == b"mine\na\n"


def test_a_machine_that_writes_more_than_its_disk_is_told_and_slowed_down(backend: NomadBackend) -> None:
    disk = vm_image().kernel.parent / f"disk-{secrets.token_hex(4)}"
    with disk.open("wb") as file:
        file.truncate(400 * 1024 * 1024)
    try:
        lab = spec(backend, image=str(disk), disk_mb=16)
        backend.start(lab)
        write = "dd if=/dev/zero of=/dev/vda bs=1M conv=notrunc,fsync"
        run = backend.execute(lab.job_id, f"{write} count=40 2>&1", timeout_s=30, output_limit=1000)
        assert run.exit_code == 0, run

        async def told() -> None:
            screen = Screen(await backend.attach(lab.job_id, columns=80, rows=24))
            await screen.see(r"The machine's disk is full: \d+ of 16 MB")
            await screen.terminal.close()
            await backend.leave()

        asyncio.run(told())

        more = backend.execute(lab.job_id, f"{write} seek=100 count=20 2>&1", timeout_s=3, output_limit=1000)
        assert more.is_timed_out
    finally:
        disk.unlink()
