"""Executors that a real Nomad left behind: its client was killed, and began anew without knowing of its labs."""

import contextlib
import shutil
from typing import Any

import psutil
import pytest

from backends.base import LabSpec
from backends.nomad import NomadBackend, leftovers
from cli.labs_doctor import doctor
from tests.backends.conftest import nomad_settings
from tests.sites import until

LOST_S = 40.0


def test_the_doctor_names_what_a_killed_client_left_behind_and_how_to_end_it(
    app: Any, make_nomad: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    cluster = make_nomad(ttl_s=2)
    backend = NomadBackend(nomad_settings(cluster, "exec"))
    monkeypatch.setattr("cli.labs_doctor.make_backend", lambda _settings: backend)
    # Other clusters of other tests are on this machine, too.
    ours = [one for one in leftovers.executors() if one.folder.is_relative_to(cluster.folder)]
    monkeypatch.setattr(
        leftovers,
        "executors",
        lambda found=leftovers.executors: [one for one in found() if one.folder.is_relative_to(cluster.folder)],
    )
    # The template waits for half a minute for a machine that is out of reach.
    render = backend._jobs.render
    monkeypatch.setattr(backend._jobs, "render", lambda spec: given_up_after(render(spec), seconds=2))
    job_id = "lab-linux-files-bob-0a1b2c3d"
    spec = LabSpec(job_id, backend.instance, "0a1b2c3d-0000-4000-8000-000000000000", "linux", "files", "bob", "7-1")
    backend.start(spec)
    alloc_id = cluster.allocations(job_id)[0]["ID"]
    runner = app.test_cli_runner()
    assert ours == []
    assert "left nothing behind" in runner.invoke(doctor).output

    client = cluster.clients[0]
    client.kill()
    shutil.rmtree(client.data / "client", ignore_errors=True)
    client.start(cluster.server)
    until(lambda: cluster.allocations(job_id)[-1]["ClientStatus"] == "lost", LOST_S, lambda: cluster.explain(job_id))
    young = runner.invoke(doctor).output
    monkeypatch.setattr(leftovers, "PATIENCE_S", 0.0)
    told = runner.invoke(doctor)

    assert alloc_id not in young
    assert told.exit_code == 1
    (line,) = [line for line in told.output.splitlines() if alloc_id in line]
    command, _, whose = line.partition("#")
    assert whose.strip() == f"{job_id}, allocation {alloc_id}"
    pids = [int(pid) for pid in command.split()[2:]]
    assert psutil.Process(pids[0]).cmdline()[1] == "executor"
    assert len(pids) > 1
    for pid in pids:
        # The executor takes its children along, sooner or later than they are reached here.
        with contextlib.suppress(psutil.NoSuchProcess):
            psutil.Process(pid).kill()
    assert alloc_id not in runner.invoke(doctor).output
    backend.stop(job_id)
    backend.close()


def given_up_after(job: dict[str, Any], *, seconds: int) -> dict[str, Any]:
    """Have Nomad give a lab up sooner when its machine is out of reach."""
    job["TaskGroups"][0]["Disconnect"]["LostAfter"] = seconds * 1_000_000_000
    return job
