"""A student's day, in a real browser on the running product."""

import contextlib
import re
from email import message_from_bytes
from email.policy import default
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, Route, expect
from playwright.sync_api import Error as PlaywrightError
from sqlalchemy import select

from extensions import db
from models import Attempt, Course, Mail, User, utcnow
from services.leaderboards import points
from tests.journey.student import COURSE, LAB, QUIZ, Student
from tests.sites import LiveSite, until


def confirmation_link(site: LiveSite, address: str, *, what: str = "confirm", letters: int = 1) -> str:
    """Return the path of the link in the newest of so many mails that lie in var/mail."""

    def found() -> list[str]:
        files = sorted((site.settings.var_dir / "mail").glob(f"*-{address}.eml"))
        parsed = [message_from_bytes(path.read_bytes(), policy=default) for path in files]
        bodies = [message.get_body(("plain",)) for message in parsed]
        return [path for body in bodies if body for path in re.findall(rf"/{what}/\S+", body.get_content())]

    until(lambda: len(found()) >= letters, explain=lambda: f"no mail for {address}")
    return found()[-1]


def test_a_visitor_registers_enrols_and_reads(demo_site: LiveSite, page: Page) -> None:
    visitor = Student(demo_site, page)
    visitor.open("/")
    page.get_by_role("link", name="Create an account").click()
    page.get_by_label("Your name").fill("Erin Example")
    page.get_by_label("Email").fill("erin@example.org")
    page.get_by_label("Password", exact=True).fill("a long enough sentence")
    page.get_by_label(re.compile("Retype")).fill("a long enough sentence")
    page.locator("form.sheet").get_by_role("button", name="Register").click()
    expect(page.get_by_role("heading", name="Check your mail")).to_be_visible()
    visitor.open(confirmation_link(demo_site, "erin@example.org"))
    expect(page.get_by_role("heading", name="Hello, Erin Example")).to_be_visible()

    visitor.open(COURSE)
    page.get_by_role("button", name="Enrol").click()
    page.get_by_role("link", name="Begin", exact=True).click()
    expect(page.get_by_role("heading", level=1, name="Meet the shell")).to_be_visible()
    page.get_by_role("button", name=re.compile("Done, go on to")).click()

    expect(page.get_by_role("heading", level=1, name="One tree for everything")).to_be_visible()
    visitor.open("/")
    expect(page.get_by_text("1 of 25 done")).to_be_visible()


def test_a_forgotten_password_is_reset_by_mail(demo_site: LiveSite, page: Page) -> None:
    student = Student(demo_site, page)
    student.open("/login")
    page.get_by_role("link", name="Forgot the password?").click()
    page.get_by_label("Email").fill("charlie@example.org")
    page.get_by_role("button", name="Send the mail").click()
    folder = demo_site.settings.var_dir / "mail"
    until(lambda: _mail_to(folder, "charlie@example.org") is not None)

    letter = _mail_to(folder, "charlie@example.org") or ""
    link = re.search(r"https?://\S+/reset/\S+", letter.replace("=\n", "").replace("=3D", "="))
    assert link
    page.goto(link.group(0))
    page.get_by_label("Password", exact=True).fill("another long sentence")
    page.get_by_label(re.compile("Retype")).fill("another long sentence")
    page.get_by_role("button", name="Save").click()

    until(lambda: _is_all_mail_sent(demo_site))
    page.get_by_label("Email").fill("charlie@example.org")
    page.get_by_label("Password").fill("another long sentence")
    page.locator("form.sheet").get_by_role("button", name="Sign in").click()
    expect(page.get_by_role("heading", name=re.compile("Hello, Charlie"))).to_be_visible()


def _is_all_mail_sent(site: LiveSite) -> bool:
    with site.app.app_context():
        return db.session.scalar(select(Mail).where(Mail.sent_at.is_(None))) is None


def _mail_to(folder: Path, address: str) -> str | None:
    letters = [path.read_text() for path in folder.glob("*.eml")] if folder.is_dir() else []
    return next((letter for letter in letters if f"To: {address}" in letter), None)


