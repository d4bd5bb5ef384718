"""How the forms of breaks and of cohorts at a quiz are filled in."""

import re

from playwright.sync_api import expect
from sqlalchemy import select

from extensions import db
from models import Course, Quiz, User, utcnow
from services.courses import cohorts
from services.quizzes import accommodations, attempts
from tests.factories import QuizFactory, add_question
from tests.journey.rows import COURSE, STAFF, Person, form
from tests.journey.rows_exams import OVERRIDE


@form("POST quiz_breaks.begin ()", "quizzes/attempt.html", "quizzes/accommodations.html", roles=("bob",))
def begin_a_break(person: Person) -> None:
    take_a_break(person)


@form("POST quiz_breaks.end ()", "quizzes/break.html", roles=("bob",))
def end_a_break(person: Person) -> None:
    take_a_break(person)
    person.send("Go on now", "#break")
    expect(person.page.locator("#attempt")).to_be_visible()


def take_a_break(person: Person) -> None:
    """Give bob a budget and a quiz with a time limit, and let him begin a break."""
    with person.site.app.app_context():
        course = db.session.scalars(select(Course).where(Course.slug == "shell")).one()
        count = db.session.query(Quiz).count()
        quiz = QuizFactory(module=course.modules[0], slug=f"paused-{count}", position=9, time_limit_s=3600)
        add_question(quiz, "single")
        student = db.session.scalars(select(User).where(User.handle == "bob")).one()
        accommodations.set_profile(course, student.id, {"break_minutes": 10}, now=utcnow())
        course.version += 1
        attempt = attempts.start(student.id, quiz, now=utcnow())
        db.session.commit()
        address = f"/attempts/{attempt.id}"
    person.open(address)
    person.page.get_by_role("button", name="Take a break").click()
    person.expect_heading("Break")
    expect(person.page.locator("#break [data-clock]")).to_have_text(re.compile(r"^(10:00|9:\d\d)$"))


@form(f"POST quiz_cohorts.change ({OVERRIDE})", "quizzes/cohorts.html", roles=STAFF)
def give_a_cohort_more_time(person: Person) -> None:
    with person.site.app.app_context():
        course = db.session.scalars(select(Course).where(Course.slug == "shell")).one()
        cohorts.add(course, f"Evenings of {person.name}")
        db.session.commit()
    person.open(f"{COURSE}/quizzes/first-quiz/cohorts")
    cohort = person.page.locator("details.settings", has_text=f"Evenings of {person.name}")
    cohort.locator("summary").click()
    cohort.get_by_label("Extra minutes").fill("15")
    cohort.get_by_role("button", name="Save").click()
    person.expect_flash("Saved.")
    expect(cohort.get_by_label("Extra minutes")).to_have_value("15")
