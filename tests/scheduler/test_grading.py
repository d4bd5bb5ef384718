"""The tick that runs the tests of answers: graded once, in a machine that ends, whatever fails on the way."""

from collections.abc import Callable
from datetime import timedelta
from fractions import Fraction
from pathlib import Path
from typing import Any

import pytest
from flask.testing import FlaskClient
from sqlalchemy import select

from backends import BackendUnavailable, ExecResult, NoRoom, StartFailed
from backends.local import LocalBackend
from config import Settings
from extensions import db as database
from models import Attempt, GradingRun, PointEntry, Quiz, utcnow
from question_types import type_of
from reasons import ENGLISH, text
from scheduler.ticks import make_ticks
from scheduler.ticks.grading import grader
from services.accounts import tokens
from services.capacity import holdings
from services.capacity.order import Limits
from services.labs import claims, grading_runs, repairs
from services.leases import LEASE
from services.quizzes import answers, attempts, manual, run_verdicts, waiting
from services.quizzes.run_verdicts import Outcome
from tests.factories import Cast, QuizFactory, add_question
from tests.people import sign_in
from tests.scheduler.scripted import ScriptedBackend

LIMITS = Limits(total=8, user=2)
TESTS: dict[str, Any] = {
    "lab": "first-lab",
    "file": "count.sh",
    "run": "bash count.sh",
    "time_limit": 2,
    "cases": [
        {"input": "a\nb\n", "output": "2"},
        {"input": "", "output": "0", "weight": 3, "is_hidden": True},
    ],
}
RIGHT, HALF = "wc -l\n", "echo 2; echo oops >&2\n"
TWO, NONE = ExecResult(0, b"2 \n\n"), ExecResult(0, b"0\n")


def tested_quiz(cast: Cast) -> Quiz:
    """Make a quiz of one program that is graded by tests, worth 8 points."""
    made: Quiz = QuizFactory(module=cast.quiz.module, slug="tested", position=9, points=8, pass_percent=50)
    version = add_question(made, "code", points=4).current
    assert version is not None
    version.spec = type_of("code").parse({"language": "bash", "tests": TESTS})
    database.session.flush()
    return made


@pytest.fixture
def quiz(cast: Cast) -> Quiz:
    return tested_quiz(cast)


def hand_in(cast: Cast, quiz: Quiz, answer: str = RIGHT) -> Attempt:
    now = utcnow()
    attempt = attempts.start(cast.bob.id, quiz, now=now)
    answers.save(attempt.id, 1, answer, revision=1, now=now)
    attempts.submit(attempt, now=now)
    database.session.commit()
    return attempt


def only_run() -> GradingRun:
    return database.session.scalars(select(GradingRun).execution_options(populate_existing=True)).one()


def worker(settings: Settings, backend: Any) -> Callable[..., bool]:
    return grader(settings, backend, LIMITS)


def due_again() -> None:
    only_run().retry_at = utcnow() - timedelta(days=1)
    database.session.commit()


def test_tests_grade_by_what_is_printed(settings: Settings, cast: Cast, quiz: Quiz) -> None:
    attempt, backend = hand_in(cast, quiz), ScriptedBackend()
    backend.results = [TWO, ExecResult(0, b"1\n")]
    assert attempt.state == "needs_grading"
    assert waiting.count(quiz) == 0, "no person is asked for what tests grade"
    work = worker(settings, backend)

    assert [work(), work()] == [True, False]

    database.session.refresh(attempt)
    assert (attempt.state, attempt.score, only_run().state) == ("graded", 1, "done")
    assert [outcome["is_passed"] for outcome in only_run().outcomes] == [True, False]
    assert database.session.scalars(select(PointEntry.points).where(PointEntry.kind == "quiz")).all() == [2]
    assert backend.jobs == {}
    spec = next(iter(backend.specs.values()))
    assert spec.is_fresh
    assert spec.job_id.startswith("lab-shell-first-lab-tests-")
    assert backend.inputs[0] == b"a\nb\n"


@pytest.mark.parametrize(
    "result", [ExecResult(0, b"2", is_timed_out=True), ExecResult(0, b"2", is_truncated=True), ExecResult(0, b"22")]
)
def test_what_was_cut_off_does_not_pass(settings: Settings, cast: Cast, quiz: Quiz, result: ExecResult) -> None:
    attempt, backend = hand_in(cast, quiz), ScriptedBackend()
    backend.results = [result, NONE]

    worker(settings, backend)()

    database.session.refresh(attempt)
    assert attempt.score == 3


def test_no_answer_runs_nothing(cast: Cast, quiz: Quiz) -> None:
    attempt = attempts.submit(attempts.start(cast.bob.id, quiz, now=utcnow()), now=utcnow())

    assert attempt.score == 0
    assert database.session.scalars(select(GradingRun)).all() == []


@pytest.mark.parametrize("fault", [BackendUnavailable("no way in"), OSError("no descriptors")])
def test_a_fault_of_the_machine_is_tried_again_and_then_left_to_a_person(
    settings: Settings, cast: Cast, quiz: Quiz, fault: Exception
) -> None:
    attempt = hand_in(cast, quiz)
    work = worker(settings, ScriptedBackend([fault] * 20))
    names = set()

    for tries in range(1, 6):
        assert work()
        names.add(only_run().job_id)
        assert (only_run().state, only_run().tries) == ("queued", tries)
        assert not work(), "it rests"
        due_again()
    assert work()

    assert only_run().state == "error"
    assert "failed 5 times" in text(only_run().reason, ENGLISH)
    assert len(names) == 5
    assert waiting.count(quiz) == 1
    manual.give(attempt.id, 1, marks=Fraction(4), comment="", grader_id=cast.alice.id, now=utcnow())
    database.session.refresh(attempt)
    assert attempt.score == 4


