"""Questions that a lab's check answers: saved when it runs, looked up at start and hand-in, and taken from nobody."""

from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from flask.testing import FlaskClient

from extensions import db
from models import Attempt, CheckRun, LabSession, Quiz
from services.archive import ArchiveError
from services.archive.read import read
from services.errors import InvalidInput
from services.labs import checks
from services.quizzes import answer_log, answers, attempts
from services.quizzes.terms import GRACE
from tests.api.conftest import Program, alice, documented, program
from tests.archive.folders import COURSE, QUIZ, make_folder
from tests.factories import Cast, QuizFactory, add_question, run_lab
from tests.people import put_json, sign_in

__all__ = ["alice", "documented", "program"]
NOW = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)


def after(minutes: float) -> datetime:
    return NOW + timedelta(minutes=minutes)


@pytest.fixture
def quiz(cast: Cast) -> Quiz:
    made: Quiz = QuizFactory(module=cast.quiz.module, slug="in-the-lab", position=9, time_limit_s=3600)
    add_question(made, "lab", points=2)
    return made


@pytest.fixture
def lab(cast: Cast) -> LabSession:
    """Bob's lab, which runs."""
    return run_lab(cast.bob, cast.lab, NOW - timedelta(minutes=1))


def run(lab: LabSession, cast: Cast, *, is_passed: bool, at: datetime, done_at: datetime | None = None) -> CheckRun:
    checks.request(lab, cast.check.id, now=at)
    claimed = checks.claim(at)
    assert claimed is not None
    checks.finish(claimed, is_passed=is_passed, output=b"", now=done_at or at)
    return claimed


def said(attempt: Attempt) -> list[Any]:
    """Return what the log has of the attempt."""
    return [save.response for save in answer_log.versions(attempt.id)]


def test_a_check_answers_while_the_attempt_is_open(cast: Cast, quiz: Quiz, lab: LabSession) -> None:
    attempt = attempts.start(cast.bob.id, quiz, now=NOW)
    other = attempts.start(cast.alice.id, quiz, now=NOW)
    assert attempt.items[0].response is None

    for outcome in (False, False, True, False, True):
        run(lab, cast, is_passed=outcome, at=after(5))

    assert said(attempt) == ["failed", "passed"]
    assert said(other) == []
    assert attempts.submit(attempt, now=after(9)).score == 2


def test_a_failed_check_earns_nothing(cast: Cast, quiz: Quiz, lab: LabSession) -> None:
    attempt = attempts.start(cast.bob.id, quiz, now=NOW)
    run(lab, cast, is_passed=False, at=after(5))

    assert attempts.submit(attempt, now=after(9)).score == 0


@pytest.mark.parametrize("counts_earlier", [True, False])
def test_what_passed_before_counts_unless_the_question_says_otherwise(
    cast: Cast, quiz: Quiz, lab: LabSession, counts_earlier: bool
) -> None:
    quiz.questions[0].current.spec = {**quiz.questions[0].current.spec, "earlier": counts_earlier}  # type: ignore[union-attr]
    run(lab, cast, is_passed=True, at=NOW - timedelta(minutes=1))

    attempt = attempts.start(cast.bob.id, quiz, now=NOW)

    assert attempt.items[0].response == ("passed" if counts_earlier else None)
    assert said(attempt) == ["passed"] * counts_earlier
    assert attempts.submit(attempt, now=after(1)).score == 2 * counts_earlier


def test_a_pass_that_the_start_did_not_see_is_found_when_it_is_graded(cast: Cast, quiz: Quiz, lab: LabSession) -> None:
    quiz.questions[0].current.spec = {**quiz.questions[0].current.spec, "earlier": False}  # type: ignore[union-attr]
    attempt = attempts.start(cast.bob.id, quiz, now=NOW)
    db.session.add(
        CheckRun(session_id=lab.id, check_id=cast.check.id, state="passed", requested_at=after(1), finished_at=after(1))
    )

    assert attempts.submit(attempt, now=after(2)).score == 2
    assert said(attempt) == ["passed"]


def test_a_check_that_was_asked_for_in_time_is_not_late(cast: Cast, quiz: Quiz, lab: LabSession) -> None:
    quiz.late_answers = "accept"
    attempt = attempts.start(cast.bob.id, quiz, now=NOW)
    slow, end = after(59.9), after(60) + GRACE + timedelta(seconds=1)

    run(lab, cast, is_passed=True, at=slow, done_at=end)

    assert attempts.close_if_overdue(attempt, now=end)
    assert attempt.score == 2


def test_a_check_after_the_end_changes_nothing(cast: Cast, quiz: Quiz, lab: LabSession) -> None:
    attempt = attempts.start(cast.bob.id, quiz, now=NOW)
    attempts.submit(attempt, now=after(1))

    run(lab, cast, is_passed=True, at=after(2))

    assert attempt.score == 0
    assert said(attempt) == []


def test_nobody_sends_the_answer(client: FlaskClient, cast: Cast, quiz: Quiz) -> None:
    attempt = attempts.start(cast.bob.id, quiz, now=NOW + timedelta(days=36500))
    for sent in ("passed", "failed", None, "", ["passed"]):
        with pytest.raises(InvalidInput):
            answers.save(attempt.id, 1, sent, revision=1, now=attempt.started_at)
    sign_in(client, "bob")

    page = client.get(f"/attempts/{attempt.id}").text

    assert "/courses/shell/labs/first-lab" in page
    assert put_json(client, f"/attempts/{attempt.id}/items/1", {"response": "passed", "revision": 1}).status_code == 422


def test_a_question_names_a_check_that_is_there(cast: Cast, alice: Program, tmp_path: Path) -> None:
    question = {"slug": "x", "kind": "lab", "prompt": "Do it"}
    fields = {"lab": "first-lab", "check": "check-1"}
    assert alice.post("/courses/shell/bank", json={**question, "fields": fields}).status_code == 201
    for bad in ({"lab": "no-lab"}, {"check": "no-check"}):
        sent = {**question, "slug": "y", "fields": {**fields, **bad}}
        assert alice.post("/courses/shell/bank", json=sent).status_code == 422

    asked = "title: A quiz\nquestions:\n  - slug: a\n    kind: lab\n    prompt: Do it\n    lab: no-lab\n    check: c\n"
    with pytest.raises(ArchiveError) as caught:
        read(make_folder(tmp_path, {**COURSE, QUIZ: asked}))
    assert f"{QUIZ}:6: questions[1].lab: there is no lab no-lab" in str(caught.value)
