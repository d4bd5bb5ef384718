"""How the forms of one's own data, of certificates and of statements are filled in."""

import hashlib
import re

from playwright.sync_api import Locator, expect
from sqlalchemy import select

from extensions import db
from models import Blob, Course
from tests.certificates.stages import add_certificate
from tests.factories import PASSWORD, EnrolmentFactory, UserFactory
from tests.journey.rows import COURSE, PEOPLE, STAFF, Person, form

DATA, ERASE, CERTIFICATES = "/account/data", "/account/erase", f"{COURSE}/certificates"


@form("POST persons.ask ()", "persons/data.html", roles=PEOPLE)
def ask_for_an_archive(person: Person) -> None:
    person.open(DATA)
    person.send("Make an archive", "main")
    person.expect_flash("Your archive is being made.")
    expect(person.page.get_by_role("link", name="Look again")).to_be_visible()


def ask_to_erase(person: Person) -> None:
    person.open(ERASE)
    if person.page.get_by_role("heading", name="Is it still you?").count():
        person.fill(Password=PASSWORD)
        person.send("Go on")
        person.expect_heading("Erase your account")
    person.page.get_by_label("Yes, erase my account").check()
    person.send("Erase my account")


# Alice is the only teacher of her course, and dana the only admin.
@form("POST persons.ask_to_erase (is_sure)", "persons/erase.html", roles=PEOPLE)
def erase_an_account(person: Person) -> None:
    ask_to_erase(person)
    if person.name != "bob":
        expect(person.page.locator("main")).to_contain_text("make somebody else")
        return
    expect(person.page.locator("main")).to_contain_text("is going to be erased")
    person.send("Keep my account", "main")


@form("POST persons.cancel_erasure ()", "persons/data.html", roles=("bob",))
def keep_an_account(person: Person) -> None:
    ask_to_erase(person)
    person.send("Keep my account", "main")
    person.expect_flash("Your account stays.")


@form(
    "GET statements.file (format, pseudonymous, since, until)",
    "statements/show.html",
    roles=STAFF,
)
def download_statements(person: Person) -> None:
    person.open(f"{COURSE}/statements")
    person.fill(From="2026-01-01")
    person.page.get_by_label("Under pseudonyms").check()
    with person.page.expect_download() as download:
        person.send("Download")
    assert download.value.suggested_filename == "shell-statements.ndjson"


@form(
    "POST certificates.set_rule (grade_percent, lab_percent, leave_out, lessons_percent, quiz_percent)",
    "certificates/index.html",
    roles=STAFF,
)
def say_what_a_certificate_asks(person: Person) -> None:
    person.open(CERTIFICATES)
    person.page.get_by_label("Lessons read, in per cent of all").fill("100")
    person.send("Save")
    person.expect_flash("Whoever has earned it gets it within moments.")
    person.page.get_by_label("Lessons read, in per cent of all").fill("")
    person.send("Save")
    person.expect_flash("Saved.")


def certified(person: Person, name: str) -> Locator:
    """Give somebody a certificate, and open the form about it."""
    handle = f"{name}-{person.name}"
    with person.site.app.app_context():
        course = db.session.scalars(select(Course).where(Course.slug == "shell")).one()
        user = UserFactory(handle=handle)
        EnrolmentFactory(course=course, user=user)
        page = Blob(sha256=hashlib.sha256(handle.encode()).hexdigest(), size=4, data=b"page")
        db.session.add(page)
        add_certificate(user, course, page, code=f"code-of-{handle}")
        db.session.commit()
    person.open(CERTIFICATES)
    return opened(person, handle)


def opened(person: Person, handle: str) -> Locator:
    row = person.page.get_by_role("row", name=re.compile(handle, re.IGNORECASE))
    row.locator("summary").click()
    row.get_by_label("Why").fill("Another name")
    return row


@form("POST certificates.revoke (reason)", "certificates/index.html", roles=STAFF)
def revoke_a_certificate(person: Person) -> None:
    certified(person, "revoked").get_by_role("button", name="Revoke").click()
    person.expect_flash("The certificate is revoked.")


@form("POST certificates.reissue (reason)", "certificates/index.html", roles=STAFF)
def issue_a_certificate_again(person: Person) -> None:
    certified(person, "again").get_by_role("button", name="Revoke").click()
    person.expect_flash("The certificate is revoked.")
    opened(person, f"again-{person.name}").get_by_role("button", name="Issue again").click()
    person.expect_flash("A new certificate is issued.")
