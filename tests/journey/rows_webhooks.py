"""How the forms of webhooks are filled in."""

from playwright.sync_api import expect
from sqlalchemy import select

from extensions import db
from models import Course, User
from tests.journey.rows import COURSE, STAFF, Person, form
from tests.webhooks.stages import add_delivery, add_webhook

WEBHOOKS = f"{COURSE}/webhooks"


def open_one(person: Person, *, with_message: bool = False) -> None:
    """Open a webhook of the person's own, to where nobody is: the site's scheduler calls no one."""
    with person.site.app.app_context():
        course = db.session.scalars(select(Course).where(Course.slug == "shell")).one()
        alice = db.session.scalars(select(User.id).where(User.handle == "alice")).one()
        host = "192.0.2.1" if with_message else "hooks.invalid"
        webhook = add_webhook(course, alice, f"https://{host}/{person.name}")
        if with_message:
            add_delivery(webhook)
        db.session.commit()
        number = webhook.id
    person.open(f"{WEBHOOKS}/{number}")


@form("POST webhooks.add (kinds, url)", "webhooks/index.html", roles=STAFF)
def make_a_webhook(person: Person) -> None:
    person.open(f"{COURSE}/people")
    person.page.get_by_role("link", name="Webhooks").click()
    person.fill(Address="https://hooks.invalid/yurt")
    person.page.get_by_label("A lab ended").uncheck()
    person.send("Make a webhook")
    expect(person.page.get_by_text("It is shown only this once")).to_be_visible()
    expect(person.page.locator(".notice code")).to_contain_text("whsec_")
    expect(person.page.get_by_label("A lab ended")).not_to_be_checked()


@form("POST webhooks.change (is_on, kinds, url)", "webhooks/show.html", roles=STAFF)
def switch_a_webhook_off(person: Person) -> None:
    open_one(person)
    person.page.get_by_label("On: events are sent there").uncheck()
    person.send("Save")
    person.expect_flash("Saved.")
    expect(person.page.get_by_text("off", exact=True)).to_be_visible()


@form("POST webhooks.rotate ()", "webhooks/show.html", roles=STAFF)
def replace_a_secret(person: Person) -> None:
    open_one(person)
    person.page.once("dialog", lambda dialog: dialog.accept())
    person.page.get_by_role("button", name="Replace the secret").click()
    expect(person.page.locator(".notice code")).to_contain_text("whsec_")


@form("POST webhooks.remove ()", "webhooks/show.html", roles=STAFF)
def remove_a_webhook(person: Person) -> None:
    open_one(person)
    person.page.once("dialog", lambda dialog: dialog.accept())
    person.page.get_by_role("button", name="Remove").click()
    person.expect_flash("Removed.")


@form("POST webhooks.redeliver ()", "webhooks/show.html", roles=STAFF)
def send_a_message_again(person: Person) -> None:
    open_one(person, with_message=True)
    person.page.get_by_role("button", name="Send it again").click()
    person.expect_flash("It is sent again in a moment.")
