"""How the forms of accounts are filled in: registering, signing in, the profile, tokens, the password."""

import re
from collections.abc import Sequence

from playwright.sync_api import expect

from tests.factories import PASSWORD
from tests.journey.rows import (
    EVERYBODY,
    NEW_PASSWORD,
    PEOPLE,
    Person,
    form,
    make_stale,
)
from tests.journey.test_journey import confirmation_link

# --- Who isn't signed in


@form("GET courses.catalogue (q)", "courses/catalogue.html", roles=EVERYBODY)
def search(person: Person) -> None:
    person.open("/courses")
    person.fill(Search_courses="shell")
    person.send("Search", "form.search")
    expect(person.page).to_have_url(re.compile(r"\?q=shell$"))
    expect(person.page.get_by_role("link", name="Shell", exact=True)).to_be_visible()


def register(person: Person, name: str) -> None:
    person.open("/register")
    person.fill(Your_name=name.title(), Email_address=f"{name}@example.org", Password=NEW_PASSWORD)
    person.fill(Retype_the_password=NEW_PASSWORD)
    person.send("Register")
    person.expect_heading("Check your mail")


@form(
    "POST security.register (display_name, email, password, password_confirm)",
    "security/register_user.html",
    roles=("guest",),
)
def registering(person: Person) -> None:
    register(person, "erin")
    person.open(confirmation_link(person.site, "erin@example.org"))
    person.expect_heading("Hello, Erin")


@form("POST security.send_confirmation ()", "auth/registered.html", roles=("guest",))
def mail_again(person: Person) -> None:
    register(person, "frank")
    person.send("Send the mail again", "main")
    person.expect_flash("frank@example.org")
    person.open(confirmation_link(person.site, "frank@example.org", letters=2))
    person.expect_heading("Hello, Frank")


@form("POST security.send_confirmation (email)", "security/send_confirmation.html", roles=("guest",))
def mail_again_later(person: Person) -> None:
    person.open("/confirm")
    person.fill(Email_address="grace@example.org")
    person.send("Send the mail again")
    person.expect_flash("grace@example.org")
    confirmation_link(person.site, "grace@example.org")


@form("POST security.confirm_email (password)", "auth/confirm.html", roles=("guest",))
def confirm_elsewhere(person: Person) -> None:
    # The mail that the form above asked for.
    mail_again_later(person)
    person.open(confirmation_link(person.site, "grace@example.org"))
    person.fill(Password=PASSWORD)
    person.send("Confirm and sign in")
    person.expect_heading("Hello, Grace")


@form("POST security.login (email, password, remember)", "security/login_user.html", roles=("guest",))
def signing_in(person: Person) -> None:
    person.open("/login")
    person.fill(Email_address="bob@example.org", Password=PASSWORD)
    person.page.get_by_label("Keep me signed in").check()
    person.send("Sign in")
    person.expect_heading("Hello, Bob")


@form("POST security.forgot_password (email)", "security/forgot_password.html", roles=("guest",))
def forgotten_password(person: Person) -> None:
    person.open("/reset")
    person.fill(Email_address="heidi@example.org")
    person.send("Send the mail")
    person.expect_flash("heidi@example.org")
    confirmation_link(person.site, "heidi@example.org", what="reset")


@form(
    "POST security.reset_password (end_tokens, password, password_confirm)",
    "security/reset_password.html",
    roles=("guest",),
)
def new_password_by_mail(person: Person) -> None:
    forgotten_password(person)
    person.open(confirmation_link(person.site, "heidi@example.org", what="reset"))
    person.fill(Password=NEW_PASSWORD, Retype_the_password=NEW_PASSWORD)
    person.page.get_by_label("Also end all API tokens").check()
    person.send("Save")
    person.fill(Email_address="heidi@example.org", Password=NEW_PASSWORD)
    person.send("Sign in")
    person.expect_heading("Hello, Heidi")


@form("POST security.register (password, password_confirm)", "auth/go_on.html", roles=("guest",))
def register_after_a_rest(person: Person) -> None:
    person.open("/register")
    person.fill(Your_name="Ivan", Email_address="ivan@example.org", Password=NEW_PASSWORD)
    person.fill(Retype_the_password=NEW_PASSWORD)
    make_stale(person)
    person.send("Register")
    person.expect_heading("Nothing is lost")
    for box in person.page.locator("form.sheet input[type=password]").all():
        box.fill(NEW_PASSWORD)
    person.send("Send it now")
    person.expect_heading("Check your mail")


