"""How busy labs are, as Nomad and the guests of VMs say it."""

from typing import Any

import pytest

from backends.base import BackendUnavailable, Usage
from backends.nomad.meters import Meters, percent

# user nice system idle iowait irq softirq steal guest guest_nice
TWO = "cpu  {0} 0 50 {1} 30 5 15 0 40 0\ncpu0 50 0 25 400 15 2 8 0 20 0\ncpu1 50 0 25 400 15 3 7 0 20 0\n"


def looks(*pairs: tuple[int, int]) -> bytes:
    return "\n".join(f"cpu  {busy} 0 0 {idle} 0 0 0 0 0 0\ncpu0 {busy} 0 0 {idle}\n" for busy, idle in pairs).encode()


@pytest.mark.parametrize(
    ("said", "expected"),
    [
        (looks((500, 500), (502, 798)), 2 / 3),
        (looks((500, 500), (750, 550)), 250 / 3),
        # Both processors of two are at work for half of the time: that is one core.
        (f"{TWO.format(100, 800)}\n{TWO.format(300, 1000)}".encode(), 100.0),
        # Too short to say anything, as when the guest got no time of its own.
        (looks((500, 500), (550, 540)), None),
        (looks((500, 500)), None),
        (b"", None),
        (b"cpu\n\ncpu\n", None),
        (b"cpu one two three four five\n\ncpu 1 2 3 4 5\n", None),
        (b"sh: can't open /proc/stat: no such file\n", None),
        (b"\xff\xfe\x00", None),
    ],
)
def test_a_guests_answer_is_read_or_is_none(said: bytes, expected: float | None) -> None:
    assert percent(said) == (None if expected is None else pytest.approx(expected))


class Answer:
    def __init__(self, body: Any) -> None:
        self.body = body

    def json(self) -> Any:
        return self.body


class Cluster:
    """Two labs, of which one is a VM, on a QEMU that is never at rest."""

    def call(self, _method: str, path: str, **_query: Any) -> Answer:
        if path == "allocations":
            running = {"DesiredStatus": "run", "ClientStatus": "running"}
            shell = {"lab": {"State": "running"}}
            vm = {**shell, "vm": {"State": "running"}}
            return Answer(
                [
                    {"ID": "1", "JobID": "shell", "TaskStates": shell, **running},
                    {"ID": "2", "JobID": "machine", "TaskStates": vm, **running},
                    {"ID": "3", "JobID": "somebody-elses", "TaskStates": shell, **running},
                ]
            )
        used = {"CpuStats": {"Percent": 13.8}, "MemoryStats": {"RSS": 64 * 1_048_576}}
        return Answer({"ResourceUsage": used})


def test_a_virtual_machine_is_as_busy_as_its_guest_says() -> None:
    answers = {"machine": looks((500, 500), (506, 794))}

    found = Meters(Cluster(), lambda job_id, _script: answers[job_id]).read(["shell", "machine"])  # type: ignore[arg-type]

    assert found == {"shell": Usage(13.8, 64.0), "machine": Usage(2.0, 64.0)}


@pytest.mark.parametrize("fault", [BackendUnavailable("the lab didn't answer in time"), OSError("gone"), None])
def test_a_guest_that_does_not_say_is_not_taken_for_busy(fault: Exception | None) -> None:
    def ask(_job_id: str, _script: str) -> bytes:
        if fault:
            raise fault
        return b"what?"

    found = Meters(Cluster(), ask).read(["shell", "machine"])  # type: ignore[arg-type]

    assert set(found) == {"shell"}
