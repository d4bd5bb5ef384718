"""The tests of an answer on a real cluster: a job of its own, which is gone afterwards."""

from sqlalchemy import select

from backends.nomad import NomadBackend
from extensions import db as database
from models import GradingRun, Quiz, utcnow
from scheduler.ticks.grading import grader
from services.quizzes import attempts, trials
from tests.backends.conftest import nomad_settings
from tests.factories import Cast
from tests.nomad.agents import Cluster
from tests.scheduler.test_grading import LIMITS, RIGHT, hand_in, quiz

__all__ = ["quiz"]


def test_an_answer_is_tested_on_the_cluster(nomad: Cluster, cast: Cast, quiz: Quiz) -> None:
    settings = nomad_settings(nomad, "exec")
    backend = NomadBackend(settings)
    attempt = hand_in(cast, quiz, RIGHT)
    try:
        assert grader(settings, backend, LIMITS)()

        database.session.refresh(attempt)
        run = database.session.scalars(select(GradingRun)).one()
        assert (run.state, run.reason, attempt.score) == ("done", None, 4), run.outcomes
        assert backend.observe() == []
    finally:
        for job in backend.observe():
            backend.stop(job.job_id)
        backend.close()


def test_a_program_is_tried_on_the_cluster_before_it_is_handed_in(nomad: Cluster, cast: Cast, quiz: Quiz) -> None:
    settings = nomad_settings(nomad, "exec")
    backend = NomadBackend(settings)
    attempt = attempts.start(cast.bob.id, quiz, now=utcnow())
    said = []
    try:
        for program, stdin in (("wc -l; echo oops >&2\n", None), ("cat; exit 3\n", "one"), ("echo a; sleep 60\n", "")):
            trials.request(attempt.id, 1, program, stdin, now=utcnow())
            database.session.commit()
            assert grader(settings, backend, LIMITS)()
            run = database.session.scalars(select(GradingRun).execution_options(populate_existing=True)).one()
            assert (run.state, run.reason) == ("done", None)
            said += [(one["output"], one["errors"], one["is_passed"], one["is_timed_out"]) for one in run.outcomes]
        assert backend.observe() == []
    finally:
        for job in backend.observe():
            backend.stop(job.job_id)
        backend.close()

    assert said == [("2", "oops", True, False), ("one", "", False, False), ("a", "", False, True)]
    database.session.refresh(attempt)
    assert [item.response for item in attempt.items] == [None]
