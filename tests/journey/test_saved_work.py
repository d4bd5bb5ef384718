"""Work in a lab that is saved, taken home and restored, in a real browser."""

import re

from playwright.sync_api import expect

from tests.journey.student import LAB, Student

RECEIPT = re.compile(r"Saved \d\d:\d\d:\d\d, \d+ files?, .*, sha256 [0-9a-f]{4}…")


def press(bob: Student, name: str, yes: str) -> None:
    bob.page.locator(".machine-bar").get_by_role("button", name=name).click()
    bob.page.locator("#confirm").get_by_role("button", name=yes).click()


def test_what_was_done_is_saved_with_a_receipt_and_can_be_had_again(bob: Student) -> None:
    page = bob.page
    bob.start_lab()
    bob.type("echo precious > work.txt; echo wrote $((40 + 2))")
    bob.expect_screen("wrote 42")

    press(bob, "Stop", "Stop")
    expect(page.locator("#cover-saved")).to_have_text(RECEIPT, timeout=30_000)
    expect(page.locator("#machine-state")).to_have_attribute("data-state", "ended", timeout=30_000)
    bob.start_lab()
    bob.type("rm work.txt; echo gone $((40 + 3))")
    bob.expect_screen("gone 43")
    page.get_by_role("tab", name="Timeline").click()
    restore = page.get_by_role("button", name="Restore").first
    expect(page.locator(".saves li")).to_have_count(1)
    with page.expect_download() as started:
        page.get_by_role("link", name="Download").click()
    restore.click()
    page.locator("#confirm").get_by_role("button", name="Restore").click()
    expect(page.locator("#machine-state")).not_to_have_attribute("data-state", "running")
    expect(page.locator("#machine-state")).to_have_attribute("data-state", "running", timeout=30_000)
    bob.expect_connected()
    bob.type("cat work.txt")

    bob.expect_screen("precious")
    assert re.fullmatch(r"tidy-desk-\d{8}-\d{6}\.tar\.gz", started.value.suggested_filename)
    page.get_by_role("tab", name="Timeline").click()
    expect(page.locator(".timeline")).to_contain_text("Begins with the work saved at")
    expect(page.locator(".saves li")).to_have_count(2)


def test_the_timeline_is_read_on_a_phone_and_follows_the_lab(bob: Student) -> None:
    page = bob.page
    page.set_viewport_size({"width": 390, "height": 800})
    bob.open(LAB)
    # A phone shows one part at a time, and the machine's is another than the steps.
    page.get_by_role("tab", name="Terminal").click()
    bob.start_lab_here()
    page.get_by_role("tab", name="Timeline").click()

    expect(page.locator(".timeline")).to_contain_text("Running")
    press(bob, "Stop", "Stop")

    expect(page.locator(".timeline li").last).to_contain_text("Stopped", timeout=30_000)
    assert page.evaluate("document.documentElement.scrollWidth") == 390
