"""The panels of the lab page in a real browser."""

import re

import pytest
from playwright.sync_api import Browser, expect

from extensions import db
from models import Lab
from tests.journey.student import LAB, Student

pytestmark = pytest.mark.long


def open_files(bob: Student) -> None:
    bob.start_lab()
    bob.page.get_by_role("tab", name="Files").click()
    expect(bob.page.get_by_role("button", name="Open desk")).to_be_visible()


def test_the_tabs_go_by_keyboard(bob: Student) -> None:
    bob.start_lab()
    terminal, files = bob.page.get_by_role("tab", name="Terminal"), bob.page.get_by_role("tab", name="Files")

    terminal.focus()
    bob.page.keyboard.press("ArrowRight")

    expect(files).to_be_focused()
    expect(files).to_have_attribute("aria-selected", "true")
    expect(bob.page.locator("#panel-files")).to_be_visible()
    expect(bob.page.locator("#panel-terminal")).to_be_hidden()
    bob.page.keyboard.press("Home")
    expect(terminal).to_be_focused()
    expect(bob.page.locator("#panel-terminal")).to_be_visible()


def test_on_a_phone_steps_and_panels_share_one_row(browser: Browser, bob: Student) -> None:
    bob.page.set_viewport_size({"width": 390, "height": 800})
    bob.open(LAB)
    names = bob.page.get_by_role("tab").all_inner_texts()

    bob.page.get_by_role("tab", name="Files").click()

    assert [name.strip() for name in names][:3] == ["Steps", "Terminal", "Files"]
    expect(bob.page.locator("#lab-steps")).to_be_hidden()
    expect(bob.page.locator("#panel-files")).to_be_visible()
    assert bob.page.evaluate("document.documentElement.scrollWidth") == 390
    assert bob.page.evaluate("document.querySelector(`.lab-tabs`).scrollWidth") == 390


def test_a_file_comes_and_goes(bob: Student) -> None:
    open_files(bob)
    page = bob.page

    page.locator("#files-input").set_input_files({"name": "<b>.txt", "mimeType": "text/plain", "buffer": b"hello"})

    expect(page.get_by_text("“<b>.txt” is uploaded.")).to_be_visible()
    with page.expect_download() as started:
        page.get_by_role("button", name="Download <b>.txt").click()
    assert started.value.path().read_bytes() == b"hello"
    page.get_by_role("button", name="Rename <b>.txt").click()
    page.get_by_label("Name", exact=True).fill("desk")
    page.keyboard.press("Enter")
    expect(page.locator("#files-ask-error")).to_have_text(re.compile("already"))
    page.get_by_label("Name", exact=True).fill("plain.txt")
    page.keyboard.press("Enter")
    expect(page.get_by_role("button", name="Download plain.txt")).to_be_focused()
    page.get_by_role("button", name="Delete plain.txt").click()
    page.locator("#confirm").get_by_role("button", name="Delete").click()
    expect(page.get_by_role("button", name="Download plain.txt")).to_have_count(0)


def test_a_file_of_that_name_is_replaced_only_when_asked(bob: Student) -> None:
    open_files(bob)
    page, box = bob.page, bob.page.locator("#files-input")
    box.set_input_files({"name": "twice.txt", "mimeType": "text/plain", "buffer": b"one"})
    expect(page.get_by_role("button", name="Download twice.txt")).to_be_visible()

    box.set_input_files({"name": "twice.txt", "mimeType": "text/plain", "buffer": b"two"})
    page.locator("#confirm").get_by_role("button", name="Replace").click()

    expect(page.locator("#files-sending li")).to_have_count(0)
    with page.expect_download() as started:
        page.get_by_role("button", name="Download twice.txt").click()
    assert started.value.path().read_bytes() == b"two"


def test_a_file_that_is_too_large_is_refused_in_words(bob: Student) -> None:
    open_files(bob)

    bob.page.locator("#files-input").set_input_files(
        {"name": "big.bin", "mimeType": "application/x", "buffer": bytes(11 * 1024 * 1024)}
    )

    expect(bob.page.get_by_text(re.compile("too large: 10 MB"))).to_be_visible()


def test_folders_are_made_and_walked(bob: Student) -> None:
    open_files(bob)
    page = bob.page

    page.get_by_role("button", name="New folder").click()
    page.get_by_label("Name", exact=True).fill("a folder")
    page.keyboard.press("Enter")
    page.get_by_role("button", name="Open a folder").click()

    expect(page.get_by_role("heading", name="Nothing here yet")).to_be_visible()
    page.locator("#files-crumbs").get_by_role("button", name="Home").click()
    expect(page.get_by_role("button", name="Open a folder")).to_be_focused()


def test_a_folder_of_many_files_shows_the_first_thousand_and_says_so(bob: Student) -> None:
    bob.start_lab()
    bob.type("mkdir many && cd many && touch $(seq 1001 2200); cd; echo made $((40 + 2))")
    bob.expect_screen("made 42")
    page = bob.page
    page.get_by_role("tab", name="Files").click()

    page.get_by_role("button", name="Open many").click()

    expect(page.locator("#files-shown")).to_have_text("Showing 1,000 of 1,200.")
    expect(page.locator("#files-rows tr")).to_have_count(1000)
    page.get_by_role("button", name="Show 200 more").click()
    expect(page.get_by_role("button", name="Download 2001", exact=True)).to_be_focused()
    expect(page.locator("#files-rows tr")).to_have_count(1200)
    expect(page.locator("#files-rest")).to_be_hidden()
    # Who has asked for all of it keeps it.
    page.get_by_role("button", name="Delete 2200", exact=True).click()
    page.locator("#confirm").get_by_role("button", name="Delete").click()
    expect(page.locator("#files-rows tr")).to_have_count(1199)
    page.locator("#files-crumbs").get_by_role("button", name="Home").click()
    expect(page.locator("#files-rest")).to_be_hidden()


