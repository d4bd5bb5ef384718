"""What becomes of labs whose student leaves the course, or is taken out of it."""

import pytest
from flask.testing import FlaskClient

from extensions import db as database
from models import LabSession, utcnow
from models.lab_session import ENDED, QUEUED, RUNNING, STOPPING
from services.accounts import tokens
from services.labs import lifecycle
from tests.factories import Cast, LabFactory, ask_lab, run_lab
from tests.people import post, sign_in, token


@pytest.fixture
def of_bob(cast: Cast) -> list[LabSession]:
    """A lab that runs, and one that waits."""
    now = utcnow()
    return [run_lab(cast.bob, cast.lab, now), ask_lab(cast.bob, LabFactory(module=cast.lab.module), now)]


def states(found: list[LabSession]) -> list[tuple[str, str | None]]:
    database.session.expire_all()
    return [(one.state, one.reason) for one in found]


@pytest.mark.parametrize("way", ["leaves", "is taken out on the page", "is taken out through the API"])
def test_whoever_leaves_a_course_leaves_its_labs_and_its_queue(
    client: FlaskClient, cast: Cast, of_bob: list[LabSession], way: str
) -> None:
    of_alice = lifecycle.queue(cast.alice, cast.lab, cast.course, now=utcnow())
    _row, plain = tokens.issue(cast.alice.id, name="script", scopes=("read", "write"), days=9, now=utcnow())
    database.session.commit()
    if way != "is taken out through the API":
        sign_in(client, "bob" if way == "leaves" else "alice")

    if way == "leaves":
        response = post(client, "/courses/shell/leave")
    elif way == "is taken out on the page":
        response = post(client, f"/courses/shell/people/{cast.bob.id}", role="", is_sure="1")
    else:
        headers = {"Authorization": f"Bearer {plain}"}
        response = client.delete(f"/api/v1/courses/shell/enrolments/{cast.bob.id}", headers=headers)

    assert response.status_code in (204, 302)
    # What runs is saved before it ends.
    assert states(of_bob) == [(STOPPING, "course"), (ENDED, "course")]
    assert states([of_alice]) == [(QUEUED, None)]


def test_another_role_is_no_leaving(client: FlaskClient, cast: Cast, of_bob: list[LabSession]) -> None:
    sign_in(client, "alice")

    post(client, f"/courses/shell/people/{cast.bob.id}", role="assistant")

    assert states(of_bob) == [(RUNNING, None), (QUEUED, None)]


def test_who_has_left_does_nothing_in_the_lab_any_more(
    client: FlaskClient, cast: Cast, of_bob: list[LabSession]
) -> None:
    sign_in(client, "bob")
    headers = {"X-CSRFToken": token(client), "Accept": "application/json"}
    post(client, "/courses/shell/leave")

    for action in ("ticket", "live", "files", "extend", f"ports/{cast.lab.id}"):
        response = client.post(f"/lab-sessions/{of_bob[0].id}/{action}", headers=headers)
        assert (response.status_code, response.json["detail"]) == (403, "You are no longer in this course."), action
