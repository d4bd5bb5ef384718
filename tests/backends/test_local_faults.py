"""What can happen to a local lab's files and processes, and what it takes not to be fooled."""

import asyncio
import json
import os
import signal
import subprocess
import sys
import threading
import time

import pytest

from backends.base import BackendUnavailable, StartFailed
from backends.local import LocalBackend
from config import ROOT
from tests.backends.conftest import look, output, run

pytestmark = pytest.mark.long


def until(condition, within=60.0):
    """Wait for what another process does."""
    deadline = time.monotonic() + within
    while not condition():
        assert time.monotonic() < deadline, "it doesn't happen"
        threading.Event().wait(0.02)


@pytest.fixture
def lab(local, make_spec):
    """A running lab."""
    spec = make_spec()
    local.start(spec)
    return spec


@pytest.fixture
def job(local, lab):
    """Its job."""
    return local.store.job(lab.job_id)


def test_lab_dies_with_its_holder(local, lab, job):
    namespace = job.sandbox().namespace

    os.kill(job.holder(), signal.SIGKILL)
    until(lambda: local.status(lab.job_id).state == "dead")
    local.stop(lab.job_id)

    shown = subprocess.run(["ps", "-eo", "pidns,stat"], capture_output=True, text=True, check=True).stdout
    # A process that has ended is a zombie until the machine's first process finds the time to reap it.
    living = {row.split()[0] for row in shown.splitlines() if not row.split()[1].startswith("Z")}
    assert str(namespace) not in living
    assert local.observe() == []


def test_process_id_of_somebody_else_doesnt_pass_for_a_lab(local, lab, job):
    os.kill(job.holder(), signal.SIGKILL)
    until(lambda: not job.is_alive())
    bystander = subprocess.Popen(["sleep", "100"])
    (job.folder / "alive").write_text(str(bystander.pid))
    sandbox = json.loads((job.folder / "init").read_text())
    (job.folder / "init").write_text(json.dumps({**sandbox, "child-pid": bystander.pid}))

    try:
        state = local.status(lab.job_id).state
        with pytest.raises(BackendUnavailable):
            run(local, lab, ":")
        local.stop(lab.job_id)

        assert state == "dead"
        assert bystander.poll() is None
    finally:
        bystander.kill()
        bystander.wait()


def test_init_of_somebody_else_isnt_entered_or_killed(local, lab, job):
    bystander = subprocess.Popen(["sleep", "100"])
    sandbox = json.loads((job.folder / "init").read_text())
    (job.folder / "init").write_text(json.dumps({**sandbox, "child-pid": bystander.pid}))

    try:
        with pytest.raises(BackendUnavailable):
            run(local, lab, ":")
        local.stop(lab.job_id)

        assert bystander.poll() is None
    finally:
        bystander.kill()
        bystander.wait()


@pytest.mark.parametrize("content", ["", "{", "[]", '{"job_id": 1, "surprise": 2}', "\0\xff"])
@pytest.mark.parametrize("name", ["spec.json", "init", "alive", "plan.json"])
def test_damaged_file_of_a_job_is_observed_and_stopped(local, lab, job, name, content):
    namespace = job.sandbox().namespace
    (job.folder / name).write_text(content)

    observed = local.observe()
    local.stop(lab.job_id)

    assert [found.job_id for found in observed] == [lab.job_id]
    assert local.observe() == []
    until(lambda: not any_in(namespace))


def any_in(namespace):
    """Say whether a process of that PID namespace lives."""
    listed = subprocess.run(["ps", "-eo", "pidns"], capture_output=True, text=True, check=True).stdout
    return str(namespace) in listed.split()


def test_folder_without_anything_is_a_dead_job(local):
    (local.store.jobs / "lab-x-y-bob-00000000").mkdir()
    (local.store.jobs / "a file").write_text("not a job")

    observed = local.observe()
    local.stop("lab-x-y-bob-00000000")

    assert [(job.job_id, job.session_id, job.state) for job in observed] == [("lab-x-y-bob-00000000", "", "dead")]
    assert local.observe() == []


def test_lab_whose_folder_was_removed_ends_by_itself(local, lab, job):
    namespace = job.sandbox().namespace

    job.remove()

    until(lambda: not any_in(namespace))


def test_start_goes_on_wherever_the_one_before_was_killed(local, make_spec, tmp_path):
    program = (
        "import sys; from pathlib import Path; from backends.base import LabSpec;"
        "from backends.local import LocalBackend; print('ready', flush=True);"
        "LocalBackend(Path({var!r})).start({spec!r})"
    )
    # A lab is ready a moment before its shell has begun.
    count = "until pgrep -f yurt.bashrc > /dev/null; do sleep 0.05; done; pgrep -c -f yurt.bashrc"

    for milliseconds in (1, 5, 10, 20, 40, 80, 160):
        spec = make_spec(setup_script="echo setup >> log")
        code = program.format(var=str(tmp_path / "var"), spec=spec)
        caller = subprocess.Popen([sys.executable, "-c", code], cwd=ROOT, stdout=subprocess.PIPE)
        caller.stdout.readline()
        threading.Event().wait(milliseconds / 1000)
        caller.kill()
        caller.wait()
        caller.stdout.close()
        local.start(spec)

        assert output(local, spec, f"cat log; {count}") == "setup\n1\n"
        local.stop(spec.job_id)
    assert local.observe() == []


