"""An attempt through the API: from its start to its result."""

from typing import Any

import pytest

from tests.api.conftest import Program, problem
from tests.factories import Cast

QUIZ = "/courses/shell/quizzes/first-quiz"


@pytest.fixture
def attempt(bob: Program) -> dict[str, Any]:
    """Bob's open attempt."""
    response = bob.post(f"{QUIZ}/attempts")
    assert response.status_code == 201
    body: dict[str, Any] = response.get_json()
    return body


def item(attempt: dict[str, Any], kind: str) -> int:
    """Return the position of the question of this kind."""
    return next(row["position"] for row in attempt["items"] if row["kind"] == kind)


def save(program: Program, attempt: dict[str, Any], kind: str, revision: int, response: Any) -> Any:
    path = f"/attempts/{attempt['id']}/items/{item(attempt, kind)}"
    return program.put(path, {"revision": revision, "response": response})


def test_starting_again_gives_the_open_attempt(bob: Program, attempt: dict[str, Any]) -> None:
    again = bob.post(f"{QUIZ}/attempts")

    assert again.get_json()["id"] == attempt["id"]
    assert again.headers["Location"] == f"/api/v1/attempts/{attempt['id']}"


def test_a_receipt_says_what_is_saved(bob: Program, attempt: dict[str, Any]) -> None:
    receipt = save(bob, attempt, "numeric", 1, "3.14").get_json()

    assert (receipt["saved"], receipt["total"], receipt["revision"]) == (1, 4, 1)
    kept = bob.get(f"/attempts/{attempt['id']}").get_json()["items"][item(attempt, "numeric") - 1]
    assert (kept["response"], kept["saved_at"]) == ("3.14", receipt["saved_at"])


def test_the_same_answer_sent_again_is_harmless(bob: Program, attempt: dict[str, Any]) -> None:
    first, again = save(bob, attempt, "numeric", 1, "3.14"), save(bob, attempt, "numeric", 1, "3.14")

    assert (first.status_code, again.status_code) == (200, 200)


def test_an_older_answer_that_comes_late_is_told_what_is_kept(bob: Program, attempt: dict[str, Any]) -> None:
    save(bob, attempt, "numeric", 5, "3.14")

    body = problem(save(bob, attempt, "numeric", 2, "2.72"), 409)

    assert (body["revision"], body["response"]) == (5, "3.14")


@pytest.mark.parametrize("response", [["a", "b"], "z", 7, {"a": 1}, "x" * 20_000])
def test_an_answer_that_the_question_cannot_take_is_refused(
    bob: Program, attempt: dict[str, Any], response: Any
) -> None:
    problem(save(bob, attempt, "single", 1, response), 422)


def test_nothing_tells_the_solution_before_the_end(bob: Program, attempt: dict[str, Any]) -> None:
    save(bob, attempt, "single", 1, "a")

    text = bob.get(f"/attempts/{attempt['id']}").text + bob.get(QUIZ).text

    assert "is_correct" not in text
    assert "ls --all" not in text
    assert "Because." not in text
    assert all(row["solution"] is None for row in attempt["items"])


def test_handing_in_grades_once(bob: Program, attempt: dict[str, Any]) -> None:
    save(bob, attempt, "numeric", 1, "3.14")

    closed = bob.post(f"/attempts/{attempt['id']}/submit").get_json()
    again = bob.post(f"/attempts/{attempt['id']}/submit").get_json()

    assert (closed["state"], closed["closed_by"], closed["score"]) == ("closed", "student", 1)
    assert closed["items"][item(attempt, "text") - 1]["solution"]
    assert again == closed
    problem(save(bob, attempt, "numeric", 2, "1"), 410)


def test_an_attempt_names_the_versions_that_it_showed_and_tells_the_feedback_of_choices_taken(
    bob: Program, cast: Cast, attempt: dict[str, Any]
) -> None:
    save(bob, attempt, "single", 1, "b")
    # The feedback of a choice that is neither taken nor right stays a secret.
    save(bob, attempt, "multiple", 1, ["a"])

    closed = bob.post(f"/attempts/{attempt['id']}/submit").get_json()

    shown = {item["kind"]: item for item in closed["items"]}
    assert [item["choice_feedback"] for item in attempt["items"]] == [None] * 4
    assert shown["single"]["choice_feedback"] == {"b": "Not that one"}
    assert shown["multiple"]["choice_feedback"] == shown["text"]["choice_feedback"] == {}
    questions = [(question.id, 1) for question in cast.quiz.questions]
    assert [(item["question_id"], item["version"]) for item in closed["items"]] == questions


