"""What programs send by mistake, or not by mistake: a clear problem, never a 500."""

from typing import Any

import pytest

from tests.api.conftest import API, Program, problem

ENROLMENTS = "/courses/shell/enrolments"
DEEP = b"[" * 100_000 + b"]" * 100_000


@pytest.mark.parametrize(
    ("body", "content_type", "statuses"),
    [
        (b"{", "application/json", {400}),
        (b"\xff\xfe", "application/json", {400}),
        (DEEP, "application/json", {400}),
        (b'"text"', "application/json", {400, 422}),
        (b"[]", "application/json", {400, 422}),
        (b"null", "application/json", {400, 422}),
        (b"code=yurt-2026", "application/x-www-form-urlencoded", {400}),
        (b'{"code": "' + b"x" * 1_100_000 + b'"}', "application/json", {413}),
    ],
)
def test_a_body_that_is_not_json_is_refused(
    charlie: Program, body: bytes, content_type: str, statuses: set[int]
) -> None:
    headers = {**charlie.headers, "Content-Type": content_type}
    response = charlie.client.post(API + ENROLMENTS, data=body, headers=headers)

    assert response.status_code in statuses
    problem(response, response.status_code)


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({"code": 5}, "code"),
        ({"code": "x" * 101}, "code"),
        ({"code": "nul\x00byte"}, "code"),
        ({"code": "\ud800"}, "code"),
        ({"role": "owner"}, "role"),
        ({"email": {"a": 1}}, "email"),
        ({"cod": "yurt-2026"}, "cod"),
    ],
)
def test_a_wrong_value_is_named_by_its_field(charlie: Program, body: dict[str, Any], field: str) -> None:
    found = problem(charlie.post(ENROLMENTS, body), 422)

    assert [error["field"] for error in found["errors"]] == [field]


@pytest.mark.parametrize("revision", [0, -1, 1.5, "one", None, True, 2**63, 10**400])
def test_a_revision_that_cannot_be_is_refused(bob: Program, revision: Any) -> None:
    attempt = bob.post("/courses/shell/quizzes/first-quiz/attempts").get_json()

    found = problem(bob.put(f"/attempts/{attempt['id']}/items/1", {"revision": revision, "response": "a"}), 422)

    assert [error["field"] for error in found["errors"]] == ["revision"]


@pytest.mark.parametrize(
    "path",
    [
        f"/attempts/{2**63}",
        f"/attempts/{10**100}",
        "/attempts/0",
        "/attempts/x",
        "/lab-sessions/00000000-0000-0000-0000-000000000000",
        "/lab-sessions/nothing",
        "/courses/no-such-course",
        "/courses/%00",
        "/courses/%F0%9F%98%80",
        "/courses/shell/lessons/first-quiz",
        "/courses/" + "x" * 5000,
        "/nowhere",
    ],
)
def test_what_cannot_be_there_is_not_found(bob: Program, path: str) -> None:
    problem(bob.get(path), 404)


@pytest.mark.parametrize("path", ["/courses/no-such-course/quizzes/x/attempts", "/courses/shell/quizzes/x/attempts"])
def test_a_quiz_that_is_not_there_is_not_started(bob: Program, path: str) -> None:
    problem(bob.post(path), 404)


def test_another_method_is_named_as_such(bob: Program) -> None:
    response = bob.delete("/me")

    problem(response, 405)
    assert "GET" in response.headers["Allow"]


