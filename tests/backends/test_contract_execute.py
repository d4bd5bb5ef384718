"""The contract of a lab backend: scripts that run in the lab."""

import hashlib
import re

import pytest

from backends.base import BackendUnavailable, Usage
from scheduler.ticks import demand
from tests.backends.conftest import SHELL_BEGAN, output, run, typed
from tests.sites import until

pytestmark = pytest.mark.long

# How many hundredths of a second of a processor the process in `pid` gets within two.
TICKS_OF_2_S = """
ticks() { read -r -a now < /proc/$(< pid)/stat; echo $((now[13] + now[14])); }
before=$(ticks); sleep 2; echo $(($(ticks) - before))
"""
# Takes away whatever it finds of the script that started it, and then says nothing and is content.
THIEF = """
import glob, os, stat
for path in [*glob.glob("/proc/self/fd/*"), *glob.glob(f"/proc/{os.getppid()}/fd/*")]:
    try:
        if path.split("/")[-1] not in "012" and stat.S_ISFIFO(os.stat(path).st_mode):
            there = os.open(path, os.O_RDONLY | os.O_NONBLOCK)
            while os.read(there, 65536):
                pass
    except OSError:
        pass
"""


def test_script_passes_or_fails_by_its_exit_code(backend, lab):
    passed = run(backend, lab, "echo fine; echo said on stderr >&2")
    failed = run(backend, lab, "echo no; exit 3")

    assert (passed.exit_code, passed.output) == (0, b"fine\nsaid on stderr\n")
    assert (failed.exit_code, failed.output) == (3, b"no\n")
    assert not (passed.is_timed_out or passed.is_truncated or failed.is_timed_out or failed.is_truncated)


def test_script_runs_as_the_student_at_home_and_sees_the_labs_processes(backend, lab):
    script = "echo $USER; pwd; hostname; pgrep -f yurt.bashrc > /dev/null && echo sees the shell; echo $HOME"
    said = output(backend, lab, f"{SHELL_BEGAN}; {script}")

    user, here, host, shell, home = said.splitlines()
    assert (user, here, host, shell) == ("bob", home, "lab", "sees the shell")
    assert home.endswith("/home/bob")


def test_a_program_that_a_script_starts_cannot_take_away_what_comes_after_it(backend, lab):
    backend.execute(lab.job_id, "cat > sum.py", timeout_s=10, output_limit=1000, stdin=THIEF.encode())

    result = run(backend, lab, "answer=$(python3 sum.py 2 3)\n[ ${answer:-0} = 5 ] || exit 9\necho right")

    assert (result.exit_code, result.output) == (9, b"")


def test_students_files_have_no_say_in_a_script(backend, lab):
    trap = "echo 'echo hijacked; exit 0' | tee .bashrc .bash_profile .profile .bash_env > /dev/null;"
    fake = "mkdir bin; printf '#!/bin/sh\\necho hijacked\\n' > bin/ls; chmod +x bin/ls"
    output(backend, lab, trap + fake)

    said = output(backend, lab, "echo ${BASH_ENV-none}; echo $PATH; type -p ls; ls -d /usr")

    assert said.startswith("none\n/usr/")
    assert "hijacked" not in said
    assert "/home" not in said


@pytest.mark.isolated
def test_script_has_no_input_and_isnt_a_file_of_the_lab(backend, lab):
    said = output(backend, lab, "cat; echo input ended; ls -A ~ /tmp; echo $0")

    assert re.match(r"input ended\n\S*/home/bob:\n\n", said)
    assert said.splitlines()[-1] == "/bin/bash"


def test_bytes_come_back_as_they_are(backend, lab):
    result = run(backend, lab, "printf '\\000\\001\\377\\n'; head -c 300 /dev/zero")

    assert result.output == b"\0\x01\xff\n" + bytes(300)


def test_long_scripts_are_run_whole(backend, lab):
    script = "total=0\n" + "total=$((total + 1)) # a comment to fill the pipe\n" * 5_000 + "echo $total\n"

    assert output(backend, lab, script) == "5000\n"


