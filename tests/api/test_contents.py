"""A course written part by part through the API, by the shapes and the reader of its folder."""

from collections.abc import Callable
from typing import Any

import pytest
from sqlalchemy import select

from extensions import db as database
from models import Activity, Course, CourseFile, Lab, Lesson, Quiz, utcnow
from services.quizzes import attempts
from tests.api.conftest import API, Program, problem
from tests.factories import Cast

SHELL = "/courses/shell"
LESSON = {"title": "Pipes", "minutes": 10, "points": 5, "body": "Words.\n"}
NEW = {"slug": "pipes", "module": "basics", **LESSON}
LAB: dict[str, Any] = {
    "title": "A lab",
    "setup": "setup.sh",
    "steps": [
        {
            "title": "Look",
            "file": "steps/1.md",
            "checks": [{"slug": "done", "title": "Done", "script": "checks/done.sh", "points": 10}],
        }
    ],
    "files": {"setup.sh": "true\n", "steps/1.md": "Look.\n", "checks/done.sh": "true\n"},
}
DOT = b'<svg xmlns="http://www.w3.org/2000/svg" width="30" height="20"><circle r="1"/></svg>'


@pytest.fixture
def own(alice: Program) -> str:
    """A course of alice's with a module; its address."""
    assert alice.post("/courses", {"slug": "own", "title": "Own", "is_published": True}).status_code == 201
    assert alice.post("/courses/own/modules", {"slug": "basics", "title": "Basics"}).status_code == 201
    return "/courses/own"


def change(program: Program, method: str, path: str, match: str | None = None, **options: Any) -> Any:
    headers = {**program.headers, **({"If-Match": match} if match else {}), **options.pop("headers", {})}
    return program.client.open(API + path, method=method, headers=headers, **options)


def edited(program: Program, path: str, **said: Any) -> Any:
    """Read a part, and put it with some fields changed."""
    read = program.get(path)
    return change(program, "PUT", path, read.headers["ETag"], json={**read.get_json(), **said})


def test_a_lesson_is_written_read_changed_and_taken_out(alice: Program, own: str) -> None:
    made = alice.post(f"{own}/lessons", NEW)
    address = made.headers["Location"].removeprefix(API)

    assert made.status_code == 201
    assert made.get_json() == {**NEW, "position": 1}
    assert alice.get(address).get_json() == made.get_json()
    assert alice.get(address).headers["ETag"] == made.headers["ETag"]

    changed = edited(alice, address, body="    code\n\nOther words.\n")
    row = database.session.scalars(select(Lesson).where(Lesson.slug == "pipes")).one()

    assert changed.status_code == 200
    assert changed.headers["ETag"] != made.headers["ETag"]
    assert row.body_html.endswith("><code>code\n</code></pre>\n<p>Other words.</p>\n")

    gone = change(alice, "DELETE", address, changed.headers["ETag"])

    assert gone.get_json() == {"archived": ["lesson pipes"], "touched": [], "ended": 0}
    problem(alice.get(address), 404)


def test_who_names_no_version_or_an_old_one_changes_nothing(alice: Program, own: str) -> None:
    made = alice.post(f"{own}/lessons", NEW)
    address = f"{own}/lessons/pipes/definition"
    assert change(alice, "PUT", address, made.headers["ETag"], json={**LESSON, "title": "First"}).status_code == 200

    for method in ("PUT", "DELETE"):
        late = change(alice, method, address, made.headers["ETag"], json={**LESSON, "title": "Second"})
        assert problem(late, 409)["reason"]["code"] == "changed_meanwhile"
        problem(change(alice, method, address, json={**LESSON, "title": "Second"}), 428)
        problem(change(alice, method, address, 'W/"x", ""', json={**LESSON, "title": "Second"}), 409)

    assert alice.get(address).get_json()["title"] == "First"
    assert change(alice, "PUT", address, "*", json={**LESSON, "title": "Third"}).status_code == 200


@pytest.mark.parametrize("form", ['W/"{}"', '"{}-gzip"', '"{}-zstd"', '"other", W/"{}-br"'])
def test_a_version_is_known_however_it_was_compressed_on_the_way(alice: Program, own: str, form: str) -> None:
    address = f"{own}/modules/basics"
    version = alice.get(address).headers["ETag"].strip('"')

    assert change(alice, "PUT", address, form.format(f"{version}x"), json={"title": "Other"}).status_code == 409
    assert change(alice, "PUT", address, form.format(version), json={"title": "Other"}).status_code == 200


