"""How the forms are filled in by which questions and courses move in: choosing a file, and importing what it brings."""

from playwright.sync_api import expect

from tests.archive.folders import with_line
from tests.archive.zipped import packed
from tests.journey.rows import COURSE, STAFF, Person, form

NEW = f"{COURSE}/bank/imports/new"


def choose(person: Person, name: str, text: str) -> None:
    """Choose a file on the form."""
    file = {"name": name, "mimeType": "text/plain", "buffer": text.encode()}
    person.page.locator("#file").set_input_files([file])  # type: ignore[list-item]  # a payload, as its documentation says
    person.send("Show what it brings", ".moving-form")


@form("POST question_files.new (file, format)", "question_files/import.html", roles=STAFF)
def choose_a_file(person: Person) -> None:
    person.open(NEW)
    choose(person, "nothing.txt", "nothing of the kind")
    expect(person.page.get_by_role("alert")).to_contain_text("is of no format that can be read here")
    choose(person, "sums.gift.txt", f"What is {person.name}'s sum of 2 and 3? {{=5 ~6}}")
    person.expect_heading("What the file brings")
    expect(person.page.locator(".moving-table .badge")).to_have_text("New")


# Other numbers make another question, however alike the words are.
NUMBERS = {"alice": 17, "dana": 71}


@form("POST question_files.apply ()", "question_files/show.html", roles=STAFF)
def import_a_file(person: Person) -> None:
    person.open(NEW)
    choose(person, "one.gift.txt", f"Which of these {NUMBERS[person.name]} commands lists all files? {{=ls ~rm}}")
    person.send("Import 1 question", ".moving-form")
    person.expect_flash("1 question came in, as a draft.")
    expect(person.page.locator(".moving-table .badge")).to_have_text("Came in")


@form("POST question_files.apply (similar)", "question_files/show.html", roles=STAFF)
def import_what_is_nearly_there(person: Person) -> None:
    text = f"Which of these {NUMBERS[person.name]} programs shows all files of a folder? {{=ls ~rm}}"
    person.open(NEW)
    choose(person, "one.gift.txt", text)
    person.send("Import 1 question", ".moving-form")
    person.open(NEW)
    choose(person, "two.gift.txt", text.replace("folder?", "folder??"))
    expect(person.page.locator(".moving-table .badge")).to_have_text("Nearly in the bank")
    person.page.get_by_label("Also the 1 that is nearly in the bank").check()
    person.send("Import 0 questions", ".moving-form")
    person.expect_flash("1 question came in, as a draft.")


def send_course(person: Person) -> None:
    """Send a course of the person's own, and wait until the scheduler has read it."""
    own = f"tiny-{person.name}"
    changed = with_line("course.yaml", "slug: tiny", f"slug: {own}")
    changed = {"course.yaml": str(changed["course.yaml"]).replace("tiny-2026", f"{own}-2026")}
    person.open("/course-imports")
    file = {"name": "course.zip", "mimeType": "application/zip", "buffer": packed(changed)}
    person.page.locator("#file").set_input_files([file])  # type: ignore[list-item]  # a payload, as its documentation says
    person.send("Show what it does", ".moving-form")
    expect(person.page.locator('[data-state="ready"]')).to_be_visible(timeout=30_000)


@form("POST course_imports.send (file, into)", "imports/index.html", roles=STAFF)
def send_a_course(person: Person) -> None:
    send_course(person)
    expect(person.page.locator("#import")).to_contain_text("A new course is made, which you teach.")


@form("POST course_imports.apply ()", "imports/_import.html", roles=STAFF)
def make_the_course(person: Person) -> None:
    send_course(person)
    person.send("Do it", ".moving-form")
    expect(person.page.get_by_role("link", name="To the course")).to_be_visible(timeout=30_000)
