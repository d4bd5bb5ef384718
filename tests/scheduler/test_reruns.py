"""A regrade by a key with other tests: they run for the answers that were handed in, and their results move marks."""

from datetime import timedelta
from fractions import Fraction

import pytest
from flask.testing import FlaskClient
from sqlalchemy import select

from backends import ExecResult
from config import Settings
from extensions import db
from models import Attempt, AuditEntry, GradingRun, Quiz, Regrade, User, utcnow
from question_types import type_of
from reasons import Code, Reason
from services.accounts import tokens
from services.errors import Refused
from services.labs import grading_runs
from services.leases import LEASE
from services.quizzes import answers, attempts, manual, reruns, run_verdicts
from services.quizzes.run_verdicts import Outcome
from services.regrades import applying, asking, history
from services.regrades.asking import Asked
from tests.factories import Cast, EnrolmentFactory, UserFactory
from tests.people import post, sign_in
from tests.regrades.classes import WHY, ledger, new_version
from tests.scheduler.scripted import ScriptedBackend
from tests.scheduler.test_grading import LIMITS, TESTS, tested_quiz, worker

PASSED, FAILED = [Outcome(True, "2"), Outcome(True, "0")], [Outcome(False, ""), Outcome(False, "")]
OTHERS = {**TESTS, "cases": [{"input": "a b\n", "output": "2"}, {"input": "", "output": "0"}]}


@pytest.fixture
def quiz(cast: Cast) -> Quiz:
    return tested_quiz(cast)


@pytest.fixture
def victor(cast: Cast) -> User:
    user: User = UserFactory(display_name="Victor")
    EnrolmentFactory(course=cast.course, user=user)
    return user


def hand_in(user: User, quiz: Quiz, answer: str | None = "wc -w\n") -> Attempt:
    attempt = attempts.start(user.id, quiz, now=utcnow())
    if answer:
        answers.save(attempt.id, 1, answer, revision=1, now=utcnow())
    return attempts.submit(attempt, now=utcnow())


def run_all(said: dict[int, list[Outcome] | None]) -> None:
    """Carry out what waits: by a student's ID what the tests say, None where no machine starts."""
    for _each in range(20):
        run = grading_runs.claim(LIMITS, utcnow())
        if run is None:
            return
        outcomes = said[run.user_id]
        if outcomes is None:
            run_verdicts.give_up(run.id, run.job_id, Reason(Code.TESTS_NOT_RUN, tries=5), now=utcnow())
        else:
            run_verdicts.finish(run.id, run.job_id, outcomes, now=utcnow())
        db.session.flush()


def ask(cast: Cast, quiz: Quiz, *, may_lower: bool = True) -> Regrade:
    question = quiz.questions[0]
    version = new_version(question, spec=type_of("code").parse({"language": "bash", "tests": OTHERS}))
    wanted = Asked("key", version=version.number, may_lower=may_lower)
    return asking.draft(quiz, question.id, wanted, WHY, by_id=cast.alice.id, now=utcnow())


def asked_of_one_who_failed(cast: Cast, quiz: Quiz) -> Regrade:
    """Have bob's program fail its tests, and ask for others: his has to be run again."""
    hand_in(cast.bob, quiz)
    run_all({cast.bob.id: FAILED})
    return ask(cast, quiz)


def apply(made: Regrade, cast: Cast) -> applying.Done:
    return applying.apply(made, digest=applying.preview(made).digest, by_id=cast.alice.id, now=utcnow())


def standing(attempt: Attempt) -> tuple[str, Fraction | None]:
    db.session.refresh(attempt)
    return attempt.state, attempt.score


def test_changed_tests_run_again_for_all_answers_and_move_marks_points_and_back(
    cast: Cast, quiz: Quiz, victor: User
) -> None:
    bobs, victors = hand_in(cast.bob, quiz), hand_in(victor, quiz)
    empty = hand_in(EnrolmentFactory(course=cast.course).user, quiz, None)
    run_all({cast.bob.id: FAILED, victor.id: PASSED})
    assert (standing(bobs), standing(victors)) == (("graded", 0), ("graded", 4))

    made = ask(cast, quiz)
    assert reruns.progress(made) == reruns.Progress(2, 0, 0)
    with pytest.raises(Refused) as refusal:
        apply(made, cast)
    assert refusal.value.reason == Reason(Code.REGRADE_TESTING, done=0, total=2)
    run_all({cast.bob.id: PASSED, victor.id: FAILED})
    assert reruns.progress(made) == reruns.Progress(2, 2, 0)
    assert (standing(bobs), standing(victors)) == (("graded", 0), ("graded", 4)), "a draft moves nothing"
    done = apply(made, cast)

    assert (standing(bobs), standing(victors), standing(empty)) == (("graded", 4), ("graded", 0), ("graded", 0))
    assert done.points == {cast.bob.id: 8, victor.id: -8}
    applying.undo(history.find(done.regrade.id), by_id=cast.alice.id, now=utcnow())
    assert (standing(bobs), standing(victors)) == (("graded", 0), ("graded", 4))
    assert ledger(quiz) == {cast.bob.id: 0, victor.id: 8}


