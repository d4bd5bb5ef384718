"""A student who wants what isn't theirs: another outcome of a check, the lab's program, more disk than there is."""

import asyncio
import contextlib
from collections.abc import Callable

import pytest

from backends.base import BackendUnavailable, LabSpec
from backends.nomad import NomadBackend
from tests.backends.conftest import Screen, look, output, run, typed
from tests.sites import until

pytestmark = pytest.mark.long

MakeLab = Callable[..., LabSpec]

# Looks at every process of its own user that isn't below its own shell, until it is told to end.
SPY = """
import glob, os, re, time
mine = os.getppid()
ours, seen = set(), set()
while not os.path.exists("enough"):
    for status in glob.glob("/proc/[0-9]*/status"):
        pid = int(status.split("/")[2])
        try:
            words = open(status).read()
            uid, parent = (int(re.search(name + r":\\t(\\d+)", words)[1]) for name in ("Uid", "PPid"))
            if uid != os.getuid() or pid in (mine, os.getpid()) or parent in (mine, os.getpid()):
                continue
            ours.add(pid)
            os.readlink(f"/proc/{pid}/fd/0")
            seen.add(pid)
        except (OSError, TypeError):
            pass
    time.sleep(0.01)
control = os.readlink(f"/proc/{mine}/fd/0")
open("told", "w").write(f"{len(ours) > 0} {sorted(seen)} {len(control) > 0}")
"""
# Is never there when somebody looks: each process lives for the moment that the next one takes to begin.
COMET = """
import os
while True:
    with open("beat", "a") as beat:
        beat.write(".")
    if os.fork():
        os._exit(0)
"""


def put(backend: NomadBackend, lab: LabSpec, name: str, text: str) -> None:
    """Write a file into the home."""
    backend.execute(lab.job_id, f"cat > {name}", timeout_s=10, output_limit=1000, stdin=text.encode())


def test_a_students_programs_see_nothing_of_a_check_that_runs(backend: NomadBackend, make_lab: MakeLab) -> None:
    lab = make_lab()
    put(backend, lab, "spy.py", SPY)
    typed(backend, lab, "python3 spy.py & echo began $((1 + 2))\r", "began 3")

    output(backend, lab, "for n in $(seq 20); do sleep 0.1; done; touch enough")

    until(lambda: run(backend, lab, "test -s told").exit_code == 0)
    assert output(backend, lab, "cat told") == "True [] True"


def test_a_program_that_a_check_starts_cannot_reach_the_checks_own_memory(
    backend: NomadBackend, make_lab: MakeLab
) -> None:
    lab = make_lab()
    put(backend, lab, "reach.py", "import os; open(f'/proc/{os.getppid()}/mem', 'r+b'); print('reached')")

    said = run(backend, lab, "python3 reach.py; python3 -c 'print(6 * 7)'").output.decode()

    assert "PermissionError" in said and said.endswith("\n42\n")


def test_what_a_check_started_ends_with_it_however_fast_it_runs_away(backend: NomadBackend, make_lab: MakeLab) -> None:
    lab = make_lab()
    put(backend, lab, "comet.py", COMET)

    start = "for n in 1 2 3 4 5 6 7 8; do python3 comet.py & done; until [ -s beat ]; do sleep 0.1; done; sleep 0.3"
    run(backend, lab, start, timeout_s=60)

    before = output(backend, lab, "stat -c %s beat; sleep 0.5; stat -c %s beat").split()
    assert before[0] == before[1]


def test_a_check_whose_script_cannot_be_read_never_passes(backend: NomadBackend, make_lab: MakeLab) -> None:
    lab = make_lab()
    eat = "import os, time\nwhile True:\n try:\n  os.fork() or time.sleep(99)\n except OSError:\n  time.sleep(0.1)"
    put(backend, lab, "eat.py", eat)
    typed(backend, lab, "for n in $(seq 20); do python3 eat.py & done; echo began $((1 + 2))\r", "began 3")

    # Where nothing more can be started, the lab may be out of reach as well: that is no pass, and asked again.
    with contextlib.suppress(BackendUnavailable):
        assert run(backend, lab, "x=$(echo 5)\n[ $x = 6 ]", timeout_s=4).exit_code != 0
    assert backend.observe()[0].state == "running"


def test_nothing_of_the_allocation_but_the_home_is_a_students(backend: NomadBackend, make_lab: MakeLab) -> None:
    lab = make_lab()

    said = output(
        backend,
        lab,
        "cd /; ls -d alloc/yurt/* secrets/* private/* 2>&1 | grep -vc 'Permission denied\\|No such';"
        " cat /proc/1/environ /proc/[0-9]*/environ 2>/dev/null | tr '\\0' '\\n' | grep -c '^NOMAD' ; true",
    )

    assert said.split() == ["0", "0"]


def test_who_stops_the_terminals_output_and_fills_the_disk_stops_only_themselves(
    backend: NomadBackend, make_lab: MakeLab
) -> None:
    lab = make_lab(disk_mb=64)
    fill = "stty -ixany; for n in $(seq 12); do head -c 10M /dev/zero > $n.fill; done; echo filled $((1 + 2))\r"

    async def go() -> str:
        screen = await look(backend, lab)
        await screen.type(fill)
        await screen.see("filled 3")
        await screen.type("\x13")
        await screen.see("The disk is full: \\d+ of 64 MB")
        await screen.terminal.close()
        again = Screen(await backend.attach(lab.job_id, columns=80, rows=24))
        await again.see("The disk is full")
        await again.terminal.close()
        await backend.leave()
        return again.text

    asyncio.run(go())

    grown = run(backend, lab, "head -c 1M /dev/zero > more; stat -c %s more")
    assert grown.output.split()[-1] == b"0"
    assert run(backend, lab, "rm *.fill").exit_code == 0
    assert "room 3" in typed(backend, lab, "", "There is room on the disk again") + "room 3"
    assert output(backend, lab, "head -c 1M /dev/zero > more; stat -c %s more") == "1048576\n"


def test_files_without_a_name_fill_the_disk_too(backend: NomadBackend, make_lab: MakeLab) -> None:
    lab = make_lab(disk_mb=64)
    hide = 'for n in 5 6 7 8; do eval "exec $n>hidden"; rm hidden; head -c 30M /dev/zero >&$n; done\r'

    said = typed(backend, lab, hide, "The disk is full: \\d+ of 64 MB")

    assert "remove something" in said