def test_answers_save_themselves_and_wait_for_the_student(bob: Student, browser: Browser) -> None:
    bob.start_quiz()
    bob.question("What makes a file hidden?").get_by_label("Its name begins with a dot").check()
    bob.expect_saved(1)
    bob.question("shortest relative path").locator("input").fill("../../music")
    bob.expect_saved(2)

    # The browser is closed without handing in; another one goes on.
    with browser.new_context(storage_state=bob.page.context.storage_state()) as other:
        bob.page.close()
        later = Student(bob.site, other.new_page())
        later.start_quiz()
        hidden = later.question("What makes a file hidden?")
        expect(hidden.get_by_label("Its name begins with a dot")).to_be_checked()
        expect(later.question("shortest relative path").locator("input")).to_have_value("../../music")
        later.page.get_by_role("button", name="Hand in").first.click()
        expect(later.page.get_by_text("6 of 8 questions have no answer.")).to_be_visible()
        later.page.locator("[data-confirm-submit]").click()

        expect(later.page.get_by_role("heading", name="Not yet")).to_be_visible()
        expect(later.page.get_by_text("right", exact=True).first).to_be_visible()


def test_answers_given_offline_are_sent_when_the_network_is_back(bob: Student) -> None:
    bob.start_quiz()
    field = bob.question("lets mkdir make").locator("input")
    field.fill("")
    bob.page.context.set_offline(True)
    field.fill("-p")
    expect(bob.question("lets mkdir make").get_by_text("Not saved yet")).to_be_visible()
    expect(bob.page.locator("#receipt")).to_contain_text("1 not saved yet")

    bob.page.context.set_offline(False)

    expect(bob.question("lets mkdir make").get_by_text("Saved", exact=True)).to_be_visible()
    expect(bob.page.locator("#receipt")).to_have_text(re.compile(r"\d of 8 saved, \d\d:\d\d:\d\d"))
    with bob.site.app.app_context():
        user = db.session.scalars(select(User).where(User.handle == "bob")).one()
        opened = select(Attempt).where(Attempt.user_id == user.id, Attempt.state == "in_progress")
        attempt = db.session.scalars(opened).one()
        assert "-p" in [item.response for item in attempt.items]


def test_an_answer_that_comes_before_the_pages_script_is_saved(bob: Student) -> None:
    held: list[Route] = []
    bob.page.route("**/quiz.js*", lambda route: held.append(route))
    bob.open(QUIZ)
    with bob.page.expect_request("**/quiz.js*"):
        bob.page.locator("form.start-quiz button").click(no_wait_after=True)
    question = bob.question("lets mkdir make")
    question.locator("input").fill("--parents")
    for route in held:
        route.continue_()

    expect(bob.page.locator("#receipt")).to_have_text(re.compile(r"\d of 8 saved, \d\d:\d\d:\d\d"))
    bob.page.unroute("**/quiz.js*")
    bob.page.reload()
    expect(question.locator("input")).to_have_value("--parents")


def test_a_word_in_a_field_for_a_number_is_saved_and_doubted(bob: Student) -> None:
    bob.start_quiz()
    question = bob.question("How many names does the pattern")

    question.locator("input").fill("three")

    expect(question.get_by_text("Saved, but this isn’t a number.")).to_be_visible()
    question.locator("input").fill("3")
    expect(question.get_by_text("Saved", exact=True)).to_be_visible()


