"""`flask labs test` on a real Nomad: the demo's labs are solved by their solutions alone, and no job is left."""

import dataclasses
import threading
from pathlib import Path

import pytest

from backends.makers import instance_of_tests, make_backend, make_test_backend
from cli.capsules import prove
from cli.reports import table
from config import Settings
from services import archive
from tests.nomad.agents import Cluster
from tests.sites import until

COURSE, LABS = archive.labs_of(Path(__file__).resolve().parents[2] / "courses" / "linux-from-the-shell")


@pytest.fixture
def on_nomad(settings: Settings, nomad: Cluster) -> Settings:
    return settings.model_copy(update={"lab_backend": "nomad", "nomad_addr": [nomad.url], "nomad_token": nomad.token})


@pytest.mark.parametrize(
    "lab",
    [lab for lab in LABS if lab.slug in ("locked-out", "nightly-backup", "village-library")],
    ids=lambda lab: lab.slug,
)
def test_lab_is_proven_on_nomad(on_nomad: Settings, nomad: Cluster, lab: archive.LabContent) -> None:
    backend = make_test_backend(on_nomad)
    assert backend is not None

    report = prove(backend, instance_of_tests(on_nomad), COURSE, lab)

    assert report.is_proven, "\n".join(table(report))
    assert backend.observe() == []
    assert nomad.command("job", "status", report.job_id).returncode != 0
    backend.close()


def test_the_site_on_the_same_cluster_does_not_see_the_machine_of_a_test(on_nomad: Settings) -> None:
    site, tests = make_backend(on_nomad), make_test_backend(on_nomad)
    assert site is not None and tests is not None
    lab = dataclasses.replace(LABS[0], solution="sleep 60")
    thread = threading.Thread(target=prove, args=(tests, instance_of_tests(on_nomad), COURSE, lab), daemon=True)

    thread.start()
    until(lambda: len(tests.observe()) == 1, 60)
    (job,) = tests.observe()
    seen = [found.job_id for found in site.observe()]
    tests.stop(job.job_id)
    thread.join(60)
    tests.close()
    site.close()

    assert job.job_id not in seen
    assert not thread.is_alive()