def test_a_quiz_gets_other_words_and_keeps_what_it_asks(alice: Program, cast: Cast) -> None:
    slots = alice.get(f"{SHELL}/quizzes/first-quiz/slots").get_json()
    settings = alice.get(f"{SHELL}/quizzes/first-quiz/settings").get_json()

    changed = edited(alice, f"{SHELL}/quizzes/first-quiz/definition", title="Other", instructions="No *notes*.")

    assert changed.status_code == 200, changed.text
    assert alice.get(f"{SHELL}/quizzes/first-quiz/slots").get_json() == slots
    assert alice.get(f"{SHELL}/quizzes/first-quiz/settings").get_json() == settings
    quiz = database.session.get_one(Quiz, cast.quiz.id)
    assert (quiz.title, quiz.instructions_html) == ("Other", "<p>No <em>notes</em>.</p>\n")


def test_a_lab_is_its_definition_with_its_files(alice: Program, own: str) -> None:
    made = alice.post(f"{own}/labs", {"slug": "lab", "module": "basics", **LAB, "memory_mb": 128})

    assert made.status_code == 201, made.text
    assert (made.get_json()["files"], made.get_json()["memory_mb"]) == (LAB["files"], 128)
    lab = database.session.scalars(select(Lab).where(Lab.slug == "lab")).one()
    assert (lab.memory_mb, [check.script for check in lab.checks]) == (128, ["true\n"])

    files = {**LAB["files"], "checks/done.sh": "test -e work\n"}
    assert edited(alice, f"{own}/labs/lab/definition", files=files).status_code == 200
    database.session.expire_all()
    assert [check.script for check in lab.checks] == ["test -e work\n"]


def test_a_lab_that_can_never_start_here_says_so(alice: Program, own: str) -> None:
    made = alice.post(
        f"{own}/labs", {"slug": "lab", "module": "basics", **LAB, "template": "docker", "image": "debian"}
    )

    assert made.status_code == 201
    assert made.get_json()["cannot_start"]["code"] == "kind_wanted"


@pytest.mark.parametrize(
    ("change_of", "field"),
    [
        ({"memory_mb": 1}, "memory_mb"),
        ({"template": "none"}, "template"),
        ({"template": "docker"}, "image"),
        ({"kernel": "vmlinuz"}, "kernel"),
        ({"files": {**LAB["files"], "extra.sh": "true"}}, "files.extra.sh"),
        ({"files": {"setup.sh": "true", "steps/1.md": "x"}}, "steps[1].checks[1].script"),
        ({"files": {**LAB["files"], "steps/1.md": "![](files/none.png)"}}, "files.steps/1.md"),
        ({"setup": "other.sh"}, "setup"),
        ({"steps": [{"title": "Look", "file": "../1.md"}]}, "steps[1].file"),
        ({"summary": "Bell \x07"}, "summary"),
        ({"nothing": 1}, "nothing"),
    ],
)
def test_a_fault_of_a_lab_names_its_field(alice: Program, own: str, change_of: dict[str, Any], field: str) -> None:
    told = problem(alice.post(f"{own}/labs", {"slug": "lab", "module": "basics", **LAB, **change_of}), 422)

    assert field in [error["field"] for error in told["errors"]], told
    assert alice.get(f"{own}/modules/basics").get_json()["activities"] == []


@pytest.mark.parametrize(
    ("change_of", "field"),
    [
        ({"slug": "Not a slug"}, "slug"),
        ({"module": "none"}, "module"),
        ({"title": ""}, "title"),
        ({"title": "two\nlines"}, "title"),
        ({"minutes": 0}, "minutes"),
        ({"minutes": "5"}, "minutes"),
        ({"points": 1.5}, "points"),
        ({"body": "![](files/none.png)"}, "body"),
        ({"body": "nul \x00"}, "body"),
        ({"body": "\ud800"}, "body"),
        ({"position": 0}, "position"),
    ],
)
def test_a_fault_of_a_lesson_names_its_field(alice: Program, own: str, change_of: dict[str, Any], field: str) -> None:
    told = problem(alice.post(f"{own}/lessons", {**NEW, **change_of}), 422)

    assert [error["field"] for error in told["errors"]][:1] == [field]


def test_a_slug_is_taken_once_and_keeps_its_kind(alice: Program, own: str) -> None:
    alice.post(f"{own}/lessons", NEW)

    again = problem(alice.post(f"{own}/quizzes", {"slug": "pipes", "module": "basics", "title": "Q"}), 422)
    assert again["errors"][0]["reason"]["code"] == "part_slug_taken"

    change(alice, "DELETE", f"{own}/lessons/pipes/definition", "*")
    other = problem(alice.post(f"{own}/quizzes", {"slug": "pipes", "module": "basics", "title": "Q"}), 422)
    assert other["errors"][0]["field"] == "slug"
    assert alice.post(f"{own}/lessons", {**NEW, "title": "Back"}).status_code == 201
    assert problem(alice.post("/courses", {"slug": "shell", "title": "Mine"}), 422)["errors"][0]["field"] == "slug"
    assert problem(alice.post(f"{own}/modules", {"slug": "basics", "title": "B"}), 422)["errors"][0]["field"] == "slug"


