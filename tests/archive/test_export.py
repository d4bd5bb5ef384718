"""Exporting: nothing is lost on the way out and in again, and the commands say what they did."""

from pathlib import Path

import pytest
from sqlalchemy import delete, select

from cli.courses import course_group
from models import Course, LabCheck, LabStep, Lesson, utcnow
from services import archive
from services.archive.read import read
from services.errors import NotFound
from tests.archive.folders import make_folder, tree, with_line
from tests.factories import make_cast

ROOT = Path(__file__).resolve().parents[2]
DEMO = ROOT / "courses" / "linux-from-the-shell"


@pytest.fixture
def cli(app):
    """Run `flask course ...`."""
    runner = app.test_cli_runner()
    return lambda *arguments: runner.invoke(course_group, [str(argument) for argument in arguments])


@pytest.mark.parametrize("source", ["tiny", "demo"])
def test_export_says_what_was_imported_and_the_second_is_equal_byte_for_byte(source, db, tmp_path):
    root = DEMO if source == "demo" else make_folder(tmp_path / "tiny")
    slug = read(root).slug
    archive.import_course(root, now=utcnow())

    archive.export_course(slug, tmp_path / "first")
    again = archive.import_course(tmp_path / "first", now=utcnow())
    archive.export_course(slug, tmp_path / "second")

    assert read(tmp_path / "first") == read(root)
    assert not again
    assert tree(tmp_path / "first") == tree(tmp_path / "second")


def test_export_survives_a_fresh_database(db, tmp_path):
    archive.import_course(DEMO, now=utcnow())
    archive.export_course(DEMO.name, tmp_path / "first")
    db.session.execute(delete(Course))
    db.session.expire_all()

    archive.import_course(tmp_path / "first", now=utcnow())
    archive.export_course(DEMO.name, tmp_path / "second")

    assert tree(tmp_path / "first") == tree(tmp_path / "second")


def test_course_that_was_never_a_folder_can_be_exported_and_read(db, tmp_path):
    cast = make_cast()
    cast.lesson.body_md = "\r\nWindows\r\n"
    for name in ("../escape.sh", "checks/same.sh", "checks/same.sh"):
        step = LabStep(lab=cast.lab, position=len(cast.lab.steps) + 1, title="x", body_md="x", body_html="x")
        slug = f"extra-{step.position}"
        db.session.add(LabCheck(lab=cast.lab, step=step, slug=slug, position=9, title="x", file=name, script="true"))
    db.session.flush()

    archive.export_course("shell", tmp_path / "out")
    course = read(tmp_path / "out")

    lesson, quiz, lab = course.modules[0].activities
    assert lesson.body == "Windows\n"
    assert [question.kind for question in quiz.questions] == ["single", "multiple", "numeric", "text"]
    assert [check.file for check in lab.checks] == [
        "checks/check-1.sh",
        "checks/extra-2.sh",
        "checks/same.sh",
        "checks/extra-4.sh",
    ]


def test_unknown_course_is_not_found(db, tmp_path):
    with pytest.raises(NotFound):
        archive.export_course("nowhere\x00", tmp_path / "out")


def test_import_command_says_what_it_did(cli, db, tmp_path):
    first = cli("import", make_folder(tmp_path / "course"))
    second = cli("import", tmp_path / "course")
    third = cli("import", make_folder(tmp_path / "third", with_line("course.yaml", "A tiny", "A small")))

    assert (first.exit_code, second.exit_code, third.exit_code) == (0, 0, 0)
    assert first.output.splitlines()[:3] == ["created  course tiny", "created  module basics", "created  lesson words"]
    assert second.output == "Nothing has changed.\n"
    assert third.output == "updated  course tiny\n"


def test_import_command_prints_each_fault_and_changes_nothing(cli, db, tmp_path):
    changes = with_line("course.yaml", "format: 1", "format: 9") | {"about.md": b"\xff"}

    result = cli("import", make_folder(tmp_path / "course", changes))

    assert result.exit_code == 1
    assert result.output.splitlines() == [
        "about.md:1: file: isn't UTF-8",
        "course.yaml:1: format: must be 1, the only format that this version of Yurt knows",
        "Error: 2 faults; nothing was changed.",
    ]
    assert db.session.scalar(select(Course)) is None


def test_import_command_changes_nothing_when_a_slug_is_of_another_kind(cli, db, tmp_path):
    cli("import", make_folder(tmp_path / "course"))
    changes = {
        "basics/quiz.quiz.yaml": None,
        "basics/quiz.md": "---\ntitle: x\n---\nText\n",
        **with_line("basics/words.md", "First words", "Other words"),
    }

    result = cli("import", make_folder(tmp_path / "other", changes))

    db.session.expire_all()
    assert result.exit_code == 1
    assert "1 fault; nothing was changed." in result.output
    assert db.session.scalar(select(Lesson)).title == "First words"


def test_export_command_tells_where_the_course_is(cli, db, tmp_path):
    cli("import", make_folder(tmp_path / "course"))

    done = cli("export", "tiny", tmp_path / "out")
    twice = cli("export", "tiny", tmp_path / "out")
    unknown = cli("export", "nowhere", tmp_path / "elsewhere")

    assert (done.exit_code, twice.exit_code, unknown.exit_code) == (0, 1, 1)
    assert done.output == f"The course tiny is in {tmp_path / 'out'}.\n"
    assert "isn't an empty folder" in twice.output
    assert "no course called nowhere" in unknown.output