def test_the_leaderboard_moves_while_one_looks(bob: Student, browser: Browser) -> None:
    bob.open(f"{COURSE}/leaderboard")
    expect(bob.page.locator("#live")).to_have_attribute("data-state", "on")
    expect(bob.page.get_by_text("Frida")).to_have_count(0)

    with browser.new_context() as other:
        frida = Student(bob.site, other.new_page())
        frida.open("/register")
        frida.page.get_by_label("Your name").fill("Frida")
        frida.page.get_by_label("Email").fill("frida@example.org")
        frida.page.get_by_label("Password", exact=True).fill("a long enough sentence")
        frida.page.get_by_label(re.compile("Retype")).fill("a long enough sentence")
        frida.page.locator("form.sheet").get_by_role("button", name="Register").click()
        expect(frida.page.get_by_role("heading", name="Check your mail")).to_be_visible()
        frida.open(confirmation_link(bob.site, "frida@example.org"))
        expect(frida.page.get_by_role("heading", name="Hello, Frida")).to_be_visible()
        frida.open(COURSE)
        frida.page.get_by_role("button", name="Enrol").click()
        frida.open(f"{COURSE}/lessons/meet-the-shell")
        frida.page.get_by_role("button", name=re.compile("Done, go on to")).click()

    expect(bob.page.locator("#board").get_by_text("Frida")).to_be_visible()


BUSY_SITE = """
(() => {
  let toldAt = 0, hidden = 0;
  const clock = performance.now.bind(performance);
  performance.now = () => clock() - hidden;
  window.EventSource = class extends EventSource {
    constructor(address) {
      super(address);
      this.addEventListener("board", () => (toldAt = performance.now()));
    }
  };
  Math.random = () => 0.999; // the page that waits longest
  const ask = window.fetch;
  window.fetch = async (...asked) => {
    if (!/leaderboard[?].*partial/.test(String(asked[0]))) return ask(...asked);
    const { dataset } = document.documentElement;
    dataset.waited = String(performance.now() - toldAt);
    const begun = clock();
    const response = await ask(...asked);
    hidden += clock() - begun - 150; // a look takes 150 ms by the page's clock, whatever else the machine does
    dataset.looks = String(Number(dataset.looks ?? 0) + 1);
    return response;
  };
})();
"""


def give_points(site: LiveSite, source: str, amount: int) -> None:
    """Give bob points in the demo course."""
    with site.app.app_context():
        person = db.session.scalars(select(User).where(User.handle == "bob")).one()
        course = db.session.scalars(select(Course).where(Course.slug == "linux-from-the-shell")).one()
        points.award(user_id=person.id, course_id=course.id, source=source, kind="lesson", points=amount, now=utcnow())
        db.session.commit()


def test_a_board_shows_a_change_within_a_second_also_where_the_site_is_busy(bob: Student) -> None:
    bob.page.add_init_script(BUSY_SITE)
    bob.open(f"{COURSE}/leaderboard")
    expect(bob.page.locator("html[data-looks='1']")).to_be_attached()  # its first look, which took a while

    give_points(bob.site, "lesson:-1", 1)
    expect(bob.page.locator("html[data-looks='2']")).to_be_attached()

    # What the gateway and the look itself take comes on top.
    assert float(bob.page.locator("html").get_attribute("data-waited") or "inf") < 600


def test_a_change_between_the_page_and_its_stream_is_seen(bob: Student) -> None:
    held: list[Route] = []
    bob.page.route("**/live/leaderboards/**", lambda route: held.append(route))
    with bob.page.expect_request("**/live/leaderboards/**"):
        bob.open(f"{COURSE}/leaderboard")
    give_points(bob.site, "lesson:0", 7654)

    bob.page.unroute("**/live/leaderboards/**")
    for route in held:
        with contextlib.suppress(PlaywrightError):  # one that the page has given up for a newer one
            route.continue_()

    # What he earned before comes on top.
    expect(bob.page.locator("#board").get_by_text(re.compile(r"^76\d\d$"))).to_be_visible()


@pytest.mark.parametrize("path", ["/", "/courses", COURSE, f"{COURSE}/lessons/one-tree", f"{COURSE}/leaderboard", LAB])
def test_no_page_is_wider_than_a_phone(bob: Student, path: str) -> None:
    bob.page.set_viewport_size({"width": 360, "height": 740})

    bob.open(path)

    assert bob.page.evaluate("document.documentElement.scrollWidth") <= 360
