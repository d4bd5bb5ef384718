"""Labs that do their worst on a real Nomad: the node and the other labs stay usable, and each ends when told to."""

import asyncio
import time
from collections.abc import Callable

import psutil
import pytest

from backends.base import LabSpec, StartFailed
from backends.nomad import NomadBackend
from tests.backends.conftest import Screen, look, output, run, typed
from tests.sites import until

MakeLab = Callable[..., LabSpec]
BOMB = "bomb() { bomb | bomb & }; bomb 2>/dev/null"
# nomad-jobs/exec.hcl gives a lab five seconds to end by itself.
KILL_TIMEOUT_S = 5.0
# What the way to Nomad and back takes, on a machine that is busy.
WAY_S = 8.0


def type_and_leave(backend: NomadBackend, lab: LabSpec, text: str) -> None:
    """Type at the prompt, and close the page at once."""

    async def go() -> None:
        screen = await look(backend, lab)
        await screen.type(text)
        await screen.terminal.close()
        await backend.leave()

    asyncio.run(go())


async def interrupted(backend: NomadBackend, lab: LabSpec) -> str:
    """Come to a screen that scrolls, and press Ctrl-C."""
    screen = Screen(await backend.attach(lab.job_id, columns=80, rows=24))
    await screen.type("\x03echo quiet $((40 + 2))\r")
    await screen.see("quiet 42")
    await screen.terminal.close()
    await backend.leave()
    return screen.text[-200:]


def seconds_to_stop(backend: NomadBackend, lab: LabSpec) -> float:
    began = time.monotonic()
    backend.stop(lab.job_id)
    return time.monotonic() - began


def processes_with(word: str) -> list[int]:
    """Return the processes whose command line has the word, this one aside."""
    found = []
    for process in psutil.process_iter(["cmdline"]):
        if word in " ".join(process.info["cmdline"] or []) and process.pid != psutil.Process().pid:
            found.append(process.pid)
    return found


def test_a_lab_that_forks_without_end_leaves_the_others_alone_and_is_stopped(
    backend: NomadBackend, make_lab: MakeLab
) -> None:
    bombed, neighbour = make_lab(), make_lab()

    type_and_leave(backend, bombed, f"{BOMB}\r")
    began = time.monotonic()
    count = output(backend, neighbour, "for i in $(seq 100); do sleep 9 & done; jobs -r | wc -l; kill $(jobs -p)")
    waited = time.monotonic() - began

    assert (int(count), waited < 10) == (100, True)
    assert "over 42" in typed(backend, neighbour, "echo over $((40 + 2))\r", "over 42")
    assert seconds_to_stop(backend, bombed) < KILL_TIMEOUT_S + WAY_S
    assert [job.job_id for job in backend.observe()] == [neighbour.job_id]


def test_a_lab_that_fills_its_disk_is_told_and_goes_on(backend: NomadBackend, make_lab: MakeLab) -> None:
    greedy, neighbour = make_lab(disk_mb=64), make_lab()
    fill = "while :; do n=$((n + 1)); head -c 8M /dev/zero > $n.fill; sleep 0.2; done\r"

    said = typed(backend, greedy, fill, "The disk is full: \\d+ of 64 MB")

    assert "remove something" in said
    assert output(backend, greedy, "pgrep -u $UID -x head || echo ended") == "ended\n"
    assert 64 < int(output(backend, greedy, "du -sm . | cut -f1")) < 64 * 6
    assert "gone 3" in typed(backend, greedy, "rm -f *.fill; echo gone $((1 + 2))\r", "gone 3")
    assert output(backend, neighbour, "echo fine") == "fine\n"


def test_a_student_writes_only_where_the_disk_is_watched(backend: NomadBackend, make_lab: MakeLab) -> None:
    lab = make_lab()
    places = r"find / -xdev \( -path /proc -o -path /sys -o -path /dev \) -prune -o -type d -writable -print"

    found = output(backend, lab, f"touch ~/here && {places} 2>/dev/null | sort || true")

    assert found.split() == ["/home/bob", "/tmp"]


def test_a_lab_that_prints_without_end_costs_little_and_is_stopped(backend: NomadBackend, make_lab: MakeLab) -> None:
    loud = make_lab()

    type_and_leave(backend, loud, "yes all work and no play\r")
    until(lambda: "yes" in output(backend, loud, "ps -e -o comm="))
    memory = backend.usage([loud.job_id])[loud.job_id].memory_mb
    said = asyncio.run(interrupted(backend, loud))

    assert memory < 100
    assert "quiet 42" in said
    type_and_leave(backend, loud, "yes again\r")
    assert seconds_to_stop(backend, loud) < KILL_TIMEOUT_S + WAY_S


def test_a_lab_that_ignores_sigterm_ends_within_its_time(backend: NomadBackend, make_lab: MakeLab) -> None:
    deaf, mark = make_lab(), "deaf-as-a-post"
    stay = f"trap '' TERM INT HUP QUIT; while :; do sleep 1; done # {mark}"
    type_and_leave(backend, deaf, f'trap \'\' TERM HUP; setsid bash -c "{stay}" & bash -c "{stay}"\r')
    until(lambda: len(processes_with(mark)) == 2)

    took = seconds_to_stop(backend, deaf)

    assert took < KILL_TIMEOUT_S + WAY_S
    assert processes_with(mark) == []
    assert backend.observe() == []


def test_a_lab_that_eats_memory_is_held_to_it_and_its_shell_lives(backend: NomadBackend, make_lab: MakeLab) -> None:
    hungry = make_lab(memory_mb=128)

    result = run(backend, hungry, "head -c 1G /dev/zero | tail -c 1G | wc -c", timeout_s=30)

    assert result.output.strip() != b"1073741824"
    assert "fed 3" in typed(backend, hungry, "echo fed $((1 + 2))\r", "fed 3")


@pytest.mark.parametrize("said", [r"\033[2J\033]0;owned\007", r"\000\001\377"])
def test_what_a_failing_setup_says_is_words_only(make_lab: MakeLab, said: str) -> None:
    with pytest.raises(StartFailed) as caught:
        make_lab(setup_script=f"printf 'broken {said}here'; exit 3")

    assert "broken" in str(caught.value) and "here" in str(caught.value)
    assert all(character.isprintable() or character == "\n" for character in str(caught.value))
