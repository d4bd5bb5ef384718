"""The bank through the API: written, edited, moved, listed and previewed, with faults that name the field."""

from typing import Any

import pytest

from tests.api.conftest import Program, problem
from tests.factories import Cast
from tests.quizzes.test_draws import add_to_bank

BANK = "/courses/shell/bank"
QUESTION = {
    "slug": "list-files",
    "kind": "single",
    "prompt": "What lists *files*?",
    "fields": {"choices": [{"text": "ls", "is_correct": True}, {"text": "rm"}]},
    "tags": ["files"],
    "difficulty": "easy",
}
TESTS = {"lab": "first-lab", "file": "a.py", "run": "python3 a.py", "cases": [{"output": "1"}]}


@pytest.fixture
def question(alice: Program) -> dict[str, Any]:
    """A draft of alice's."""
    response = alice.post(BANK, QUESTION)
    assert response.status_code == 201
    body: dict[str, Any] = response.get_json()
    assert response.headers["Location"] == f"/api/v1{BANK}/{body['id']}"
    return body


def edited(question: dict[str, Any], **changes: Any) -> dict[str, Any]:
    return {**{name: value for name, value in QUESTION.items() if name != "slug"}, "based_on": 1, **changes}


def test_a_question_comes_back_as_it_was_written(alice: Program, question: dict[str, Any]) -> None:
    read = alice.get(f"{BANK}/{question['id']}").get_json()

    assert read == question
    assert read["fields"] == QUESTION["fields"] or read["fields"]["choices"][0]["text"] == "ls"
    assert (read["state"], read["version"], read["quiz"]) == ("draft", 1, None)
    assert read["prompt_html"] == "<p>What lists <em>files</em>?</p>\n"
    assert (read["versions"], read["moves"]) == ([{"number": 1, "given": 0, "answered": 0}], ["in_review", "retired"])


def test_fields_that_come_out_go_in_again(alice: Program, question: dict[str, Any]) -> None:
    again = alice.put(f"{BANK}/{question['id']}", edited(question, fields=question["fields"])).get_json()

    assert again["version"] == 1


def test_an_edit_makes_a_version_and_an_older_one_is_told(alice: Program, question: dict[str, Any]) -> None:
    path = f"{BANK}/{question['id']}"

    second = alice.put(path, edited(question, prompt="And now?"))
    again = alice.put(path, edited(question, prompt="Mine"))

    assert second.get_json()["version"] == 2
    assert "Somebody else has changed this question" in problem(again, 409)["detail"]
    assert alice.get(path).get_json()["prompt_md"] == "And now?"


def test_a_question_goes_through_its_states(alice: Program, question: dict[str, Any]) -> None:
    path = f"{BANK}/{question['id']}/state"

    reviewed = alice.post(path, {"old": "draft", "new": "in_review"}).get_json()
    ready = alice.post(path, {"old": "in_review", "new": "ready"}).get_json()
    late = alice.post(path, {"old": "in_review", "new": "draft"})
    wrong = alice.post(path, {"old": "ready", "new": "draft"})

    assert (reviewed["state"], ready["state"]) == ("in_review", "ready")
    problem(late, 409)
    assert problem(wrong, 422)["errors"][0]["field"] == "state"


def test_a_list_comes_in_pages_and_by_filters(alice: Program, cast: Cast, question: dict[str, Any]) -> None:
    add_to_bank(cast.course.id, "a-pipe", "pipes")

    first = alice.get(f"{BANK}?per_page=4").get_json()
    second = alice.get(f"{BANK}?per_page=4&after={first['after']}").get_json()

    assert [row["slug"] for row in first["questions"]] == ["a-pipe", "list-files", "q1", "q2"]
    assert ([row["slug"] for row in second["questions"]], second["after"]) == (["q3", "q4"], None)
    assert first["questions"][2]["quiz"] == "first-quiz"
    assert [row["slug"] for row in alice.get(f"{BANK}?tag=files&state=draft").get_json()["questions"]] == ["list-files"]
    assert [row["slug"] for row in alice.get(f"{BANK}?text=PIPE").get_json()["questions"]] == ["a-pipe"]
    assert alice.get(f"{BANK}?difficulty=hard").get_json()["questions"] == []


def test_a_preview_follows_from_its_seed_and_has_no_solution(alice: Program, question: dict[str, Any]) -> None:
    shown = [alice.get(f"{BANK}/{question['id']}/preview?seed={seed}") for seed in (*range(12), 3)]

    assert shown[3].get_json() == shown[12].get_json()
    assert len({response.get_json()["frozen"]["choices"][0]["id"] for response in shown}) == 2
    assert "is_correct" not in shown[0].text


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"slug": "Not a slug"}, "slug"),
        ({"slug": "list-files"}, "slug"),
        ({"kind": "riddle"}, "kind"),
        ({"prompt": ""}, "prompt"),
        ({"fields": {"choices": [{"text": "one"}]}}, "fields.choices"),
        ({"fields": {"choices": [{"text": "a", "is_correct": True}, {"text": 3}]}}, "fields.choices[2].text"),
        ({"kind": "lab", "fields": {"lab": "no-lab", "check": "check-1"}}, "fields.lab"),
        ({"kind": "lab", "fields": {"lab": "first-lab", "check": "no-check"}}, "fields.check"),
        ({"kind": "code", "fields": {"tests": {**TESTS, "lab": "no-lab"}}}, "fields.tests.lab"),
        ({"points": 0}, "points"),
        ({"points": 1.001}, "points"),
        ({"tags": ["a", "a"]}, "tags"),
        ({"tags": ["Two words"]}, "tags.0"),
        ({"difficulty": "very hard"}, "difficulty"),
        ({"state": "ready"}, "state"),
    ],
)
def test_a_fault_names_its_field(alice: Program, question: dict[str, Any], change: dict[str, Any], field: str) -> None:
    body = problem(alice.post(BANK, {**QUESTION, "slug": "other", **change}), 422)

    assert field in [error["field"] for error in body["errors"]]


def test_an_edit_names_the_lab_that_is_not_there_as_a_new_question_does(
    alice: Program, question: dict[str, Any]
) -> None:
    wrong = edited(question, kind="code", fields={"tests": {**TESTS, "lab": "no-lab"}})

    body = problem(alice.put(f"{BANK}/{question['id']}", wrong), 422)

    assert [error["field"] for error in body["errors"]] == ["fields.tests.lab"]


def test_a_read_only_token_changes_nothing(program: Any, question: dict[str, Any]) -> None:
    reader = program("alice", "read")

    problem(reader.put(f"{BANK}/{question['id']}", edited(question)), 403)
    assert reader.get(f"{BANK}/{question['id']}").status_code == 200


@pytest.mark.parametrize(
    ("changes", "field"),
    [({"prompt": bad}, "prompt") for bad in ("a\x00", "a\ud800", "x" * 50_001, "", 3)]
    + [({"feedback": bad}, "feedback") for bad in ("a\x00", "a\ud800", "x" * 50_001, None)]
    + [({"hints": [{"text": "a\x00"}]}, "hints.0.text")],
)
def test_what_cannot_be_kept_is_refused_by_its_field(alice: Program, changes: dict[str, Any], field: str) -> None:
    assert problem(alice.post(BANK, QUESTION | changes), 422)["errors"][0]["field"] == field