def test_a_scheduler_runs_the_other_tests_in_a_machine(
    settings: Settings, cast: Cast, quiz: Quiz, victor: User
) -> None:
    attempt = hand_in(cast.bob, quiz)
    run_all({cast.bob.id: FAILED})
    made, backend = ask(cast, quiz), ScriptedBackend()
    backend.results = [ExecResult(0, b"2\n"), ExecResult(0, b"1\n")]
    number = made.id
    db.session.commit()

    work = worker(settings, backend)
    assert [work(), work()] == [True, False]

    assert backend.inputs[:2] == [b"a b\n", b""]
    apply(history.find(number), cast)
    assert standing(attempt) == ("graded", 2)


def test_a_run_of_a_dead_scheduler_is_taken_over(cast: Cast, quiz: Quiz) -> None:
    made = asked_of_one_who_failed(cast, quiz)
    lost = grading_runs.claim(LIMITS, utcnow())
    assert lost is not None
    old = lost.job_id

    taken = grading_runs.claim(LIMITS, utcnow() + LEASE * 2)

    assert taken is not None
    assert not run_verdicts.finish(taken.id, old, FAILED, now=utcnow())
    assert reruns.progress(made) == reruns.Progress(1, 0, 0)
    assert run_verdicts.finish(taken.id, taken.job_id, PASSED, now=utcnow())
    assert reruns.progress(made) == reruns.Progress(1, 1, 0)


def test_what_could_not_be_run_keeps_its_marks_and_what_a_person_graded_is_not_run(
    cast: Cast, quiz: Quiz, victor: User
) -> None:
    attempt, other = hand_in(cast.bob, quiz), hand_in(victor, quiz)
    manual.give(other.id, 1, marks=Fraction(3), comment="", grader_id=cast.alice.id, now=utcnow())
    run_all({cast.bob.id: PASSED, victor.id: FAILED})
    made = ask(cast, quiz)

    run_all({cast.bob.id: None})

    assert reruns.progress(made) == reruns.Progress(1, 0, 1)
    apply(made, cast)
    assert (standing(attempt), standing(other)) == (("graded", 4), ("graded", 3))


def test_who_hands_in_later_waits_for_both_tests_and_what_came_since_the_preview_is_tested_then(
    cast: Cast, quiz: Quiz, victor: User
) -> None:
    hand_in(cast.bob, quiz)
    run_all({cast.bob.id: FAILED})
    begun = attempts.start(EnrolmentFactory(course=cast.course).user.id, quiz, now=utcnow())
    answers.save(begun.id, 1, "wc -w\n", revision=1, now=utcnow())
    since = attempts.start(victor.id, quiz, now=utcnow())
    answers.save(since.id, 1, "wc -w\n", revision=1, now=utcnow())
    made = ask(cast, quiz)
    attempts.submit(since, now=utcnow())
    run_all({cast.bob.id: PASSED, victor.id: FAILED})

    apply(made, cast)
    assert standing(since) == ("needs_grading", None)
    attempts.submit(begun, now=utcnow())
    assert standing(begun) == ("needs_grading", None)
    run_all({victor.id: PASSED, begun.user_id: PASSED})

    assert (standing(since), standing(begun)) == (("graded", 4), ("graded", 4))
    assert (since.items[0].own_score, begun.items[0].own_score) == (0, 4)


def test_what_students_wait_for_is_run_first(cast: Cast, quiz: Quiz, victor: User) -> None:
    hand_in(cast.bob, quiz)
    run_all({cast.bob.id: FAILED})
    ask(cast, quiz)
    waits = attempts.start(cast.bob.id, quiz, now=utcnow() + timedelta(minutes=1))
    question = quiz.questions[0].current
    assert question is not None
    answers.save(waits.id, 1, "wc -l\n", revision=1, now=utcnow() + timedelta(minutes=1))
    attempts.submit(waits, now=utcnow() + timedelta(minutes=1))

    run = grading_runs.claim(LIMITS, utcnow() + timedelta(minutes=2))

    assert run is not None
    assert (run.attempt_id, run.regrade_id) == (waits.id, None)


def test_the_page_and_a_program_see_how_far_the_tests_are(cast: Cast, quiz: Quiz, client: FlaskClient) -> None:
    made = asked_of_one_who_failed(cast, quiz)
    address, bob = f"/regrades/{made.id}", cast.bob.id
    sign_in(client, "alice")

    waiting = client.get(address).text
    refused = post(client, f"{address}/apply", digest="0" * 64)
    run_all({bob: PASSED})
    ready = client.get(address).text

    assert '<progress max="1" value="0"' in waiting
    assert 'name="digest"' not in waiting
    assert (refused.status_code, "0 of 1 answers are tested" in refused.text) == (409, True)
    assert "0 of 4 → 4 of 4" in ready
    assert "<progress" not in ready


