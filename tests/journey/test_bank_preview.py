"""The preview of a question in the bank: its type's script and styles work there, and an answer can be tried."""

import re

import pytest
from playwright.sync_api import Page, expect
from sqlalchemy import select

from extensions import db
from models import Course, Question
from question_types import TYPES
from question_types.samples import samples_of
from tests.journey.student import COURSE, SignedIn, Student
from tests.journey.test_accessibility import faults
from tests.quizzes.test_draws import add_to_bank

KINDS = ("hotspot", "ordering", "matching", "formula", "code")


@pytest.fixture(scope="module")
def questions(signed_in: SignedIn) -> dict[str, int]:
    """A question of each of these kinds."""
    with signed_in.site.app.app_context():
        course_id = db.session.scalars(select(Course.id).where(Course.slug == COURSE.rpartition("/")[2])).one()
        made = {kind: add_to_bank(course_id, f"preview-{kind}", "seen", kind=kind).id for kind in KINDS}
        db.session.commit()
        return made


@pytest.fixture
def alice(signed_in: SignedIn, page: Page) -> Student:
    return signed_in.student("alice", page)


def enter(page: Page, kind: str) -> None:
    """Answer by the keyboard, some way or other."""
    if kind == "hotspot":
        page.locator(".spot input").first.fill("73")
        page.locator(".spot input").last.fill("69")
    elif kind == "ordering":
        page.locator(".order [data-move='1']").first.press("Enter")
    elif kind == "matching":
        page.locator(".pairs select").first.select_option(index=1)
    elif kind == "formula":
        page.locator("[name='item-1']").fill("1,5")
    else:
        page.locator(".code-editor").focus()
        page.keyboard.press("Tab")
        page.keyboard.insert_text("ls")


@pytest.mark.parametrize("kind", KINDS)
def test_a_type_works_in_the_preview(alice: Student, questions: dict[str, int], kind: str) -> None:
    page, said = alice.page, []
    page.on("console", lambda message: said.append(message.text) if message.type == "error" else None)
    alice.open(f"{COURSE}/bank/{questions[kind]}")
    expect(page.locator("[data-try-it]")).to_be_visible()
    if kind == "ordering":
        expect(page.locator(".order-moves").first).to_be_visible()

    enter(page, kind)
    page.get_by_role("button", name="Try this answer").click()

    outcome = "not graded here" if samples_of(kind).is_graded_later else re.compile(r"of 1 marks?")
    expect(page.locator("[data-tried]")).to_contain_text(outcome)
    if kind == "code":
        expect(page.locator("[data-tried] .code-text").first).to_contain_text("    ls")
    assert faults(page) == []
    page.set_viewport_size({"width": 390, "height": 800})
    assert page.evaluate("document.documentElement.scrollWidth") == 390
    assert said == [], "the content security policy holds"


def test_what_is_being_written_works_in_its_preview(alice: Student) -> None:
    page, said = alice.page, []
    page.on("console", lambda message: said.append(message.text) if message.type == "error" else None)
    alice.open(f"{COURSE}/bank/new")
    source = "slug: seen-first\nkind: {kind}\nprompt: What comes first?\n{rest}"
    page.locator("#source").fill(source.format(kind="ordering", rest="items: [one, two]\n"))
    expect(page.locator("#preview .order-moves").first).to_be_visible()

    page.locator("#preview [data-move='1']").first.press("Enter")
    page.get_by_role("button", name="Try this answer").click()
    expect(page.locator("[data-tried]")).to_contain_text("1 of 1 marks")

    page.locator("#source").fill(source.format(kind="code", rest="language: bash\n"))
    expect(page.locator("#preview .code-editor")).to_be_visible()
    expect(page.locator("#preview [data-keys]")).to_be_visible()
    assert page.locator("#preview .code-editor").evaluate("one => getComputedStyle(one).whiteSpace") == "pre"
    expect(page.locator("[data-tried]")).to_have_text("")
    assert said == []
    with alice.site.app.app_context():
        assert db.session.scalars(select(Question).where(Question.slug == "seen-first")).all() == []


def test_the_kinds_of_the_list_have_names(alice: Student, questions: dict[str, int]) -> None:
    alice.open(f"{COURSE}/bank?tag=seen")

    expect(alice.page.locator("table")).to_contain_text("A place in a picture")
    for kind in TYPES:
        expect(alice.page.locator("td[data-label=Kind]", has_text=re.compile(f"^{kind}$"))).to_have_count(0)
