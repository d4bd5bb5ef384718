"""Running a program in an attempt before it is handed in: asked for by page and API, and never an answer."""

from datetime import timedelta
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import select

from extensions import db
from models import Attempt, ClusterState, GradingRun, Quiz, utcnow
from question_types import type_of
from reasons import Code, Reason
from services.accounts import tokens
from services.labs import grading_runs
from services.quizzes import attempts, run_verdicts, runs
from services.quizzes.run_verdicts import Outcome
from services.quizzes.trials import MAX_INPUT
from tests.api.conftest import Program, document_of
from tests.factories import Cast, QuizFactory, add_question
from tests.people import sign_in, token
from tests.scheduler.test_grading import LIMITS, TESTS

PROGRAM = "wc -l\n"


@pytest.fixture
def quiz(cast: Cast) -> Quiz:
    made: Quiz = QuizFactory(module=cast.quiz.module, slug="tested", position=9, time_limit_s=3600)
    for trial in ("both", "cases", "input", "none"):
        version = add_question(made, "code").current
        assert version is not None
        version.spec = type_of("code").parse({"starter": "# here", "tests": {**TESTS, "trial": trial}})
    add_question(made, "single")
    add_question(made, "code")
    db.session.flush()
    return made


@pytest.fixture
def attempt(cast: Cast, quiz: Quiz) -> Attempt:
    return attempts.start(cast.bob.id, quiz, now=utcnow())


@pytest.fixture
def bob(client: FlaskClient, attempt: Attempt) -> FlaskClient:
    sign_in(client, "bob")
    return client


@pytest.fixture
def program(app: Flask, client: FlaskClient, attempt: Attempt, cast: Cast) -> Program:
    """Bob's script."""
    _row, plain = tokens.issue(cast.bob.id, name="mine", scopes=("read", "write"), days=9, now=utcnow())
    return Program(client, plain, document_of(app)["paths"])


@pytest.fixture
def path(attempt: Attempt) -> str:
    return f"/attempts/{attempt.id}/items/1/trial"


def run(client: FlaskClient, path: str, **body: Any) -> Any:
    """Press Run."""
    sent = {"response": PROGRAM, "input": None, **body}
    return client.post(path, json=sent, headers={"X-CSRFToken": token(client)})


def only() -> GradingRun:
    return db.session.scalars(select(GradingRun).execution_options(populate_existing=True)).one()


def carry_out(outcomes: list[Outcome]) -> None:
    """Do what the scheduler does."""
    claimed = grading_runs.claim(LIMITS, utcnow())
    assert claimed is not None
    assert run_verdicts.finish(claimed.id, claimed.job_id, outcomes, now=utcnow())


def fault_of(response: Any) -> tuple[int, str]:
    """Return the status of a refusal, and the field that it names."""
    errors = response.get_json().get("errors") or [{"field": ""}]
    return response.status_code, errors[0]["field"]


def test_what_was_run_is_shown_and_is_no_answer(bob: FlaskClient, attempt: Attempt, path: str) -> None:
    assert bob.get(path).status_code == 404
    asked = run(bob, path)
    assert (asked.status_code, asked.get_json()["is_open"]) == (202, True)
    assert "next one" in asked.get_json()["says"]

    carry_out([Outcome(False, "3", errors="wc: oops", exit_code=1)])

    shown = bob.get(path).get_json()
    assert not shown["is_open"]
    for text in ("something else", "wc: oops", "bash count.sh", ">3<", ">2<", "Status"):
        assert text in shown["html"]
    told = bob.get(f"/attempts/{attempt.id}/answers").get_json()
    assert told["saved"] == 0
    assert told["items"][0]["trial"].startswith("done ")
    assert [item["trial"] for item in told["items"][1:]] == [None] * 5
    assert {item.response for item in attempt.items} == {None}


def test_hidden_tests_are_neither_run_nor_shown(bob: FlaskClient, path: str) -> None:
    run(bob, path)
    carry_out([Outcome(True, "2", exit_code=0)])

    shown = bob.get(path).get_json()["html"]

    assert shown.count("<li>") == 1
    assert "more test" not in shown
    assert ">0<" not in shown


