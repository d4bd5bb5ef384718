"""How the forms of labs are filled in: starting, help, files, the board."""

import re

from playwright.sync_api import expect

from extensions import db
from models import LabSession
from models.lab_session import ENDED
from tests.journey.rows import (
    BOARD,
    COURSE,
    LAB,
    LEARNERS,
    PEOPLE,
    STAFF,
    Person,
    form,
)
from tests.sites import until

LABS_END_S = 60.0

# --- Labs


def open_lab(person: Person) -> None:
    person.open(LAB)
    person.start_lab_here()


@form("POST labs.start ()", "labs/_panel_terminal.html", "labs/_panel_terminal.html", roles=LEARNERS)
def start_a_lab(person: Person) -> None:
    open_lab(person)
    person.type("echo $((6*7))-answers")
    person.expect_screen("42-answers")
    person.open(f"{COURSE}/labs/on-a-cluster")
    person.send("Tell the teachers", "#cover")
    expect(person.page.get_by_text("Its teachers have been told.")).to_be_visible()


@form("#hand-form (note)", "labs/_panel_help.html", roles=LEARNERS)
def raise_a_hand(person: Person) -> None:
    open_lab(person)
    person.page.get_by_role("tab", name="Help").click()
    person.page.get_by_label("What is it about?").fill("the second step")
    person.send("Raise your hand", "#hand")
    expect(person.page.get_by_text(re.compile("Your hand is up since .*: the second step"))).to_be_visible()
    person.page.locator("#hand").get_by_role("button", name="Lower it").click()
    expect(person.page.get_by_role("button", name="Raise your hand")).to_be_visible()


@form("#talk-form (text)", "labs/_panel_help.html", roles=PEOPLE)
def say_something(person: Person) -> None:
    if person.name == "dana":
        look_in(person)
    else:
        open_lab(person)
    person.page.get_by_role("tab", name="Help").click()
    person.page.get_by_role("textbox", name="Message").fill(f"A word of {person.name}")
    person.send("Send", "#talk-form")
    expect(person.page.locator(".message-text").last).to_have_text(f"A word of {person.name}")


@form("#files-ask (files-ask-name)", "labs/_panel_files.html", roles=LEARNERS)
def make_a_folder(person: Person) -> None:
    open_lab(person)
    person.page.get_by_role("tab", name="Files").click()
    person.page.get_by_role("button", name="New folder").click()
    person.fill(Name="a folder")
    person.send("Make", "#files-ask")
    expect(person.page.get_by_role("button", name="Open a folder")).to_be_visible()
    person.page.get_by_role("button", name="Rename a folder").click()
    person.fill(Name="another")
    person.send("Rename", "#files-ask")
    person.page.get_by_role("button", name="Delete another").click()
    person.page.locator("#confirm").get_by_role("button", name="Delete").click()
    expect(person.page.get_by_role("button", name="Open another")).to_have_count(0)


# --- The board


def open_board(person: Person) -> None:
    bob = person.meet("bob")
    bob.open(LAB)
    bob.start_lab_here()
    person.open(BOARD)


def look_in(person: Person) -> None:
    open_board(person)
    person.page.get_by_role("link", name=re.compile("Look in Bob")).click()
    expect(person.page.get_by_text("You are looking at Bob")).to_be_visible()


@form("POST lab_visits.leave ()", "labs/visit.html", roles=STAFF)
def leave_a_visit(person: Person) -> None:
    look_in(person)
    person.send("Leave", ".machine-tools")
    expect(person.page).to_have_url(re.compile("labs-board$"))


@form("#say-form (say-text)", "labs/board.html", roles=STAFF)
def say_from_the_board(person: Person) -> None:
    open_board(person)
    person.page.get_by_role("button", name=re.compile("Message Bob")).click()
    person.page.get_by_role("textbox", name="Message").fill(f"Look there, says {person.name}")
    person.send("Send", "#say-form")
    expect(person.page.locator("#say")).to_be_hidden()
    look_in(person)
    person.page.get_by_role("tab", name="Help").click()
    expect(person.page.get_by_text(f"Look there, says {person.name}")).to_be_visible()


@form("GET labs_board.show (lab)", "labs/board.html", roles=STAFF)
def choose_a_lab(person: Person) -> None:
    open_board(person)
    expect(person.page.get_by_role("link", name=re.compile("Look in Bob"))).to_be_visible()
    person.page.get_by_label("Show").select_option("On-A-Cluster")
    person.expect_heading("Nobody has a lab open")
    expect(person.page.get_by_label("Show")).to_have_value("on-a-cluster")


@form("POST labs_board.act save ()", "labs/board.html", roles=STAFF)
def save_all(person: Person) -> None:
    at_once(person, "Save all", "Save them", re.compile("The work in . labs? is being saved."))


@form("POST labs_board.act extend (minutes)", roles=STAFF)
def keep_all(person: Person) -> None:
    open_board(person)
    person.page.get_by_text("Keep all…").click()
    person.page.get_by_label("For", exact=True).fill("90" if person.name == "alice" else "120")
    person.send("Keep them", "form.bulk-body")
    person.expect_flash(re.compile("labs? (is|are) kept longer."))
    expect(person.page.get_by_text("kept until").first).to_be_visible()


@form("POST labs_board.act stop ()", roles=STAFF)
def stop_all(person: Person) -> None:
    at_once(person, "Stop all", "Stop them", re.compile("labs? stops? now."))
    # Their work is saved first, however long that takes; then the board tells it by itself.
    until(lambda: not open_labs(person), LABS_END_S)
    # The slower a site answers, the seldomer a board looks (static/js/labs-board.js).
    person.expect_heading("Nobody has a lab open", round(LABS_END_S * 1000))


def open_labs(person: Person) -> int:
    with person.site.app.app_context():
        return db.session.query(LabSession).where(LabSession.state != ENDED).count()


def at_once(person: Person, menu: str, yes: str, said: re.Pattern[str]) -> None:
    open_board(person)
    person.page.get_by_text(f"{menu}…").click()
    person.send(yes, "details[open] form.bulk-body")
    person.expect_flash(said)
