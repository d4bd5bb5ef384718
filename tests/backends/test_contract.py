"""The contract of a lab backend: start, stop, observe, homes."""

import contextlib
import subprocess
import threading
import time
from collections.abc import Callable

import pytest

from backends.base import BackendUnavailable, StartFailed
from tests.backends.conftest import SHELL_BEGAN, output, run, typed
from tests.sites import until

pytestmark = pytest.mark.long


def test_started_lab_runs_and_is_observed(backend, lab):
    observed = backend.observe()

    assert [(job.job_id, job.session_id, job.state) for job in observed] == [(lab.job_id, lab.session_id, "running")]
    assert backend.status(lab.job_id) == observed[0]


def test_starting_again_leaves_the_lab_as_it_is(backend, lab):
    output(backend, lab, "echo here > ~/mark")

    backend.start(lab)

    assert output(backend, lab, "cat ~/mark") == "here\n"


def test_two_callers_start_one_lab(make_backend, make_spec):
    spec = make_spec()

    failures = at_once(lambda: make_backend().start(spec))

    assert failures == []
    assert [job.state for job in make_backend().observe()] == ["running"]
    assert output(make_backend(), spec, f"{SHELL_BEGAN}; pgrep -c -u $UID -f yurt.bashrc") == "1\n"


def test_two_callers_stop_one_lab(make_backend, make_spec):
    spec = make_spec()
    make_backend().start(spec)

    failures = at_once(lambda: make_backend().stop(spec.job_id))

    assert failures == []
    assert make_backend().observe() == []


def at_once(work: Callable[[], None]) -> list[Exception]:
    """Do something in four threads, and return what went wrong."""
    failures: list[Exception] = []

    def attempt() -> None:
        try:
            work()
        except Exception as error:  # noqa: BLE001  # whatever it is, the test shows it
            failures.append(error)

    callers = [threading.Thread(target=attempt) for _ in range(4)]
    for caller in callers:
        caller.start()
    for caller in callers:
        caller.join()
    return failures


def test_stop_leaves_no_process_and_forgets_the_job(backend, make_spec):
    spec = make_spec()
    backend.start(spec)
    seconds = 100_000 + int(spec.job_id[-8:], 16)
    # In the background of a daemon that shrugs signals off, in a session of its own.
    shrug = f"(trap '' TERM HUP INT; setsid nohup sleep {seconds} >/dev/null 2>&1 </dev/null & )"
    typed(backend, spec, f'env -i bash -c "{shrug}"; echo done $((1))\r', r"^done 1$")
    until(lambda: processes(str(seconds)) != [])

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


@pytest.mark.isolated
def test_homes_of_others_are_others(backend, make_spec):
    mine, other = make_spec(), make_spec(handle="charlie")
    backend.start(mine)
    backend.start(other)
    output(backend, other, "echo private > ~/secret; chmod 777 ~ ~/secret")

    seen = run(backend, mine, "cat /home/charlie/secret /proc/*/root/home/charlie/secret 2>/dev/null; ls /home")

    assert seen.output == b"bob\n"


def test_saved_work_is_unpacked_into_a_new_home_in_place_of_the_setup(backend, make_spec):
    first = make_spec()
    backend.start(first)
    output(backend, first, "mkdir -p a/b; echo mine > a/b/work; ln -s a/b/work link; chmod 700 a")
    packed = run(backend, first, "tar -cz .", limit=1_000_000)
    second = make_spec(saved=packed.output, setup_script="touch setup-ran")

    backend.start(second)

    said = output(
        backend,
        second,
        "cat link; test $(stat -c %u a) = $UID && echo theirs; stat -c %a a; ls -A | grep -c setup-ran || true",
    )
    assert said == "mine\ntheirs\n700\n0\n"


def test_saved_work_that_cant_be_unpacked_is_a_failed_start(backend, make_spec):
    with pytest.raises(StartFailed):
        backend.start(make_spec(saved=b"this is no archive"))


def test_lab_whose_processes_were_all_killed_can_be_used_again(backend, lab):
    run(backend, lab, "kill -9 -1")

    deadline = time.monotonic() + 20
    while True:
        with contextlib.suppress(BackendUnavailable):
            backend.start(lab)
            assert output(backend, lab, "echo alive") == "alive\n"
            break
        assert time.monotonic() < deadline
        threading.Event().wait(0.05)

    assert backend.status(lab.job_id).state == "running"


def test_setup_runs_as_the_student_before_the_shell(backend, make_spec):
    spec = make_spec(setup_script="echo $USER $PWD $HOME >> log; mkdir vault; chmod 000 vault; sleep 0.3")

    backend.start(spec)

    user, here, home = output(backend, spec, "cat log").split()
    assert (user, here) == ("bob", home)


def test_failing_setup_is_a_failed_start_in_words(backend, make_spec):
    broken = make_spec(setup_script="echo the moon is missing; exit 3")

    with pytest.raises(StartFailed) as failure:
        backend.start(broken)

    assert "failed 3" in str(failure.value)
    assert "the moon is missing" in str(failure.value)
