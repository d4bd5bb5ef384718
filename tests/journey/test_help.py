"""Two people at two browsers: bob works in his lab, alice helps."""

import re
from collections.abc import Iterator

import pytest
from playwright.sync_api import APIResponse, Browser, Route, expect

from tests.browsers import PATIENCE_MS
from tests.journey.student import COURSE, SignedIn, Student
from tests.journey.test_accessibility import faults

pytestmark = pytest.mark.long

BOARD = f"{COURSE}/labs-board"


@pytest.fixture
def alice(signed_in: SignedIn, browser: Browser) -> Iterator[Student]:
    with browser.new_context(locale="en-GB", viewport={"width": 1280, "height": 800}) as other:
        other.set_default_timeout(PATIENCE_MS)
        yield signed_in.student("alice", other.new_page())


def look_in(alice: Student) -> None:
    """Open bob's lab from the board."""
    alice.open(BOARD)
    alice.page.get_by_role("link", name=re.compile("Look in Bob")).click()
    expect(alice.page.get_by_text("You are looking at Bob Bajwa’s lab")).to_be_visible()
    alice.expect_connected()


def test_alice_looks_in_and_types_only_while_bob_lets_her(bob: Student, alice: Student) -> None:
    bob.start_lab()
    expect(bob.page.locator("#visitors")).to_be_hidden()
    look_in(alice)
    expect(bob.page.get_by_text("Alice Ackermann is looking")).to_be_visible()

    alice.type("echo too-early")
    bob.type("echo bob-$((40 + 2))")
    alice.expect_screen("bob-42")
    assert "too-early" not in bob.screen()

    alice.page.get_by_role("button", name="Ask for the keyboard").click()
    expect(bob.page.get_by_text("Alice Ackermann asks for the keyboard")).to_be_visible()
    assert bob.page.evaluate("document.activeElement.closest('#terminal') !== null"), "asking took bob's focus away"
    bob.page.get_by_role("button", name="Give the keyboard").click()
    expect(alice.page.get_by_text("You can type, and so can Bob Bajwa.")).to_be_visible()
    alice.type("echo alice-$((50 + 2))")
    bob.expect_screen("alice-52")
    # What a program asks the terminal is answered once, and not typed into bob's shell by alice's page, too.
    bob.type(
        r"printf '\e[6n\e[c'; read -rsd c -t 5 one; sleep 1; read -rsn 1 -t 1 two; echo answers-${#two}-$((1 + 1))"
    )
    bob.expect_screen("answers-0-2")

    bob.page.get_by_role("button", name="Take the keyboard back").click()
    expect(alice.page.locator("#keyboard")).to_have_attribute("data-state", "watching")
    alice.type("echo too-late")
    bob.type("echo end-$((60 + 2))")
    bob.expect_screen("end-62")
    assert "too-late" not in bob.screen()

    alice.page.get_by_role("button", name="Leave").click()
    expect(alice.page).to_have_url(re.compile("labs-board$"))
    expect(bob.page.locator("#visitors")).to_be_hidden()


def test_bob_refuses_beside_his_steps_and_alice_closes_her_page(bob: Student, alice: Student) -> None:
    bob.start_lab()
    bob.page.set_viewport_size({"width": 390, "height": 800})
    bob.page.get_by_role("tab", name="Steps").click()
    look_in(alice)
    alice.page.get_by_role("button", name="Ask for the keyboard").click()

    bob.page.get_by_role("button", name="Not now").click()

    expect(alice.page.get_by_text("Bob Bajwa keeps the keyboard.")).to_be_visible()
    alice.page.close()
    expect(bob.page.locator("#visitors")).to_be_hidden()


