"""What a lab's program counts of a student's disk, whatever they do to hide it."""

import os
import subprocess
from pathlib import Path

import pytest

from backends.inside import disk, machine
from backends.inside.student import Student

LARGE = 3_000_000


@pytest.fixture
def home(tmp_path, monkeypatch):
    """A home, and the way back out of wherever the measure went."""
    folder = tmp_path / "home"
    folder.mkdir()
    monkeypatch.chdir(tmp_path)
    return folder


def measured(home: Path) -> int:
    return disk.measure(str(home), os.getuid(), set())


def test_files_count_once_and_links_are_not_followed(home, tmp_path):
    (tmp_path / "outside").write_bytes(bytes(LARGE))
    (home / "file").write_bytes(b"x" * LARGE)
    (home / "again").hardlink_to(home / "file")
    (home / "away").symlink_to(tmp_path)

    used = measured(home)

    assert LARGE <= used < 1.2 * LARGE


def test_folders_and_empty_files_cost_something_too(home):
    for number in range(1000):
        (home / f"file-{number}").touch()
        (home / f"folder-{number}").mkdir()

    used = measured(home)

    assert used >= 2000 * disk.ENTRY


def test_a_file_deeper_than_any_path_is_found(home):
    back = os.getcwd()
    os.chdir(home)
    for _ in range(2500):
        os.mkdir("d")
        os.chdir("d")
    Path("far").write_bytes(b"x" * LARGE)
    os.chdir(back)

    try:
        assert measured(home) > LARGE
    finally:
        os.chdir(back)
        subprocess.run(["rm", "-rf", str(home)], check=True)


def test_a_file_that_is_open_and_has_no_name_any_more_counts(home):
    device = {home.stat().st_dev}
    before = disk.open_files(os.getuid(), device, set())

    with (home / "gone").open("wb") as file:
        file.write(b"x" * LARGE)
        file.flush()
        (home / "gone").unlink()
        used = disk.open_files(os.getuid(), device, set())

    assert used - before >= LARGE


@pytest.fixture
def quota(home, monkeypatch):
    """A quota that has looked a moment ago, and when it looks next."""
    begun = []
    monkeypatch.setattr(disk.Quota, "_begin", lambda self, student: begun.append(student))
    made = disk.Quota()
    made.looked_at = disk.time.monotonic() - 10
    return made, begun


def student_at(home: Path) -> Student:
    return Student(handle="bob", uid=7, home=str(home), has_network=False, memory_mb=64, disk_mb=10)


def test_a_look_that_costs_much_comes_seldom_and_at_once_where_the_disk_may_be_full(home, quota, monkeypatch):
    made, begun = quota
    made.cost_s, made.used, made.free = 2.0, 4_000_000, 100_000_000
    monkeypatch.setattr(disk, "free_bytes", lambda _folder: 99_000_000)
    made.enforce(student_at(home))
    assert begun == []

    monkeypatch.setattr(disk, "free_bytes", lambda _folder: 90_000_000)
    made.enforce(student_at(home))

    assert len(begun) == 1


def test_a_look_that_costs_little_comes_every_few_seconds(home, quota):
    made, begun = quota
    made.cost_s, made.free = 0.01, disk.free_bytes(str(home))

    made.enforce(student_at(home))

    assert len(begun) == 1


def test_the_log_of_a_console_that_prints_without_end_is_emptied(home):
    log = home / "con.log"
    with log.open("ab") as console:
        console.write(b"booted\n")
        console.flush()
        machine.trim(str(log))
        assert log.read_bytes() == b"booted\n"
        console.write(b"y\n" * machine.LOG_BYTES)
        console.flush()
        machine.trim(str(log))
        console.write(b"more\n")

    machine.trim(str(home / "nothing"))

    assert log.read_bytes() == b"more\n"
