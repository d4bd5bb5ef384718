"""Every form that a person can reach is filled in at a browser and sent, and does what its page promises.

Which forms there are is found out: by following every link as each person, on every page that is opened here, and in
the templates. A form without a row fails the file, and so does a row whose form isn't there.
"""

import re
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any

import pytest
from playwright.sync_api import Browser, Locator, expect

from extensions import db
from models import Course
from tests.factories import PASSWORD, CourseFactory, EnrolmentFactory, LabFactory, UserFactory, make_cast
from tests.journey import forms
from tests.journey.student import Student
from tests.journey.test_journey import confirmation_link
from tests.sites import LiveSite

COURSE = "/courses/shell"
LAB = f"{COURSE}/labs/first-lab"
BOARD = f"{COURSE}/labs-board"
NEW_PASSWORD = "a long enough sentence"
EVERYBODY = ("guest", "bob", "alice", "dana")
PEOPLE = ("bob", "alice", "dana")
LEARNERS = ("bob", "alice")
STAFF = ("alice", "dana")


@dataclass
class Person(Student):
    """Somebody at a browser of their own, with the forms that they saw."""

    name: str
    meet: Callable[[str], "Person"]
    seen: list[dict[str, Any]] = field(default_factory=list)

    def send(self, button: str | re.Pattern[str], within: str = "form.sheet") -> None:
        """Press a form's button."""
        self.page.locator(within).get_by_role("button", name=button).click()

    def fill(self, **values: str) -> None:
        """Type into fields by their labels: `_` stands for a space."""
        for label, value in values.items():
            self.page.get_by_label(label.replace("_", " "), exact=True).fill(value)

    def expect_flash(self, text: str | re.Pattern[str]) -> None:
        """Wait until the next page says it."""
        expect(self.page.locator(".flashes")).to_contain_text(text)

    def expect_heading(self, text: str | re.Pattern[str]) -> None:
        """Wait for a heading."""
        expect(self.page.get_by_role("heading", name=text)).to_be_visible()


@dataclass(frozen=True)
class Row:
    """A form: who can reach it, where it stands in the templates, and how it is filled in and sent."""

    name: str
    templates: tuple[str, ...]
    roles: tuple[str, ...]
    use: Callable[[Person], None]


ROWS: list[Row] = []


def form(name: str, *templates: str, roles: tuple[str, ...]) -> Callable[[Callable[[Person], None]], Any]:
    """Add a row."""

    def add(use: Callable[[Person], None]) -> Callable[[Person], None]:
        ROWS.append(Row(name, templates, roles, use))
        return use

    return add


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


def make_stale(person: Person) -> None:
    """Make the form's token one of a session that went away."""
    person.page.locator("form.sheet [name=csrf_token]").evaluate("field => { field.value = 'of another session'; }")


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


@form("POST auth.tokens (days, name, scopes)", "auth/tokens.html", roles=PEOPLE)
def make_tokens(person: Person) -> None:
    for scopes in (["read"], ["read", "change"]):
        make_token(person, scopes)
        token = person.page.locator(".notice-good code").inner_text()
        headers = {"Authorization": f"Bearer {token}"}
        me = person.page.request.get(f"{person.site.url}/api/v1/me", headers=headers)
        assert me.json()["handle"] == person.name


def make_token(person: Person, scopes: list[str]) -> None:
    person.open("/account/tokens")
    person.fill(**{"What_is_it_for?": " and ".join(scopes)})
    person.page.get_by_label("Valid for").select_option("a year")
    for scope in ("read", "change"):
        person.page.get_by_label(scope, exact=True).set_checked(scope in scopes)
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
    person.expect_heading("Nobody has a lab open")


def at_once(person: Person, menu: str, yes: str, said: re.Pattern[str]) -> None:
    open_board(person)
    person.page.get_by_text(f"{menu}…").click()
    person.send(yes, "details[open] form.bulk-body")
    person.expect_flash(said)


# --- Going away


@form("POST security.logout ()", "_macros/top.html", "auth/signed_in.html", "auth/go_on.html", roles=PEOPLE)
def sign_out(person: Person) -> None:
    person.open("/account")
    person.page.locator("details.account summary").click()
    person.send("Sign out", ".account-menu")
    expect(person.page.get_by_role("link", name="Sign in").first).to_be_visible()
    person.sign_in(person.name)
    person.open("/signed-in")
    person.send("Sign out, and in as yourself", ".sheet")
    sign_in_here(person)
    person.expect_heading("You are signed in")
    person.open("/account")
    make_stale(person)
    person.page.locator("form.sheet [name=form_person]").evaluate("field => { field.value = '999999'; }")
    person.send("Save")
    person.expect_heading("Somebody else is signed in")
    person.send("Sign out, and in as yourself", ".sheet")
    sign_in_here(person)
    person.expect_heading("Somebody else is signed in")


def sign_in_here(person: Person) -> None:
    person.fill(Email_address=f"{person.name}@example.org", Password=PASSWORD)
    person.send("Sign in")


# --- The tests


@pytest.fixture(scope="module")
def site(make_live_server: Callable[..., LiveSite]) -> LiveSite:
    """The running product with the cast, and accounts that wait for a mail."""
    running = make_live_server(LIMIT_QUIZ_STARTS="100 per minute")
    with running.app.app_context():
        cast = make_cast()
        LabFactory(module=cast.lesson.module, slug="on-a-cluster", position=4, template="qemu")
        UserFactory(handle="grace", confirmed_at=None)
        UserFactory(handle="heidi")
        db.session.commit()
    return running


@pytest.fixture(scope="module")
def people(site: LiveSite, browser: Browser) -> Iterator[Callable[[str], Person]]:
    """Everybody at a browser of their own, signed in once; a guest is a new one each time."""
    known: dict[str, Person] = {}
    opened = []

    def get(name: str) -> Person:
        if name in known:
            return known[name]
        context = browser.new_context(locale="en-GB", viewport={"width": 1280, "height": 800})
        context.set_default_timeout(15_000)
        opened.append(context)
        person = Person(site, context.new_page(), name, get)
        forms.watch(context, person.seen)
        if name != "guest":
            known[name] = person
            person.sign_in(name)
        return person

    yield get
    for context in opened:
        context.close()


@pytest.fixture(scope="module")
def finder(site: LiveSite) -> forms.Finder:
    return forms.Finder(site.app)


def of(role: str) -> set[str]:
    """Return the forms that have a row for the role."""
    return {row.name for row in ROWS if role in row.roles}


def test_every_form_of_a_template_has_a_row() -> None:
    of_rows = Counter(template for row in ROWS for template in set(row.templates))

    assert set(of_rows) == set(forms.in_templates())


@pytest.mark.parametrize("role", EVERYBODY)
def test_every_form_that_links_lead_to_has_a_row(
    people: Callable[[str], Person], finder: forms.Finder, role: str
) -> None:
    person = people(role)
    person.open("/")

    paths, found = forms.crawl(person.page)

    assert COURSE in paths
    assert finder.names(found) - of(role) == set()


@pytest.mark.parametrize(
    ("row", "role"), [pytest.param(row, role, id=f"{row.name}-{role}") for row in ROWS for role in row.roles]
)
def test_a_form_is_filled_in_and_does_what_it_promises(
    people: Callable[[str], Person], finder: forms.Finder, row: Row, role: str
) -> None:
    person = people(role)

    row.use(person)

    names = finder.names(person.seen)
    assert row.name in names
    # On the way somebody signs out, or in.
    assert names - of(role) - of("bob" if role == "guest" else "guest") == set()
