"""A course through the API: the catalogue, reading, people."""

from extensions import db as database
from tests.api.conftest import Program, problem
from tests.factories import Cast, CourseFactory


def test_the_catalogue_comes_in_pages(bob: Program, cast: Cast) -> None:
    CourseFactory.create_batch(4)
    CourseFactory(slug="hidden", is_published=False)

    first, second = bob.get("/courses?per_page=3"), bob.get("/courses?per_page=3&page=2")

    assert (first.get_json()["total"], first.get_json()["pages"]) == (5, 2)
    slugs = [row["slug"] for page in (first, second) for row in page.get_json()["courses"]]
    assert len(set(slugs)) == 5
    assert "hidden" not in slugs


def test_a_page_that_cannot_be_is_named(bob: Program) -> None:
    body = problem(bob.get("/courses?page=0&per_page=1000"), 422)

    assert {error["field"] for error in body["errors"]} == {"page", "per_page"}


def test_a_course_shows_its_outline_and_the_role(bob: Program, charlie: Program) -> None:
    course = bob.get("/courses/shell").get_json()

    assert course["role"] == "student"
    assert [row["kind"] for row in course["modules"][0]["activities"]] == ["lesson", "quiz", "lab"]
    assert charlie.get("/courses/shell").get_json()["role"] is None


def test_what_is_not_published_is_not_there_for_others(charlie: Program, alice: Program, cast: Cast) -> None:
    cast.course.is_published = False
    database.session.commit()

    problem(charlie.get("/courses/shell"), 404)
    assert alice.get("/courses/shell").status_code == 200


def test_a_lesson_is_read_and_done_once(bob: Program) -> None:
    lesson = bob.get("/courses/shell/lessons/first-words").get_json()
    first = bob.post("/courses/shell/lessons/first-words/completion").get_json()
    again = bob.post("/courses/shell/lessons/first-words/completion").get_json()

    assert (lesson["body_md"], lesson["is_done"]) == ("Some words", False)
    assert [first["is_new"], again["is_new"]] == [True, False]
    assert bob.get("/courses/shell/lessons/first-words").get_json()["is_done"] is True
    assert bob.get("/courses/shell/leaderboard").get_json()["me"]["points"] == 5


def test_the_wrong_code_is_refused_and_the_right_one_works_twice(charlie: Program) -> None:
    wrong = charlie.post("/courses/shell/enrolments", {"code": "guess"})
    right = charlie.post("/courses/shell/enrolments", {"code": "yurt-2026"})
    again = charlie.post("/courses/shell/enrolments", {"code": "yurt-2026"})

    assert problem(wrong, 422)["errors"][0]["field"] == "code"
    assert (right.status_code, right.get_json()["role"]) == (201, "student")
    assert again.get_json()["role"] == "student"


def test_who_enrols_again_keeps_their_role(alice: Program) -> None:
    response = alice.post("/courses/shell/enrolments", {"code": "yurt-2026"})

    assert response.get_json()["role"] == "teacher"


def test_a_teacher_brings_people_in_and_takes_them_out(alice: Program, charlie: Program, cast: Cast) -> None:
    address = f"/courses/shell/enrolments/{cast.charlie.id}"

    added = alice.post("/courses/shell/enrolments", {"email": "charlie@example.org", "role": "assistant"})
    listed = alice.get("/courses/shell/enrolments").get_json()["enrolments"]
    changed = alice.put(address, {"role": "student"})
    removed = alice.delete(address)

    assert (added.status_code, added.get_json()["role"]) == (201, "assistant")
    assert {row["email"] for row in listed} >= {"charlie@example.org", "bob@example.org"}
    assert changed.get_json()["role"] == "student"
    assert removed.status_code == 204
    problem(charlie.get("/courses/shell/lessons/first-words"), 403)


def test_nobody_outside_is_enrolled_by_a_wrong_address(alice: Program) -> None:
    response = alice.post("/courses/shell/enrolments", {"email": "nobody@example.org"})

    assert response.status_code in (404, 422)
    problem(response, response.status_code)


def test_the_last_teacher_stays(alice: Program, cast: Cast) -> None:
    oneself = {"email": "alice@example.org", "role": "assistant"}

    problem(alice.delete(f"/courses/shell/enrolments/{cast.alice.id}"), 409)
    problem(alice.put(f"/courses/shell/enrolments/{cast.alice.id}", {"role": "assistant"}), 409)
    problem(alice.post("/courses/shell/enrolments", oneself), 409)


def test_a_student_sees_no_addresses_of_others(bob: Program) -> None:
    problem(bob.get("/courses/shell/enrolments"), 403)
    assert "@" not in bob.get("/courses/shell/leaderboard").text
