"""Importing: what is new is created, what is known is updated in place, and students' work stays."""

import threading
from datetime import UTC, datetime

import pytest
from sqlalchemy import func, select

from models import (
    Activity,
    Attempt,
    AttemptItem,
    CheckRun,
    Completion,
    Course,
    CourseFile,
    LabCheck,
    LabSession,
    LabStep,
    Lesson,
    Module,
    Question,
    QuestionVersion,
)
from services import archive
from tests.archive.folders import COURSE, make_folder, with_line
from tests.factories import CourseFactory, UserFactory

NOW = datetime(2026, 11, 3, 9, 12, tzinfo=UTC)
LATER = datetime(2026, 11, 4, 9, 12, tzinfo=UTC)
QUIZ, LAB, LESSON = "basics/quiz.quiz.yaml", "basics/lab.lab/lab.yaml", "basics/words.md"


@pytest.fixture
def imported(db, tmp_path):
    """The small course, imported."""
    archive.import_course(make_folder(tmp_path / "first"), now=NOW)
    return db.session.scalar(select(Course).where(Course.slug == "tiny"))


def again(tmp_path, changes=None):
    """Import the small course with some changes."""
    return archive.import_course(make_folder(tmp_path / "again", changes), now=LATER)


def one(db, model, slug):
    """Return the row of a slug."""
    return db.session.scalar(select(model).where(model.slug == slug))


def count(db, model):
    """Return how many rows there are."""
    return db.session.scalar(select(func.count()).select_from(model))


def test_first_import_creates_the_whole_course(db, tmp_path):
    changes = archive.import_course(make_folder(tmp_path), now=NOW)

    course = one(db, Course, "tiny")
    lesson, question, check = one(db, Lesson, "words"), one(db, Question, "pi"), one(db, LabCheck, "done")
    assert changes.created == [
        "course tiny",
        "module basics",
        "lesson words",
        "quiz quiz",
        "lab lab",
        "files/dot.svg",
    ]
    assert (course.title, course.enrol_code, course.version, course.is_published) == (
        "A tiny course",
        "tiny-2026",
        1,
        True,
    )
    assert course.about_html == "<p>All <em>about</em> it.</p>\n"
    assert '<img src="/courses/tiny/files/dot.svg" alt="a dot">' in lesson.body_html
    assert (question.current.kind, question.current.points) == ("numeric", 2.5)
    assert question.current.spec == {"answer": "3.14", "tolerance": "0.01", "unit": ""}
    assert (check.script, check.step.title, check.hint_html) == (
        "test -e work/done\n",
        "Look",
        "<p>Try <code>touch</code>.</p>\n",
    )
    assert check.lab.setup_script == "mkdir -p work\n"
    assert (check.step.solution_file, check.step.solution_html) == (
        "solutions/1-look.md",
        "<p><code>touch work/done</code> makes it.</p>\n",
    )
    file = db.session.scalar(select(CourseFile))
    assert (file.path, file.content_type) == ("files/dot.svg", "image/svg+xml")


def test_unchanged_import_changes_nothing(db, imported, tmp_path):
    before = (imported.version, imported.updated_at, count(db, QuestionVersion), count(db, LabStep))

    changes = again(tmp_path)

    db.session.refresh(imported)
    assert not changes
    assert (imported.version, imported.updated_at, count(db, QuestionVersion), count(db, LabStep)) == before


def test_changed_lesson_keeps_its_row_and_its_completions(db, imported, tmp_path):
    lesson, bob = one(db, Lesson, "words"), UserFactory(handle="bob")
    db.session.add(Completion(user_id=bob.id, activity_id=lesson.id))

    changes = again(tmp_path, with_line(LESSON, "First words", "Better words"))

    db.session.expire_all()
    assert changes.updated == ["lesson words"]
    assert (one(db, Lesson, "words").id, one(db, Lesson, "words").title) == (lesson.id, "Better words")
    assert db.session.get(Completion, (bob.id, lesson.id)) is not None
    assert (imported.version, imported.updated_at) == (2, LATER)