def test_stop_goes_on_where_the_one_before_was_killed(local, lab, job):
    with job.alone():
        os.kill(job.holder(), signal.SIGTERM)
    until(lambda: not job.is_alive())

    local.stop(lab.job_id)

    assert local.observe() == []
    assert not job.folder.exists()


def test_deep_folders_dont_matter(make_spec, tmp_path):
    backend = LocalBackend(tmp_path / ("deep" * 20) / ("deeper" * 20) / "var")
    spec = make_spec()

    backend.start(spec)
    said = asyncio.run(_say(backend, spec))
    backend.stop(spec.job_id)

    assert said


async def _say(backend, spec):
    screen = await look(backend, spec)
    await screen.type("echo here $((1))\r")
    return await screen.see(r"^here 1$")


def test_deep_and_shut_homes_can_be_wiped(local, make_spec):
    first = make_spec()
    again = make_spec(home_key=first.home_key, is_fresh=True)
    local.start(first)
    fifty = "/".join(50 * "d")
    output(local, first, f"for i in $(seq 30); do mkdir -p {fifty}; cd {fifty}; done; touch x; cd; chmod -R 000 d; :")
    local.stop(first.job_id)

    local.start(again)

    assert output(local, again, "ls -A") == ""
    assert [path.name for path in local.homes.folder.iterdir() if path.name.startswith(".old")] == []


def test_links_out_of_a_home_lead_nowhere(local, make_spec, tmp_path):
    (tmp_path / "precious").mkdir()
    (tmp_path / "precious" / "file").write_text("kept")
    first = make_spec()
    again = make_spec(home_key=first.home_key, is_fresh=True)
    local.start(first)
    output(local, first, f"ln -s {tmp_path}/precious precious; ln -s {tmp_path}/precious/file file; ln -s / root")
    local.stop(first.job_id)

    local.start(again)

    assert (tmp_path / "precious" / "file").read_text() == "kept"


def test_endless_output_of_nobody_watching_costs_little(local, lab, job):
    async def leave_it_running():
        screen = await look(local, lab)
        await screen.type("yes\r")
        await screen.see("y\ny\n")
        await screen.terminal.close()

    asyncio.run(leave_it_running())
    before = cpu_seconds(job.holder())
    threading.Event().wait(2.0)

    assert cpu_seconds(job.holder()) - before < 0.5
    assert resident_mb(job.holder()) < 40


def test_viewer_who_doesnt_read_costs_bounded_memory(local, lab, job):
    async def stare():
        screen, stuck = await look(local, lab), await look(local, lab)
        await screen.type("yes\r")
        await screen.see("y\ny\n")
        await asyncio.sleep(1.5)
        del stuck
        return resident_mb(job.holder())

    assert asyncio.run(stare()) < 40


def cpu_seconds(pid):
    """Return the processor time that a process took."""
    with open(f"/proc/{pid}/stat") as file:
        fields = file.read().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def resident_mb(pid):
    """Return the memory that a process holds."""
    with open(f"/proc/{pid}/statm") as file:
        return int(file.read().split()[1]) * os.sysconf("SC_PAGESIZE") / 1024 / 1024


def test_shell_that_cant_stay_is_replaced(local, make_spec):
    spec = make_spec(setup_script="echo exit > .bashrc")
    local.start(spec)

    async def rescue():
        from_bash = await local.attach(spec.job_id, columns=80, rows=24)
        data = b""
        async with asyncio.timeout(60):
            while b"without ~/.bashrc" not in data:
                data += await from_bash.read()
            await from_bash.write(b"echo here $((1))\r")
            while b"here 1" not in data:
                data += await from_bash.read()

    asyncio.run(rescue())

    assert local.status(spec.job_id).state == "running"


def test_machine_without_sandboxes_says_why(local, make_spec, monkeypatch):
    monkeypatch.setattr("backends.local.sandbox.namespaces", lambda _spec: ["--unshare-everything"])
    spec = make_spec()

    with pytest.raises(StartFailed, match="Unknown option --unshare-everything"):
        local.start(spec)

    assert local.status(spec.job_id).state == "dead"


def test_stop_all_ends_every_lab_of_the_folder(local, make_spec, tmp_path):
    specs = [make_spec() for _ in range(3)]
    for spec in specs:
        local.start(spec)
    environ = {
        **os.environ,
        "YURT_VAR": str(tmp_path / "var"),
        "SECRET_KEY": "x" * 64,
        "LAB_BACKEND": "local",
        "LAB_LOCAL_ACCEPT_RISK": "true",
    }

    command = [sys.executable, "-m", "backends.local", "stop-all"]
    subprocess.run(command, cwd=ROOT, env=environ, check=True, timeout=60)

    assert local.observe() == []
