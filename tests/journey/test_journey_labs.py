"""A student's day in a lab, in a real browser on the running product."""

from playwright.sync_api import Browser, expect
from sqlalchemy import select

from extensions import db
from models import LabSession
from tests.journey.student import LAB, SignedIn, Student


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
    # What is shown is read at once: the next look says that the machine runs.
    shown = bob.page.evaluate("""async () => {
      const { lab } = await import("/static/js/lab-state.js");
      lab.take({...lab.state, state: "queued", position: null, queue_length: null, wait_s: null});
      return ["cover-title", "machine-text"].map((id) => document.getElementById(id).innerText);
    }""")

    assert shown == ["Your machine is starting", "Starting…"]


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
