"""One attempt in two tabs, or on two devices: what was typed last counts, and nothing is lost."""

import contextlib
import re
from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, expect

from tests.journey.attempts import answers_of, begin, expect_saved, field, make_quiz, state, uncounted
from tests.journey.student import Student, expect_ready


@pytest.fixture(scope="module")
def numbers() -> Iterator[int]:
    return iter(range(1, 100))


@pytest.fixture
def path(bob: Student, numbers: Iterator[int]) -> str:
    return make_quiz(bob.site, f"tabs-{next(numbers)}", time_limit_s=1800)


def same_attempt(student: Student, attempt: int) -> Student:
    """Open the attempt in another tab of the browser."""
    second = Student(student.site, student.page.context.new_page())
    second.open(f"/attempts/{attempt}")
    expect_ready(second.page)
    return second


def test_what_is_typed_last_counts_in_both_tabs_and_the_other_can_be_had_back(bob: Student, path: str) -> None:
    attempt = begin(bob, path)
    second = same_attempt(bob, attempt)
    field(bob.page, 1).fill("-x")
    expect_saved(bob.page, 1)
    expect(field(second.page, 1)).to_have_value("-x")

    field(second.page, 1).fill("-p")

    expect_saved(second.page, 1)
    expect(field(bob.page, 1)).to_have_value("-p")
    expect(state(bob.page, 1)).to_contain_text("that newer answer is shown now")
    bob.page.locator("#item-1 summary").click()
    expect(bob.page.locator("#item-1 [data-earlier] code")).to_have_text("-x")
    bob.page.locator("#item-1").get_by_role("button", name="Use this").click()
    expect(field(second.page, 1)).to_have_value("-x")
    assert answers_of(bob.site, attempt) == ["-x", None]


def test_two_devices_follow_each_other(bob: Student, path: str, browser: Browser) -> None:
    attempt = begin(bob, path)
    with browser.new_context(storage_state=bob.page.context.storage_state()) as other:
        phone = Student(bob.site, other.new_page())
        phone.open(f"/attempts/{attempt}")
        field(phone.page, 1).fill("-p")
        expect_saved(phone.page, 1)

        expect(field(bob.page, 1)).to_have_value("-p")
        expect(bob.page.locator("#receipt")).to_contain_text("1 of 2 saved")


def test_of_two_devices_that_were_offline_the_one_typed_last_wins(bob: Student, path: str, browser: Browser) -> None:
    attempt = begin(bob, path)
    with browser.new_context(storage_state=bob.page.context.storage_state()) as other:
        phone = Student(bob.site, other.new_page())
        phone.open(f"/attempts/{attempt}")
        for student in (bob, phone):
            expect_ready(student.page)
            student.page.context.set_offline(True)
        field(bob.page, 1).fill("-x")
        expect(state(bob.page, 1)).to_contain_text("Not saved yet")
        field(phone.page, 1).fill("-p")
        expect(state(phone.page, 1)).to_contain_text("Not saved yet")

        phone.page.context.set_offline(False)
        expect_saved(phone.page, 1)
        bob.page.context.set_offline(False)

        expect(field(bob.page, 1)).to_have_value("-p")
        assert answers_of(bob.site, attempt) == ["-p", None]
        assert uncounted(bob.site, attempt) == [("outdated", "-x")]
        bob.page.locator("#item-1 summary").click()
        expect(bob.page.locator("#item-1 [data-earlier] code")).to_have_text("-x")


def test_a_stale_tab_says_that_the_attempt_has_been_handed_in(bob: Student, path: str) -> None:
    attempt = begin(bob, path)
    second = same_attempt(bob, attempt)
    bob.page.locator("#hand-in").click()
    bob.page.locator("[data-confirm-submit]").click()
    expect(bob.page.locator("#result")).to_be_visible()

    over = second.page.locator("#attempt-over")
    expect(over).to_contain_text("This attempt has been handed in.")
    expect(second.page.locator("#timer")).to_be_hidden()
    expect(field(second.page, 1)).to_be_disabled()
    over.get_by_role("link", name="Look at the result").click()
    expect(second.page.locator("#result")).to_be_visible()


def test_a_stale_device_says_so_and_what_was_typed_there_is_kept_as_late(
    bob: Student, path: str, browser: Browser
) -> None:
    attempt = begin(bob, path)
    with browser.new_context(storage_state=bob.page.context.storage_state()) as other:
        phone = Student(bob.site, other.new_page())
        phone.open(f"/attempts/{attempt}")
        expect_ready(phone.page)
        phone.page.context.set_offline(True)
        field(phone.page, 1).fill("ls -a")
        expect(state(phone.page, 1)).to_contain_text("Not saved yet")
        bob.page.locator("#hand-in").click()
        bob.page.locator("[data-confirm-submit]").click()
        expect(bob.page.locator("#result")).to_be_visible()

        phone.page.context.set_offline(False)

        expect(phone.page.locator("#attempt-over")).to_contain_text("handed in")
        expect(state(phone.page, 1)).to_contain_text("This came too late")
        assert uncounted(bob.site, attempt) == [("late", "ls -a")]
        bob.page.reload()
        expect(bob.page.locator(".late")).to_contain_text(re.compile(r"too late, not graded\s+ls -a"))


