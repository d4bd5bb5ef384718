"""Taking somebody out of a course asks once more, and a wrong code's address can be opened again."""

from flask.testing import FlaskClient

from extensions import db as database
from models import Enrolment
from tests.factories import Cast
from tests.people import post, sign_in


def test_nobody_is_removed_before_their_teacher_is_sure(client: FlaskClient, cast: Cast) -> None:
    place, address = (cast.course.id, cast.bob.id), f"/courses/shell/people/{cast.bob.id}"
    sign_in(client, "alice")

    asked = post(client, address, role="")
    is_still_there = database.session.get(Enrolment, place) is not None
    done = post(client, address, role="", is_sure="1")

    assert "Remove Bob?" in asked.text
    assert is_still_there
    assert (done.status_code, database.session.get(Enrolment, place)) == (302, None)


def test_an_outsider_is_not_asked_about(client: FlaskClient, cast: Cast) -> None:
    sign_in(client, "alice")

    assert post(client, f"/courses/shell/people/{cast.charlie.id}", role="").status_code == 404
    assert post(client, f"/courses/shell/people/{2**64}", role="").status_code == 404


def test_the_address_of_a_wrong_code_leads_back_to_the_course(client: FlaskClient, cast: Cast) -> None:
    sign_in(client, "charlie")

    wrong = post(client, "/courses/shell/enrol", code="wrong")
    again = client.get("/courses/shell/enrol")

    assert wrong.status_code == 422
    assert (again.status_code, again.location) == (302, "/courses/shell")
