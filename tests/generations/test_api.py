"""Questions by a model through the API: asked for, followed, and reviewed."""

from collections.abc import Callable
from typing import Any

import pytest
from flask import Flask

from extensions import db
from models import Question
from tests.api.conftest import Program, alice, bob, documented, problem, program
from tests.generations.conftest import Class
from tests.generations.loopback import KEY

__all__ = ["alice", "bob", "documented", "program"]
ALL = "/courses/shell/generations"
ASKED: dict[str, Any] = {"lessons": ["first-words"], "kinds": ["single"], "count": 2}


@pytest.fixture
def set_site(app: Flask, monkeypatch: pytest.MonkeyPatch) -> Callable[..., None]:
    """Change settings of the site."""

    def change(**values: Any) -> None:
        monkeypatch.setitem(app.extensions, "yurt", app.extensions["yurt"].model_copy(update=values))

    return change


@pytest.fixture(autouse=True)
def with_key(set_site: Callable[..., None]) -> None:
    set_site(mistral_api_key=KEY)


def finished(room: Class, alice: Program, asked: dict[str, Any] | None = None) -> dict[str, Any]:
    """Ask for questions, have them written, and return the generation."""
    response = alice.post(ALL, asked or ASKED)
    assert response.status_code == 202, response.text
    place = response.headers["Location"].removeprefix("/api/v1")
    work = room.work()
    while work():
        pass
    body: dict[str, Any] = alice.get(place).get_json()
    return body


def test_questions_are_asked_for_followed_and_accepted(room: Class, alice: Program) -> None:
    response = alice.post(ALL, ASKED)
    waiting = response.get_json()
    place = response.headers["Location"].removeprefix("/api/v1")
    assert (response.status_code, waiting["state"], waiting["written"]) == (202, "queued", 0)
    work = room.work()
    while work():
        pass

    done = alice.get(place).get_json()
    accepted = alice.post(f"{place}/drafts/1/accept").get_json()
    rejected = alice.post(f"{place}/drafts/2/reject", {"reason": "Too easy"}).get_json()

    assert (done["state"], done["written"], done["to_review"], done["missing"]) == ("done", 2, 2, 0)
    assert done["spent"] == {"tokens": 2400, "cost": 0.0016}
    (cited,) = done["drafts"][0]["citations"]
    assert (cited["lesson"], cited["is_current"]) == ("first-words", True)
    assert done["drafts"][0]["findings"][0]["reason"]["text"].startswith("A second reader")
    question = db.session.get_one(Question, accepted["drafts"][0]["question_id"])
    assert (question.state, question.tags) == ("draft", ["generated"])
    assert (rejected["drafts"][1]["state"], rejected["drafts"][1]["note"]) == ("rejected", "Too easy")
    assert alice.get(f"/courses/shell/bank/{question.id}").get_json()["kind"] == "single"


def test_a_draft_is_accepted_as_its_reviewer_edited_it(room: Class, alice: Program) -> None:
    done = finished(room, alice)
    question = {**done["drafts"][0]["question"], "slug": "mine", "prompt": "Better?"}

    body = alice.post(f"{ALL}/{done['id']}/drafts/1/accept", {"question": question}).get_json()

    made = alice.get(f"/courses/shell/bank/{body['drafts'][0]['question_id']}").get_json()
    assert (made["slug"], made["prompt_html"]) == ("mine", "<p>Better?</p>\n")


def test_an_edit_that_its_type_refuses_leaves_the_draft_as_it_was(room: Class, alice: Program) -> None:
    done = finished(room, alice)
    question = {**done["drafts"][0]["question"], "fields": {"choices": []}}

    refusal = problem(alice.post(f"{ALL}/{done['id']}/drafts/1/accept", {"question": question}), 422)

    assert refusal["errors"][0]["field"] == "fields.choices"
    assert alice.get(f"{ALL}/{done['id']}").get_json()["drafts"][0]["state"] == "pending"


def test_a_draft_is_written_again(room: Class, alice: Program) -> None:
    done = finished(room, alice)

    response = alice.post(f"{ALL}/{done['id']}/drafts/1/regenerate", {"reason": "Ask about uniq"})

    assert (response.status_code, response.get_json()["state"]) == (202, "queued")
    work = room.work()
    while work():
        pass
    drafts = alice.get(f"{ALL}/{done['id']}").get_json()["drafts"]
    assert [(draft["state"], draft["replaces"]) for draft in drafts] == [
        ("replaced", None),
        ("pending", None),
        ("pending", 1),
    ]


def test_a_second_decision_is_told_that_the_first_one_was_faster(room: Class, alice: Program) -> None:
    done = finished(room, alice)
    alice.post(f"{ALL}/{done['id']}/drafts/1/accept")

    refusal = problem(alice.post(f"{ALL}/{done['id']}/drafts/1/reject", {"reason": "No"}), 409)

    assert refusal["reason"]["code"] == "draft_not_open"


