"""How the forms of second factors are filled in: an app, recovery codes, the second step of signing in."""

import re
import time

from playwright.sync_api import CDPSession, expect

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
    sign_out(person)
    sign_in(person)
    person.send("Sign in as somebody else", "main")
    sign_in(person)
    person.fill(Code=codes[0])
    person.send("Go on")
    person.expect_flash("You have 9 recovery codes left.")
    person.open("/account/factors")
    remove(person)


def sign_out(person: Person) -> None:
    person.page.locator("details.account summary").click()
    person.send("Sign out", ".account-menu")
    expect(person.page.get_by_role("link", name="Sign in").first).to_be_visible()


def sign_in(person: Person) -> None:
    person.open("/login")
    person.fill(Email_address="charlie@example.org", Password=PASSWORD)
    person.send("Sign in")
    person.page.wait_for_url(lambda url: "/login" not in url or url.endswith("/second"))


# --- Passkeys


def give_key(person: Person) -> tuple[CDPSession, str]:
    """Give the browser a device with room for keys, which asks its person who they are, and always gets an answer."""
    device = person.page.context.new_cdp_session(person.page)
    device.send("WebAuthn.enable")
    options = {"protocol": "ctap2", "transport": "internal", "hasResidentKey": True, "hasUserVerification": True}
    always = {"isUserVerified": True, "automaticPresenceSimulation": True}
    made = device.send("WebAuthn.addVirtualAuthenticator", {"options": {**options, **always}})
    return device, made["authenticatorId"]


def add_key(person: Person) -> None:
    prove(person)
    person.fill(**{"What_do_you_call_it?": "My <phone>"})
    person.page.get_by_role("button", name="Add a passkey").click()
    person.expect_heading("Your recovery codes")
    expect(person.page.locator(".factor-row strong")).to_have_text("My <phone>")


def remove_key(person: Person) -> None:
    person.page.once("dialog", lambda dialog: dialog.accept())
    person.page.get_by_role("button", name="Remove My <phone>").click()
    person.expect_flash("The passkey is removed.")


@form("POST passkeys.add (name)", "_macros/passkeys.html", roles=PEOPLE)
@form("POST passkeys.verify ()", "_macros/passkeys.html", roles=PEOPLE)
@form("POST passkeys.remove ()", "auth/factors.html", roles=PEOPLE)
def keys(person: Person) -> None:
    device, authenticator = give_key(person)
    add_key(person)
    assert len(device.send("WebAuthn.getCredentials", {"authenticatorId": authenticator})["credentials"]) == 1
    person.open("/verify?next=/account/factors")
    person.page.get_by_role("button", name="Use a passkey").click()
    person.expect_heading("How you sign in")
    remove_key(person)
    device.detach()


@form("POST passkeys.sign_in ()", "_macros/passkeys.html", roles=("guest",))
@form("POST passkeys.second_step ()", "_macros/passkeys.html", roles=("guest",))
def signing_in_by_key(person: Person) -> None:
    sign_in(person)
    device, authenticator = give_key(person)
    add_key(person)
    sign_out(person)
    person.open("/login?next=/labs")
    person.page.get_by_role("button", name="Use a passkey").click()
    expect(person.page).to_have_url(re.compile("/labs$"))
    sign_out(person)
    sign_in(person)
    person.page.get_by_role("button", name="Use a passkey").click()
    expect(person.page).to_have_url(re.compile("/$"))
    sign_out(person)
    person.open("/login")
    device.send("WebAuthn.setUserVerified", {"authenticatorId": authenticator, "isUserVerified": False})
    person.page.get_by_role("button", name="Use a passkey").click()
    expect(person.page.locator("form[data-passkey] .error")).to_have_text(
        "That wasn’t finished. Try again when you are ready."
    )
    device.send("WebAuthn.setUserVerified", {"authenticatorId": authenticator, "isUserVerified": True})
    person.page.get_by_role("button", name="Use a passkey").click()
    expect(person.page).to_have_url(re.compile("/$"))
    person.open("/account/factors")
    remove_key(person)
    device.detach()


# --- Accounts elsewhere


@form("POST sign_on.connect ()", "auth/connect.html", roles=PEOPLE)
@form("POST sign_on.disconnect ()", "auth/factors.html", roles=PEOPLE)
def account_elsewhere(person: Person) -> None:
    prove(person)
    person.page.get_by_role("link", name="Connect School").click()
    person.expect_heading("Connect an account")
    person.send("Connect them")
    person.expect_flash("You can sign in with School from now on.")
    person.page.once("dialog", lambda dialog: dialog.accept())
    person.page.get_by_role("button", name="Remove School").click()
    person.expect_flash("That is no longer connected with your account.")
