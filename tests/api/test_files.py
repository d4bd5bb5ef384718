"""Files of answers by the API: uploaded, named by an answer, and given back."""

from collections.abc import Callable

import pytest

from models import Attempt, Quiz, utcnow
from services.quizzes import attempts, uploads
from tests.api.conftest import Program, problem
from tests.factories import Cast, QuizFactory, add_question

PDF = b"%PDF-1.7 tree"


@pytest.fixture
def attempt(cast: Cast) -> Attempt:
    """Bob's open attempt at a quiz that asks for a file."""
    quiz: Quiz = QuizFactory(module=cast.quiz.module, slug="drawing", position=9)
    add_question(quiz, "upload", points=2)
    return attempts.start(cast.bob.id, quiz, now=utcnow())


def test_a_file_is_uploaded_named_and_read_again(attempt: Attempt, bob: Program, alice: Program) -> None:
    item = f"/attempts/{attempt.id}/items/1"

    first = bob.put(f"{item}/files?name=C:%5Cmy%20tr%C3%A9e.pdf", data=PDF, content_type="application/pdf")
    again = bob.put(f"{item}/files?name=my%20tr%C3%A9e.pdf", data=PDF)
    saved = bob.put(item, {"response": [first.get_json()], "revision": 1})

    assert (first.status_code, saved.status_code) == (201, 200)
    assert first.get_json() == again.get_json()
    assert first.get_json() == {"id": first.get_json()["id"], "name": "my trée.pdf", "size": len(PDF)}
    for reader in (bob, alice):
        read = reader.get(f"/attempts/{attempt.id}/files/{first.get_json()['id']}")
        assert (read.status_code, read.data, read.mimetype) == (200, PDF, "application/octet-stream")
        assert read.headers["Content-Disposition"].startswith("attachment")


@pytest.mark.parametrize("content_type", ["application/json", "application/x-www-form-urlencoded", "text/plain", ""])
def test_the_body_is_the_file_whatever_its_type(attempt: Attempt, bob: Program, content_type: str) -> None:
    sent = bob.put(f"/attempts/{attempt.id}/items/1/files?name=a.pdf", data=PDF, content_type=content_type)

    assert sent.get_json()["size"] == len(PDF)


def test_a_file_of_ten_megabytes_is_taken_and_a_larger_one_is_told_why(attempt: Attempt, bob: Program) -> None:
    path = f"/attempts/{attempt.id}/items/1/files?name=a.pdf"
    largest = PDF + b"x" * (uploads.MAX_SIZE - len(PDF))

    assert bob.put(path, data=largest).get_json()["size"] == uploads.MAX_SIZE
    body = problem(bob.put(path, data=largest + b"x"), 422)
    assert [error["field"] for error in body["errors"]] == ["file"]


def test_files_are_for_their_student_and_the_staff(
    attempt: Attempt, program: Callable[..., Program], charlie: Program, alice: Program
) -> None:
    row = uploads.add(attempt.id, 1, "tree.pdf", PDF, now=utcnow())
    sent = f"/attempts/{attempt.id}/items/1/files?name=a.pdf"

    problem(charlie.get(f"/attempts/{attempt.id}/files/{row.id}"), 404)
    problem(alice.put(sent, data=PDF), 404)
    problem(program("bob", "read").put(sent, data=PDF), 403)


def test_a_question_that_is_not_there_takes_no_file(attempt: Attempt, bob: Program) -> None:
    for position in (2, 2**63, 10**30):
        problem(bob.put(f"/attempts/{attempt.id}/items/{position}/files?name=a.pdf", data=PDF), 404)