def test_a_program_reads_what_its_student_types(bob: FlaskClient, path: str) -> None:
    run(bob, path, input="one\r\ntwo")
    assert only().stdin == "one\r\ntwo"
    carry_out([Outcome(False, "2", exit_code=0)])

    shown = bob.get(path).get_json()

    assert shown["input"] == "one\r\ntwo"
    assert "With your input" in shown["html"]
    assert "Has to print" not in shown["html"]
    assert "something else" not in shown["html"], "nothing is said of right or wrong"


@pytest.mark.parametrize(
    ("position", "stdin", "status"),
    [(1, None, 202), (1, "", 202), (2, None, 202), (2, "a", 404), (3, None, 404), (3, "a", 202)]
    + [(4, None, 404), (4, "a", 404), (5, None, 404), (6, None, 404), (6, "a", 404), (7, None, 404)],
)
def test_the_author_says_what_may_be_run(
    bob: FlaskClient, attempt: Attempt, position: int, stdin: str | None, status: int
) -> None:
    path = f"/attempts/{attempt.id}/items/{position}/trial"

    assert run(bob, path, input=stdin).status_code == status

    page = bob.get(f"/attempts/{attempt.id}").text
    assert page.count("data-trial ") == 3
    assert page.count('data-run="cases"') == page.count('data-run="input"') == 2


@pytest.mark.parametrize(
    ("body", "field"),
    [
        *(({"response": bad}, "response") for bad in (None, "", " \n", 3, ["a"], {"a": "b"}, "x" * 50_001, "\x00")),
        *(({"input": bad}, "input") for bad in (3, ["a"], {}, True, "x" * (MAX_INPUT + 1), "\x00")),
    ],
)
def test_what_cannot_be_run_is_refused_by_its_field(
    bob: FlaskClient, path: str, program: Program, body: dict[str, Any], field: str
) -> None:
    assert fault_of(run(bob, path, **body)) == (422, field)
    sent = {"response": PROGRAM, **body}
    assert fault_of(program.post(path, json=sent)) == (422, field)
    assert db.session.scalars(select(GradingRun)).all() == []


def test_an_unchanged_beginning_may_be_tried(bob: FlaskClient, path: str) -> None:
    assert run(bob, path, response="# here").status_code == 202
    assert only().program == "# here"


def test_a_trial_takes_the_place_of_the_one_before(bob: FlaskClient, path: str) -> None:
    run(bob, path, response="one")
    asked_at = only().requested_at
    assert run(bob, path, response="two").status_code == 202
    assert (only().program, only().requested_at) == ("two", asked_at), "it keeps its place in the queue"

    claimed = grading_runs.claim(LIMITS, utcnow())
    assert claimed is not None
    refused = run(bob, path, response="three")
    assert refused.status_code == 409
    assert "still running" in refused.get_json()["detail"]
    run_verdicts.finish(claimed.id, claimed.job_id, [Outcome(True, "2")], now=utcnow())

    assert run(bob, path, response="three").status_code == 202
    assert (only().program, only().outcomes, only().tries) == ("three", [], 0)
    assert only().requested_at > asked_at


def test_a_trial_that_waits_says_how_many_are_before_it(bob: FlaskClient, attempt: Attempt, path: str) -> None:
    other = path.replace("/1/", "/2/")
    run(bob, path)
    assert "1 is before it" in run(bob, other).get_json()["says"]
    first = db.session.scalars(select(GradingRun).where(GradingRun.position == 1)).one()
    first.requested_at = utcnow() + timedelta(seconds=9)
    db.session.flush()

    assert "1 is before it" in bob.get(path).get_json()["says"]


def test_a_trial_says_that_labs_are_away_or_not_there(bob: FlaskClient, path: str) -> None:
    yurt = bob.application.extensions["yurt"]
    db.session.add(ClusterState(instance=yurt.instance, down_since=utcnow()))
    db.session.flush()

    assert "can’t be reached" in run(bob, path).get_json()["says"]


