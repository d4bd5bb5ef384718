"""Nomad's event stream: what it says of our labs, and where it begins."""

import threading

import pytest

from backends import Change
from backends.nomad import NomadBackend
from backends.nomad.events import changes
from tests.backends.conftest import nomad_settings
from tests.nomad.agents import Cluster


def line(index: int, *events: str) -> bytes:
    return b'{"Index": %d, "Events": [%s]}' % (index, ", ".join(events).encode())


def alloc(status: str, job: str = "lab-a") -> str:
    payload = f'{{"Allocation": {{"JobID": "{job}", "ClientStatus": "{status}", "DesiredStatus": "run"}}}}'
    return f'{{"Topic": "Allocation", "Type": "AllocationUpdated", "Payload": {payload}}}'


@pytest.mark.parametrize(
    ("said", "since", "told"),
    [
        (b"{}", 5, []),
        (b"", 5, []),
        (line(7, alloc("running")), 5, []),
        (
            line(7, alloc("failed"), alloc("failed"), alloc("lost", "lab-b")),
            5,
            [Change("lab-a", 7), Change("lab-b", 7)],
        ),
        (line(7, '{"Topic": "Node", "Payload": {"Node": {"Status": "down"}}}'), 5, [Change("", 7)]),
        (line(7, '{"Topic": "Node", "Payload": {"Node": {"Status": "ready"}}}'), 5, []),
        (line(7, '{"Topic": "Job", "Type": "JobDeregistered", "Key": "lab-c"}'), 5, [Change("lab-c", 7)]),
        # The cluster was made anew: its numbers begin again.
        (line(2, alloc("failed")), 5, [Change("", 2)]),
        (b"half a li", 5, [Change("", 5)]),
    ],
)
def test_a_line_tells_of_labs_that_may_have_ended(said: bytes, since: int, told: list[Change]) -> None:
    assert changes(said, since) == told


def test_the_end_of_a_lab_is_told_by_the_cluster_and_a_new_stream_begins_with_everything(nomad: Cluster) -> None:
    backend = NomadBackend(nomad_settings(nomad, "raw_exec"))
    job_id, over = f"lab-events-{backend.instance}", threading.Event()
    stream = backend.follow(0, over.is_set)

    first = next(stream)
    nomad.command("job", "run", "-detach", f"-var=job_id={job_id}", "-var=driver=raw_exec", "nomad-jobs/exec.hcl")
    nomad.wait_running(job_id)
    nomad.purge(job_id)
    told = next(change for change in stream if change.job_id == job_id)
    stream.close()

    assert first == Change("", 0)
    assert told.index > 0
    backend.close()
