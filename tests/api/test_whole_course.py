"""A course written from nothing by the API alone, taken by a student, moved to another site, and compared."""

from typing import Any

from flask import Flask
from sqlalchemy import select

from extensions import db as database
from models import Lesson, PointEntry, utcnow
from scheduler.ticks.imports import importer
from services.accounts import tokens
from services.archive.faults import Faults
from services.archive.read import read_folder
from services.archive.zips import ZipFolder
from tests.api.conftest import Program
from tests.api.test_contents import DOT, LAB, change, edited
from tests.api.test_course_imports import bring, preview
from tests.conftest import CommittedDatabase
from tests.factories import Cast, make_cast

COURSE = "/courses/whole"
QUESTIONS: dict[str, dict[str, Any]] = {
    "list-files": {
        "kind": "single",
        "prompt": "What lists files? ![a tree](files/tree.svg)",
        "fields": {"choices": [{"text": "ls", "is_correct": True}, {"text": "rm"}]},
    },
    "how-much": {"kind": "numeric", "prompt": "6 times 7?", "fields": {"answer": 42}},
    "which-word": {"kind": "text", "prompt": "Which command?", "fields": {"accept": ["pwd"]}},
}


def write(alice: Program) -> None:
    """Write the course, by what a program of a teacher may call."""

    def made(path: str, body: dict[str, Any]) -> dict[str, Any]:
        response = alice.post(path, body)
        assert response.status_code == 201, response.text
        found: dict[str, Any] = response.get_json()
        return found

    made("/courses", {"slug": "whole", "title": "A *whole* course", "about": "All of it.", "language": "de"})
    assert change(alice, "PUT", f"{COURSE}/files/tree.svg", data=DOT).status_code == 201
    made(f"{COURSE}/modules", {"slug": "begin", "title": "To begin with", "summary": "Read this."})
    made(
        f"{COURSE}/lessons",
        {"slug": "trees", "module": "begin", "title": "Trees", "points": 5, "body": "Look: ![a tree](files/tree.svg)"},
    )
    made(f"{COURSE}/quizzes", {"slug": "test", "module": "begin", "title": "A test", "instructions": "Take your time."})
    made(f"{COURSE}/labs", {"slug": "try", "module": "begin", **LAB, "position": 2})
    ids = []
    for slug, said in QUESTIONS.items():
        question = made(f"{COURSE}/bank", {"slug": slug, "tags": ["files"], **said})
        ids.append(question["id"])
        for old, new in (("draft", "in_review"), ("in_review", "ready")):
            assert alice.post(f"{COURSE}/bank/{question['id']}/state", {"old": old, "new": new}).status_code == 200
    slots = f"{COURSE}/quizzes/test/slots"
    asks = {"based_on": alice.get(slots).get_json()["version"], "slots": [{"question_id": each} for each in ids]}
    assert alice.put(slots, asks).status_code == 200
    assert alice.put(f"{COURSE}/quizzes/test/settings", {"points": 30, "attempts_allowed": 2}).status_code == 200
    assert (
        edited(alice, f"{COURSE}/definition", is_published=True, enrolment="code", enrol_code="w-2026").status_code
        == 200
    )


def take(student: Program) -> dict[str, Any]:
    """Enrol, read the lesson, answer the quiz, and return the closed attempt."""
    assert student.post(f"{COURSE}/enrolments", {"code": "w-2026"}).status_code == 201
    assert student.post(f"{COURSE}/lessons/trees/completion").status_code == 200
    attempt = student.post(f"{COURSE}/quizzes/test/attempts").get_json()
    for item in attempt["items"]:
        choices = item["frozen"].get("choices", [])
        right = next((each["id"] for each in choices if "ls" in each["text"]), "")
        answer = right or ("42" if item["kind"] == "numeric" else "pwd")
        path = f"/attempts/{attempt['id']}/items/{item['position']}"
        assert student.put(path, {"revision": 1, "response": answer}).status_code == 200
    closed: dict[str, Any] = student.post(f"/attempts/{attempt['id']}/submit").get_json()
    return closed


def test_a_course_is_written_taken_exported_and_imported_elsewhere(
    app: Flask,
    alice: Program,
    charlie: Program,
    cast: Cast,
    committed_db: CommittedDatabase,
    documented: dict[str, Any],
) -> None:
    work = importer(app.extensions["yurt_redis"], lambda: None)
    write(alice)
    closed = take(charlie)
    earned = database.session.scalars(select(PointEntry.points).where(PointEntry.user_id == cast.charlie.id)).all()
    archive = alice.get(f"{COURSE}/archive").data

    assert (closed["score"], closed["max_score"], sorted(earned)) == (3, 3, [5, 30])
    # Nothing is new to the site that it comes from.
    report = preview(alice, work, archive)["report"]
    assert (report["created"], report["updated"], report["archived"], report["overwritten"]) == ([], [], [], [])

    other = elsewhere(committed_db, documented)
    assert bring(other["alice"], other["work"], archive)["state"] == "applied"

    again = other["alice"].get(f"{COURSE}/archive").data
    assert again == archive
    content = read_folder(ZipFolder(again, Faults()))
    assert [activity.slug for activity in content.modules[0].activities] == ["trees", "try", "test"]
    assert take(other["charlie"])["score"] == 3
    with committed_db.app.app_context():
        shown = database.session.scalars(select(Lesson.body_html).where(Lesson.slug == "trees")).one()
    assert 'src="/courses/whole/files/tree.svg"' in shown


def elsewhere(site: CommittedDatabase, documented: dict[str, Any]) -> dict[str, Any]:
    """Return alice's and charlie's programs of another site, and the work of its scheduler."""
    with site.app.app_context():
        cast, plains = make_cast(), {}
        for name in ("alice", "charlie"):
            _row, plains[name] = tokens.issue(
                getattr(cast, name).id, name="script", scopes=("read", "write"), days=9, now=utcnow()
            )
        database.session.commit()

    def work() -> bool:
        with site.app.app_context():
            return importer(site.app.extensions["yurt_redis"], lambda: None)()

    return {
        "work": work,
        **{name: Program(site.app.test_client(), plain, documented) for name, plain in plains.items()},
    }


def test_an_edit_by_the_api_is_in_the_archive_and_an_older_folder_says_that_it_overwrites_it(
    app: Flask, alice: Program
) -> None:
    work = importer(app.extensions["yurt_redis"], lambda: None)
    write(alice)
    older = alice.get(f"{COURSE}/archive").data
    bring(alice, work, older)

    assert edited(alice, f"{COURSE}/lessons/trees/definition", body="Other words.").status_code == 200
    assert edited(alice, f"{COURSE}/labs/try/definition", memory_mb=512).status_code == 200
    assert alice.post(f"{COURSE}/lessons", {"slug": "new", "module": "begin", "title": "New"}).status_code == 201
    newer = alice.get(f"{COURSE}/archive").data

    lesson = next(
        each for each in read_folder(ZipFolder(newer, Faults())).modules[0].activities if each.slug == "trees"
    )
    assert lesson.body == "Other words.\n"  # type: ignore[union-attr]  # it is the lesson
    seen = preview(alice, work, older)["report"]
    assert seen["overwritten"] == ["lab try", "lesson new", "lesson trees", "module begin"]
    assert seen["archived"] == ["lesson new"]
    assert preview(alice, work, newer)["report"]["overwritten"] == []
    assert alice.get(f"{COURSE}/lessons/trees/definition").get_json()["body"] == "Other words.\n"
