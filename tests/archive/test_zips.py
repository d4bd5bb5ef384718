"""Zips: read as the folder that they hold, or refused with the name of what is wrong."""

import stat
import warnings
from pathlib import Path

import pytest

from services.archive.faults import ArchiveError, Faults
from services.archive.read import read, read_folder
from services.archive.write import layout
from services.archive.zips import ZipFolder, pack
from tests.archive.folders import make_folder
from tests.archive.zipped import encrypted, lying, packed, with_entry


def read_zip(data: bytes):
    return read_folder(ZipFolder(data, Faults()))


@pytest.mark.parametrize("below", ["", "tiny-main/"])
def test_a_zip_is_the_folder_that_it_holds(tmp_path: Path, below: str) -> None:
    assert read_zip(packed(below=below)) == read(make_folder(tmp_path))


def test_what_is_written_is_read_again_and_has_the_same_bytes_each_time(tmp_path: Path) -> None:
    course = read(make_folder(tmp_path))

    data = pack(layout(course))

    assert read_zip(data) == course
    assert pack(layout(course)) == data


def test_what_macs_and_git_add_is_passed_over(tmp_path: Path) -> None:
    beside = {"__MACOSX/._course.yaml": "x", ".git/config": "x", "basics/.DS_Store": b"\0", "README.md": "Mine"}

    assert read_zip(packed(beside)) == read(make_folder(tmp_path))


HOSTILE = {
    "no zip": (b"MZ", ".", "isn't a zip file"),
    "cut off": (packed()[:-40], ".", "isn't a zip file"),
    "up and out": (with_entry("../evil.md"), "../evil.md", "leads out of the course's folder"),
    "out from within": (with_entry("basics/../../evil.md"), "basics/../../evil.md", "leads out"),
    "from the root": (with_entry("/etc/passwd"), "/etc/passwd", "leads out"),
    "Windows' way": (with_entry("..\\evil.md"), "..\\evil.md", "has a name with other characters"),
    "odd name": (with_entry("files/a\nb.png"), "files/a\\nb.png", "has a name with other characters"),
    "link": (with_entry("files/a", b"/etc/passwd", mode=stat.S_IFLNK | 0o777), "files/a", "is a symbolic link"),
    "pipe": (with_entry("files/a", b"", mode=stat.S_IFIFO | 0o644), "files/a", "is neither a file nor a folder"),
    "deep": (with_entry("files/" + "a/" * 9 + "b"), "files/" + "a/" * 9 + "b", "is over 8 folders deep"),
    "encrypted": (encrypted("files/a"), "files/a", "is encrypted"),
    "too large by its own words": (lying("files/a", 11 * 2**20), "files/a", "is over 10 MB"),
    "larger than all may be": (lying("files/a", 60 * 2**20), ".", "holds over 50 MB"),
    "smaller than it is": (lying("files/a", 10), "files/a", "it is broken"),
    "a bomb": (packed({f"files/{n}": b"\0" * 9 * 2**20 for n in range(6)}), ".", "holds over 50 MB"),
    "unknown": (with_entry("basics/other.md", b"words"), "basics/other.md", "isn't part of the course"),
}


@pytest.mark.parametrize("name", HOSTILE)
def test_what_is_hostile_is_refused_by_its_name(name: str) -> None:
    data, file, message = HOSTILE[name]

    with pytest.raises(ArchiveError) as refusal:
        read_zip(data)

    told = [str(fault) for fault in refusal.value.faults]
    assert any(line.startswith(f"{file}:") and message in line for line in told), told


def test_an_entry_that_is_there_twice_is_refused() -> None:
    with warnings.catch_warnings(), pytest.raises(ArchiveError, match="files/a:1: file: is there twice"):
        warnings.simplefilter("ignore")
        read_zip(with_entry("files/a", times=2))


def test_too_many_entries_are_refused_before_any_is_read() -> None:
    many = packed({f"files/{n}.txt": "x" for n in range(2_001)})

    with pytest.raises(ArchiveError, match="holds over 2000 files"):
        read_zip(many)