def test_changed_question_gets_a_version_and_attempts_keep_theirs(db, imported, tmp_path):
    question, bob = one(db, Question, "pi"), UserFactory(handle="bob")
    old = question.current
    attempt = Attempt(quiz_id=question.quiz_id, user_id=bob.id, number=1, max_score=1)
    attempt.items = [AttemptItem(position=1, version_id=old.id, frozen={}, response="3.1")]
    db.session.add(attempt)

    again(tmp_path, with_line(QUIZ, "answer: 3.14", "answer: 3.1416"))

    db.session.expire_all()
    assert (question.current.number, question.current.spec["answer"]) == (2, "3.1416")
    assert attempt.items[0].version.spec["answer"] == "3.14"
    assert attempt.items[0].response == "3.1"
    assert one(db, Question, "one").current.number == 1


def test_removed_activity_is_archived_and_comes_back(db, imported, tmp_path):
    quiz = one(db, Activity, "quiz")
    changes = with_line("basics/module.yaml", "[words, quiz, lab]", "[words, lab]") | {QUIZ: None}

    gone = archive.import_course(make_folder(tmp_path / "less", changes), now=LATER)
    was_archived = quiz.is_archived
    back = again(tmp_path)

    assert gone.archived == ["quiz quiz"]
    assert was_archived and not quiz.is_archived
    assert back.updated == ["quiz quiz", "lab lab"]
    assert [quiz.position, one(db, Activity, "lab").position] == [2, 3]


def test_removed_module_is_archived_with_what_is_in_it(db, imported, tmp_path):
    root = make_folder(tmp_path / "again")
    for path in sorted((root / "basics").rglob("*"), reverse=True):
        path.rmdir() if path.is_dir() else path.unlink()
    (root / "basics").rmdir()
    (root / "course.yaml").write_text(COURSE["course.yaml"].replace("  - basics", "  - other"))
    (root / "other").mkdir()
    (root / "other/module.yaml").write_text("title: Other\nactivities: []\n")

    changes = archive.import_course(root, now=LATER)

    assert changes.created == ["module other"]
    assert sorted(changes.archived) == ["lab lab", "lesson words", "module basics", "quiz quiz"]
    assert one(db, Module, "basics").is_archived


def test_activity_moves_to_another_module_with_its_row(db, imported, tmp_path):
    lesson = one(db, Lesson, "words")
    changes = with_line("course.yaml", "  - basics", "  - start\n  - basics")
    changes |= with_line("basics/module.yaml", "[words, quiz, lab]", "[quiz, lab]")
    changes |= {
        LESSON: None,
        "start/words.md": COURSE[LESSON],
        "start/module.yaml": "title: S\nactivities: [words]\n",
    }

    again(tmp_path, changes)

    moved = one(db, Lesson, "words")
    assert (moved.id, moved.module.slug, moved.is_archived) == (lesson.id, "start", False)
    assert [module.slug for module in db.session.scalars(select(Module).order_by(Module.position))] == [
        "start",
        "basics",
    ]


def test_removed_question_is_archived(db, imported, tmp_path):
    text = COURSE[QUIZ][: COURSE[QUIZ].index("  - slug: pi")]

    changes = again(tmp_path, {QUIZ: text})

    assert changes.updated == ["quiz quiz"]
    assert one(db, Question, "pi").is_archived
    assert not one(db, Question, "one").is_archived


def test_removed_check_is_archived_with_its_runs(db, imported, tmp_path):
    check, bob = one(db, LabCheck, "done"), UserFactory(handle="bob")
    session = LabSession(user_id=bob.id, lab_id=check.lab_id, course_id=imported.id, job_id="lab-tiny-lab-bob-1")
    db.session.add(session)
    db.session.flush()
    db.session.add(CheckRun(session_id=session.id, check_id=check.id))
    more = COURSE[LAB].replace("slug: done", "slug: made").replace("It's done", "It's made")

    again(tmp_path, {LAB: more})

    assert check.is_archived and check.step is None
    assert not one(db, LabCheck, "made").is_archived
    assert count(db, CheckRun) == 1


