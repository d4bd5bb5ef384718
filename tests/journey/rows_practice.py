"""How the forms of practice are filled in: offering it, answering, rating one's own answer."""

import re

from playwright.sync_api import expect
from sqlalchemy import select, update

from extensions import db
from models import Course
from tests.journey.rows import COURSE, LEARNERS, STAFF, Person, form
from tests.quizzes.test_draws import add_to_bank

PRACTICE = f"{COURSE}/practice"


def offer(person: Person, kind: str) -> None:
    """Let the course offer practice, with a question that the person hasn't had."""
    with person.site.app.app_context():
        course = db.session.scalars(select(Course).where(Course.slug == "shell")).one()
        course.offers_practice = True
        course.version += 1
        # Before all others, by its slug.
        add_to_bank(course.id, f"a-{kind}-{person.name}", "practice", kind=kind)
        db.session.commit()
    person.open(PRACTICE)


@form("POST practice.offer ()", "practice/show.html", roles=STAFF)
def offer_practice(person: Person) -> None:
    with person.site.app.app_context():
        db.session.execute(update(Course).values(offers_practice=False, version=Course.version + 1))
        db.session.commit()
    person.open(PRACTICE)
    person.send("Offer practice", "form.actions")
    person.expect_flash("Practice is offered.")
    person.send("Offer no practice any more", "form.actions")
    person.expect_heading("This course offers no practice")


@form("POST practice.answer (item-N)", "practice/question.html", roles=LEARNERS)
def answer_in_practice(person: Person) -> None:
    offer(person, "text")
    person.page.get_by_role("link", name=re.compile("Practise|Go on"), exact=True).click()
    person.page.locator("#item-1 input").fill("ls -a")
    person.send("Answer", "#practice")
    person.expect_heading("Right")
    expect(person.page.locator("#due-again")).to_contain_text("Comes again")
    person.page.get_by_role("link", name="End").click()
    person.expect_heading("This session")


@form("POST practice.rate ()", "practice/review.html", roles=LEARNERS)
def rate_an_answer(person: Person) -> None:
    offer(person, "essay")
    person.open(f"{PRACTICE}/next")
    person.page.locator("#item-1 textarea").fill("In my own words")
    person.send("Answer", "#practice")
    person.send("Easily", "#main")
    expect(person.page.locator("#due-again")).to_contain_text("Comes again")