def test_a_student_sees_the_tests_that_count(cast: Cast, quiz: Quiz, client: FlaskClient) -> None:
    attempt, bob = hand_in(cast.bob, quiz), cast.bob.id
    run_all({bob: FAILED})
    made = ask(cast, quiz)
    run_all({bob: PASSED})
    address, number = f"/attempts/{attempt.id}/result", made.id
    sign_in(client, "bob")
    before = client.get(address).text
    apply(history.find(number), cast)

    after = client.get(address).text

    assert (before.count("a\nb"), after.count("a\nb")) == (1, 0)
    assert "a b" in after
    applying.undo(history.find(number), by_id=cast.alice.id, now=utcnow())
    assert client.get(address).text.count("a\nb") == 1


def test_a_draft_that_is_forgotten_takes_its_runs_along(cast: Cast, quiz: Quiz) -> None:
    made = asked_of_one_who_failed(cast, quiz)
    run = grading_runs.claim(LIMITS, utcnow())
    assert run is not None
    run_id, job_id = run.id, run.job_id

    later = utcnow() + timedelta(days=2)
    asking.draft(quiz, quiz.questions[0].id, Asked("drop", how="out"), WHY, by_id=cast.alice.id, now=later)

    assert db.session.scalars(select(GradingRun.id).where(GradingRun.regrade_id == made.id)).all() == []
    assert not run_verdicts.finish(run_id, job_id, PASSED, now=utcnow())


def test_tests_that_could_not_be_run_are_run_again_once_and_what_holds_follows(
    cast: Cast, quiz: Quiz, victor: User
) -> None:
    bobs, victors = hand_in(cast.bob, quiz), hand_in(victor, quiz)
    run_all({cast.bob.id: FAILED, victor.id: FAILED})
    made = ask(cast, quiz)
    run_all({cast.bob.id: None, victor.id: None})
    assert reruns.why_failed(made) == [Reason(Code.TESTS_NOT_RUN, tries=5)]

    assert [reruns.retry(made, now=utcnow()), reruns.retry(made, now=utcnow())] == [2, 0]
    logged = select(AuditEntry).where(AuditEntry.act == "regrade.tests_retried")
    assert [entry.params["answers"] for entry in db.session.scalars(logged)] == [2]
    assert reruns.progress(made) == reruns.Progress(2, 0, 0)
    run_all({cast.bob.id: PASSED, victor.id: None})
    done = apply(made, cast).regrade
    assert (standing(bobs), standing(victors)) == (("graded", 4), ("graded", 0))
    assert reruns.retry(done, now=utcnow()) == 1
    run_all({victor.id: PASSED})

    assert (standing(victors), ledger(quiz)) == (("graded", 4), {cast.bob.id: 8, victor.id: 8})
    applying.undo(history.find(done.id), by_id=cast.alice.id, now=utcnow())
    assert (standing(bobs), standing(victors)) == (("graded", 0), ("graded", 0))
    with pytest.raises(Refused) as refusal:
        reruns.retry(history.find(done.id), now=utcnow())
    assert refusal.value.reason == Reason(Code.REGRADE_OVER)


def test_tests_are_run_again_in_the_lab_that_the_course_has_now(cast: Cast, quiz: Quiz) -> None:
    cast.lab.is_archived = True
    made = asked_of_one_who_failed(cast, quiz)
    run_all({cast.bob.id: None})
    cast.lab.is_archived = False
    db.session.flush()

    reruns.retry(made, now=utcnow())

    run = db.session.scalars(select(GradingRun).where(GradingRun.regrade_id == made.id)).one()
    assert (run.state, run.lab_id, run.tries, run.reason) == ("queued", cast.lab.id, 0, None)


def test_teachers_run_failed_tests_again_by_a_button_and_programs_by_the_api(
    cast: Cast, quiz: Quiz, client: FlaskClient
) -> None:
    made, bob = asked_of_one_who_failed(cast, quiz), cast.bob.id
    address = f"/regrades/{made.id}"
    _row, key = tokens.issue(cast.alice.id, name="x", scopes=["read", "write"], days=9, now=utcnow())
    run_all({bob: None})
    sign_in(client, "alice")

    failed = client.get(address).text
    post(client, f"{address}/tests")
    again = client.get(address).text
    post(client, f"{address}/tests")
    twice = client.get(address).text
    run_all({bob: None})
    answer = client.post(f"/api/v1{address}/tests", headers={"Authorization": f"Bearer {key}"})

    assert "could not be run: it keeps its marks. The machine for its tests failed 5 times." in failed
    assert f'action="{address}/tests"' in failed
    assert "The tests of 1 answer run again." in again
    assert '<progress max="1" value="0"' in again
    assert f'action="{address}/tests"' not in again
    assert "There are no tests that could not be run." in twice
    assert (answer.status_code, answer.json["tests"]) == (
        200,
        {"total": 1, "done": 0, "failed": 0, "is_open": True},
    )


def test_what_holds_shows_who_changed_while_failed_tests_run_again(cast: Cast, quiz: Quiz, client: FlaskClient) -> None:
    made = asked_of_one_who_failed(cast, quiz)
    run_all({cast.bob.id: None})
    done = apply(made, cast).regrade
    reruns.retry(done, now=utcnow())
    sign_in(client, "alice")

    page = client.get(f"/regrades/{done.id}").text

    assert '<progress max="1" value="0"' in page
    assert "Who changed" in page