STREAM_SEEN = """
window.EventSource = class extends EventSource {
  constructor(address) {
    super(address);
    const page = document.documentElement;
    this.addEventListener("open", () => page.setAttribute("data-listens", ""));
    this.addEventListener("board", () => page.setAttribute("data-told", Number(page.getAttribute("data-told")) + 1));
  }
};
"""


def listening(bob: Student, attempt: int) -> None:
    """Open the attempt, and stop its page's clock once its stream is open: until then it asks by itself.

    Stopped, so that a slow machine's own seconds don't add up to a silent stream.
    """
    clock = bob.page.clock
    bob.page.add_init_script(STREAM_SEEN)
    clock.install()
    bob.open(f"/attempts/{attempt}")
    expect(bob.page.locator("html")).to_have_attribute("data-listens", "")
    clock.pause_at(bob.page.evaluate("new Date(Date.now() + 1000).toISOString()"))


def told(bob: Student) -> str:
    """Return how often the page has been told of a change."""
    return bob.page.locator("html").get_attribute("data-told") or "0"


def expect_told_again(bob: Student, before: str) -> None:
    """Wait until the page is told of one more change."""
    expect(bob.page.locator("html")).to_have_attribute("data-told", re.compile(f"^(?!{before}$)"))


def expect_shown_soon(bob: Student, words: str) -> None:
    """Wait for an answer while four seconds of the page's clock pass: a moment later it would ask by itself."""
    for _ in range(8):
        bob.page.clock.run_for(500)
        with contextlib.suppress(AssertionError):
            return expect(field(bob.page, 1)).to_have_value(words, timeout=1000)
    # The clock stands now: what was asked for in time may still come, and nothing else is.
    return expect(field(bob.page, 1)).to_have_value(words)


def test_each_answer_of_another_device_is_shown_at_once_and_ones_own_are_not_asked_for(
    bob: Student, path: str, browser: Browser
) -> None:
    attempt = begin(bob, path)
    listening(bob, attempt)
    clock = bob.page.clock
    with browser.new_context(storage_state=bob.page.context.storage_state()) as other:
        phone = Student(bob.site, other.new_page())
        phone.open(f"/attempts/{attempt}")
        for words in ("-a", "-b"):
            before = told(bob)
            field(phone.page, 1).fill(words)
            expect_told_again(bob, before)
            expect_shown_soon(bob, words)
    asked: list[str] = []
    bob.page.on("request", lambda request: asked.append(request.url.rsplit("/", 1)[1]))

    before = told(bob)
    field(bob.page, 2).fill("-c")
    clock.run_for(500)
    expect_told_again(bob, before)
    clock.run_for(500)

    expect_saved(bob.page, 2)
    assert asked == ["2"]


def test_a_page_that_comes_with_all_that_is_saved_asks_for_nothing_and_hears_of_other_devices(
    bob: Student, path: str, browser: Browser
) -> None:
    asked: list[str] = []
    bob.page.on("request", lambda request: asked.append(request.url.rsplit("/", 1)[1]))
    with bob.page.expect_request(re.compile("/live/attempts/")):
        attempt = begin(bob, path)
    bob.page.wait_for_load_state("networkidle")
    assert "answers" not in asked

    with browser.new_context(storage_state=bob.page.context.storage_state()) as other:
        phone = Student(bob.site, other.new_page())
        phone.open(f"/attempts/{attempt}")
        field(phone.page, 1).fill("of the phone")

        expect(field(bob.page, 1)).to_have_value("of the phone")

        with phone.page.expect_request(re.compile("/answers$")):
            phone.page.reload()


def test_a_page_asks_by_itself_only_while_nobody_tells_it(bob: Student, path: str) -> None:
    attempt = begin(bob, path)
    answers, clock = re.compile("/answers$"), bob.page.clock
    asked: list[str] = []
    listening(bob, attempt)
    # One that began to listen looks once more for what was changed before it did.
    with bob.page.expect_response(answers):
        clock.run_for(17_000)
    bob.page.context.on("request", lambda request: asked.append(request.url))

    clock.run_for(20_000)
    bob.page.evaluate("fetch('/healthz')")
    assert [url for url in asked if not answers.search(url)] != []
    assert [url for url in asked if answers.search(url)] == []

    # For more than 40 seconds of its clock nothing is heard: a stream that works says so more often.
    with bob.page.expect_request(answers):
        clock.run_for(120_000)
