"""All answers that came, for their student and the staff: by the API and on a page."""

from typing import Any

from flask.testing import FlaskClient

from tests.api.conftest import Program, problem
from tests.factories import Cast
from tests.people import sign_in

QUIZ = "/courses/shell/quizzes/first-quiz"


def begin(bob: Program) -> tuple[str, dict[str, Any]]:
    """Start, and answer a question twice; return its address and the last receipt."""
    attempt = bob.post(f"{QUIZ}/attempts").get_json()
    position = next(item["position"] for item in attempt["items"] if item["kind"] == "text")
    path = f"/attempts/{attempt['id']}/items/{position}"
    bob.put(path, {"revision": 1, "response": "first"})
    receipt: dict[str, Any] = bob.put(path, {"revision": 2, "response": "second"}).get_json()
    return path, receipt


def test_the_student_and_the_staff_read_every_version(alice: Program, bob: Program, charlie: Program) -> None:
    path, receipt = begin(bob)

    versions = bob.get(f"{path}/versions").get_json()["versions"]

    assert [(row["revision"], row["response"], row["fate"]) for row in versions] == [
        (1, "first", "kept"),
        (2, "second", "kept"),
    ]
    assert {name: versions[-1][name] for name in ("revision", "hash", "typed_at", "saved_at")} == {
        name: receipt[name] for name in ("revision", "hash", "typed_at", "saved_at")
    }
    assert alice.get(f"{path}/versions").get_json()["versions"] == versions
    problem(charlie.get(f"{path}/versions"), 404)
    problem(bob.get(f"{path.rsplit('/', 1)[0]}/99/versions"), 404)


def test_the_page_lists_them_with_the_one_that_counts(client: FlaskClient, cast: Cast, bob: Program) -> None:
    path, _receipt = begin(bob)
    address = path.split("/items/")[0]
    sign_in(client, "alice")

    page = client.get(f"{address}/versions").text

    assert page.index("<code>second</code>") < page.index("<code>first</code>")
    assert page.count('badge-good">counts') == 1
    assert "Nothing has been saved here." in page
    assert cast.bob.email in page
