"""The panels of the lab page in a real browser."""

import re

from playwright.sync_api import Browser, expect

from tests.journey.student import LAB, Student


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


def test_the_files_of_a_lab_that_ends_go_away(bob: Student) -> None:
    open_files(bob)

    bob.page.locator("#stop").click()
    bob.page.locator("#confirm [data-yes]").click()

    expect(bob.page.get_by_role("heading", name="The machine isn’t running")).to_be_visible(timeout=30_000)
    expect(bob.page.get_by_role("button", name="Open desk")).to_have_count(0)
