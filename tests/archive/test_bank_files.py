"""The bank in a course's folder: read with its faults, imported, exported, and asked by quizzes."""

from datetime import UTC, datetime

import pytest
from sqlalchemy import select

from models import Course, Question, Quiz
from question_types import type_of
from services import archive
from services.archive import ArchiveError
from services.archive.read import read
from services.courses.outlines import outline
from services.quizzes import attempts
from tests.archive.folders import COURSE, QUIZ, make_folder, tree
from tests.factories import UserFactory

NOW = datetime(2026, 11, 3, 9, 12, tzinfo=UTC)
BANK = "bank/shell.yaml"
FILE = """\
questions:
  - slug: list
    kind: text
    prompt: How do you list files?
    tags: [files, basics]
    difficulty: easy
    accept: [ls]
  - slug: remove
    kind: text
    prompt: How do you remove a file?
    tags: [files]
    accept: [rm]
  - slug: find
    kind: text
    prompt: How do you find a file?
    tags: [files]
    difficulty: hard
    accept: [find]
  - slug: planned
    kind: text
    prompt: How do you link a file?
    tags: [files]
    state: draft
    accept: [ln]
"""
ASKING = """\
  - bank: remove
    points: 3
  - draw:
      tag: files
      count: 2
    points: 2
"""
WHOLE = {BANK: FILE, QUIZ: COURSE[QUIZ] + ASKING}


def one(db, model, slug):
    return db.session.scalar(select(model).where(model.slug == slug))


def test_a_bank_is_imported_and_a_quiz_asks_of_it(db, tmp_path):
    changes = archive.import_course(make_folder(tmp_path, WHOLE), now=NOW)

    quiz, course = one(db, Quiz, "quiz"), one(db, Course, "tiny")
    attempt = attempts.start(UserFactory().id, quiz, now=NOW)
    assert {"question list", "question planned"} <= set(changes.created)
    assert one(db, Question, "list").tags == ["files", "basics"]
    assert [item.version.question.slug for item in attempt.items[:3]] == ["one", "pi", "remove"]
    assert {item.version.question.slug for item in attempt.items[3:]} == {"list", "find"}
    assert [item.points for item in attempt.items] == [1, 2.5, 3, 2, 2]
    assert attempt.max_score == 10.5
    assert next(entry.count for entry in outline(course).entries if entry.slug == "quiz") == 5


def test_a_course_with_a_bank_comes_out_as_it_went_in(db, tmp_path):
    root = make_folder(tmp_path / "in", WHOLE)
    archive.import_course(root, now=NOW)

    archive.export_course("tiny", tmp_path / "first")
    again = archive.import_course(tmp_path / "first", now=NOW)
    archive.export_course("tiny", tmp_path / "second")

    assert read(tmp_path / "first") == read(root)
    assert not again
    assert tree(tmp_path / "first") == tree(tmp_path / "second")


def test_a_question_that_leaves_the_folder_is_archived_and_one_made_on_the_site_stays(db, tmp_path):
    archive.import_course(make_folder(tmp_path / "in", WHOLE), now=NOW)
    course = one(db, Course, "tiny")
    made = Question(course_id=course.id, slug="made-here", position=1, file="questions")
    db.session.add(made)
    db.session.flush()

    changes = archive.import_course(make_folder(tmp_path / "less", {QUIZ: COURSE[QUIZ]}), now=NOW)
    back = archive.import_course(make_folder(tmp_path / "again", WHOLE), now=NOW)

    assert set(changes.archived) == {"question list", "question remove", "question find", "question planned"}
    assert not made.is_archived
    assert "question list" in back.updated
    assert not one(db, Question, "list").is_archived


def test_questions_of_a_quiz_that_is_gone_are_drawn_no_more(db, tmp_path):
    tagged = COURSE[QUIZ].replace("    kind: single", "    tags: [files]\n    kind: single")
    archive.import_course(make_folder(tmp_path / "in", {QUIZ: tagged}), now=NOW)
    without = COURSE["basics/module.yaml"].replace("quiz, ", "")

    archive.import_course(make_folder(tmp_path / "out", {QUIZ: None, "basics/module.yaml": without}), now=NOW)

    assert one(db, Question, "one").is_archived


def test_a_module_called_bank_is_a_module(tmp_path):
    changes = {
        "course.yaml": COURSE["course.yaml"] + "  - bank\n",
        "bank/module.yaml": "title: At the bank\nactivities: [words-too]\n",
        "bank/words-too.quiz.yaml": COURSE[QUIZ],
        BANK: FILE,
    }

    course = read(make_folder(tmp_path, changes))

    assert [file.name for file in course.bank] == ["shell"]
    assert [activity.slug for activity in course.modules[1].activities] == ["words-too"]


