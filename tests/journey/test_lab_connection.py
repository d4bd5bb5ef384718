"""The lab page when its session or its connection goes away, and what is typed and pasted meanwhile."""

import hashlib
import re

import pytest
from playwright.sync_api import expect

from tests.journey.student import Student
from tests.journey.test_signing_in_again import open_beside, sign_in_here, sign_out

PASTE = """() => {
  const line = "x".repeat(99) + "\\n";
  document.getElementById("terminal").terminal.paste(line.repeat(13000));
}"""


@pytest.fixture
def second(bob: Student) -> Student:
    """Another tab of bob's browser."""
    return Student(bob.site, bob.page.context.new_page())


def test_an_open_lab_says_that_its_person_signed_out_and_goes_on_by_itself(bob: Student, second: Student) -> None:
    bob.start_lab()
    bob.expect_connected()
    bob.type("here=41")
    second.open("/")

    sign_out(second.page)

    expect(bob.page.locator(".session-gone")).to_contain_text("You have been signed out.", timeout=4000)
    expect(bob.page.locator("#terminal")).to_have_attribute("data-state", "connecting")
    sign_in_here(open_beside(bob, "Sign in again"), "bob")
    bob.expect_connected()
    bob.type("echo still $((here + 1))")
    bob.expect_screen("still 42")
    bob.page.get_by_role("button", name="Reset").click()
    bob.page.locator("#confirm").get_by_role("button", name="Cancel").click()


def test_when_redis_forgot_the_session_the_lab_says_so(bob: Student) -> None:
    bob.start_lab()
    bob.expect_connected()

    bob.site.app.extensions["yurt_redis"].flushdb()

    expect(bob.page.locator(".session-gone")).to_contain_text("You have been signed out.", timeout=4000)


def test_after_signing_in_again_the_terminal_comes_back_without_a_word(bob: Student, second: Student) -> None:
    bob.start_lab()
    bob.expect_connected()
    second.open("/")

    sign_out(second.page)
    second.sign_in("bob")

    expect(bob.page.locator(".session-gone")).to_have_count(0)
    bob.expect_connected()
    bob.type("echo back $((40 + 2))")
    bob.expect_screen("back 42")


def test_what_is_typed_while_the_network_is_away_is_sent_when_it_is_back(bob: Student) -> None:
    bob.start_lab()
    bob.expect_connected()
    bob.page.context.set_offline(True)
    expect(bob.page.locator("#machine-link")).to_have_text(re.compile("What you type now is sent then"))

    bob.type("echo kept $((40 + 2))")
    bob.page.context.set_offline(False)

    bob.expect_screen("kept 42")


def test_a_large_paste_arrives_whole(bob: Student) -> None:
    bob.start_lab()
    bob.expect_connected()
    bob.type("stty -echo raw; echo re''ady; head -c 1300000 | tr '\\r' '\\n' | sha256sum; stty sane")
    bob.expect_screen("ready")

    bob.page.evaluate(PASTE)

    bob.expect_screen(hashlib.sha256(("x" * 99 + "\n").encode() * 13000).hexdigest())
    expect(bob.page.locator("#terminal")).to_have_attribute("data-state", "connected")


def test_enter_of_an_input_method_sends_no_message(bob: Student) -> None:
    bob.start_lab()
    bob.page.get_by_role("tab", name="Help").click()
    field = bob.page.locator("#talk-form textarea")
    field.fill("にほん")

    for key in ({"keyCode": 229}, {"isComposing": True}):
        field.evaluate(
            "(it, key) => it.dispatchEvent(new KeyboardEvent('keydown', { key: 'Enter', bubbles: true, ...key }))", key
        )
    expect(field).to_have_value("にほん")
    field.press("Enter")

    expect(field).to_have_value("")
