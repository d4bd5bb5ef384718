"""How the forms of courses are filled in: enrolling, leaving, lessons, people, boards."""

import re
from typing import Any

from playwright.sync_api import Locator, expect

from extensions import db
from models import Course
from tests.factories import CourseFactory, EnrolmentFactory, UserFactory
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


def filter_the_log(person: Person, name: str, way_there: str) -> None:
    """Do something that is logged, and find it."""
    add_student(person.site, name)
    person.open(f"{COURSE}/people")
    line_of(person, name).get_by_role("combobox").select_option("assistant")
    line_of(person, name).get_by_role("button", name="Save").click()
    person.expect_flash("Saved.")
    person.open(way_there)
    person.page.get_by_role("link", name="Audit log").click()
    person.page.get_by_label("What").select_option("enrolment.set")
    person.send("Filter", ".bank-filter")
    expect(person.page.get_by_label("What")).to_have_value("enrolment.set")
    changed = person.page.locator("tbody tr", has_text="from student to assistant").filter(has_text=name)
    expect(changed).to_have_count(1)


@form("GET audit_log.course (act)", "audit/show.html", roles=STAFF)
def filter_a_courses_audit_log(person: Person) -> None:
    filter_the_log(person, f"yusuf-{person.name}", f"{COURSE}/people")


@form("GET audit_log.site (act)", "audit/show.html", roles=("dana",))
def filter_the_sites_audit_log(person: Person) -> None:
    filter_the_log(person, f"wendy-{person.name}", "/account")
