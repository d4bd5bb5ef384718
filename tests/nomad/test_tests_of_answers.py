"""The tests of an answer on a real cluster: a job of its own, which is gone afterwards."""

from sqlalchemy import select

from backends.nomad import NomadBackend
from extensions import db as database
from models import GradingRun, Quiz
from scheduler.ticks.grading import grader
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
