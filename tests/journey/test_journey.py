"""A student's day, in a real browser on the running product."""

import re
from email import message_from_bytes
from email.policy import default
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, Route, expect
from sqlalchemy import select

from extensions import db
from models import Attempt, LabSession, Mail, User
from tests.journey.student import COURSE, LAB, QUIZ, SignedIn, Student
from tests.sites import LiveSite, until


def confirmation_link(site: LiveSite, address: str, *, what: str = "confirm", letters: int = 1) -> str:
    """Return the path of the link in the newest of so many mails that lie in var/mail."""

    def found() -> list[str]:
        files = sorted((site.settings.var_dir / "mail").glob(f"*-{address}.eml"))
        parsed = [message_from_bytes(path.read_bytes(), policy=default) for path in files]
        bodies = [message.get_body(("plain",)) for message in parsed]
        return [path for body in bodies if body for path in re.findall(rf"/{what}/\S+", body.get_content())]

    until(lambda: len(found()) >= letters, 20.0, lambda: f"no mail for {address}")
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
    expect(page.get_by_text("1 of 23 done")).to_be_visible()


def test_a_forgotten_password_is_reset_by_mail(demo_site: LiveSite, page: Page) -> None:
    student = Student(demo_site, page)
    student.open("/login")
    page.get_by_role("link", name="Forgot the password?").click()
    page.get_by_label("Email").fill("charlie@example.org")
    page.get_by_role("button", name="Send the mail").click()
    folder = demo_site.settings.var_dir / "mail"
    until(lambda: _mail_to(folder, "charlie@example.org") is not None, 20.0)

    letter = _mail_to(folder, "charlie@example.org") or ""
    link = re.search(r"https?://\S+/reset/\S+", letter.replace("=\n", "").replace("=3D", "="))
    assert link
    page.goto(link.group(0))
    page.get_by_label("Password", exact=True).fill("another long sentence")
    page.get_by_label(re.compile("Retype")).fill("another long sentence")
    page.get_by_role("button", name="Save").click()

    until(lambda: _is_all_mail_sent(demo_site), 20.0)
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

    expect(bob.question("lets mkdir make").get_by_text("Saved", exact=True)).to_be_visible(timeout=20_000)
    expect(bob.page.locator("#receipt")).to_have_text(re.compile(r"\d of 8 saved, \d\d:\d\d:\d\d"))
    with bob.site.app.app_context():
        user = db.session.scalars(select(User).where(User.handle == "bob")).one()
        attempt = db.session.scalars(select(Attempt).where(Attempt.user_id == user.id, Attempt.state == "open")).one()
        assert "-p" in [item.response for item in attempt.items]


def test_an_answer_that_comes_before_the_pages_script_is_saved(bob: Student) -> None:
    held: list[Route] = []
    bob.page.route("**/quiz.js*", lambda route: held.append(route))
    bob.open(QUIZ)
    with bob.page.expect_request("**/quiz.js*"):
        bob.page.locator("form.actions button").click(no_wait_after=True)
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


def test_a_lab_from_click_to_points(bob: Student) -> None:
    bob.start_lab()
    bob.type("echo $((6*7))-answers")
    bob.expect_screen("42-answers")
    first = bob.page.locator("[data-check]").first
    first.get_by_role("button", name="Check it").click()
    expect(first.locator(".check-state")).to_have_text("Not yet")
    expect(first.locator(".check-hint")).to_be_visible()

    bob.type("cd ~/desk && pwd > ~/where.txt")
    first.get_by_role("button", name="Check it").click()

    expect(first.locator(".check-state")).to_have_text("Passed")
    expect(bob.page.locator("#checks-count")).to_have_text("1 of 8 checks passed")


def test_a_reload_comes_back_to_the_same_shell_with_its_past(bob: Student) -> None:
    bob.start_lab()
    bob.type("echo before-the-reload")
    before = bob.shell_pid("one")

    bob.page.reload()
    bob.expect_connected()

    bob.expect_screen("before-the-reload")
    assert bob.shell_pid("two") == before


def test_the_terminal_has_the_size_of_its_window(bob: Student) -> None:
    bob.start_lab()
    size = "() => { const t = document.getElementById('terminal').terminal; return [t.rows, t.cols]; }"
    before = bob.page.evaluate(size)
    bob.page.set_viewport_size({"width": 1000, "height": 500})
    bob.page.wait_for_function(f"before => ({size})().every((now, at) => now < before[at])", arg=before)
    rows, columns = bob.page.evaluate(size)

    bob.type("clear; stty size")

    bob.expect_screen(f"{rows} {columns}")