DRAWING = COURSE[QUIZ] + "  - draw: {tag: files, count: %s}\n"
NOT_DRAWN = "; what this quiz asks anyway isn't drawn"
FAULTY = {
    "a field that no question has": (
        {BANK: FILE.replace("difficulty: easy", "dificulty: easy")},
        [f"{BANK}:6: questions[1].dificulty: isn't a field here; it knows {', '.join(type_of('text').fields)}"],
    ),
    "no difficulty of ours": (
        {BANK: FILE.replace("difficulty: easy", "difficulty: 2")},
        [f"{BANK}:6: questions[1].difficulty: must be one of easy, medium, hard"],
    ),
    "no state of ours": (
        {BANK: FILE.replace("state: draft", "state: done")},
        [f"{BANK}:23: questions[4].state: must be one of draft, in_review, ready, retired"],
    ),
    "a tag that is no word": (
        {BANK: FILE.replace("[files, basics]", "[files, Basic things]")},
        [f"{BANK}:5: questions[1].tags[2]: must be a-z, 0-9 and single hyphens, at most 60 characters"],
    ),
    "a tag twice": (
        {BANK: FILE.replace("[files, basics]", "[files, files]")},
        [f"{BANK}:5: questions[1].tags[2]: names files again"],
    ),
    "a slug in two files": (
        {BANK: FILE, "bank/more.yaml": "questions:\n  - {slug: list, kind: text, prompt: x, accept: [x]}\n"},
        [f"{BANK}:2: questions[1].slug: list is the slug of another question of the bank, in bank/more.yaml"],
    ),
    "a file that isn't the bank's": (
        {"bank/Shell Things.txt": "x"},
        ["bank/Shell Things.txt:1: file: has a name with other characters than A-Z a-z 0-9 . _ -"],
    ),
    "no questions": ({BANK: "{}\n"}, [f"{BANK}:1: questions: is missing (an empty list is written [])"]),
    "a question that the bank hasn't": (
        {BANK: FILE, QUIZ: COURSE[QUIZ] + "  - bank: lists\n"},
        [f"{QUIZ}:19: questions[3].bank: there is no question lists in the bank"],
    ),
    "a question of the bank twice": (
        {BANK: FILE, QUIZ: COURSE[QUIZ] + "  - bank: list\n  - bank: list\n"},
        [f"{QUIZ}:20: questions[4].bank: names list again"],
    ),
    "a draw of nothing": (
        {BANK: FILE, QUIZ: COURSE[QUIZ] + "  - draw: {tag: files, count: 0}\n"},
        [f"{QUIZ}:19: questions[3].draw.count: must be a whole number from 1 to 200"],
    ),
    "a draw without a tag": (
        {BANK: FILE, QUIZ: COURSE[QUIZ] + "  - draw: {count: 1}\n"},
        [f"{QUIZ}:19: questions[3].draw.tag: is missing"],
    ),
    "a draw beside another field": (
        {BANK: FILE, QUIZ: COURSE[QUIZ] + "  - draw: {tag: files}\n    kind: text\n"},
        [f"{QUIZ}:20: questions[3].kind: isn't a field here; it knows draw, points"],
    ),
    "a draw of more than are ready": (
        {BANK: FILE, QUIZ: DRAWING % 4},
        [f"{QUIZ}:19: questions[3].draw: draws 4, but only 3 are ready with the tag files{NOT_DRAWN}"],
    ),
    "a draw of what is fixed": (
        {BANK: FILE, QUIZ: (DRAWING % 3) + "  - bank: list\n"},
        [f"{QUIZ}:19: questions[3].draw: draws 3, but only 2 are ready with the tag files{NOT_DRAWN}"],
    ),
    "draws that take from each other": (
        {BANK: FILE, QUIZ: (DRAWING % 2) + "  - draw: {tag: files, count: 2}\n"},
        [
            f"{QUIZ}:20: questions[4].draw: draws 2, but only 3 are ready with the tag files, and other draws of this "
            f"quiz need 2 of them{NOT_DRAWN}"
        ],
    ),
}


@pytest.mark.parametrize("fault", FAULTY)
def test_a_fault_names_file_line_and_field(fault, tmp_path):
    changes, expected = FAULTY[fault]
    make_folder(tmp_path, changes)

    with pytest.raises(ArchiveError) as caught:
        read(tmp_path)

    assert [str(each) for each in caught.value.faults] == expected
