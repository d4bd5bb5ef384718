"""How the forms of quizzes are filled in: taking one, its hints, grading, settings, more time."""

import re

from playwright.sync_api import expect
from sqlalchemy import select

from extensions import db
from models import Course, utcnow
from services.quizzes import answers, attempts
from tests.factories import EnrolmentFactory, QuizFactory, UserFactory, add_question
from tests.journey.rows import (
    COURSE,
    LEARNERS,
    STAFF,
    Person,
    form,
)
from tests.journey.rows_courses import add_student, line_of


@form("POST quizzes.start ()", "quizzes/show.html", "quizzes/result.html", roles=LEARNERS)
def start_a_quiz(person: Person) -> None:
    person.open(f"{COURSE}/quizzes/first-quiz")
    person.send(re.compile("Start|Go on|Try again"), "form.actions")
    hand_in(person)
    person.send("Try again", "#result")
    hand_in(person)


@form("POST quizzes.submit (item-N)", "quizzes/attempt.html", roles=LEARNERS)
def hand_in_a_quiz(person: Person) -> None:
    person.open(f"{COURSE}/quizzes/first-quiz")
    person.send(re.compile("Start|Go on|Try again"), "form.actions")
    hand_in(person)


@form("POST quiz_hints.take ()", "quizzes/hints.html", roles=LEARNERS)
def take_a_hint(person: Person) -> None:
    quiz = f"hints-{person.name}"
    with person.site.app.app_context():
        course = db.session.scalars(select(Course).where(Course.slug == "shell")).one()
        version = add_question(QuizFactory(module=course.modules[0], slug=quiz, position=9), "essay").current
        assert version is not None
        second = {"text": "Write", "html": "<p>Write it down</p>", "price": "0"}
        version.hints = [{"text": "Think", "html": "<p>Think twice</p>", "price": "10%"}, second]
        db.session.commit()
    person.open(f"{COURSE}/quizzes/{quiz}")
    person.send(re.compile("Start|Go on|Try again"), "form.actions")
    # Before its script has come, the link leads to a page of its own.
    person.page.wait_for_load_state("networkidle")
    person.page.locator("[data-hint-number]").press("Enter")
    expect(person.page.locator("#hint")).to_be_visible()
    person.page.locator("#hint [data-confirm-hint]").press("Enter")
    expect(person.page.locator(".hints")).to_contain_text("Think twice")
    person.open(f"{person.page.url.removeprefix(person.site.url).split('#')[0]}/items/1/hints")
    person.send("Take the hint", "main form")
    expect(person.page.locator("main")).to_contain_text("Write it down")
    expect(person.page.locator("main")).to_contain_text("These are all hints.")


@form("POST manual_grading.take_next ()", "quizzes/to_grade.html", roles=STAFF)
def take_the_next_answer(person: Person) -> None:
    quiz = f"next-{person.name}"
    hand_in_essays(person, quiz)
    person.open(f"{COURSE}/quizzes/{quiz}/to-grade")
    person.send("Grade the next answer", ".grade-next")
    person.expect_heading("Grade an answer")


@form("POST manual_grading.give (comment, marks)", "quizzes/grade.html", roles=STAFF)
def grade_an_answer(person: Person) -> None:
    quiz = f"essays-{person.name}"
    hand_in_essays(person, quiz)
    person.open(f"{COURSE}/quizzes/{quiz}/attempts")
    person.page.get_by_role("link", name="To grade: 2 answers").click()
    person.page.get_by_role("link", name="Grade the answer").first.click()
    person.page.get_by_label("Comment for the student").fill("Well said.")
    person.page.get_by_label("Marks, from 0 to 1").fill("7")
    person.send("Save and next", "form.grade-answer")
    expect(person.page.get_by_text("Must be from 0 to 1.")).to_be_visible()
    expect(person.page.get_by_label("Comment for the student")).to_have_value("Well said.")
    person.page.get_by_label("Marks, from 0 to 1").fill("0.5")
    person.send("Save and next", "form.grade-answer")
    person.expect_flash("Saved. This is the next answer.")
    person.page.get_by_label("Marks, from 0 to 1").fill("1")
    person.send("Save", "form.grade-answer")
    person.expect_flash("Saved. No more answers wait.")


