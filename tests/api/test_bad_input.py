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


def test_another_method_is_named_as_such(bob: Program) -> None:
    response = bob.delete("/me")

    problem(response, 405)
    assert "GET" in response.headers["Allow"]