def test_want_of_room_is_no_failure_and_a_broken_setup_is_final(settings: Settings, cast: Cast, quiz: Quiz) -> None:
    hand_in(cast, quiz)
    backend = ScriptedBackend([NoRoom("full")])
    work = worker(settings, backend)

    work()
    assert (only_run().state, only_run().tries) == ("queued", 0)
    due_again()
    backend.faults = [StartFailed("the setup fails")]
    work()

    assert only_run().state == "error"
    assert "the setup fails" in text(only_run().reason, ENGLISH)


def test_a_run_of_a_dead_scheduler_is_done_again_once(settings: Settings, cast: Cast, quiz: Quiz) -> None:
    attempt = hand_in(cast, quiz)
    lost = grading_runs.claim(LIMITS, utcnow())
    assert lost is not None
    run_id, job_id = lost.id, lost.job_id
    database.session.commit()
    assert repairs.is_wanted(job_id)
    assert job_id in {row.job_id for row in repairs.known()}
    assert grading_runs.claim(LIMITS, utcnow()) is None
    taken = grading_runs.claim(LIMITS, utcnow() + LEASE * 2)
    assert taken is not None
    assert (taken.id, taken.tries) == (run_id, 1)
    assert taken.job_id != job_id
    assert not repairs.is_wanted(job_id), "the machine of the dead one is ended as nobody's"

    outcomes = [Outcome(True, "2"), Outcome(True, "0")]
    assert not run_verdicts.finish(run_id, job_id, [], now=utcnow())
    assert run_verdicts.finish(run_id, taken.job_id, outcomes, now=utcnow())
    assert not run_verdicts.finish(run_id, taken.job_id, [Outcome(False, "")] * 2, now=utcnow())

    database.session.refresh(attempt)
    assert (attempt.state, attempt.score) == ("graded", 4)


def test_marks_of_a_person_stay(settings: Settings, cast: Cast, quiz: Quiz) -> None:
    attempt, backend = hand_in(cast, quiz), ScriptedBackend()
    manual.give(attempt.id, 1, marks=Fraction(1), comment="", grader_id=cast.alice.id, now=utcnow())
    database.session.commit()

    worker(settings, backend)()

    database.session.refresh(attempt)
    assert (attempt.score, only_run().state) == (1, "done")


def test_machines_of_tests_count_as_labs_do(settings: Settings, cast: Cast, quiz: Quiz) -> None:
    hand_in(cast, quiz)
    hand_in(cast, quiz)
    full = Limits(total=0, user=2)
    assert grading_runs.claim(full, utcnow()) is None
    later = utcnow() + timedelta(minutes=1)

    assert grading_runs.claim(LIMITS, later) is not None
    assert grading_runs.claim(LIMITS, later) is None, "a student's runs follow each other"

    held = holdings.holdings(settings.instance)
    assert held.total == 1
    assert held.by_course == {cast.course.id: 1}
    assert database.session.scalar(select(claims.is_any_open(utcnow())))  # type: ignore[arg-type]  # asks nothing of it


def test_without_its_lab_a_person_grades(settings: Settings, cast: Cast, quiz: Quiz) -> None:
    cast.lab.is_archived = True
    hand_in(cast, quiz)

    worker(settings, ScriptedBackend())()

    assert only_run().state == "error"
    assert "doesn’t have the lab" in text(only_run().reason, ENGLISH)


def test_answers_are_run_in_a_real_machine(settings: Settings, cast: Cast, quiz: Quiz, tmp_path: Path) -> None:
    cast.lab.setup_script = "echo made > made"
    backend = LocalBackend(tmp_path / "var")
    forged = 'grep -rs "output\\|^2$" / 2>/dev/null | head -c 0; echo "2"; kill -9 $PPID\n'
    scores = []
    try:
        for answer in (RIGHT, HALF, forged, "while :; do :; done\n"):
            attempt = hand_in(cast, quiz, answer)
            assert worker(settings, backend)()
            database.session.refresh(attempt)
            scores.append(attempt.score)
        assert backend.observe() == []
    finally:
        backend.stop_all()

    assert scores == [4, 1, 1, 0]


def test_without_labs_a_person_grades_what_waits_for_tests_and_is_told_why(
    settings: Settings, cast: Cast, quiz: Quiz, client: FlaskClient
) -> None:
    attempt = hand_in(cast, quiz)
    number, teacher, redis = attempt.id, cast.alice.id, client.application.extensions["yurt_redis"]
    (tick,) = [each for each in make_ticks(settings, None, redis) if each.name == "grading"]
    assert waiting.count(quiz) == 0

    done = [tick.work(), tick.work()]

    assert (done, only_run().state, waiting.count(quiz)) == ([True, False], "error", 1)
    sign_in(client, "alice")
    page = client.get(f"/attempts/{number}/items/1/grade").text
    assert "The tests could not be run, so a person grades this answer. Labs are not set up here." in page
    queue = client.get("/courses/shell/quizzes/tested/to-grade").text
    assert "Its tests could not be run. Labs are not set up here." in queue
    _row, key = tokens.issue(teacher, name="x", scopes=["read"], days=9, now=utcnow())
    told = client.get("/api/v1/courses/shell/quizzes/tested/waiting", headers={"Authorization": f"Bearer {key}"})
    assert told.json["waiting"][0]["untested"] == {
        "code": "labs_off",
        "params": {},
        "text": "Labs are not set up here.",
    }
