"""Ways through a page: past the outline, to the current lesson, to what has just been passed, and out of a queue."""

from typing import Any

import pytest
from playwright.sync_api import expect

from tests.journey.student import COURSE, LAB, QUIZ, Student

LAST = f"{COURSE}/lessons/how-the-web-speaks"
SET_STATE = "async (state) => (await import('/static/js/lab-state.js')).lab.take(state)"
OUTLINE = "document.querySelector('[data-outline]')"
# What stands in the window of the outline, which scrolls by itself beside the page.
IS_IN_SIGHT = f"""() => {{
  const box = {OUTLINE}.getBoundingClientRect();
  const link = {OUTLINE}.querySelector("[aria-current]").getBoundingClientRect();
  return link.top >= box.top && link.bottom <= Math.min(box.bottom, innerHeight);
}}"""


def state(**values: Any) -> dict[str, Any]:
    """A state document of a lab."""
    return {
        "id": "0",
        "reason": "",
        "detail": "",
        "checks": [],
        "steps": [],
        "visitors": [],
        "hand": None,
        "messages": {"last": 0, "unread": 0},
        **values,
    }


def tabs_until(student: Student, selector: str, most: int) -> int:
    """Press Tab until what `selector` names has the focus; return how often."""
    for count in range(1, most + 1):
        student.page.keyboard.press("Tab")
        if student.page.evaluate("selector => document.activeElement.matches(selector)", selector):
            return count
    raise AssertionError(f"{selector} has no focus after {most} Tabs")


def test_the_skip_link_leads_past_the_outline(bob: Student) -> None:
    bob.page.set_viewport_size({"width": 1280, "height": 800})
    bob.open(QUIZ)
    bob.page.keyboard.press("Tab")
    expect(bob.page.locator(".skip")).to_be_focused()

    bob.page.keyboard.press("Enter")

    assert tabs_until(bob, "form.start-quiz button", 3) <= 2


def test_the_outline_shows_the_lesson_that_is_open(bob: Student) -> None:
    bob.page.set_viewport_size({"width": 1280, "height": 500})
    bob.open(LAST)
    assert bob.page.evaluate(f"{OUTLINE}.scrollHeight > {OUTLINE}.clientHeight")
    assert bob.page.evaluate(IS_IN_SIGHT)


def test_on_a_phone_the_outline_is_closed_and_opens_with_its_summary(bob: Student) -> None:
    bob.page.set_viewport_size({"width": 390, "height": 800})
    bob.open(LAST)

    summary = bob.page.locator("[data-outline] > summary")
    summary.focus()
    bob.page.keyboard.press("Enter")

    expect(bob.page.locator("[data-outline] [aria-current]")).to_be_visible()


def test_at_a_desk_the_outline_is_open_to_keyboards_and_screen_readers(bob: Student) -> None:
    bob.page.set_viewport_size({"width": 1280, "height": 800})
    bob.open(LAST)

    expect(bob.page.locator("[data-outline]")).to_have_js_property("open", True)
    expect(bob.page.get_by_role("navigation", name="Contents of the course")).to_be_visible()
    bob.page.locator(".outline-course a").focus()
    bob.page.keyboard.press("Shift+Tab")
    assert not bob.page.evaluate("document.activeElement.matches('[data-outline] > summary')")


def test_who_is_in_a_course_finds_its_parts_before_its_words(bob: Student) -> None:
    bob.page.set_viewport_size({"width": 390, "height": 844})
    bob.open(COURSE)

    first = bob.page.locator(".module .outline-list a").first.bounding_box()
    assert first
    assert first["y"] < 844
    expect(bob.page.locator(".about .prose")).to_be_hidden()
    bob.page.get_by_text("About this course").click()
    expect(bob.page.locator(".about .prose")).to_be_visible()


@pytest.mark.parametrize("size", [(390, 700), (1280, 700)])
def test_praise_comes_into_sight_where_the_last_check_was_passed(bob: Student, size: tuple[int, int]) -> None:
    page = bob.page
    page.set_viewport_size({"width": size[0], "height": size[1]})
    bob.open(LAB)
    checks = [int(box.get_attribute("data-check") or 0) for box in page.locator("[data-check]").all()]
    done = [
        {"id": check, "state": "passed", "is_passed": True, "output": "", "hint_html": None, "failures": 0}
        for check in checks
    ]
    page.locator("[data-check]").last.scroll_into_view_if_needed()

    page.evaluate(SET_STATE, state(state="ended", reason="user", checks=done))

    praise = page.get_by_role("status").filter(has_text="All checks passed")
    expect(praise).to_be_in_viewport(ratio=1)


def test_who_has_all_the_labs_they_may_have_is_led_to_them(bob: Student) -> None:
    bob.page.set_viewport_size({"width": 1280, "height": 800})
    bob.open(LAB)
    full = {"kind": "user", "used": 2, "limit": 2}

    bob.page.evaluate(
        SET_STATE,
        state(state="queued", position=1, queue_length=1, wait_s=None, waiting_for="", waiting_full=full),
    )

    expect(bob.page.locator("#cover-text")).to_contain_text("You have 2 of 2 labs")
    expect(bob.page.get_by_role("link", name="Your labs")).to_have_attribute("href", "/labs")
    bob.page.evaluate(SET_STATE, state(state="ended", reason="user", started_at=None))
    expect(bob.page.get_by_role("link", name="Your labs")).to_be_hidden()


def test_a_phone_loads_the_terminal_once_it_is_looked_at(bob: Student) -> None:
    bob.start_lab()
    bob.page.set_viewport_size({"width": 390, "height": 800})
    seen: list[str] = []
    bob.page.on("request", lambda request: seen.append(request.url))

    bob.page.reload(wait_until="networkidle")
    before = [url for url in seen if "xterm" in url]
    bob.page.get_by_role("tab", name="Terminal").click()

    assert before == []
    bob.expect_connected()
    assert any("xterm.js" in url for url in seen)