def test_activities_and_modules_are_put_in_order_and_moved(alice: Program, own: str) -> None:
    for slug in ("a", "b", "c"):
        alice.post(f"{own}/lessons", {**NEW, "slug": slug})
    alice.post(f"{own}/modules", {"slug": "more", "title": "More", "position": 1, "activities": ["c"]})

    def outline() -> dict[str, list[str]]:
        return {each["slug"]: each["activities"] for each in alice.get(f"{own}/modules").get_json()["modules"]}

    assert list(outline().items()) == [("more", ["c"]), ("basics", ["a", "b"])]
    assert edited(alice, f"{own}/modules/basics", activities=["b", "c", "a"]).status_code == 200
    assert edited(alice, f"{own}/definition", modules=["basics", "more"]).status_code == 200
    assert list(outline().items()) == [("basics", ["b", "c", "a"]), ("more", [])]
    assert edited(alice, f"{own}/lessons/a/definition", module="more").status_code == 200
    assert edited(alice, f"{own}/lessons/b/definition").get_json()["position"] == 1
    assert (
        change(alice, "PUT", f"{own}/lessons/b/definition", "*", json={**LESSON, "position": 2}).get_json()["position"]
        == 2
    )
    assert list(outline().items()) == [("basics", ["c", "b"]), ("more", ["a"])]
    for path, said, field in (
        (f"{own}/modules/basics", {"activities": ["c"]}, "activities"),
        (f"{own}/modules/basics", {"activities": ["b", "c", "none"]}, "activities[3]"),
        (f"{own}/modules/basics", {"activities": ["b", "c", "c"]}, "activities[3]"),
        (f"{own}/definition", {"modules": ["more"]}, "modules"),
    ):
        assert problem(edited(alice, path, **said), 422)["errors"][0]["field"] == field


def test_a_course_says_what_its_file_says(alice: Program, own: str) -> None:
    alice.post(f"{own}/lessons", NEW)
    grading = [{"title": "All", "weight": 1, "activities": ["pipes"]}]

    changed = edited(alice, f"{own}/definition", title="Mine", about="*All* of it.", enrolment="code", grading=grading)
    assert problem(changed, 422)["errors"][0]["field"] == "enrol_code"
    said = {"title": "Mine", "about": "*All* of it.", "enrolment": "code", "grading": grading}
    changed = edited(alice, f"{own}/definition", **said, enrol_code="mine-2026")

    assert changed.status_code == 200, changed.text
    course = database.session.scalars(select(Course).where(Course.slug == "own")).one()
    assert (course.title, course.about_html, course.enrol_code) == ("Mine", "<p><em>All</em> of it.</p>\n", "mine-2026")
    assert course.grading[0]["activities"] == ["pipes"]
    for wrong, field in (
        ({"enrol_code": "yurt-2026"}, "enrol_code"),
        ({"language": "not one"}, "language"),
        ({"grading": [{"title": "All", "weight": 1, "activities": ["none"]}]}, "grading[1].activities[1]"),
    ):
        database.session.scalars(select(Course).where(Course.slug == "shell")).one().enrol_code = "yurt-2026"
        assert problem(edited(alice, f"{own}/definition", **wrong), 422)["errors"][0]["field"] == field
    # What is taken out counts no more.
    change(alice, "DELETE", f"{own}/lessons/pipes/definition", "*")
    assert alice.get(f"{own}/definition").get_json()["grading"][0]["activities"] == []


def test_what_has_students_work_goes_only_where_that_is_known(alice: Program, cast: Cast) -> None:
    attempts.start(cast.bob.id, cast.quiz, now=utcnow())
    database.session.commit()
    for path, name in ((f"{SHELL}/quizzes/first-quiz/definition", "quiz first-quiz"), (f"{SHELL}/modules/{{}}", "")):
        path = path.format(alice.get(f"{SHELL}/modules").get_json()["modules"][0]["slug"])
        refused = problem(change(alice, "DELETE", path, "*"), 409)["reason"]
        assert (refused["code"], refused["params"]["people"], refused["params"]["attempts"]) == (
            "work_hangs_on_it",
            1,
            1,
        )
        if name:
            gone = change(alice, "DELETE", f"{path}?with_work=true", "*").get_json()
            assert (gone["archived"], gone["touched"][0]["open_attempts"]) == ([name], 1)
            back = {"slug": "first-quiz", "module": "basics", "title": "Back"}
            back["module"] = alice.get(f"{SHELL}/modules").get_json()["modules"][0]["slug"]
            assert alice.post(f"{SHELL}/quizzes", back).status_code == 201

    assert database.session.get_one(Activity, cast.quiz.id).is_archived is False


