"""What a page says while its form's answer waits in a rush."""

import json
import re
from collections.abc import Callable

from playwright.sync_api import Route, expect

from tests.journey.student import QUIZ, Student

START = "main form[action$='/attempts'] button"
STARTING = re.compile(r"/quizzes/[\w-]+/attempts$")
# What is shown is kept for afterwards: while a page waits for its next one, a test can't look at it.
WATCH = """addEventListener("DOMContentLoaded", () => {
  const toasts = document.getElementById("toasts");
  new MutationObserver(() => {
    const told = JSON.parse(sessionStorage.getItem("told") ?? "[]");
    sessionStorage.setItem("told", JSON.stringify([...told, toasts.textContent.trim()]));
  }).observe(toasts, { childList: true, subtree: true, characterData: true });
});"""


def told_while_starting(bob: Student, behind: Callable[[int], float | None]) -> list[str]:
    """Press Start, whose answer comes after the third look at how long it waits; return what the page said."""
    held: list[Route] = []
    looks = 0

    def look(route: Route) -> None:
        nonlocal looks
        looks += 1
        route.fulfill(json={"behind": behind(looks)})
        if looks == 4:
            held.pop().continue_()

    bob.page.add_init_script(WATCH)
    bob.page.route(STARTING, lambda route: held.append(route))
    bob.page.route("**/live/waits**", look)
    bob.open(QUIZ)
    bob.page.eval_on_selector(START, "button => { setTimeout(() => button.click()); }")
    expect(bob.page.locator("#attempt")).to_be_visible(timeout=60_000)
    assert looks >= 4
    told = json.loads(bob.page.evaluate("sessionStorage.getItem('told') ?? '[]'"))
    return [each for each in told if each]  # in the end it is taken away


def test_a_page_says_how_long_its_answer_will_wait_and_goes_on_by_itself(bob: Student) -> None:
    # The site gets on as slowly as somebody who is in its queue for long sees it.
    told = told_while_starting(bob, lambda look: 20 + look)

    assert told[0] == "Many people are here at once. You are in the queue, and it goes on by itself."
    assert re.search(r"in about \d+ seconds", told[1])


def test_a_page_whose_turn_is_next_says_so(bob: Student) -> None:
    told = told_while_starting(bob, lambda _look: 1.5)

    assert set(told) == {
        "Many people are here at once. You are in the queue, and it goes on by itself, in a few seconds."
    }


def test_a_page_says_nothing_of_a_queue_where_there_is_none(bob: Student) -> None:
    assert told_while_starting(bob, lambda _look: None) == []
