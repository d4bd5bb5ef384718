"""How the forms of courses are filled in: enrolling, leaving, lessons, people, quizzes."""

import re
from typing import Any

from playwright.sync_api import Locator, expect
from sqlalchemy import select

from extensions import db
from models import Course, utcnow
from services.quizzes import answers, attempts
from tests.factories import CourseFactory, EnrolmentFactory, QuizFactory, UserFactory, add_question
from tests.journey.rows import (
    COURSE,
    LEARNERS,
    PEOPLE,
    STAFF,
    Person,
    form,
)
from tests.journey.test_journey import confirmation_link
from tests.sites import LiveSite

# --- Courses


@form("POST courses.enrol_by_code (code)", "courses/enrol.html", roles=PEOPLE)
def enrol_by_code(person: Person) -> None:
    make_course(person.site, f"by-code-{person.name}", "code")
    person.open("/enrol")
    person.fill(Enrolment_code=f"SECRET-by-code-{person.name}")
    person.send("Enrol")
    expect_enrolled(person)


@form("POST courses.enrol (code)", "courses/show.html", roles=PEOPLE)
def enrol_with_a_code(person: Person) -> None:
    make_course(person.site, f"with-code-{person.name}", "code")
    person.open(f"/courses/with-code-{person.name}")
    person.page.get_by_label("code").fill(f"secret-with-code-{person.name}")
    person.send("Enrol", "form.card")
    expect_enrolled(person)


@form("POST courses.enrol ()", "courses/show.html", roles=PEOPLE)
def enrol_in_an_open_course(person: Person) -> None:
    make_course(person.site, f"open-{person.name}", "open")
    person.open(f"/courses/open-{person.name}")
    person.send("Enrol", "form.card")
    expect_enrolled(person)


@form("POST courses.leave ()", "courses/show.html", roles=PEOPLE)
def leave_a_course(person: Person) -> None:
    make_course(person.site, f"left-{person.name}", "open")
    person.open(f"/courses/left-{person.name}")
    person.send("Enrol", "form.card")
    person.page.once("dialog", lambda dialog: dialog.accept())
    person.page.get_by_role("button", name="Leave this course").click()
    expect(person.page.get_by_role("button", name="Leave this course")).to_have_count(0)
    person.open(f"/courses/left-{person.name}")
    expect(person.page.get_by_role("button", name="Enrol")).to_be_visible()


def make_course(site: LiveSite, slug: str, enrolment: str) -> None:
    with site.app.app_context():
        CourseFactory(slug=slug, enrolment=enrolment, enrol_code=f"secret-{slug}" if enrolment == "code" else None)
        db.session.commit()


def expect_enrolled(person: Person) -> None:
    expect(person.page.get_by_role("button", name="Leave this course")).to_be_visible()


@form("POST courses.complete ()", "courses/lesson.html", roles=LEARNERS)
def finish_a_lesson(person: Person) -> None:
    person.open(f"{COURSE}/lessons/first-words")
    person.send(re.compile("Done, go on to"), "form.complete")
    person.expect_heading("First-Quiz")
    person.open(f"{COURSE}/lessons/first-words")
    expect(person.page.get_by_text("Done", exact=True)).to_be_visible()


@form("POST people.set_role (role)", "courses/people.html", roles=STAFF)
def give_a_role(person: Person) -> None:
    add_student(person.site, f"judy-{person.name}")
    person.open(f"{COURSE}/people")
    line = line_of(person, f"judy-{person.name}")
    line.get_by_role("combobox").select_option("assistant")
    line.get_by_role("button", name="Save").click()
    person.expect_flash("Saved.")
    expect(line_of(person, f"judy-{person.name}").get_by_role("combobox")).to_have_value("assistant")


def look_at_a_list(person: Person, name: str) -> None:
    """Type a list with somebody who has an account, somebody who hasn't, and nobody; it makes no cohort here."""
    with person.site.app.app_context():
        UserFactory(handle=name, display_name=name.title(), email=f"{name}@example.org")
        db.session.commit()
    person.open(f"{COURSE}/people")
    person.page.get_by_role("link", name="Bring a class in").click()
    person.page.get_by_label("Or the list itself").fill(f"email\n{name}@example.org\nno-{name}@example.org\nx\n")
    person.send("Show what it does", ".moving-form")
    person.expect_heading("What the list does")
    expect(person.page.locator("tbody tr")).to_have_count(3)


@form("POST roster.send (file, list)", "courses/roster.html", roles=STAFF)
def send_a_list(person: Person) -> None:
    look_at_a_list(person, f"listed-{person.name}")


@form("POST roster.send (list)", "courses/roster.html", roles=STAFF)
def bring_a_class_in(person: Person) -> None:
    look_at_a_list(person, f"brought-{person.name}")
    person.send("Do it", ".moving-form")
    person.expect_flash("1 person came in. 1 person is expected.")
    expect(line_of(person, f"brought-{person.name}")).to_have_count(1)


@form("POST people.set_role ()", "courses/remove_person.html", roles=STAFF)
def remove_somebody(person: Person) -> None:
    add_student(person.site, f"mallory-{person.name}")
    person.open(f"{COURSE}/people")
    line = line_of(person, f"mallory-{person.name}")
    line.get_by_role("combobox").select_option("Remove")
    line.get_by_role("button", name="Save").click()
    person.expect_heading(re.compile("^Remove Mallory"))
    person.send("Remove", "form.actions")
    person.expect_flash("Saved.")
    expect(line_of(person, f"mallory-{person.name}")).to_have_count(0)


