"""A page that stays open while its session goes away: it says so, and goes on by itself once its person is back."""

import re
from typing import Any

import pytest
from playwright.sync_api import Page, expect

from tests.factories import PASSWORD
from tests.journey.student import COURSE, Student

SEND = """async () => {
  const { send } = await import("/static/js/send.js");
  const response = await send("GET", "/session");
  return [response.status, (await response.json()).user_id];
}"""
COMPLETE = """async (address) => {
  const { send } = await import("/static/js/send.js");
  return (await send("POST", address)).status;
}"""


def sign_out(tab: Page) -> None:
    """Sign out through the menu."""
    tab.locator("details.account summary").click()
    tab.get_by_role("button", name="Sign out").click()
    expect(tab.get_by_role("link", name="Sign in").first).to_be_visible()


def sign_in_here(tab: Page, name: str) -> None:
    """Fill in the form to sign in that the tab shows."""
    tab.get_by_label("Email").fill(f"{name}@example.org")
    tab.get_by_label("Password").fill(PASSWORD)
    tab.locator("form.sheet").get_by_role("button", name="Sign in").click()


def open_beside(student: Student, link: str) -> Page:
    """Follow a link that opens a new tab; return the tab."""
    with student.page.context.expect_page() as opened:
        student.page.get_by_role("link", name=link, exact=True).click()
    return opened.value


@pytest.fixture
def second(bob: Student) -> Student:
    """Another tab of bob's browser."""
    return Student(bob.site, bob.page.context.new_page())


def ask(student: Student, script: str, *arguments: Any) -> Any:
    """Run a script in the student's page."""
    return student.page.evaluate(script, *arguments)


def test_a_request_after_signing_in_again_takes_a_fresh_token_by_itself(bob: Student, second: Student) -> None:
    bob.open(COURSE)
    second.open("/")
    sign_out(second.page)
    second.sign_in("bob")

    assert ask(bob, COMPLETE, f"{COURSE}/lessons/meet-the-shell/complete") == 200
    expect(bob.page.locator(".session-gone")).to_have_count(0)


def test_who_has_signed_out_is_told_and_the_page_goes_on_once_they_are_back(bob: Student, second: Student) -> None:
    bob.open(COURSE)
    second.open("/")
    sign_out(second.page)

    assert ask(bob, COMPLETE, f"{COURSE}/lessons/meet-the-shell/complete") == 401
    expect(bob.page.locator(".session-gone")).to_contain_text("You have been signed out.")
    sign_in_here(tab := open_beside(bob, "Sign in again"), "bob")
    expect(tab.get_by_text("You are Bob")).to_be_visible()

    expect(bob.page.locator(".session-gone")).to_have_count(0)
    assert ask(bob, SEND)[0] == 200


def test_when_redis_has_forgotten_the_session_the_page_says_so(bob: Student) -> None:
    bob.open(COURSE)
    bob.site.app.extensions["yurt_redis"].flushdb()

    assert ask(bob, COMPLETE, f"{COURSE}/lessons/meet-the-shell/complete") == 401
    expect(bob.page.locator(".session-gone")).to_contain_text("You have been signed out.")


def test_nothing_of_a_page_is_sent_as_somebody_else(bob: Student, second: Student) -> None:
    bob.open(COURSE)
    second.open("/")
    sign_out(second.page)
    second.sign_in("alice")

    assert ask(bob, COMPLETE, f"{COURSE}/lessons/meet-the-shell/complete") == 401
    expect(bob.page.locator(".session-gone")).to_contain_text("Somebody else is signed in")
    tab = open_beside(bob, "Sign in again")
    expect(tab.get_by_text(re.compile("You are Alice"))).to_be_visible()
    tab.get_by_role("button", name="Sign out, and in as yourself").click()
    sign_in_here(tab, "bob")

    expect(bob.page.locator(".session-gone")).to_have_count(0)
    assert ask(bob, COMPLETE, f"{COURSE}/lessons/meet-the-shell/complete") == 200