def test_what_others_need_isnt_taken_out(alice: Program, own: str) -> None:
    alice.post(f"{own}/lessons", NEW)
    alice.post(f"{own}/quizzes", {"slug": "quiz", "module": "basics", "title": "Q"})
    requires = {"requires": [{"lesson": "pipes"}]}
    assert alice.put(f"{own}/quizzes/quiz/settings", requires).status_code == 200

    told = problem(change(alice, "DELETE", f"{own}/lessons/pipes/definition", "*"), 422)

    assert told["errors"][0]["field"] == "basics/quiz.quiz.yaml: requires[1]"


def test_a_picture_is_put_shown_changed_and_only_then_removed(alice: Program, own: str) -> None:
    path = f"{own}/files/pictures/dot.svg"
    made = change(alice, "PUT", path, data=DOT)
    assert (made.status_code, made.get_json()["content_type"], made.get_json()["size"]) == (
        201,
        "image/svg+xml",
        len(DOT),
    )
    assert alice.post(f"{own}/lessons", {**NEW, "body": "![a dot](files/pictures/dot.svg)"}).status_code == 201
    lesson = database.session.scalars(select(Lesson).where(Lesson.slug == "pipes")).one()
    assert 'width="30" height="20"' in lesson.body_html

    problem(change(alice, "PUT", path, data=DOT.replace(b"30", b"90")), 428)
    assert problem(change(alice, "PUT", path, '"old"', data=DOT), 409)["reason"]["code"] == "changed_meanwhile"
    changed = change(alice, "PUT", path, made.headers["ETag"], data=DOT.replace(b"30", b"90"))

    assert changed.status_code == 200
    database.session.expire_all()
    assert 'width="90" height="20"' in lesson.body_html
    assert alice.get(path).data == DOT.replace(b"30", b"90")
    assert [each["path"] for each in alice.get(f"{own}/files").get_json()["files"]] == ["pictures/dot.svg"]
    shown = problem(change(alice, "DELETE", path, changed.headers["ETag"]), 409)
    assert (shown["reason"]["code"], shown["reason"]["params"]) == ("file_is_shown", {"where": "lesson pipes"})
    assert edited(alice, f"{own}/lessons/pipes/definition", body="None.").status_code == 200
    assert change(alice, "DELETE", path, changed.headers["ETag"]).status_code == 204
    assert database.session.scalars(select(CourseFile).where(CourseFile.path == "files/pictures/dot.svg")).all() == []


@pytest.mark.parametrize(
    ("path", "data", "field"),
    [
        ("a b.png", b"x", "path"),
        ("a/../b.png", b"x", "path"),
        ("a" * 101, b"x", "path"),
        ("a/" * 9 + "b", b"x", "path"),
        ("here/below", b"x", "path"),
        ("evil.svg", b"<svg onload='x()'></svg>", "svg"),
        ("big", b"x" * (10 * 2**20 + 1), "body"),
    ],
)
def test_a_file_that_cant_be_is_refused(alice: Program, own: str, path: str, data: bytes, field: str) -> None:
    change(alice, "PUT", f"{own}/files/here", data=b"x")

    told = problem(change(alice, "PUT", f"{own}/files/{path}", data=data), 422)

    assert told["errors"][0]["field"] == field


def test_an_edit_answers_for_its_own_faults_alone(alice: Program, cast: Cast) -> None:
    cast.quiz.slots[0].question_id, cast.quiz.slots[0].tag = None, "nothing-has-it"
    database.session.commit()

    assert edited(alice, f"{SHELL}/lessons/first-words/definition", title="Other").status_code == 200


def test_a_key_makes_one_lesson_however_often_it_is_sent(alice: Program, own: str) -> None:
    answers = [change(alice, "POST", f"{own}/lessons", json=NEW, headers={"Idempotency-Key": "one"}) for _ in range(2)]

    assert [answer.status_code for answer in answers] == [201, 201]
    assert answers[0].get_json() == answers[1].get_json()
    assert answers[0].headers["ETag"] == answers[1].headers["ETag"]


def test_who_teaches_nothing_makes_no_course(bob: Program, program: Callable[..., Program]) -> None:
    problem(bob.post("/courses", {"slug": "mine", "title": "Mine"}), 403)
    assert program("dana").post("/courses", {"slug": "mine", "title": "Mine"}).status_code == 201
