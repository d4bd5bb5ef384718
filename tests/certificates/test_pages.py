"""The pages and the JSON API of certificates."""

from flask.testing import FlaskClient

from config import Settings
from extensions import db
from models import Certificate, utcnow
from services.courses import progress
from tests.certificates.conftest import give, schedule
from tests.factories import Cast
from tests.people import post, sign_in

PAGE = "/courses/shell/certificates"


def test_everybody_with_the_address_sees_what_the_certificate_shows_and_no_more(
    client: FlaskClient, cast: Cast, certificate: Certificate
) -> None:
    page = client.get(f"/certificates/{certificate.code}")

    assert page.status_code == 200
    assert "Valid" in page.text and "Bob" in page.text
    assert "bob@example.org" not in page.text
    assert page.headers["X-Robots-Tag"] == "noindex"
    pdf = client.get(f"/certificates/{certificate.code}/certificate.pdf")
    assert (pdf.mimetype, pdf.data[:5]) == ("application/pdf", b"%PDF-")
    assert client.get("/certificates/another-code").status_code == 404
    assert client.get("/certificates/%E2%82%AC").status_code == 404


def test_a_teacher_revokes_and_issues_again(
    client: FlaskClient, cast: Cast, certificate: Certificate, settings: Settings
) -> None:
    sign_in(client, "alice")
    assert "Bob" in client.get(PAGE).text

    assert "Must say why" in client.get(post(client, f"{PAGE}/{certificate.id}/revoke", reason=" ").location).text
    post(client, f"{PAGE}/{certificate.id}/revoke", reason="Plagiarism")

    public = client.get(f"/certificates/{certificate.code}")
    assert "Not valid" in public.text and "Plagiarism" not in public.text
    assert client.get(f"/certificates/{certificate.code}/certificate.pdf").status_code == 404
    post(client, f"{PAGE}/{certificate.id}/reissue", reason="Cleared")
    schedule(settings)
    newest = db.session.query(Certificate).order_by(Certificate.id.desc()).first()
    assert newest and client.get(f"/certificates/{newest.code}/certificate.pdf").status_code == 200


def test_a_teacher_says_what_the_certificate_asks(client: FlaskClient, cast: Cast, settings: Settings) -> None:
    progress.complete_lesson(cast.bob.id, cast.lesson, now=utcnow())
    sign_in(client, "alice")

    assert post(client, PAGE, lessons_percent="0").status_code == 422
    assert post(client, PAGE, lessons_percent="100", leave_out="first-quiz").status_code == 302
    schedule(settings)

    assert cast.course.certificate["leave_out"] == ["first-quiz"]
    assert "Bob" in client.get(PAGE).text
    post(client, PAGE, lessons_percent="", quiz_percent="", lab_percent="", grade_percent="")
    assert cast.course.certificate is None


def test_a_student_sees_how_far_they_are_and_then_the_certificate(
    client: FlaskClient, cast: Cast, settings: Settings
) -> None:
    give(cast.course, quiz_percent=60)
    sign_in(client, "bob")

    before = client.get("/courses/shell/certificate").text
    give(cast.course)
    progress.complete_lesson(cast.bob.id, cast.lesson, now=utcnow())
    db.session.commit()
    schedule(settings)

    code = db.session.query(Certificate).one().code
    assert "At least 60 % in each quiz" in before and "0 of 1" in before
    for page in ("/", "/courses/shell", "/courses/shell/certificate", "/account/certificates"):
        assert f"/certificates/{code}" in client.get(page).text, page
