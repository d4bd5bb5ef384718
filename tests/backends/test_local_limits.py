"""The limits of a local lab as a whole, all of its memory and all of its disk: with what a machine has for them, and
without."""

import asyncio
import subprocess
from pathlib import Path

import pytest

from backends.local import cgroups, volumes
from tests.backends.conftest import look, output, run

# Three programs, each within the limit of one.
THREE = """for i in 1 2 3; do
    python3 -c 'import time; x = bytearray(100 * 1024 * 1024); print(len(x), flush=True); time.sleep(1.5)' &
done; wait"""
FILL = "for i in $(seq 12); do head -c 20M /dev/zero > f$i || break; done"
needs_cgroup = pytest.mark.skipif(
    not cgroups.are_here(), reason="no cgroup may be made here: a limit on all of a lab's memory is NOT TRIED"
)
needs_volumes = pytest.mark.skipif(
    not volumes.are_here(), reason="no root, loop devices or e2fsprogs: homes in volumes are NOT TRIED"
)


def on_disk(local) -> int:
    """Return the megabytes that the homes take on the platform's own file system."""
    told = subprocess.run(["du", "-sm", str(local.homes.folder)], capture_output=True, text=True, check=True)
    return int(told.stdout.split()[0])


@needs_cgroup
def test_programs_of_a_lab_share_its_memory(local, make_spec):
    spec = make_spec(memory_mb=160)
    local.start(spec)
    group = Path(local.store.job(spec.job_id).plan()["cgroup"])

    told = run(local, spec, THREE).output.decode()

    assert told.count("104857600") < 3
    assert "Killed" in told
    assert output(local, spec, "echo here") == "here\n"
    local.stop(spec.job_id)
    assert not group.exists()


@pytest.mark.parametrize("why", ["none", "not ours"])
def test_without_a_cgroup_the_lab_says_that_the_limit_is_each_programs(local, make_spec, monkeypatch, tmp_path, why):
    # A folder in which nothing can be made, for root neither, as the machine's groups are for an ordinary user.
    parents = [] if why == "none" else [cgroups.Parent(tmp_path / "missing", version) for version in (1, 2)]
    monkeypatch.setattr(cgroups, "parents", lambda: parents)
    spec = make_spec(memory_mb=160)
    local.start(spec)

    async def first_words():
        screen = await look(local, spec)
        return screen.text

    assert "each program may use 160 MB" in asyncio.run(first_words())
    assert run(local, spec, THREE).output.decode().count("104857600") == 3
    # The lab's page asks this.
    assert not cgroups.are_here.__wrapped__()


def test_a_lab_says_that_the_limit_is_each_programs_only_where_it_is(local, make_spec):
    spec = make_spec(memory_mb=160)
    local.start(spec)

    async def first_words():
        screen = await look(local, spec)
        return screen.text

    assert ("each program may use 160 MB" in asyncio.run(first_words())) is not cgroups.are_here()
    assert bool(local.store.job(spec.job_id).plan()["cgroup"]) is cgroups.are_here()


@needs_volumes
def test_a_home_holds_what_its_disk_holds_and_not_one_file_more(local, make_spec):
    spec = make_spec(disk_mb=64)
    local.start(spec)

    told = run(local, spec, FILL)

    assert b"No space left" in told.output
    assert 60 <= int(output(local, spec, "du -sm ~").split()[0]) <= 70
    assert on_disk(local) < 90
    output(local, spec, "rm f1; echo room > again")


@needs_volumes
def test_a_home_that_was_a_folder_moves_and_grows_with_its_lab(local, make_spec, monkeypatch):
    first = make_spec(disk_mb=32)
    with monkeypatch.context() as before:
        before.setattr(volumes, "are_here", lambda: False)
        local.start(first)
        output(local, first, "mkdir deep; echo mine > deep/work; chmod 600 deep/work")
        local.stop(first.job_id)

    sizes = []
    for disk_mb in (32, 96, 48):
        again = make_spec(home_key=first.home_key, disk_mb=disk_mb)
        local.start(again)
        assert output(local, again, "cat deep/work; stat -c '%U %a' deep/work") == "mine\nbob 600\n"
        sizes.append(int(output(local, again, "df --output=size -BM ~ | tail -1").strip().rstrip("M")))
        local.stop(again.job_id)

    assert sizes[0] < sizes[2] < sizes[1]
    assert sizes[0] >= 32


def test_where_there_are_no_volumes_what_fills_the_disk_is_ended(local, make_spec, monkeypatch):
    monkeypatch.setattr(volumes, "are_here", lambda: False)
    spec = make_spec(disk_mb=32)
    local.start(spec)

    async def fill():
        screen = await look(local, spec)
        await screen.type("for i in {1..999}; do head -c 8M /dev/zero > f$i; sleep 0.1; done\r")
        await screen.see(r"The disk is full: [0-9]+ of 32 MB[^$]*bob@lab:~\$ ")
        await screen.type("rm f*; echo $((20 + 2)) left\r")
        await screen.see(r"^22 left")

    asyncio.run(fill())

    assert local.status(spec.job_id).state == "running"
    assert on_disk(local) < 32


@pytest.mark.parametrize(
    ("version", "own", "found"),
    [
        (2, "/user.slice/app.slice/yurt.scope", "user.slice/app.slice"),
        (2, "/limited.slice/yurt.service", None),
        (1, "/docker/abc", "docker/abc"),
    ],
)
def test_groups_are_made_where_memory_is_passed_on_and_no_limit_is_got_around(
    tmp_path, monkeypatch, version, own, found
):
    root, proc = tmp_path / "cgroup", tmp_path / "proc"
    for folder in ("user.slice/app.slice/yurt.scope", "limited.slice/yurt.service", "docker/abc"):
        (root / folder).mkdir(parents=True)
    (root / "user.slice/app.slice/cgroup.subtree_control").write_text("cpu memory pids\n")
    (root / "cgroup.subtree_control").write_text("memory\n")
    (root / "limited.slice/yurt.service/memory.max").write_text("1000000000\n")
    proc.mkdir()
    kind = "cgroup2 cgroup2 rw" if version == 2 else "cgroup cgroup rw,memory"
    (proc / "mountinfo").write_text(f"41 31 0:38 / {root} rw - {kind}\n")
    (proc / "cgroup").write_text(f"0::{own}\n" if version == 2 else f"4:memory:{own}\n0::/\n")
    monkeypatch.setattr(cgroups, "PROC", proc)

    assert [parent.folder for parent in cgroups.parents()] == ([root / found] if found else [])
