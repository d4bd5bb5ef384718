"""How the forms that move questions into a bank are filled in: choosing a file, and taking what it brings."""

import re

from playwright.sync_api import expect

from tests.journey.rows import COURSE, STAFF, Person, form

# No two ask nearly the same: that would be in the bank already.
TEXTS = {"alice": "Which word lists a folder? {=ls =dir}", "dana": "The largest of all deserts in Africa {=Sahara}"}


def choose_a_file(person: Person, slug: str) -> None:
    """Send a file with one question, and see what it brings."""
    person.open(f"{COURSE}/bank")
    person.page.get_by_role("link", name="Import").click()
    file = {"name": f"{slug}.gift", "mimeType": "text/plain", "buffer": f"::{slug}:: {TEXTS[person.name]}\n".encode()}
    person.page.get_by_label("File").set_input_files(file)  # type: ignore[arg-type]  # a FilePayload
    person.page.get_by_label("Format").select_option("gift")
    person.send("Show what it brings", ".moving-form")
    person.expect_heading("What the file brings")


@form("POST question_files.new (file, format)", "question_files/import.html", roles=STAFF)
def choose_a_file_of_questions(person: Person) -> None:
    choose_a_file(person, f"chosen-by-{person.name}")
    expect(person.page.locator(".moving-table tbody tr")).to_have_count(1)


@form("POST question_files.apply ()", "question_files/show.html", roles=STAFF)
def take_what_a_file_brings(person: Person) -> None:
    choose_a_file(person, f"moved-in-by-{person.name}")
    person.send(re.compile("Import 1 question"), ".moving-form")
    person.expect_heading("What the file brought")
    expect(person.page.locator(".moving-table")).to_contain_text(f"moved-in-by-{person.name}")
