"""What only the local backend promises: homes that stay, and labs that outlive who started them."""

import subprocess
import sys
import threading
import time

import pytest

from backends.base import StartFailed
from backends.local import LocalBackend
from config import ROOT
from tests.backends.conftest import output, run


@pytest.fixture
def backend(local) -> LocalBackend:
    """The local one."""
    return local


@pytest.fixture
def make_backend(tmp_path):
    """Make more that see the same jobs; in the end none is left."""
    yield lambda: LocalBackend(tmp_path / "var")
    LocalBackend(tmp_path / "var").stop_all()


def test_lab_outlives_who_started_it(make_backend, make_spec, tmp_path):
    spec = make_spec()
    program = (
        "import os, signal; from pathlib import Path; from backends.base import LabSpec;"
        "from backends.local import LocalBackend;"
        f"LocalBackend(Path({str(tmp_path / 'var')!r})).start({spec!r}); os.kill(0, signal.SIGKILL)"
    )

    # Its whole process group dies with it, as when a supervisor kills a service.
    subprocess.run([sys.executable, "-c", program], cwd=ROOT, start_new_session=True, check=False)

    assert make_backend().status(spec.job_id).state == "running"
    assert output(make_backend(), spec, "echo alive") == "alive\n"


def test_home_is_kept_between_labs_and_wiped_when_fresh(backend, make_spec):
    first = make_spec()
    again, fresh = make_spec(home_key=first.home_key), make_spec(home_key=first.home_key, is_fresh=True)

    backend.start(first)
    output(backend, first, "echo mine > work; mkdir -p shut/deep; echo x > shut/deep/x; chmod 000 shut")
    backend.stop(first.job_id)
    backend.start(again)
    kept = output(backend, again, "cat work; stat -c %U work")
    backend.stop(again.job_id)
    backend.start(fresh)
    wiped = output(backend, fresh, "ls -A")

    assert kept == "mine\nbob\n"
    assert wiped == ""


def test_setup_runs_once_as_the_student_before_the_shell(backend, make_spec):
    setup = "echo $(id -un) $PWD >> log; mkdir vault; chmod 000 vault; sleep 0.3"
    first = make_spec(setup_script=setup)
    second = make_spec(setup_script=setup, home_key=first.home_key)

    backend.start(first)
    once = output(backend, first, "cat log")
    backend.stop(first.job_id)
    backend.start(second)

    assert once == "bob /home/bob\n"
    assert output(backend, second, "cat log") == once


def test_failing_setup_is_a_failed_start_and_runs_again(backend, make_spec):
    broken = make_spec(setup_script="echo started >> log; echo the moon is missing; exit 3")
    mended = make_spec(setup_script="echo started >> log", home_key=broken.home_key)

    with pytest.raises(StartFailed) as failure:
        backend.start(broken)
    backend.stop(broken.job_id)
    backend.start(mended)

    assert "failed 3" in str(failure.value)
    assert "the moon is missing" in str(failure.value)
    assert output(backend, mended, "cat log") == "started\n"


def test_job_of_a_dead_lab_can_start_again(backend, lab):
    run(backend, lab, "kill -9 -1")
    deadline = time.monotonic() + 10
    while backend.status(lab.job_id).state != "dead":
        assert time.monotonic() < deadline
        threading.Event().wait(0.05)

    backend.start(lab)

    assert backend.status(lab.job_id).state == "running"
    assert output(backend, lab, "echo alive") == "alive\n"


def test_template_of_another_backend_is_refused_in_words(backend, make_spec):
    with pytest.raises(StartFailed, match="Nomad"):
        backend.start(make_spec(template="qemu"))

    assert backend.observe() == []