BODIES = [
    ("post", ENROLMENTS),
    ("put", "/courses/shell/enrolments/1"),
    ("put", "/courses/shell/enrolments/1/accommodation"),
    ("post", "/courses/shell/bank"),
    ("put", "/courses/shell/bank/1"),
    ("post", "/courses/shell/bank/1/state"),
    ("post", "/courses/shell/cohorts"),
    ("put", "/courses/shell/people/1/cohort"),
    ("post", "/courses/shell/people/1/points"),
    ("post", "/points-audits"),
    ("put", "/courses/shell/leaderboard/appearance"),
    ("put", "/courses/shell/leaderboard/freeze"),
    ("put", "/courses/shell/gradebook/1/first-quiz"),
    ("post", "/courses/shell/quizzes/first-quiz/attempts"),
    ("put", "/courses/shell/quizzes/first-quiz/settings"),
    ("put", "/courses/shell/quizzes/first-quiz/overrides/1"),
    ("put", "/courses/shell/labs/first-lab/warm"),
    ("post", "/courses/shell/labs-board/stop"),
    ("post", "/courses/shell/labs-board/save"),
    ("post", "/courses/shell/labs-board/extend"),
    ("put", "/courses/shell/quizzes/first-quiz/cohort-overrides/1"),
    ("put", "/courses/shell/quizzes/first-quiz/slots"),
    ("post", "/courses/shell/quizzes/first-quiz/regrades"),
    ("post", "/regrades/1/apply"),
    ("post", "/regrades/1/undo"),
    ("put", "/courses/shell/practice"),
    ("post", "/courses/shell/practice/questions/1/answer"),
    ("put", "/courses/shell/practice/reviews/1/rating"),
    ("put", "/attempts/1/items/1"),
    ("post", "/attempts/1/items/1/trial"),
    ("put", "/attempts/1/items/1/grade"),
    ("put", "/lab-sessions/00000000-0000-0000-0000-000000000000/hand"),
    ("post", "/lab-sessions/00000000-0000-0000-0000-000000000000/messages"),
    ("post", "/course-imports/1/apply"),
    ("post", "/courses"),
    ("post", "/users"),
    ("put", "/users/1"),
    ("post", "/users/1/password-reset"),
    ("put", "/courses/shell/definition"),
    ("post", "/courses/shell/modules"),
    ("put", "/courses/shell/modules/basics"),
    ("post", "/courses/shell/lessons"),
    ("put", "/courses/shell/lessons/first-words/definition"),
    ("post", "/courses/shell/quizzes"),
    ("put", "/courses/shell/quizzes/first-quiz/definition"),
    ("post", "/courses/shell/labs"),
    ("put", "/courses/shell/labs/first-lab/definition"),
    ("post", "/courses/shell/bank/imports/1/apply"),
    ("post", "/courses/shell/generations"),
    ("post", "/courses/shell/generations/estimate"),
    ("put", "/courses/shell/generations/settings"),
    ("post", "/courses/shell/generations/1/drafts/1/accept"),
    ("post", "/courses/shell/generations/1/drafts/1/regenerate"),
    ("post", "/courses/shell/generations/1/drafts/1/reject"),
    ("post", "/courses/shell/practice/wishes"),
    ("post", "/courses/shell/certificates/1/revoke"),
    ("post", "/courses/shell/certificates/1/reissue"),
    ("post", "/users/1/erasure"),
    ("post", "/lti-platforms"),
    ("put", "/lti-platforms/1"),
    ("post", "/courses/shell/webhooks"),
    ("put", "/courses/shell/webhooks/1"),
    ("put", "/courses/shell/model-aids"),
]


@pytest.mark.parametrize("body", [b"null", b" null ", b"false", b"true", b"0", b'""', b'"text"', b"[]", b"[null]"])
@pytest.mark.parametrize(("method", "path"), BODIES)
def test_a_body_that_is_no_object_changes_nothing(alice: Program, method: str, path: str, body: bytes) -> None:
    headers = {**alice.headers, "Content-Type": "application/json"}

    found = problem(alice.client.open(API + path, method=method, data=body, headers=headers), 422)

    assert [error["field"] for error in found["errors"]] == ["body"]


def test_the_bodies_tried_are_all_that_there_are(bob: Program) -> None:
    paths = bob.get("/openapi.json").get_json()["paths"].values()
    asked = [operation.get("requestBody", {}).get("content", {}) for found in paths for operation in found.values()]

    assert sum("application/json" in content for content in asked) == len(BODIES)


@pytest.mark.parametrize("value", [False, True, "60", 1.5, [60], {"a": 1}])
def test_a_number_is_a_number(alice: Program, value: Any) -> None:
    extended = problem(alice.post("/courses/shell/labs-board/extend", {"minutes": value}), 422)
    plan = {"plans": [{"count": value}]}
    warm = problem(alice.put("/courses/shell/labs/first-lab/warm", plan), 422)

    assert [error["field"] for error in extended["errors"]] == ["minutes"]
    assert [error["field"] for error in warm["errors"]] == ["plans.0.count"]


def test_a_whole_number_may_be_written_with_a_point(alice: Program) -> None:
    response = alice.put("/courses/shell/labs/first-lab/warm", {"plans": [{"count": 2.0}]})

    assert response.status_code in (200, 409, 503), response.text


@pytest.mark.parametrize("value", [False, 3600, 36.5, "25:00", "soon"])
def test_a_time_of_day_is_a_time_of_day(alice: Program, value: Any) -> None:
    plan = {"plans": [{"count": 1, "begins": value, "ends": "10:00"}]}

    found = problem(alice.put("/courses/shell/labs/first-lab/warm", plan), 422)

    assert [error["field"] for error in found["errors"]] == ["plans.0.begins"]
