"""Certificates by program."""

from collections.abc import Callable

from config import Settings
from extensions import db
from models import Certificate, utcnow
from services.courses import progress
from tests.api.conftest import Program
from tests.certificates.conftest import give, schedule
from tests.factories import Cast


def test_a_program_reads_revokes_and_issues(cast: Cast, settings: Settings, program: Callable[..., Program]) -> None:
    give(cast.course)
    progress.complete_lesson(cast.bob.id, cast.lesson, now=utcnow())
    db.session.commit()
    schedule(settings)
    certificate = db.session.query(Certificate).one()
    alice, bob = program("alice"), program("bob")

    mine = bob.get("/me/certificates").get_json()["certificates"]
    standing = bob.get("/courses/shell/certificate").get_json()
    listed = alice.get("/courses/shell/certificates").get_json()

    assert [row["state"] for row in mine] == ["valid"]
    assert standing["certificate"]["url"] == mine[0]["url"] and standing["criteria"][0]["is_met"]
    assert (listed["total"], listed["certificates"][0]["display_name"]) == (1, "Bob")
    address = f"/courses/shell/certificates/{certificate.id}"
    assert bob.post(f"{address}/revoke", {"reason": "x"}).status_code == 403
    assert alice.post(f"{address}/revoke", {"reason": "x"}).get_json()["state"] == "revoked"
    assert alice.post(f"{address}/revoke", {"reason": "x"}).status_code == 409
    again = alice.post(f"{address}/reissue", {"reason": "y"})
    assert (again.status_code, again.get_json()["pdf_url"]) == (201, None)
