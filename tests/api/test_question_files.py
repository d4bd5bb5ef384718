"""Programs that move questions: a preview, applying it, and exports, with every refusal named."""

from collections.abc import Callable
from typing import Any

import pytest

from services import formats
from tests.api.conftest import Program, problem
from tests.factories import Cast
from tests.moving.test_imports import GIFT
from tests.quizzes.test_draws import add_to_bank

BANK = "/courses/shell/bank"
IMPORTS = f"{BANK}/imports"


def send(program: Program, data: str | bytes = GIFT, query: str = "name=a.txt") -> Any:
    return program.post(f"{IMPORTS}?{query}", data=data, content_type="application/octet-stream")


def test_a_preview_is_read_and_applied(alice: Program) -> None:
    made = send(alice)
    preview = made.get_json()

    applied = alice.post(f"{IMPORTS}/{preview['id']}/apply", {"digest": preview["digest"]})

    assert made.status_code == 201
    assert made.headers["Location"] == f"/api/v1{IMPORTS}/{preview['id']}"
    assert (preview["state"], preview["format"]) == ("previewed", "gift")
    assert preview["counts"] == {"new": 2, "same": 0, "similar": 0, "lost": 1}
    assert applied.get_json()["state"] == "applied"
    assert [row["slug"] for row in alice.get(f"{BANK}?tag=sums").get_json()["questions"]] == ["four", "pick"]


def test_what_is_not_carried_is_told_as_codes_with_words(alice: Program) -> None:
    [left] = send(alice).get_json()["entries"][2]["findings"]

    assert left["is_whole"]
    assert left["what"] == "question"
    assert left["reason"] == {"code": "move_kind_unknown", "params": {"kind": "description"}}
    assert left["message"] == "there is no such kind of question: description"


def test_the_questions_of_an_import_come_in_pages_and_by_state(alice: Program) -> None:
    address = f"{IMPORTS}/{send(alice).get_json()['id']}"

    page = alice.get(f"{address}?per_page=1&page=2&state=new").get_json()

    assert [entry["slug"] for entry in page["entries"]] == ["pick"]
    assert (page["page"], page["pages"], page["total"]) == (2, 2, 2)


def test_a_preview_that_is_out_of_date_is_a_conflict(alice: Program) -> None:
    made = send(alice).get_json()

    stale = problem(alice.post(f"{IMPORTS}/{made['id']}/apply", {"digest": "0" * 16}), 409)
    alice.post(f"{IMPORTS}/{made['id']}/apply", {"digest": made["digest"]})
    twice = problem(alice.post(f"{IMPORTS}/{made['id']}/apply", {"digest": made["digest"]}), 409)

    assert stale["reason"]["code"] == "import_stale"
    assert twice["reason"]["code"] == "import_applied"


@pytest.mark.parametrize(
    ("data", "query", "field", "code"),
    [
        ("what?", "name=a", "file", "import_format_unknown"),
        ("", "name=a", "file", "file_empty"),
        (GIFT, "name=a&format=word", "format", "one_of"),
        ("<quiz><!ENTITY></quiz>", "name=a&format=moodle_xml", "file", "import_entities"),
        (b"x" * (10 * 1024 * 1024 + 1), "name=a", "file", "file_too_large"),
        (b"x" * (11 * 1024 * 1024), "name=a", "file", "file_too_large"),
    ],
)
def test_a_file_that_is_not_taken_is_named_with_its_fault(
    alice: Program, data: str | bytes, query: str, field: str, code: str
) -> None:
    [fault] = problem(send(alice, data, query), 422)["errors"]

    assert fault["field"] == field
    assert fault["reason"]["code"] == code


def test_an_import_of_another_course_is_not_found(alice: Program) -> None:
    problem(alice.get(f"{IMPORTS}/{2**62}"), 404)
    problem(alice.get(f"{IMPORTS}/{2**80}"), 404)


@pytest.mark.parametrize("name", formats.writable())
def test_an_export_says_what_it_leaves_out_and_comes_in_again_as_the_same(
    alice: Program, cast: Cast, name: str
) -> None:
    add_to_bank(cast.course.id, "a-pipe", "pipes", kind="single")
    add_to_bank(cast.course.id, "in-a-lab", "pipes", kind="lab")

    told = alice.get(f"{BANK}/exports/{name}?tag=pipes").get_json()
    file = alice.get(f"{BANK}/exports/{name}/file?tag=pipes")
    again = send(alice, file.data).get_json()

    assert (told["questions"], told["written"], told["bytes"]) == (2, 1, len(file.data))
    [whole] = [finding for finding in told["findings"] if finding["is_whole"]]
    assert (whole["question"], whole["reason"]["params"]) == ("in-a-lab", {"kind": "lab"})
    assert (again["format"], again["counts"]["same"]) == (name, 1)


@pytest.mark.parametrize("name", formats.writable())
def test_questions_of_one_slug_in_the_bank_and_in_a_quiz_go_out_both(alice: Program, cast: Cast, name: str) -> None:
    add_to_bank(cast.course.id, cast.quiz.questions[0].slug, kind="truefalse")

    told = alice.get(f"{BANK}/exports/{name}").get_json()
    again = send(alice, alice.get(f"{BANK}/exports/{name}/file").data).get_json()

    # The pattern of a short text has no place there, which is told.
    assert [each["kind"] for each in again["entries"] if each["state"] != "same"] == ["text"]
    assert again["total"] == told["written"]
    assert told["written"] + sum(each["is_whole"] for each in told["findings"]) == told["questions"]


def test_a_format_that_does_not_go_out_is_refused(alice: Program) -> None:
    [fault] = problem(alice.get(f"{BANK}/exports/aiken"), 422)["errors"]

    assert fault["field"] == "format"


def test_reading_is_not_writing(program: Callable[..., Program]) -> None:
    problem(send(program("alice", "read")), 403)
