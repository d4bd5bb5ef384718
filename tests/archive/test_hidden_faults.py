"""A file with faults hides none of the others: an author mends everything in one go."""

import pytest

from services.archive import ArchiveError
from services.archive.read import read
from tests.archive.folders import COURSE, make_folder, with_line

QUIZ, LAB, LESSON = "basics/quiz.quiz.yaml", "basics/lab.lab/lab.yaml", "basics/words.md"
HIDING = {
    "broken course": with_line("course.yaml", "title: A tiny", "title: A: tiny"),
    "no course": {"course.yaml": None},
    "course without modules": with_line("course.yaml", "modules:\n  - basics\n", ""),
    "course that isn't UTF-8": {"course.yaml": COURSE["course.yaml"].encode("utf-16")},
    "broken module": {"basics/module.yaml": "title: Basics\nactivities: [words, quiz, lab\n"},
    "module that is a list": {"basics/module.yaml": "- words\n- quiz\n"},
    "module that names others": with_line("basics/module.yaml", "[words, quiz, lab]", "[word, quizz, labs]"),
}


@pytest.mark.parametrize("damage", HIDING)
def test_a_broken_file_hides_no_fault_of_the_files_that_it_should_name(damage, tmp_path):
    changes = with_line(LESSON, "points: 5", "points: many")
    changes |= with_line(QUIZ, "points: 20", "points: -20")
    changes |= with_line(LAB, "points: 10", "points: ten")
    changes |= {"basics/lab.lab/checks/done.sh": b"echo \xe9\n", **HIDING[damage]}
    make_folder(tmp_path, changes)

    with pytest.raises(ArchiveError) as caught:
        read(tmp_path)

    files = [fault.file for fault in caught.value.faults]
    assert {LESSON, QUIZ, LAB, "basics/lab.lab/checks/done.sh", *HIDING[damage]} <= set(files)
    assert not any("refers to it" in fault.message for fault in caught.value.faults)


def test_a_broken_lab_hides_no_fault_of_its_scripts_and_texts(tmp_path):
    changes = {LAB: "title: A lab\nsteps: [\n", "basics/lab.lab/setup.sh": b"echo \xe9\n"}
    changes |= {"basics/lab.lab/steps/1-look.md": "See ![it](files/none.png).\n"}
    changes |= {"basics/lab.lab/checks/done.sh": "test \x07\n"}
    make_folder(tmp_path, changes)

    with pytest.raises(ArchiveError) as caught:
        read(tmp_path)

    assert [str(fault) for fault in caught.value.faults] == [
        "basics/lab.lab/checks/done.sh:1: file: holds the control character U+0007",
        f"{LAB}:3: yaml: isn't valid YAML: did not find expected node content",
        "basics/lab.lab/setup.sh:1: file: isn't UTF-8",
        "basics/lab.lab/steps/1-look.md:1: link: there is no files/none.png",
    ]


def test_a_file_that_is_not_utf_8_has_its_other_faults_told_too(tmp_path):
    text = COURSE[LAB].replace("title: A lab", "title: Caf\xe9\ncpu_mhz: fast\ntemplate: mainframe\ncpu_mhz: 5")
    make_folder(tmp_path, {LAB: text.encode("latin-1")})

    with pytest.raises(ArchiveError) as caught:
        read(tmp_path)

    assert [str(fault) for fault in caught.value.faults] == [
        f"{LAB}:1: file: isn't UTF-8",
        f"{LAB}:2: cpu_mhz: must be a whole number from 20 to 100000",
        f"{LAB}:3: template: must be one of exec, docker, qemu",
        f"{LAB}:4: cpu_mhz: is said twice, first on line 2",
    ]
