"""Folders without a fault: what is read of them."""

from services.archive.read import read
from tests.archive.folders import make_folder, with_line

QUIZ, LAB, LESSON = "basics/quiz.quiz.yaml", "basics/lab.lab/lab.yaml", "basics/words.md"


def test_sound_folder_is_read_whole(tmp_path):
    course = read(make_folder(tmp_path, {"README.md": "For authors.", ".git/HEAD": "x", "LICENSE": "free"}))

    lesson, quiz, lab = course.modules[0].activities
    assert (course.slug, course.enrol_code, course.about) == ("tiny", "tiny-2026", "All *about* it.\n")
    assert (lesson.title, lesson.minutes, lesson.body) == (
        "First words",
        5,
        "Look: ![a dot](files/dot.svg)\n",
    )
    assert (quiz.time_limit_s, [question.points for question in quiz.questions]) == (600, [1.0, 2.5])
    assert quiz.questions[1].spec == {"answer": "3.14", "tolerance": "0.01", "unit": ""}
    assert (lab.steps[0].solution_file, lab.steps[0].solution) == (
        "solutions/1-look.md",
        "`touch work/done` makes it.\n",
    )
    assert (lab.setup, lab.checks[0].script) == ("mkdir -p work\n", "test -e work/done\n")
    assert [file.path for file in course.files] == ["files/dot.svg"]


def test_machine_is_read_with_all_that_it_can_say(tmp_path):
    machine = (
        "template: qemu\nkernel: vmlinuz-6.1\ninitrd: initrd.gz\nkernel_args: console=ttyS0 quiet\nmemory_mb: 256\n"
        "memory_max_mb: 512\nports: [8000, 80]\nbusy_cpu_percent: 25\nsave_limit_mb: 0"
    )

    course = read(make_folder(tmp_path, with_line(LAB, "title: A lab", f"title: A lab\n{machine}")))

    lab = course.modules[0].activities[2]
    assert (lab.kernel, lab.initrd, lab.kernel_args) == ("vmlinuz-6.1", "initrd.gz", "console=ttyS0 quiet")
    assert (lab.memory_max_mb, lab.ports, lab.busy_cpu_percent, lab.save_limit_mb) == (512, (8000, 80), 25, 0)


def test_words_that_yaml_mistakes_stay_texts(tmp_path):
    changes = with_line("course.yaml", "title: A tiny course", "title: no\nlanguage: no")
    changes |= with_line("basics/module.yaml", "title: Basics", "title: 0755\nsummary: 2026-01-31")

    course = read(make_folder(tmp_path, changes))

    assert (course.title, course.language) == ("no", "no")
    assert (course.modules[0].title, course.modules[0].summary) == ("0755", "2026-01-31")


def test_windows_line_ends_and_byte_order_mark_are_normalised(tmp_path):
    script = b"\xef\xbb\xbftest -e work/done\r\n"

    course = read(make_folder(tmp_path, {"basics/lab.lab/checks/done.sh": script}))

    assert course.modules[0].activities[2].checks[0].script == "test -e work/done\n"