def test_the_terminals_menu_closes_by_a_click_beside_it_and_by_escape(bob: Student) -> None:
    bob.start_lab()
    menu = bob.page.locator("#terminal-menu")
    menu.locator("summary").click()
    expect(menu.locator(".menu-body")).to_be_visible()

    bob.page.locator("#machine-state").click()
    expect(menu.locator(".menu-body")).to_be_hidden()
    menu.locator("summary").click()
    bob.page.keyboard.press("Escape")

    expect(menu.locator(".menu-body")).to_be_hidden()
    expect(menu.locator("summary")).to_be_focused()


def test_arrow_keys_change_between_steps_and_terminal_on_a_phone(bob: Student) -> None:
    bob.page.set_viewport_size({"width": 390, "height": 740})
    bob.open(LAB)
    bob.page.get_by_role("tab", name="Steps").focus()

    bob.page.keyboard.press("ArrowRight")

    expect(bob.page.get_by_role("tab", name="Terminal")).to_be_focused()
    expect(bob.page.locator("#lab-machine")).to_be_visible()
    expect(bob.page.locator("#lab-steps")).to_be_hidden()


def test_bytes_that_are_no_text_leave_the_browsers_console_alone(bob: Student) -> None:
    said: list[str] = []
    bob.page.on("console", lambda message: said.append(message.text))
    bob.start_lab()

    bob.type(r"printf 'a\177\377\200\033\177b\033[1;\177m'; echo shown-$((1+1))")

    bob.expect_screen("shown-2")
    assert said == []


def test_an_emoji_is_as_wide_as_shells_take_it_for(bob: Student) -> None:
    bob.start_lab()

    bob.type(r"printf '\360\237\220\247|%s\n' wide-$((1+1))")
    bob.expect_screen("wide-2")

    bar = bob.page.evaluate("""() => {
      const buffer = document.getElementById("terminal").terminal.buffer.active;
      const rows = Array.from({length: buffer.length}, (_, row) => buffer.getLine(row));
      const line = rows.find((row) => row.translateToString(true).endsWith("|wide-2"));
      return [0, 1, 2].map((column) => line.getCell(column).getChars());
    }""")
    assert bar == ["\N{PENGUIN}", "", "|"]


def test_who_has_just_left_the_queue_is_shown_no_place_in_it(bob: Student) -> None:
    bob.start_lab()

    # The row was read when it waited, the places when it had its turn.
    bob.page.evaluate("""async () => {
      const { lab } = await import("/static/js/lab-state.js");
      lab.take({...lab.state, state: "queued", position: null, queue_length: null, wait_s: null});
    }""")

    assert bob.page.locator("#cover-title").inner_text() == "Your machine is starting"
    assert bob.page.locator("#machine-text").inner_text() == "Starting…"


def test_two_windows_see_one_shell(bob: Student) -> None:
    bob.start_lab()
    second = Student(bob.site, bob.page.context.new_page())
    second.open(LAB)
    second.expect_connected()

    bob.type("echo seen-by-$((1+1))")

    second.expect_screen("seen-by-2")


def test_reset_throws_the_files_away_and_stop_keeps_them(bob: Student) -> None:
    bob.start_lab()
    bob.type("touch ~/mine; echo made")
    bob.expect_screen("made")
    bob.page.get_by_role("button", name="Stop").click()
    bob.page.locator("#confirm [data-yes]").click()
    expect(bob.page.locator("#cover-title")).to_have_text("The lab has ended")

    bob.start_lab()
    bob.type("ls ~/mine && echo kept-$((1+1))")
    bob.expect_screen("kept-2")
    bob.page.get_by_role("button", name="Reset").click()
    bob.page.locator("#confirm [data-yes]").click()
    expect(bob.page.locator("#machine-state")).not_to_have_attribute("data-state", "running")
    bob.expect_connected()

    bob.type("ls ~/mine || echo gone-$((1+1))")
    bob.expect_screen("gone-2")


def test_another_students_lab_is_not_found(bob: Student, signed_in: SignedIn, browser: Browser) -> None:
    bob.start_lab()
    with bob.site.app.app_context():
        found = db.session.scalars(select(LabSession).where(LabSession.state == "running")).first()
        assert found
        session_id = found.id

    with browser.new_context() as other:
        alice = signed_in.student("alice", other.new_page())
        response = alice.page.request.get(f"{bob.site.url}/lab-sessions/{session_id}/state")

        assert response.status == 404


@pytest.mark.parametrize("path", ["/", "/courses", COURSE, f"{COURSE}/lessons/one-tree", f"{COURSE}/leaderboard", LAB])
def test_no_page_is_wider_than_a_phone(bob: Student, path: str) -> None:
    bob.page.set_viewport_size({"width": 360, "height": 740})

    bob.open(path)

    assert bob.page.evaluate("document.documentElement.scrollWidth") <= 360
