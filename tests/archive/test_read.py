"""Damaged folders: each fault is told with its file, line and field, and nothing dangerous is opened."""

import os

import pytest

from services.archive import ArchiveError
from services.archive.read import read
from tests.archive.damages import DAMAGED
from tests.archive.folders import LAB, LESSON, QUIZ, make_folder, with_line


@pytest.mark.parametrize("damage", DAMAGED)
def test_damaged_folder_names_file_line_and_field(damage, tmp_path):
    changes, expected = DAMAGED[damage]
    make_folder(tmp_path, changes)

    with pytest.raises(ArchiveError) as caught:
        read(tmp_path)

    assert [str(fault) for fault in caught.value.faults] == expected


def test_all_faults_of_all_files_are_told_at_once(tmp_path):
    changes = with_line("course.yaml", "slug: tiny", "slug: Tiny")
    changes |= with_line(LESSON, "points: 5", "points: many")
    changes |= with_line(QUIZ, "points: 20", "points: -20")
    changes |= with_line(LAB, "points: 10", "points: ten")
    make_folder(tmp_path, changes)

    with pytest.raises(ArchiveError) as caught:
        read(tmp_path)

    assert [fault.file for fault in caught.value.faults] == [LAB, QUIZ, LESSON, "course.yaml"]


@pytest.mark.parametrize("target", ["/etc/passwd", "../outside.md", "words.md"])
def test_symbolic_link_is_never_followed(target, tmp_path):
    (tmp_path / "outside.md").write_text("---\ntitle: secret\n---\n")
    root = make_folder(tmp_path / "course", {LESSON: None})
    (root / LESSON).symlink_to(target)

    with pytest.raises(ArchiveError) as caught:
        read(root)

    assert [str(fault) for fault in caught.value.faults] == [
        f"{LESSON}:1: file: is a symbolic link; put the file itself there"
    ]


def test_linked_folder_is_never_entered(tmp_path):
    root = make_folder(tmp_path / "course", {"files/dot.svg": None, LESSON: "---\ntitle: x\n---\n"})
    (root / "files").symlink_to("/etc")

    with pytest.raises(ArchiveError) as caught:
        read(root)

    assert str(caught.value) == "files:1: file: is a symbolic link; put the file itself there"


def test_named_pipe_is_refused_without_waiting_for_a_writer(tmp_path):
    root = make_folder(tmp_path, {"about.md": None})
    os.mkfifo(root / "about.md")

    with pytest.raises(ArchiveError) as caught:
        read(root)

    assert str(caught.value) == "about.md:1: file: is neither a file nor a folder"