def test_steps_are_added_and_removed(db, imported, tmp_path):
    more = COURSE[LAB] + "  - title: Rest\n    file: steps/2-rest.md\n"

    archive.import_course(
        make_folder(tmp_path / "more", {LAB: more, "basics/lab.lab/steps/2-rest.md": "Rest.\n"}), now=LATER
    )
    with_two = count(db, LabStep)
    again(tmp_path)

    assert with_two == 2
    assert count(db, LabStep) == 1


def test_changed_machine_and_solution_keep_the_step(db, imported, tmp_path):
    step = one(db, LabCheck, "done").step
    changes = with_line(LAB, "title: A lab", "title: A lab\nmemory_max_mb: 512\nports: [8000]\nsave_limit_mb: 8")
    changes |= {"basics/lab.lab/solutions/1-look.md": "Another way.\n"}

    said = again(tmp_path, changes)
    found = one(db, LabCheck, "done")
    values = (found.lab.memory_max_mb, found.lab.ports, found.lab.save_limit_mb, found.step.solution_md)
    twice = archive.import_course(make_folder(tmp_path / "twice", changes), now=LATER)
    gone = archive.import_course(
        make_folder(
            tmp_path / "gone",
            with_line(LAB, "    solution: solutions/1-look.md\n", "") | {"basics/lab.lab/solutions/1-look.md": None},
        ),
        now=LATER,
    )

    assert (said.updated, bool(twice), gone.updated) == (["lab lab"], False, ["lab lab"])
    assert found.step.id == step.id
    assert values == (512, [8000], 8, "Another way.\n")
    assert (found.lab.ports, step.solution_file, step.solution_md, step.solution_html) == ([], "", "", "")


def test_file_is_replaced_and_removed(db, imported, tmp_path):
    other = '<svg xmlns="http://www.w3.org/2000/svg"/>'
    archive.import_course(make_folder(tmp_path / "other", {"files/dot.svg": other}), now=LATER)
    replaced = db.session.scalar(select(CourseFile)).blob.data

    gone = again(tmp_path, {"files/dot.svg": None, LESSON: "---\ntitle: First words\nminutes: 5\npoints: 5\n---\nx\n"})

    assert replaced == other.encode()
    assert gone.archived == ["files/dot.svg"]
    assert count(db, CourseFile) == 0


def test_slug_of_another_kind_is_a_fault_and_changes_nothing(db, imported, tmp_path):
    changes = with_line("course.yaml", "A tiny course", "Another title")
    changes |= {QUIZ: None, "basics/quiz.md": "---\ntitle: Now a lesson\n---\nText.\n"}

    with pytest.raises(archive.ArchiveError) as caught:
        again(tmp_path, changes)

    assert str(caught.value) == (
        "basics/quiz.md:1: slug: quiz is a quiz in this course already; give the lesson another"
    )
    assert imported.title == "A tiny course"


def test_code_of_another_course_is_a_fault(db, tmp_path):
    CourseFactory(slug="other", enrolment="code", enrol_code="TINY-2026")

    with pytest.raises(archive.ArchiveError) as caught:
        again(tmp_path)

    assert str(caught.value) == "course.yaml:1: enrol_code: is the code of another course"
    assert one(db, Course, "tiny") is None


def test_two_imports_at_once_make_one_course(committed_db, tmp_path):
    root, outcomes = make_folder(tmp_path / "course"), []

    def import_it():
        with committed_db.app.app_context():
            from_db = committed_db.app.extensions["sqlalchemy"].session
            outcomes.append(bool(archive.import_course(root, now=NOW)))
            from_db.commit()

    threads = [threading.Thread(target=import_it) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)

    assert sorted(outcomes) == [False, True]