def test_an_attempt_is_read_by_its_student_and_the_staff_and_answered_by_its_student_alone(
    alice: Program, charlie: Program, attempt: dict[str, Any]
) -> None:
    problem(charlie.get(f"/attempts/{attempt['id']}"), 404)
    assert alice.get(f"/attempts/{attempt['id']}").get_json() == attempt
    for program in (alice, charlie):
        problem(save(program, attempt, "numeric", 1, "3.14"), 404)
        problem(program.post(f"/attempts/{attempt['id']}/submit"), 404)


def test_who_was_taken_out_of_the_course_neither_saves_nor_hands_in(
    alice: Program, bob: Program, attempt: dict[str, Any]
) -> None:
    save(bob, attempt, "numeric", 1, "3.14")
    assert alice.delete(f"/courses/shell/enrolments/{attempt['user_id']}").status_code == 204

    told = problem(save(bob, attempt, "numeric", 2, "2.72"), 403)

    assert told["detail"] == "You are no longer in this course. What you saved stays as it is."
    problem(bob.post(f"/attempts/{attempt['id']}/submit"), 403)
    kept = bob.get(f"/attempts/{attempt['id']}").get_json()
    assert (kept["state"], kept["items"][item(attempt, "numeric") - 1]["response"]) == ("open", "3.14")


def test_an_answer_that_comes_late_is_shown_beside_the_graded_one(
    alice: Program, bob: Program, attempt: dict[str, Any]
) -> None:
    save(bob, attempt, "numeric", 1, "2.72")
    bob.post(f"/attempts/{attempt['id']}/submit")
    typed = {"revision": 2, "response": "3.14", "typed_at": attempt["started_at"], "tab": "b"}

    told = problem(bob.put(f"/attempts/{attempt['id']}/items/{item(attempt, 'numeric')}", typed), 410)

    assert (told["closed_by"], told["is_kept_as_late"]) == ("student", True)
    for program in (alice, bob):
        graded = program.get(f"/attempts/{attempt['id']}").get_json()["items"][item(attempt, "numeric") - 1]
        assert (graded["response"], graded["score"]) == ("2.72", 0)
        assert [(row["why"], row["response"], row["typed_at"]) for row in graded["uncounted"]] == [
            ("late", "3.14", attempt["started_at"])
        ]


def test_one_answer_cannot_use_all_revisions_up(bob: Program, attempt: dict[str, Any]) -> None:
    refused = problem(save(bob, attempt, "numeric", 2**53, "1"), 422)

    assert refused["errors"][0]["field"] == "revision"
    assert save(bob, attempt, "numeric", 1000, "1").status_code == 200
    problem(save(bob, attempt, "numeric", 2001, "2"), 422)
    assert save(bob, attempt, "numeric", 1001, "2").get_json()["revision"] == 1001


def test_staff_list_everybodys_attempts_and_students_their_own(
    alice: Program, bob: Program, attempt: dict[str, Any]
) -> None:
    everybody = alice.get(f"{QUIZ}/attempts?all=true").get_json()

    assert [row["id"] for row in everybody["attempts"]] == [attempt["id"]]
    assert bob.get(f"{QUIZ}/attempts").get_json()["total"] == 1
    assert alice.get(f"{QUIZ}/attempts").get_json()["total"] == 0
    problem(bob.get(f"{QUIZ}/attempts?all=true"), 403)


def test_a_quiz_says_how_it_is_taken(bob: Program) -> None:
    quiz = bob.get(QUIZ).get_json()

    assert (quiz["question_count"], quiz["points"]) == (4, 20)
    assert [row["slug"] for row in bob.get("/courses/shell/quizzes").get_json()["quizzes"]] == ["first-quiz"]
    problem(bob.get("/courses/shell/quizzes/first-lab"), 404)
