"""How the forms of second factors are filled in: an app, recovery codes, the second step of signing in."""

import time

from playwright.sync_api import expect

from tests.accounts.codes import code_at
from tests.factories import PASSWORD
from tests.journey.rows import PEOPLE, Person, form


def prove(person: Person) -> None:
    """Show that it is still oneself, which adding and removing asks for after some minutes."""
    person.open("/verify?next=/account/factors")
    person.fill(Password=PASSWORD)
    person.send("Go on")
    person.expect_heading("How you sign in")


def remove(person: Person) -> None:
    """Take the app away again: others find the account as it was."""
    person.page.once("dialog", lambda dialog: dialog.accept())
    person.page.get_by_role("button", name="Remove the app").click()
    person.expect_flash("The authenticator app is removed.")


@form("POST factors.authenticator (factor_code)", "auth/authenticator.html", roles=PEOPLE)
def add_app(person: Person) -> None:
    prove(person)
    add_it(person)
    remove(person)


def add_it(person: Person) -> list[str]:
    """Add an app; return the recovery codes."""
    person.page.get_by_role("link", name="Add an app").click()
    key = person.page.locator("dl.kept code").inner_text()
    person.fill(Code=code_at(key, time.time()))
    person.send("Add it")
    person.expect_heading("Your recovery codes")
    return person.page.locator(".codes code").all_inner_texts()


@form("POST factors.make_codes ()", "auth/factors.html", roles=PEOPLE)
@form("POST factors.remove_authenticator ()", "auth/factors.html", roles=PEOPLE)
def new_codes_and_none(person: Person) -> None:
    prove(person)
    before = add_it(person)
    person.page.once("dialog", lambda dialog: dialog.accept())
    person.page.get_by_role("button", name="Make new codes").click()
    expect(person.page.locator(".codes code").first).not_to_have_text(before[0])
    remove(person)


@form("POST second.leave ()", "auth/second.html", roles=("guest",))
@form("POST second.show (factor_code)", "auth/second.html", roles=("guest",))
def second_step(person: Person) -> None:
    sign_in(person)
    prove(person)
    codes = add_it(person)
    person.page.locator("details.account summary").click()
    person.send("Sign out", ".account-menu")
    sign_in(person)
    person.send("Sign in as somebody else", "main")
    sign_in(person)
    person.fill(Code=codes[0])
    person.send("Go on")
    person.expect_flash("You have 9 recovery codes left.")
    person.open("/account/factors")
    remove(person)


def sign_in(person: Person) -> None:
    person.open("/login")
    person.fill(Email_address="charlie@example.org", Password=PASSWORD)
    person.send("Sign in")
    person.page.wait_for_url(lambda url: "/login" not in url or url.endswith("/second"))
