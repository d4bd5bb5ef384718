"""What holds for a cohort at a quiz: student before cohort before quiz, and open attempts follow."""

from datetime import timedelta
from typing import Any

import pytest
from flask.testing import FlaskClient

from extensions import db
from models import Attempt, Cohort, CohortOverride
from services.courses import cohorts, members
from services.errors import InvalidInput
from services.labs import document
from services.quizzes import accommodations, attempts, cohort_terms
from services.quizzes.accommodations import last_close
from tests.factories import Cast, run_lab
from tests.people import post, sign_in
from tests.quizzes.test_accommodations import HOUR, NOW, deadline, override, profile, start

PAGE = "/courses/shell/quizzes/first-quiz/cohorts"


@pytest.fixture
def evenings(cast: Cast) -> Cohort:
    """A cohort with bob in it."""
    cast.quiz.time_limit_s = 3600
    made = cohorts.add(cast.course, "Evenings")
    cohorts.put(members.require_member(cast.course, cast.bob.id), made)
    return made


def grant(cast: Cast, cohort: Cohort, **given: Any) -> None:
    cohort_terms.set_override(cast.quiz, cohort, given, now=NOW)


def ends(cast: Cast, user: Any = None) -> Any:
    attempt: Attempt = attempts.start((user or cast.bob).id, cast.quiz, now=NOW)
    return attempt.deadline_at


def test_a_cohort_has_what_its_students_have_not(cast: Cast, evenings: Cohort) -> None:
    grant(cast, evenings, extra_minutes=15)

    assert ends(cast) == NOW + timedelta(minutes=75)
    assert ends(cast, cast.alice) == NOW + HOUR


def test_each_value_is_the_students_else_the_cohorts_else_the_quizs(cast: Cast, evenings: Cohort) -> None:
    cast.quiz.opens_at, cast.quiz.closes_at = NOW - HOUR, NOW + HOUR / 4
    grant(cast, evenings, closes_at=NOW + HOUR, extra_minutes=15)
    override(cast, extra_minutes=5)

    _made, granted = accommodations.standing(cast.bob.id, cast.quiz)

    names = ("opens_at", "closes_at", "extra_minutes")
    assert [granted.source(name) for name in names] == ["quiz", "cohort", "student"]
    assert ends(cast) == NOW + timedelta(minutes=65)


def test_open_attempts_follow_the_cohort_into_it_and_out_of_it(cast: Cast, evenings: Cohort) -> None:
    attempt = start(cast)
    grant(cast, evenings, extra_minutes=15)
    assert deadline(attempt) == NOW + timedelta(minutes=75)

    cohort_terms.put(members.require_member(cast.course, cast.bob.id), None, now=NOW)
    assert deadline(attempt) == NOW + HOUR
    cohort_terms.put(members.require_member(cast.course, cast.bob.id), evenings, now=NOW)
    assert deadline(attempt) == NOW + timedelta(minutes=75)
    cohort_terms.remove(evenings, now=NOW)
    assert deadline(attempt) == NOW + HOUR
    assert db.session.query(CohortOverride).count() == 0


def test_answers_wait_for_the_last_cohort_and_the_last_student_of_it(cast: Cast, evenings: Cohort) -> None:
    cast.quiz.closes_at = NOW
    grant(cast, evenings, closes_at=NOW + HOUR)
    assert last_close(cast.quiz) == NOW + HOUR

    profile(cast, extra_minutes=30)

    assert last_close(cast.quiz) == NOW + 3 * HOUR / 2


def test_what_says_nothing_is_no_row_and_what_cannot_stand_is_refused(cast: Cast, evenings: Cohort) -> None:
    cast.quiz.opens_at = NOW
    grant(cast, evenings, extra_minutes=15)
    grant(cast, evenings, extra_minutes=0)

    assert db.session.query(CohortOverride).count() == 0
    with pytest.raises(InvalidInput):
        grant(cast, evenings, closes_at=NOW - HOUR)


def test_the_page_saves_and_a_students_page_says_whose_a_value_is(
    client: FlaskClient, cast: Cast, evenings: Cohort
) -> None:
    sign_in(client, "alice")
    address = f"{PAGE}/{evenings.id}"

    assert post(client, address, extra_minutes="15", extra_attempts="x").status_code == 422
    assert post(client, address, extra_minutes="15").status_code == 302

    assert 'value="15"' in client.get(PAGE).text
    theirs = client.get(f"/courses/shell/people/{cast.bob.id}/accommodations").text
    assert "extra minutes <strong>15</strong> (of the cohort)" in " ".join(theirs.split())


def test_a_students_labs_may_idle_longer_at_once(cast: Cast) -> None:
    cast.lab.idle_minutes = 120
    lab_session = run_lab(cast.bob, cast.lab, NOW)
    others = run_lab(cast.alice, cast.lab, NOW)

    profile(cast, idle_percent=150)

    db.session.expire_all()
    assert document.facts_of(lab_session).idle == timedelta(minutes=180)
    assert document.facts_of(others).idle == timedelta(minutes=120)