@form("POST people.send_confirmation ()", "courses/people.html", roles=STAFF)
def send_the_mail_to_confirm(person: Person) -> None:
    add_student(person.site, f"oscar-{person.name}", confirmed_at=None)
    person.open(f"{COURSE}/people")
    line = line_of(person, f"oscar-{person.name}")
    expect(line.get_by_text("address not confirmed yet")).to_be_visible()
    line.get_by_role("button", name="Send the mail again").click()
    person.expect_flash(f"on its way to oscar-{person.name}@example.org")
    confirmation_link(person.site, f"oscar-{person.name}@example.org")


@form("POST points.give (points, reason)", "leaderboards/points.html", roles=STAFF)
def give_points(person: Person) -> None:
    add_student(person.site, f"peggy-{person.name}")
    person.open(f"{COURSE}/people")
    line_of(person, f"peggy-{person.name}").get_by_role("link", name=re.compile("^Points of")).click()
    person.fill(Points_to_give="7", Reason="Helped <others> & me")
    person.send("Give points", "form.award")
    person.expect_flash("7 points given.")
    expect(person.page.get_by_text("Helped <others> & me")).to_be_visible()


@form("POST leaderboards.choose (board, pseudonym)", "leaderboards/show.html", roles=("bob",))
def choose_a_pseudonym(person: Person) -> None:
    person.open(f"{COURSE}/leaderboard")
    person.page.get_by_text("How you stand on the board").first.click()
    person.page.get_by_label("By a pseudonym").check()
    person.page.get_by_label("Pseudonym", exact=True).fill("The Owl")
    person.send("Save", "details.appearance")
    person.expect_flash("Saved.")
    person.page.get_by_text("How you stand on the board").first.click()
    expect(person.page.get_by_label("Pseudonym", exact=True)).to_have_value("The Owl")


@form("GET leaderboards.show (as_of, q)", "leaderboards/show.html", roles=PEOPLE)
def ask_the_board(person: Person) -> None:
    person.open(f"{COURSE}/leaderboard")
    person.page.get_by_label("Name", exact=True).fill("nobody at all")
    person.page.get_by_label("As it stood at").fill("2026-01-01T10:00")
    person.send("Show", "form.board-ask")
    expect(person.page.get_by_text("Nobody on this board is called that.")).to_be_visible()
    expect(person.page.get_by_text("This is how the board stood at")).to_be_visible()


@form("GET leaderboards.show (as_of, cohort, q)", "leaderboards/show.html", roles=STAFF)
def ask_for_a_cohort(person: Person) -> None:
    add_cohort(person, f"red-{person.name}")
    person.open(f"{COURSE}/leaderboard")
    person.page.get_by_label("Cohort").select_option(f"red-{person.name}")
    person.send("Show", "form.board-ask")
    expect(person.page.get_by_label("Cohort").locator("option:checked")).to_have_text(f"red-{person.name}")
    remove_cohort(person, f"red-{person.name}")


@form("POST board_settings.freeze (from, until)", "leaderboards/settings.html", roles=STAFF)
def freeze_the_board(person: Person) -> None:
    person.open(f"{COURSE}/leaderboard/settings")
    person.fill(From="2026-01-02T10:00", Until="2026-01-01T10:00")
    person.send("Save", "form.freeze")
    expect(person.page.get_by_text("The end comes after the begin.")).to_be_visible()
    person.fill(Until="2026-01-03T10:00")
    person.send("Save", "form.freeze")
    person.expect_flash("Saved.")
    expect(person.page.get_by_label("Until", exact=True)).to_have_value("2026-01-03T10:00")


@form("POST board_settings.add_cohort (name)", "leaderboards/settings.html", roles=STAFF)
def add_a_cohort(person: Person) -> None:
    add_cohort(person, f"blue-{person.name}")
    remove_cohort(person, f"blue-{person.name}")


@form("POST board_settings.remove_cohort ()", "leaderboards/settings.html", roles=STAFF)
def remove_a_cohort(person: Person) -> None:
    add_cohort(person, f"green-{person.name}")
    remove_cohort(person, f"green-{person.name}")


@form("POST board_settings.put_in_cohort (cohort)", "courses/people.html", roles=STAFF)
def put_somebody_into_a_cohort(person: Person) -> None:
    add_student(person.site, f"trent-{person.name}")
    add_cohort(person, f"grey-{person.name}")
    person.open(f"{COURSE}/people")
    line = line_of(person, f"trent-{person.name}")
    line.get_by_label("Cohort of").select_option(f"grey-{person.name}")
    line.get_by_role("button", name="Put there").click()
    person.expect_flash("Saved.")
    chosen = line_of(person, f"trent-{person.name}").get_by_label("Cohort of").locator("option:checked")
    expect(chosen).to_have_text(f"grey-{person.name}")
    remove_cohort(person, f"grey-{person.name}")


def add_cohort(person: Person, name: str) -> None:
    person.open(f"{COURSE}/leaderboard/settings")
    person.fill(New_cohort=name)
    person.send("Add", "form.cohort-new")
    person.expect_flash("Saved.")
    expect(person.page.locator(".cohorts")).to_contain_text(name)


def remove_cohort(person: Person, name: str) -> None:
    person.open(f"{COURSE}/leaderboard/settings")
    person.page.once("dialog", lambda dialog: dialog.accept())
    person.page.get_by_role("button", name=f"Remove {name}").click()
    person.expect_flash("Saved.")


def add_student(site: LiveSite, handle: str, **values: Any) -> None:
    with site.app.app_context():
        course = db.session.query(Course).filter_by(slug="shell").one()
        user = UserFactory(handle=handle, fs_uniquifier=handle, **values)
        EnrolmentFactory(course=course, user=user)
        db.session.commit()


def line_of(person: Person, handle: str) -> Locator:
    return person.page.locator("tr", has_text=f"{handle}@example.org")


# --- Quizzes


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
