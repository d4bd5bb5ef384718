"""A person at a browser, and the table of forms that are filled in: which, where, by whom and how."""

import re
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from playwright.sync_api import expect

from tests.browsers import PATIENCE_MS
from tests.journey.student import Student

COURSE = "/courses/shell"
LAB = f"{COURSE}/labs/first-lab"
BOARD = f"{COURSE}/labs-board"
NEW_PASSWORD = "a long enough sentence"
EVERYBODY = ("guest", "bob", "alice", "dana")
PEOPLE = ("bob", "alice", "dana")
LEARNERS = ("bob", "alice")
STAFF = ("alice", "dana")


@dataclass
class Person(Student):
    """Somebody at a browser of their own, with the forms that they saw."""

    name: str
    meet: Callable[[str], "Person"]
    seen: list[dict[str, Any]] = field(default_factory=list)

    def send(self, button: str | re.Pattern[str], within: str = "form.sheet") -> None:
        """Press a form's button."""
        self.page.locator(within).get_by_role("button", name=button).click()

    def fill(self, **values: str) -> None:
        """Type into fields by their labels: `_` stands for a space."""
        for label, value in values.items():
            self.page.get_by_label(label.replace("_", " "), exact=True).fill(value)

    def expect_flash(self, text: str | re.Pattern[str]) -> None:
        """Wait until the next page says it."""
        expect(self.page.locator(".flashes")).to_contain_text(text)

    def expect_heading(self, text: str | re.Pattern[str], within_ms: int = PATIENCE_MS) -> None:
        """Wait for a heading."""
        expect(self.page.get_by_role("heading", name=text)).to_be_visible(timeout=within_ms)


@dataclass(frozen=True)
class Row:
    """A form: who can reach it, where it stands in the templates, and how it is filled in and sent."""

    name: str
    templates: tuple[str, ...]
    roles: tuple[str, ...]
    use: Callable[[Person], None]


ROWS: list[Row] = []


def form(name: str, *templates: str, roles: tuple[str, ...]) -> Callable[[Callable[[Person], None]], Any]:
    """Add a row."""

    def add(use: Callable[[Person], None]) -> Callable[[Person], None]:
        ROWS.append(Row(name, templates, roles, use))
        return use

    return add


def make_stale(person: Person) -> None:
    """Make the form's token one of a session that went away."""
    person.page.locator("form.sheet [name=csrf_token]").evaluate("field => { field.value = 'of another session'; }")