# --- One's account


@form("POST auth.profile (display_name, theme, time_zone)", "auth/profile.html", roles=PEOPLE)
def profile(person: Person) -> None:
    person.open("/account")
    person.fill(Name=f"{person.name.title()} Again")
    person.page.get_by_label("Time zone").select_option("Europe/Paris")
    person.page.get_by_label("Theme").select_option("dark")
    person.send("Save")
    person.expect_flash("Your profile is saved.")
    expect(person.page.get_by_label("Name")).to_have_value(f"{person.name.title()} Again")
    expect(person.page.locator("html")).to_have_attribute("data-theme", "dark")


@form("POST auth.profile ()", "auth/go_on.html", roles=PEOPLE)
def profile_after_a_rest(person: Person) -> None:
    person.open("/account")
    person.page.get_by_label("Theme").select_option("light")
    make_stale(person)
    person.send("Save")
    person.expect_heading("Nothing is lost")
    person.send("Send it now")
    person.expect_flash("Your profile is saved.")
    expect(person.page.get_by_label("Theme")).to_have_value("light")


@form("POST auth.tokens (course, days, name, parts, scopes)", "auth/tokens.html", roles=PEOPLE)
def make_tokens(person: Person) -> None:
    for scopes in (["read"], ["read", "change"]):
        make_token(person, scopes)
        token = person.page.locator(".notice-good code").inner_text()
        headers = {"Authorization": f"Bearer {token}"}
        me = person.page.request.get(f"{person.site.url}/api/v1/me", headers=headers)
        assert me.json()["handle"] == person.name

    # An administrator is in no course, and so has none to choose.
    course = "" if person.name == "dana" else "shell"
    make_token(person, [], parts=["the bank of questions: read"], course=course)
    row = expect(person.page.get_by_role("row").filter(has_text="bank:read"))
    row.to_contain_text("only in" if course else "bank:read")


def make_token(person: Person, scopes: list[str], parts: Sequence[str] = (), course: str = "") -> None:
    person.open("/account/tokens")
    person.fill(**{"What_is_it_for?": " and ".join([*scopes, *parts])})
    person.page.get_by_label("Valid for").select_option("a year")
    for scope in ("read", "change"):
        person.page.get_by_label(f"{scope} everything").set_checked(scope in scopes)
    person.page.get_by_label("Where").select_option(course)
    person.page.get_by_text("Only parts of it").click()
    for part in parts:
        person.page.get_by_label(part, exact=True).check()
    person.send("Make a token")
    expect(person.page.locator(".notice-good")).to_contain_text("Your new token")


@form("POST auth.revoke ()", "auth/tokens.html", roles=PEOPLE)
def end_a_token(person: Person) -> None:
    make_token(person, ["read"])
    person.page.once("dialog", lambda dialog: dialog.accept())
    person.page.get_by_role("button", name="Revoke").first.click()
    person.expect_flash("The token no longer works.")
    expect(person.page.get_by_text("revoked").first).to_be_visible()


@form("POST security.verify (password)", "security/verify.html", roles=PEOPLE)
def still_oneself(person: Person) -> None:
    person.open("/verify?next=/labs")
    person.fill(Password=PASSWORD)
    person.send("Go on")
    expect(person.page).to_have_url(re.compile("/labs$"))


@form(
    "POST security.change_password (end_tokens, new_password, new_password_confirm, password)",
    "security/change_password.html",
    roles=PEOPLE,
)
def change_password(person: Person) -> None:
    for old, new in ((PASSWORD, NEW_PASSWORD), (NEW_PASSWORD, PASSWORD)):
        person.open("/change")
        person.fill(Current_password=old, New_password=new, Retype_the_new_password=new)
        person.page.get_by_label("Also end all API tokens").check()
        person.send("Save")
        person.expect_flash("You successfully changed your password.")
    person.open("/account/tokens")
    expect(person.page.get_by_role("button", name="Revoke")).to_have_count(0)