def hand_in_essays(person: Person, quiz: str) -> None:
    """Let two students hand in what a person grades."""
    with person.site.app.app_context():
        course = db.session.scalars(select(Course).where(Course.slug == "shell")).one()
        made = QuizFactory(module=course.modules[0], slug=quiz, position=9)
        add_question(made, "essay")
        for number in range(2):
            student = UserFactory(handle=f"{quiz}-{number}")
            EnrolmentFactory(course=course, user=student)
            attempt = attempts.start(student.id, made, now=utcnow())
            answers.save(attempt.id, 1, "It is a pipe.", revision=1, now=utcnow())
            attempts.submit(attempt, now=utcnow())
        db.session.commit()


SETTINGS = (
    "attempts_allowed, closes_at, cooldown_minutes, counts, due_at, late_answers, late_hours-N, late_percent-N, "
    "opens_at, pass_percent, password, points, requires-N, requires_percent-N, reveal_answer, reveal_correctness, "
    "reveal_feedback, reveal_score, time_limit_minutes"
)


@form(f"POST quiz_settings.change ({SETTINGS})", "quizzes/settings.html", roles=STAFF)
def set_a_quiz(person: Person) -> None:
    person.open(f"{COURSE}/quizzes/first-quiz")
    person.page.get_by_role("link", name="Settings").click()
    person.page.get_by_label("Opens", exact=True).fill("2026-03-02T09:00")
    person.page.get_by_label("Due", exact=True).fill("2200-01-01T09:00")
    person.send("Save", "form.settings")
    expect(person.page.get_by_text("Nothing is saved yet")).to_be_visible()
    expect(person.page.get_by_label("Opens", exact=True)).to_have_value("2026-03-02T09:00")
    person.page.get_by_label("Due", exact=True).fill("")
    person.page.get_by_label("Of several attempts counts").select_option("best")
    person.page.get_by_label("Points for the leaderboard").fill("20")
    person.page.get_by_label("Pass mark, in per cent").fill("50")
    person.page.get_by_label("Opens", exact=True).fill("")
    person.page.get_by_label("Pause between two").fill("0")
    person.send("Save", "form.settings")
    person.expect_flash("Saved.")


PROFILE = "break_minutes, extra_attempts, extra_minutes, idle_percent, time_percent"


@form(f"POST accommodations.change ({PROFILE})", "quizzes/accommodations.html", roles=STAFF)
def give_more_time(person: Person) -> None:
    open_accommodations(person, f"olivia-{person.name}")
    person.page.get_by_label("Time, in per cent").fill("150")
    person.send("Save", "form.settings")
    person.expect_flash("Saved.")
    expect(person.page.get_by_label("Time, in per cent")).to_have_value("150")


OVERRIDE = "closes_at, due_at, extra_attempts, extra_minutes, opens_at"


@form(f"POST accommodations.override ({OVERRIDE})", "quizzes/accommodations.html", roles=STAFF)
def give_more_time_at_one_quiz(person: Person) -> None:
    open_accommodations(person, f"sybil-{person.name}")
    quiz = person.page.locator("details.settings").first
    quiz.locator("summary").click()
    quiz.get_by_label("Extra minutes").fill("15")
    quiz.get_by_role("button", name="Save").click()
    person.expect_flash("Saved.")
    expect(person.page.locator("details.settings").first.get_by_label("Extra minutes")).to_have_value("15")


def open_accommodations(person: Person, handle: str) -> None:
    add_student(person.site, handle)
    person.open(f"{COURSE}/people")
    line_of(person, handle).get_by_role("link", name="Accommodations").click()


def hand_in(person: Person) -> None:
    single = person.question("A single question")
    single.get_by_label("right", exact=True).check()
    for choice in ("one", "two"):
        person.question("A multiple question").get_by_label(choice, exact=True).check()
    person.question("A numeric question").locator("input").fill("3.14")
    person.question("A text question").locator("input").fill("ls -a")
    person.send("Hand in", "form.attempt > .actions")
    expect(person.page.get_by_text("All questions are answered.")).to_be_visible()
    person.page.locator("[data-confirm-submit]").click()
    person.expect_heading("Well done")
