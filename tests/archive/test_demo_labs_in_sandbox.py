"""The demo labs in the real sandbox: another user, a read-only system, no network, and the limits of a lab."""

import pytest

from scheduler.backends.base import LabSpec
from scheduler.backends.local import LocalBackend
from tests.archive.test_demo_course import LABS

# The student's shell waits for the setup; these scripts don't, so the setup leaves a sign.
MARK = "\n: > ~/.setup-is-done\n"
AWAIT = "until [[ -e ~/.setup-is-done ]]; do sleep 0.05; done"


@pytest.fixture(params=LABS, ids=lambda lab: lab.slug)
def lab(request):
    """Each lab."""
    return request.param


@pytest.fixture
def run(lab, tmp_path):
    """Run a script in the started lab; return its exit code and output."""
    backend, job_id = LocalBackend(tmp_path), f"lab-demo-{lab.slug}-bob-00000001"
    spec = LabSpec(
        job_id=job_id,
        instance="test",
        session_id="00000000-0000-0000-0000-000000000001",
        course="linux-from-the-shell",
        lab=lab.slug,
        handle="bob",
        home_key=f"bob-{lab.slug}",
        cpu_mhz=lab.cpu_mhz,
        memory_mb=lab.memory_mb,
        disk_mb=lab.disk_mb,
        setup_script=lab.setup + MARK,
    )

    def execute(script, timeout=30):
        done = backend.execute(job_id, script, timeout_s=timeout, output_limit=10_000)
        return done.exit_code, done.output.decode()

    try:
        backend.start(spec)
        assert execute(AWAIT, timeout=10) == (0, "")
        yield execute
    finally:
        backend.stop(job_id)


def test_lab_can_be_solved_in_the_sandbox_and_only_by_solving_it(lab, run):
    untouched = {check.slug: run(check.script, check.timeout_s)[0] for check in lab.checks}
    solved = run(lab.solution)
    finished = {check.slug: run(check.script, check.timeout_s) for check in lab.checks}

    assert set(untouched.values()) == {1}, untouched
    assert solved[0] == 0, solved[1]
    assert {code for code, _ in finished.values()} == {0}, finished
