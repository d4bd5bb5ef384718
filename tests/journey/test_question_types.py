"""Every type of question of the demo course: answered by keyboard on a phone, followed by a tab, and handed in."""

import re

from playwright.sync_api import Page, expect

from question_types import TYPES
from tests.journey.student import COURSE, Student
from tests.journey.test_accessibility import faults

QUIZ = f"{COURSE}/quizzes/looking-back"
WORDS = "A pipe needs no room, and goes on for ever."
COUNT = 10


def start(bob: Student) -> None:
    """Start the quiz, on a phone."""
    bob.page.set_viewport_size({"width": 390, "height": 800})
    bob.open(QUIZ)
    bob.page.get_by_role("button", name=re.compile("Start|Go on where|Try again")).click()
    expect(bob.page.locator("#attempt")).to_be_visible()
    # Buttons that a script shows: before it is there, no key does what it does.
    expect(bob.page.locator(".order-moves").first).to_be_visible()


def typed(page: Page, selector: str, *texts: str) -> None:
    """Type into a field; Enter leads from each text to the next field of the question."""
    page.locator(selector).first.focus()
    for text in texts:
        page.keyboard.insert_text(text)
        if text != texts[-1]:
            page.keyboard.press("Enter")


def answer_by_keyboard(bob: Student) -> None:
    """Answer each question without a pointer."""
    page, keys = bob.page, bob.page.keyboard
    bob.question("asks before it removes").locator("input[value=false]").press("Space")
    typed(page, ".spot input", "73", "69")
    keys.press("ArrowUp")
    typed(page, ".blanks input", "bash", "do", "-l", "done")
    page.locator(".pairs select").first.focus()
    keys.press("ArrowDown")
    page.locator(".order [data-move='-1']").last.focus()
    keys.press("Enter")
    keys.press("Enter")
    bob.question("A backup holds").locator("input").focus()
    keys.insert_text("12")
    bob.question("A log grows").locator("input").focus()
    keys.insert_text("69 B/s")
    bob.question("the owner").locator("input").focus()
    keys.insert_text("chmod 755 ./backup")
    typed(page, ".essay", WORDS)
    page.locator(".code-editor").focus()
    keys.press("Control+End")
    keys.insert_text("if true; then")
    keys.press("Enter")
    keys.press("Tab")
    keys.insert_text("exit 3")
    keys.press("Enter")
    keys.insert_text("fi")
    keys.press("Shift+Tab")
    keys.press("Escape")
    keys.press("Tab")


def test_every_type_is_answered_by_keyboard_on_a_phone(bob: Student) -> None:
    page = bob.page
    start(bob)
    asked = set(page.locator("[data-script]").evaluate_all("all => all.map(one => one.dataset.script)"))
    assert {re.split("[/?]", script)[2] for script in asked} < set(TYPES)

    answer_by_keyboard(bob)

    expect(page.locator("#receipt")).to_have_text(re.compile(rf"{COUNT} of {COUNT} saved"))
    assert "    exit 3\nfi" in page.locator(".code-editor").input_value()
    assert page.evaluate("document.activeElement.matches('.code-editor')") is False
    assert page.evaluate("document.documentElement.scrollWidth") == 390
    assert faults(page) == []

    other = page.context.new_page()
    other.goto(page.url)
    expect(other.locator(".essay")).to_have_value(WORDS)
    page.locator(".order [data-move='1']").first.click()
    page.locator(".blanks input").last.fill("esac")
    expect(other.locator(".blanks input").last).to_have_value("esac")
    expect(other.locator(".order-text")).to_have_text(page.locator(".order-text").all_inner_texts())
    other.close()

    page.get_by_role("button", name="Hand in").first.click()
    page.locator("[data-confirm-submit]").click()
    expect(page.get_by_text("waits for a grader").first).to_be_visible()
    assert page.evaluate("document.documentElement.scrollWidth") == 390
    assert faults(page) == []
