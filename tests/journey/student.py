"""A student at a real browser: what the journey and the faults do again and again."""

import re
from dataclasses import dataclass, field
from typing import Any

from playwright.sync_api import BrowserContext, Page, expect

from tests.factories import PASSWORD
from tests.sites import LiveSite

COURSE = "/courses/linux-from-the-shell"
QUIZ = f"{COURSE}/quizzes/finding-your-way-quiz"
LAB = f"{COURSE}/labs/tidy-desk"
# xterm.js draws; what it shows is in its buffer.
SCREEN = """() => {
  const buffer = document.getElementById("terminal").terminal?.buffer.active;
  if (!buffer) return "";
  return Array.from({length: buffer.length}, (_, row) => buffer.getLine(row).translateToString(true)).join("\\n");
}"""


def expect_ready(page: Page) -> None:
    """Wait until every script of an attempt's page is there, and the page saves what is typed."""
    expect(page.locator("#attempt")).to_be_visible()
    page.wait_for_load_state()
    expect(page.locator("#not-saving-yet")).to_have_count(0)


@dataclass
class Student:
    """A person, their browser's page, and the site they use."""

    site: LiveSite
    page: Page

    def open(self, path: str) -> None:
        """Go to a page of the site."""
        self.page.goto(self.site.url + path)

    def sign_in(self, name: str) -> None:
        """Sign in through the form."""
        self.open("/login")
        self.page.get_by_label("Email").fill(f"{name}@example.org")
        self.page.get_by_label("Password").fill(PASSWORD)
        self.page.locator("form.sheet").get_by_role("button", name="Sign in").click()
        expect(self.page.get_by_role("heading", name=re.compile("Hello"))).to_be_visible()

    def start_quiz(self) -> None:
        """Start, or go on with, the first quiz."""
        self.open(QUIZ)
        self.page.locator("form.start-quiz button").click()
        expect_ready(self.page)

    def question(self, text: str):  # type: ignore[no-untyped-def]  # a Locator
        """Return the question that says `text`."""
        return self.page.locator("fieldset", has_text=text)

    def expect_saved(self, number: int) -> None:
        """Wait for the receipt of `number` answers."""
        expect(self.page.locator("#receipt")).to_have_text(
            re.compile(rf"{number} of 8 saved, \d\d:\d\d:\d\d"), timeout=60_000
        )

    def start_lab(self) -> None:
        """Start the first lab and wait for its shell."""
        self.open(LAB)
        self.start_lab_here()

    def start_lab_here(self) -> None:
        """Start the lab of the page that is open and wait for its shell."""
        # One that was stopped a moment ago can be started again once it has ended.
        expect(self.page.locator("#machine-state")).not_to_have_attribute("data-state", "stopping", timeout=60_000)
        start = self.page.get_by_role("button", name=re.compile("Start"))
        if start.is_visible():
            start.click()
        self.expect_connected()

    def expect_connected(self) -> None:
        """Wait until the terminal is connected and shows a prompt."""
        expect(self.page.locator("#terminal")).to_have_attribute("data-state", "connected", timeout=60_000)
        self.expect_screen("@lab")

    def type(self, text: str) -> None:
        """Type into the terminal, with Enter."""
        self.page.locator("#terminal textarea").focus()
        self.page.keyboard.type(f"{text}\n")

    def screen(self) -> str:
        """Return what the terminal shows, scrollback included."""
        shown: str = self.page.evaluate(SCREEN)
        return shown

    def expect_screen(self, text: str) -> None:
        """Wait until the terminal shows `text`."""
        self.page.wait_for_function(f"text => ({SCREEN})().includes(text)", arg=text)

    def shell_pid(self, mark: str) -> str:
        """Return the shell's process ID; `mark` is new in each call."""
        self.type(f"echo {mark}=$$=")
        self.page.wait_for_function(
            f"mark => new RegExp(mark + '=\\\\d+=').test(({SCREEN})())", arg=mark, timeout=60_000
        )
        found = re.search(rf"{mark}=(\d+)=", self.screen())
        assert found
        return found.group(1)


@dataclass
class SignedIn:
    """People who signed in by the form, once each: their cookies serve any number of browsers."""

    site: LiveSite
    kept: dict[str, tuple[list[Any], int]] = field(default_factory=dict)

    def student(self, name: str, page: Page) -> Student:
        """Return somebody who is signed in at the page's browser; by the form where their session has ended."""
        student = Student(self.site, page)
        if name in self.kept:
            cookies, user_id = self.kept[name]
            page.context.add_cookies(cookies)
            if self._user_id(page.context) == user_id:
                return student
            page.context.clear_cookies()
        student.sign_in(name)
        self.kept[name] = page.context.cookies(), self._user_id(page.context)
        return student

    def _user_id(self, context: BrowserContext) -> Any:
        return context.request.get(f"{self.site.url}/session").json()["user_id"]
