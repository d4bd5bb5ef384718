"""Virtual machines by hand, on a real Nomad: console, scripts, a clean image, memory, and their end."""

import base64
import hashlib
import secrets
from dataclasses import dataclass

import psutil
import pytest

from config import ROOT
from tests.nomad.agents import Cluster
from tests.sites import until

pytestmark = pytest.mark.long

BOOT_S = 90.0
# What a person runs in `nomad alloc exec`: send what is given to a socket, and print what comes until a word shows.
TALK = """
import os, socket, sys
there = socket.socket(socket.AF_UNIX)
there.connect(os.environ[sys.argv[1]])
there.settimeout(float(sys.argv[3]))
there.sendall(sys.stdin.buffer.read())
received = b""
while sys.argv[2].encode() not in received:
    received += there.recv(65536)
sys.stdout.buffer.write(received)
"""


@dataclass
class Machine:
    """A job of the template qemu."""

    nomad: Cluster
    job_id: str
    alloc_id: str

    def talk(self, socket: str, text: str, until_word: str, within: float = 30) -> str:
        """Send text to a socket of the machine and return what comes, up to a word."""
        program = ["/usr/bin/python3", "-I", "-S", "-c", TALK, socket, until_word, str(within)]
        arguments = ["alloc", "exec", "-i=true", "-t=false", "-task", "lab", self.alloc_id, *program]
        told = self.nomad.command(*arguments, within=within + 20, input=text)
        assert told.returncode == 0, told.stderr
        return told.stdout

    def run(self, script: str, *, timeout_s: int = 20, stdin: bytes = b"", limit: str = "") -> tuple[int, bytes]:
        """Run a script by the protocol of docs/vm-images.md; return exit code and output."""
        mark = secrets.token_hex(4)
        packed = [base64.b64encode(part).decode() for part in (script.encode(), stdin)]
        request = " ".join(["yurt-run", mark, str(timeout_s), *packed, *([limit] if limit else [])])
        answer = self.talk("YURT_CONTROL", f"\n{request}\n", f"yurt-end {mark} ", BOOT_S)
        answer += "" if answer.endswith("\n") else "\n"
        body, _, ending = answer.partition(f"yurt-begin {mark}\n")[2].partition(f"yurt-end {mark} ")
        return int(ending.split()[0]), base64.b64decode("".join(body.split()))


@pytest.fixture
def make_machine(nomad, vm_image):
    """Start machines by hand, with variables."""
    made = []

    def make(**variables) -> Machine:
        job_id = f"lab-vm-{secrets.token_hex(4)}"
        values = {"job_id": job_id, "kernel": vm_image.kernel, "initrd": vm_image.initrd, **variables}
        options = [part for name, value in values.items() for part in ("-var", f"{name}={value}")]
        made.append(job_id)
        told = nomad.command("job", "run", "-detach", *options, str(ROOT / "nomad-jobs" / "qemu.hcl"))
        assert told.returncode == 0, told.stderr
        return Machine(nomad, job_id, nomad.wait_running(job_id))

    yield make
    for job_id in made:
        nomad.purge(job_id)


def test_a_machine_answers_on_its_console_and_runs_scripts_as_its_student(make_machine):
    machine = make_machine()

    code, output = machine.run("id -un; pwd; cat; echo wrong >&2; exit 7", stdin=b"given\n")
    assert (code, output) == (7, b"student\n/home/student\ngiven\nwrong\n")
    said = machine.talk("YURT_CONSOLE", "echo $((6 * 7)) from $USER.\n", "42 from student.", BOOT_S)
    assert "echo $((6 * 7))" in said


def test_a_script_that_takes_too_long_or_says_too_much_is_ended(make_machine):
    machine = make_machine()

    assert machine.run("trap '' TERM; sleep 60; sleep 60", timeout_s=1)[0] == 124
    assert len(machine.run("yes", limit="5000")[1]) == 5000
    sent = secrets.token_bytes(300_000)
    assert machine.run("sha256sum | cut -c1-64", stdin=sent)[1].decode().strip() == hashlib.sha256(sent).hexdigest()


def test_what_a_student_writes_to_the_disk_leaves_the_image_as_it_was(make_machine, vm_image):
    disk = vm_image.kernel.parent / f"disk-{secrets.token_hex(4)}"
    disk.write_bytes(b"clean " * 1_000_000)
    try:
        machine = make_machine(image=disk)
        script = "printf changed | dd of=/dev/vda bs=1M seek=2 conv=notrunc,fsync 2>/dev/null"
        code, output = machine.run(f"{script}; dd if=/dev/vda bs=1M skip=2 count=1 2>/dev/null | head -c 7")

        assert (code, output[-7:]) == (0, b"changed")
        assert disk.read_bytes() == b"clean " * 1_000_000
    finally:
        disk.unlink()


def test_a_guest_that_uses_all_its_memory_stays_below_its_task(make_machine):
    machine = make_machine(memory_mb=256)

    code, output = machine.run("head -c 80M /dev/zero | tail -c 80M | wc -c; free -m | head -2", timeout_s=60)

    assert machine.run("echo alive")[1] == b"alive\n"
    assert code == 0, output
    used = machine.nomad.request("GET", f"/v1/client/allocation/{machine.alloc_id}/stats")
    assert used["Tasks"]["vm"]["ResourceUsage"]["MemoryStats"]["RSS"] < 256 * 1024 * 1024
    assert machine.nomad.allocations(machine.job_id)[0]["ClientStatus"] == "running"


def test_a_machine_ends_at_the_end_of_its_life_and_its_end_is_the_labs(make_machine, nomad):
    short = make_machine(max_life="6s")
    until(lambda: _status(short) == "complete", 40, lambda: nomad.explain(short.job_id))

    other = make_machine()
    other.run("true")
    folder = str(nomad.clients[0].data / "alloc" / other.alloc_id / "vm")
    (qemu,) = [found for found in psutil.process_iter(["cwd", "name"]) if _is_qemu_in(found, folder)]
    qemu.terminate()
    until(lambda: _status(other) in ("complete", "failed"), 30, lambda: nomad.explain(other.job_id))


def _is_qemu_in(process: psutil.Process, folder: str) -> bool:
    return process.info["cwd"] == folder and process.info["name"].startswith("qemu-system")


def _status(machine: Machine) -> str:
    return machine.nomad.allocations(machine.job_id)[0]["ClientStatus"]