def test_the_same_key_asks_once(room: Class, alice: Program) -> None:
    headers = {**alice.headers, "Idempotency-Key": "once"}

    numbers = {alice.client.post(f"/api/v1{ALL}", json=ASKED, headers=headers).get_json()["id"] for _try in range(2)}

    assert len(numbers) == 1
    too_long = alice.client.post(f"/api/v1{ALL}", json=ASKED, headers={**headers, "Idempotency-Key": "x" * 101})
    assert problem(too_long, 422)["errors"][0]["field"] == "Idempotency-Key"


def test_five_requests_a_minute_are_taken_and_the_sixth_waits(room: Class, alice: Program) -> None:
    statuses = [alice.post(ALL, ASKED).status_code for _request in range(6)]

    assert statuses == [202] * 5 + [429]
    assert 0 < int(alice.post(ALL, ASKED).headers["Retry-After"]) <= 60


def test_an_estimate_says_what_is_likely_and_what_is_left(room: Class, alice: Program) -> None:
    body = alice.post(f"{ALL}/estimate", ASKED).get_json()

    assert 0 < body["likely"]["tokens"] < body["most"]["tokens"] < body["left"]["user"]["tokens"]
    assert 0 < body["likely"]["cost"] < body["most"]["cost"] < body["left"]["user"]["cost"] == 1.0
    assert room.loopback.requests == []


def test_what_was_used_is_no_longer_left(room: Class, alice: Program) -> None:
    finished(room, alice)

    left = alice.get(f"{ALL}/settings").get_json()["left"]

    assert left["user"] == {"tokens": 500_000 - 2400, "cost": pytest.approx(1 - 0.0016)}
    assert left["total"]["tokens"] == 5_000_000 - 2400


def test_a_budget_that_is_used_up_is_told_with_the_time_to_wait(
    room: Class, alice: Program, set_site: Callable[..., None]
) -> None:
    set_site(limit_model_tokens_course=10)

    response = alice.post(ALL, ASKED)

    body = problem(response, 429)
    assert body["reason"]["code"] == "budget_used"
    assert body["detail"] == "Today’s budget of the course is used up."
    assert 0 < int(response.headers["Retry-After"]) <= 86_400


def test_a_site_without_a_key_and_a_course_that_is_off_say_so(
    room: Class, alice: Program, set_site: Callable[..., None]
) -> None:
    off = alice.put(f"{ALL}/settings", {"is_allowed": False}).get_json()
    refused = problem(alice.post(ALL, ASKED), 409)
    set_site(mistral_api_key="")
    unset = problem(alice.post(ALL, ASKED), 409)

    assert (off["is_allowed"], off["is_possible"]) == (False, True)
    assert (refused["reason"]["code"], unset["reason"]["code"]) == ("generation_off", "model_unset")
    assert alice.get(f"{ALL}/settings").get_json()["model"] is None


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"lessons": ["nowhere"]}, "lessons"),
        ({"lessons": []}, "lessons"),
        ({"kinds": ["essay"]}, "kinds"),
        ({"count": 0}, "count"),
        ({"count": "2"}, "count"),
        ({"difficulty": "mean"}, "difficulty"),
        ({"language": "klingon"}, "language"),
        ({"lesson": "x"}, "lesson"),
    ],
)
def test_what_cannot_be_asked_for_is_named(room: Class, alice: Program, changes: dict[str, Any], field: str) -> None:
    refusal = problem(alice.post(ALL, {**ASKED, **changes}), 422)

    assert [fault["field"].partition(".")[0] for fault in refusal["errors"]] == [field]


def test_the_list_goes_on_behind_the_oldest(room: Class, alice: Program) -> None:
    numbers = [alice.post(ALL, ASKED).get_json()["id"] for _request in range(3)]

    first = alice.get(f"{ALL}?per_page=2").get_json()
    second = alice.get(f"{ALL}?per_page=2&after={first['after']}").get_json()

    assert [row["id"] for row in first["generations"]] == numbers[:0:-1]
    assert ([row["id"] for row in second["generations"]], second["after"]) == (numbers[:1], None)


def test_students_and_other_courses_are_kept_out(room: Class, alice: Program, bob: Program) -> None:
    done = finished(room, alice)

    assert bob.get(f"{ALL}/{done['id']}").status_code == 403
    assert bob.post(ALL, ASKED).status_code == 403
    assert alice.get(f"{ALL}/{done['id'] + 1}").status_code == 404
    assert alice.post(f"{ALL}/{done['id']}/drafts/9/accept").status_code == 404