def test_who_cannot_get_into_a_folder_stays_where_they_are(bob: Student) -> None:
    bob.start_lab()
    bob.type("ln -s /etc outside; echo made $((40 + 2))")
    bob.expect_screen("made 42")
    bob.page.get_by_role("tab", name="Files").click()

    bob.page.get_by_role("button", name="Open outside").click()

    expect(bob.page.locator("#toasts").get_by_text(re.compile("leads out of your home"))).to_be_visible()
    expect(bob.page.get_by_role("button", name="Open desk")).to_be_visible()


def test_the_files_of_a_lab_that_ends_go_away(bob: Student) -> None:
    open_files(bob)

    bob.page.locator("#stop").click()
    bob.page.locator("#confirm [data-yes]").click()

    expect(bob.page.get_by_role("heading", name="The machine isn’t running")).to_be_visible(timeout=30_000)
    expect(bob.page.get_by_role("button", name="Open desk")).to_have_count(0)


@pytest.fixture
def web(bob: Student) -> Student:
    """A lab whose page shows two ports."""
    with bob.site.app.app_context():
        db.session.query(Lab).filter_by(slug="tidy-desk").one().ports = [8000, 5000]
        db.session.commit()
    return bob


def test_a_page_served_in_the_lab_is_shown_in_a_sandbox(web: Student) -> None:
    web.start_lab()
    page = web.page
    page.get_by_role("tab", name="Web").click()
    expect(page.get_by_role("heading", name="Nobody listens on port 8000 yet")).to_be_visible()
    page.get_by_role("tab", name="Terminal").click()
    script = "fetch(`data.txt`).then(r=>r.text()).then(t=>document.title=t);"
    script += "fetch(`/account`,{credentials:`include`}).then(()=>say(`read`),()=>say(`kept apart`));"
    script += "function say(t){document.body.append(t)};try{document.cookie}catch(e){say(`no cookies `)}"
    web.type("mkdir -p site && cd site && echo 'own data' > data.txt")
    web.type(f"echo '<body><p>My page</p><script>{script}</script>' > index.html; python3 -m http.server 8000 &")
    web.expect_screen("Serving HTTP")

    page.get_by_role("tab", name="Web").click()

    inside = page.frame_locator("#web-frame")
    expect(inside.get_by_text("My page")).to_be_visible()
    expect(inside.locator("body")).to_contain_text("no cookies")
    expect(inside.locator("body")).to_contain_text("kept apart")
    with page.context.expect_page() as opened:
        page.get_by_role("link", name=re.compile("new tab")).click()
    expect(opened.value.get_by_text("My page")).to_be_visible()
    expect(opened.value).to_have_title(re.compile("own data"))
    expect(opened.value.locator("body")).to_contain_text("kept apart")


def test_another_port_is_chosen(web: Student) -> None:
    web.start_lab()
    page = web.page

    page.get_by_role("tab", name="Web").click()
    page.locator("#web-port").select_option("5000")

    expect(page.get_by_role("heading", name="Nobody listens on port 5000 yet")).to_be_visible()


def test_the_output_is_read_as_text(bob: Student) -> None:
    bob.start_lab()
    bob.type("printf 'word%.0s ' $(seq 100)")
    bob.expect_screen("word word")

    bob.page.get_by_label("Terminal settings").click()
    bob.page.get_by_role("button", name="Read the output as text").click()

    shown = bob.page.locator("#output-text")
    expect(shown).to_be_focused()
    assert "word " * 99 in shown.input_value()
    bob.page.keyboard.press("Escape")
    expect(bob.page.locator("#terminal textarea")).to_be_focused()


def test_keys_of_the_touch_row_wait_for_the_next_and_repeat(bob: Student) -> None:
    bob.page.set_viewport_size({"width": 390, "height": 800})
    bob.open(LAB)
    bob.page.get_by_role("tab", name="Terminal").click()
    bob.start_lab_here()
    keys = bob.page.locator("#touch-keys")

    bob.type("sleep 100")
    keys.get_by_role("button", name="Ctrl").click()
    bob.page.keyboard.type("c")
    bob.expect_screen("^C")
    bob.page.keyboard.type("echo one two")
    keys.get_by_role("button", name="Alt").click()
    bob.page.keyboard.type("b")
    bob.page.keyboard.type("x")
    bob.expect_screen("echo one xtwo")
    box = keys.get_by_role("button", name="-", exact=True)
    box.hover()
    bob.page.mouse.down()
    bob.expect_screen("x---")
    bob.page.mouse.up()

    expect(keys.get_by_role("button", name="Ctrl")).to_have_attribute("aria-pressed", "false")
    bob.page.set_viewport_size({"width": 1280, "height": 800})
    expect(keys).to_be_hidden()
    bob.page.set_viewport_size({"width": 390, "height": 800})
    expect(keys).to_be_visible()