def test_time_limit_ends_the_script_with_all_it_started(backend, lab):
    started = "sleep 4001 & setsid sleep 4002 & (setsid setsid sleep 4003 &) ; trap '' TERM; sleep 4004"
    result = run(backend, lab, f"echo began; {started}", timeout_s=1)

    assert result.is_timed_out
    assert result.output == b"began\n"
    assert run(backend, lab, "pgrep -f 'sleep 400[1-4]'").output == b""


def test_what_a_script_leaves_running_ends_with_it(backend, lab):
    result = run(backend, lab, "sleep 4005 & setsid sleep 4006 & echo done", timeout_s=15)

    assert (result.exit_code, result.is_timed_out, result.output) == (0, False, b"done\n")
    assert run(backend, lab, "pgrep -f 'sleep 400[56]'").output == b""


def test_shell_of_the_student_survives_scripts(backend, lab):
    before = output(backend, lab, f"{SHELL_BEGAN}; pgrep -u $UID -f yurt.bashrc")
    run(backend, lab, "sleep 100", timeout_s=0.3)
    run(backend, lab, "exit 1")

    assert output(backend, lab, "pgrep -u $UID -f yurt.bashrc") == before


def test_output_is_cut_at_its_limit_and_the_script_goes_on(backend, lab):
    result = run(backend, lab, "yes | head -c 3000000; echo end > ~/end; exit 4", limit=1000)

    assert (result.exit_code, result.is_truncated, len(result.output)) == (4, True, 1000)
    assert output(backend, lab, "cat end") == "end\n"


def test_endless_output_ends_at_the_time_limit(backend, lab):
    result = run(backend, lab, "yes", timeout_s=1, limit=1000)

    assert result.is_timed_out
    assert result.is_truncated
    assert len(result.output) == 1000


def test_lab_that_cant_be_entered_is_the_platforms_fault(backend, lab):
    backend.stop(lab.job_id)

    with pytest.raises(BackendUnavailable):
        run(backend, lab, "exit 0")
    with pytest.raises(BackendUnavailable):
        backend.execute("lab-never-was-bob-00000000", "exit 0", timeout_s=5, output_limit=100)


def test_lab_that_dies_under_a_script_doesnt_pass(backend, lab):
    try:
        result = run(backend, lab, "kill -9 -1; kill -9 $$; exit 0")
    except BackendUnavailable:
        return

    assert result.exit_code != 0


def test_input_reaches_the_script_whole(backend, lab):
    data = bytes(range(256)) * 4000

    result = backend.execute(lab.job_id, "sha256sum", timeout_s=20, output_limit=100, stdin=data)

    assert result.output.split()[0].decode() == hashlib.sha256(data).hexdigest()


def test_script_that_reads_no_input_ends_all_the_same(backend, lab):
    result = backend.execute(lab.job_id, "echo done", timeout_s=20, output_limit=100, stdin=bytes(3_000_000))

    assert (result.exit_code, result.output) == (0, b"done\n")


def test_usage_tells_a_busy_lab_from_a_quiet_one(backend, lab, make_spec):
    busy = make_spec()
    backend.start(busy)
    output(backend, busy, "echo 'while :; do :; done' > burn; chmod +x burn")
    typed(backend, busy, "bash burn & echo $! > pid\r", r"\[1\] \d+")

    # What starting took of a processor passes. On a busy machine the loop itself gets little.
    used: dict[str, Usage] = {}
    got: list[float] = []

    def differ() -> bool:
        got.append(int(output(backend, busy, TICKS_OF_2_S)) / 2)
        used.update(backend.usage([busy.job_id, lab.job_id]))
        at_work, at_rest = used[busy.job_id].cpu_percent, used[lab.job_id].cpu_percent
        return got[-1] > 1 and at_work > got[-1] / 2 and at_rest < at_work / 2

    until(differ, within=60, explain=lambda: f"{used}, and really {got} %")
    assert used[lab.job_id].memory_mb > 0
    assert backend.usage(["lab-never-was-bob-00000000"]) == {}

    # However little of a processor it gets.
    assert demand.waiting(backend, [busy.job_id, lab.job_id, "lab-never-was-bob-00000000"]) == {busy.job_id}