def test_a_hand_a_message_and_an_answer(bob: Student, alice: Student) -> None:
    alice.open(BOARD)
    expect(alice.page.locator("#live")).to_have_attribute("data-state", "on")
    bob.start_lab()
    bob.page.get_by_role("tab", name="Help").click()
    bob.page.get_by_label("What is it about?").fill("the second step")
    bob.page.get_by_role("button", name="Raise your hand").click()
    expect(bob.page.get_by_text(re.compile("Your hand is up since .*: the second step"))).to_be_visible()
    expect(alice.page.get_by_text(re.compile("Hand up for .*: the second step"))).to_be_visible()

    alice.page.get_by_role("button", name=re.compile("Message Bob")).click()
    alice.page.get_by_role("textbox", name="Message").fill("Look at <b>where</b> you are")
    alice.page.get_by_role("button", name="Send").click()
    expect(bob.page.locator(".message-text")).to_have_text("Look at <b>where</b> you are")
    bob.page.get_by_role("textbox", name="Message").fill("Thank you!")
    bob.page.keyboard.press("Enter")
    expect(alice.page.get_by_text("1 new")).to_be_visible()

    alice.page.get_by_role("button", name=re.compile("Lower hand Bob")).click()

    expect(bob.page.get_by_role("button", name="Raise your hand")).to_be_visible()
    expect(alice.page.get_by_text(re.compile("Hand up"))).to_have_count(0)


def test_a_message_marks_the_panel_that_is_closed(bob: Student, alice: Student) -> None:
    bob.start_lab()
    look_in(alice)
    alice.page.get_by_role("tab", name="Help").click()
    alice.page.get_by_role("textbox", name="Message").fill("Shall we talk?")
    alice.page.get_by_role("button", name="Send").click()

    mark = bob.page.locator("#tab-help .tab-mark")
    expect(mark).to_be_visible()
    # A page that is left before the site knows of it has read nothing.
    with bob.page.expect_response("**/messages/read"):
        bob.page.get_by_role("tab", name="Help").click()

    expect(bob.page.get_by_text("Shall we talk?", exact=True)).to_be_visible()
    expect(mark).to_be_hidden()
    bob.page.reload()
    bob.expect_connected()
    expect(mark).to_be_hidden()


def test_an_answer_that_comes_late_brings_back_no_older_state(bob: Student) -> None:
    held: list[tuple[Route, APIResponse]] = []
    bob.start_lab()
    bob.page.get_by_role("tab", name="Help").click()
    bob.page.route("**/hand", lambda route: held.append((route, route.fetch())))
    note = bob.page.get_by_label("What is it about?")
    note.fill("the second step")
    bob.page.get_by_role("button", name="Raise your hand").click()
    lower = bob.page.get_by_role("button", name="Lower it")
    expect(lower).to_be_visible()  # by the stream
    lower.click()
    expect(lower).to_be_hidden()

    route, answer = held[0]
    route.fulfill(response=answer)

    expect(note).to_have_value("")  # the answer is there
    expect(lower).to_be_hidden()


def test_the_board_and_both_sides_of_a_visit_are_for_everybody(bob: Student, alice: Student) -> None:
    bob.start_lab()
    alice.open(BOARD)
    assert faults(alice.page) == []
    alice.page.set_viewport_size({"width": 1280, "height": 800})
    look_in(alice)
    alice.page.get_by_role("button", name="Ask for the keyboard").click()
    expect(bob.page.get_by_text("Alice Ackermann asks for the keyboard")).to_be_visible()

    assert faults(bob.page) == []
    assert faults(alice.page) == []

    bob.page.set_viewport_size({"width": 1280, "height": 800})
    bob.page.get_by_role("button", name="Give the keyboard").click()
    bob.page.get_by_role("tab", name="Help").click()
    assert faults(bob.page) == []
    alice.page.set_viewport_size({"width": 1280, "height": 800})
    alice.page.get_by_role("tab", name="Help").click()
    assert faults(alice.page) == []


@pytest.mark.parametrize("width", [360, 1280])
def test_no_page_of_help_is_wider_than_its_screen(bob: Student, alice: Student, width: int) -> None:
    bob.start_lab()
    alice.page.set_viewport_size({"width": width, "height": 740})
    for summary in (0, 1, 2):
        alice.open(BOARD)
        alice.page.locator(".bulk-menu summary").nth(summary).click()
        assert alice.page.evaluate("document.documentElement.scrollWidth") <= width
        assert alice.page.locator(".bulk-body").nth(summary).evaluate("body => body.getBoundingClientRect().left") >= 0

    alice.open(BOARD)
    alice.page.get_by_role("link", name=re.compile("Look in Bob")).click()
    expect(alice.page.get_by_text("You are looking at")).to_be_visible()

    assert alice.page.evaluate("document.documentElement.scrollWidth") <= width
