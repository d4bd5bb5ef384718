"""The contract of a lab backend: start, stop, observe, homes."""

import subprocess
import sys
import threading
import time

import pytest

from config import ROOT
from scheduler.backends.base import StartFailed
from tests.backends.conftest import output, run


def test_started_lab_runs_and_is_observed(backend, lab):
    observed = backend.observe()

    assert [(job.job_id, job.session_id, job.state) for job in observed] == [(lab.job_id, lab.session_id, "running")]
    assert backend.status(lab.job_id) == observed[0]


def test_starting_again_leaves_the_lab_as_it_is(backend, lab):
    output(backend, lab, "echo here > /tmp/mark")

    backend.start(lab)

    assert output(backend, lab, "cat /tmp/mark") == "here\n"


def test_two_callers_start_one_lab(make_backend, make_spec):
    spec, failures = make_spec(), []

    def start():
        try:
            make_backend().start(spec)
        except Exception as error:  # noqa: BLE001  # whatever it is, the test shows it
            failures.append(error)

    callers = [threading.Thread(target=start) for _ in range(4)]
    for caller in callers:
        caller.start()
    for caller in callers:
        caller.join()

    assert failures == []
    assert [job.state for job in make_backend().observe()] == ["running"]
    assert output(make_backend(), spec, "pgrep -c -f yurt.bashrc") == "1\n"


def test_stop_leaves_no_process_and_forgets_the_job(backend, make_spec):
    spec = make_spec()
    backend.start(spec)
    seconds = 100_000 + int(spec.job_id[-8:], 16)
    # In the background of a daemon that shrugs signals off, in a session of its own.
    shrug = f"(trap '' TERM HUP INT; setsid nohup sleep {seconds} >/dev/null 2>&1 </dev/null & ) ; sleep 0.2"
    backend.execute(spec.job_id, f'env -i bash -c "{shrug}"', timeout_s=5, output_limit=1000)
    assert processes(str(seconds))

    backend.stop(spec.job_id)

    assert processes(str(seconds)) == []
    assert backend.status(spec.job_id) is None
    assert backend.observe() == []


def processes(word: str) -> list[str]:
    """Return the command lines on this machine that hold the word."""
    listed = subprocess.run(["ps", "-eo", "args"], capture_output=True, text=True, check=True).stdout
    return [line for line in listed.splitlines() if word in line.split()]


def test_stopping_again_or_what_never_was_is_fine(backend, lab):
    backend.stop(lab.job_id)
    backend.stop(lab.job_id)
    backend.stop("lab-never-was-bob-00000000")
    backend.stop("../../etc")

    assert backend.observe() == []
    assert backend.status("../../etc") is None


def test_lab_outlives_who_started_it(make_backend, make_spec, tmp_path):
    spec = make_spec()
    program = (
        "import os, signal; from pathlib import Path; from scheduler.backends.base import LabSpec;"
        "from scheduler.backends.local import LocalBackend;"
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


def test_homes_of_others_are_others(backend, make_spec):
    mine, other = make_spec(), make_spec(handle="charlie")
    backend.start(mine)
    backend.start(other)
    output(backend, other, "echo private > ~/secret; chmod 777 ~ ~/secret")

    seen = run(backend, mine, "cat /home/charlie/secret /proc/*/root/home/charlie/secret 2>/dev/null; ls /home")

    assert seen.output == b"bob\n"


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

    assert "failed 3" in failure.value.reason
    assert "the moon is missing" in failure.value.reason
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


def test_saved_work_is_unpacked_into_a_new_home_in_place_of_the_setup(backend, make_spec):
    first = make_spec()
    backend.start(first)
    output(backend, first, "mkdir -p a/b; echo mine > a/b/work; ln -s a/b/work link; chmod 700 a")
    packed = run(backend, first, "tar -cz .", limit=1_000_000)
    second = make_spec(saved=packed.output, setup_script="touch setup-ran")

    backend.start(second)

    said = output(backend, second, "cat link; stat -c '%U %a' a; ls -A | grep -c setup-ran || true")
    assert said == "mine\nbob 700\n0\n"


def test_saved_work_that_cant_be_unpacked_is_a_failed_start(backend, make_spec):
    with pytest.raises(StartFailed):
        backend.start(make_spec(saved=b"this is no archive"))
