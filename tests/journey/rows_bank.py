"""How the forms of a bank of questions are filled in: filtering, writing, editing, moving, another seed."""

import re

from playwright.sync_api import expect

from extensions import db
from models import Course, Quiz, User, utcnow
from services.bank import questions
from services.quizzes import attempts
from tests.bank.test_questions import written
from tests.factories import QuizFactory, add_question
from tests.journey.rows import COURSE, STAFF, Person, form
from tests.quizzes.test_draws import add_to_bank

BANK = f"{COURSE}/bank"
SOURCE = "slug: {slug}\nkind: text\nprompt: Which *one*?\ntags: [written]\naccept: [this]\n"


def open_question(person: Person, slug: str) -> None:
    """Put a draft into the bank and open it."""
    with person.site.app.app_context():
        course = db.session.query(Course).filter_by(slug="shell").one()
        number = questions.create(course, slug, written("Which *one*?")).id
        db.session.commit()
    person.open(f"{BANK}/{number}")


@form("GET bank.index (difficulty, state, tag, text)", "bank/index.html", roles=STAFF)
def filter_a_bank(person: Person) -> None:
    person.open(BANK)
    person.page.get_by_label("Text").fill("q3")
    person.page.get_by_label("State").select_option("Ready")
    person.send("Filter", ".bank-filter")
    expect(person.page.locator("table strong")).to_have_text(["q3"])
    expect(person.page.get_by_label("Text")).to_have_value("q3")


@form("POST bank.new (source)", "bank/edit.html", roles=STAFF)
def write_a_question(person: Person) -> None:
    person.open(f"{BANK}/new")
    source = SOURCE.format(slug=f"written-by-{person.name}")
    person.page.locator("#source").fill(source.replace("accept", "acept"))
    expect(person.page.locator("#preview")).to_contain_text("Line 5, acept")
    person.send("Save", "#bank-form")
    expect(person.page.locator("#source")).to_have_value(re.compile("acept"))
    person.page.locator("#source").fill(source)
    expect(person.page.locator("#preview .question")).to_contain_text("Which one?")
    person.send("Save", "#bank-form")
    person.expect_flash("Saved as a draft.")
    person.expect_heading(re.compile(f"written-by-{person.name}"))


@form("POST bank.edit (source)", "bank/edit.html", roles=STAFF)
def edit_a_question(person: Person) -> None:
    open_question(person, f"edited-by-{person.name}")
    person.page.get_by_role("link", name="Edit").click()
    person.page.locator("#source").fill(SOURCE.format(slug=f"edited-by-{person.name}").replace("Which", "What"))
    person.send("Preview", "#bank-form")
    expect(person.page.locator("#preview .question")).to_contain_text("What one?")
    person.send("Save", "#bank-form")
    person.expect_flash("Saved as a new version.")
    expect(person.page.get_by_text("Version 2")).to_be_visible()


@form("POST bank.move ()", "bank/show.html", roles=STAFF)
def move_a_question(person: Person) -> None:
    open_question(person, f"moved-by-{person.name}")
    person.send("Send to review", ".bank-moves")
    person.expect_flash("Moved.")
    person.send("Mark as ready", ".bank-moves")
    expect(person.page.locator("h1 .badge")).to_have_text("Ready")


@form("POST bank.try_out (item-N)", "bank/_preview.html", roles=STAFF)
def try_an_answer(person: Person) -> None:
    open_question(person, f"tried-by-{person.name}")
    person.page.locator("[name=item-1]").fill("ls -a")
    person.page.get_by_role("button", name="Try this answer").press("Enter")
    expect(person.page.locator("[data-tried]")).to_contain_text("1 of 1 marks")


@form("GET bank.show (seed)", "bank/show.html", roles=STAFF)
def look_at_another_variant(person: Person) -> None:
    open_question(person, f"seen-by-{person.name}")
    person.page.get_by_label("Seed").fill("41")
    person.send("Another one", ".bank-seen")
    expect(person.page.get_by_label("Seed")).to_have_value("42")


PLACES = "place-N, points-N, question-N, tag-N"


@form(f"POST quiz_slots.change (count-N, difficulty-N, drop-N, {PLACES})", "bank/slots.html", roles=STAFF)
def change_what_a_new_quiz_asks(person: Person) -> None:
    person.open(f"{COURSE}/quizzes/{make_quiz(person, 'new')}/questions")
    person.page.locator("#place-2").fill("1")
    person.send("Save", "form.quiz-slots")
    person.expect_flash("Saved.")
    expect(person.page.locator(".quiz-slot-name a").first).to_have_text("q2")


@form(
    f"POST quiz_slots.change (count-N, difficulty-N, drop-N, keeps_attempts, {PLACES})", "bank/slots.html", roles=STAFF
)
def change_what_a_quiz_asks(person: Person) -> None:
    slug = make_quiz(person, "asks")
    with person.site.app.app_context():
        quiz = db.session.query(Quiz).filter_by(slug=slug).one()
        teacher = db.session.query(User).filter_by(handle="alice").one()
        attempts.start(teacher.id, quiz, now=utcnow(), is_staff=True)
        db.session.commit()
    person.open(f"{COURSE}/quizzes/{slug}/questions")
    person.page.locator("#tag-3").fill(slug)
    person.page.locator("#count-3").fill("3")
    person.page.get_by_label("1 attempt has been made").check()
    person.send("Save", "form.quiz-slots")
    expect(person.page.locator("#fault-3")).to_contain_text("Draws 3, but only 2")
    person.page.locator("#count-3").fill("2")
    person.send("Save", "form.quiz-slots")
    person.page.get_by_label("1 attempt has been made").check()
    person.send("Save", "form.quiz-slots")
    person.expect_flash("Saved.")


def make_quiz(person: Person, name: str) -> str:
    """Make a quiz of two questions, and two in the bank with its slug as their tag; return the slug."""
    slug = f"{name}-{person.name}"
    with person.site.app.app_context():
        course = db.session.query(Course).filter_by(slug="shell").one()
        quiz = QuizFactory(module=course.modules[0], slug=slug, position=9)
        for _number in range(2):
            add_question(quiz, "single")
        for tag in ("drawn-one", "drawn-two"):
            add_to_bank(course.id, f"{tag}-{slug}", slug)
        course.version += 1
        db.session.commit()
    return slug