def test_a_trial_whose_lab_is_gone_says_so(bob: FlaskClient, path: str) -> None:
    run(bob, path)
    claimed = grading_runs.claim(LIMITS, utcnow())
    assert claimed is not None
    assert run_verdicts.give_up(claimed.id, claimed.job_id, Reason(Code.TESTS_WITHOUT_LAB), now=utcnow())

    assert "doesn’t have the lab" in bob.get(path).get_json()["says"]


def test_nothing_is_run_once_the_attempt_is_over(bob: FlaskClient, attempt: Attempt, path: str) -> None:
    run(bob, path)
    attempts.submit(attempt, now=utcnow())

    assert run(bob, path).status_code == 409
    assert db.session.scalars(select(GradingRun)).all() == [], "what waited isn't run any more"


def test_nothing_is_run_in_a_break(bob: FlaskClient, attempt: Attempt, path: str) -> None:
    attempt.break_s, attempt.paused_at = 600, utcnow()
    db.session.flush()

    refused = run(bob, path)

    assert refused.status_code == 409
    assert "break" in refused.get_json()["detail"]


def test_the_api_says_what_may_be_run(program: Program, attempt: Attempt) -> None:
    items = program.get(f"/attempts/{attempt.id}").json["items"]

    assert [(item["runnable"]["cases"], item["runnable"]["input"]) for item in items] == [
        *((True, True), (True, False), (False, True), (False, False), (False, False), (False, False))
    ]


def test_a_site_without_labs_says_so(app: Flask, bob: FlaskClient, path: str, monkeypatch: pytest.MonkeyPatch) -> None:
    settings = app.extensions["yurt"]
    monkeypatch.setitem(app.extensions, "yurt", settings.model_copy(update={"lab_backend": "off"}))

    refused = run(bob, path)

    assert refused.status_code == 409
    assert "labs are not set up here" in refused.get_json()["detail"].lower()


def test_a_trial_is_not_the_run_that_grades(bob: FlaskClient, attempt: Attempt, path: str) -> None:
    run(bob, path)
    claimed = grading_runs.claim(LIMITS, utcnow())
    assert claimed is not None
    bob.put(path.removesuffix("/trial"), json={"response": PROGRAM, "revision": 1}, headers={"X-CSRFToken": token(bob)})
    attempts.submit(attempt, now=utcnow())
    assert run_verdicts.finish(claimed.id, claimed.job_id, [Outcome(True, "2")], now=utcnow())

    graded = runs.of_attempt(attempt.id)

    assert set(graded) == {1}
    assert (graded[1].state, graded[1].is_trial) == ("queued", False)
    db.session.refresh(attempt)
    assert attempt.items[0].score is None


def test_trials_have_a_limit_for_a_person_and_a_minute(bob: FlaskClient, path: str) -> None:
    most = 10

    answers = [run(bob, path, response=str(number)) for number in range(most + 1)]

    assert [answer.status_code for answer in answers] == [202] * most + [429]
    assert int(answers[most].headers["Retry-After"]) >= 1
    assert only().program == "9"


def test_a_program_runs_by_the_api_as_by_the_page(program: Program, path: str) -> None:
    assert program.get(path).status_code == 404
    asked = program.post(path, json={"response": PROGRAM})
    assert (asked.status_code, asked.json["state"], asked.json["ahead"]) == (202, "queued", 0)

    carry_out([Outcome(False, "", is_timed_out=True, errors="slow", exit_code=124)])

    told = program.get(path).json
    assert told["state"] == "done"
    assert told["runs"] == [
        {
            "name": "",
            "command": "bash count.sh",
            "stdin": "a\nb\n",
            "expected": "2",
            "is_passed": False,
            "printed": "",
            "errors": "slow",
            "exit_code": 124,
            "is_timed_out": True,
            "is_truncated": False,
        }
    ]
