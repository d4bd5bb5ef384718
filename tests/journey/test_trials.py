"""Running a program in an attempt: by the button and by keyboard, what it prints, after a reload and in another tab."""

import re

import pytest
from playwright.sync_api import Page, expect
from sqlalchemy import select

from extensions import db
from models import Attempt, Course, GradingRun
from question_types import type_of
from tests.factories import QuizFactory, add_question
from tests.journey.student import COURSE, SignedIn, Student
from tests.journey.test_accessibility import faults

TESTS = {
    "lab": "tidy-desk",
    "file": "count.sh",
    "run": "bash count.sh",
    "time_limit": 3,
    "cases": [{"name": "two lines", "input": "a\nb\n", "output": "2"}, {"output": "never-shown", "is_hidden": True}],
}


@pytest.fixture(scope="module")
def quiz(signed_in: SignedIn) -> str:
    """A quiz with a program to write, and the tests that grade it."""
    with signed_in.site.app.app_context():
        course = db.session.scalars(select(Course).where(Course.slug == COURSE.rpartition("/")[2])).one()
        made = QuizFactory(module=course.modules[0], slug="programs", position=99)
        version = add_question(made, "code").current
        assert version is not None
        version.spec = type_of("code").parse({"language": "bash", "starter": "# Count\n", "tests": TESTS})
        db.session.commit()
    return f"{COURSE}/quizzes/programs"


def begin(bob: Student, quiz: str) -> Page:
    bob.open(quiz)
    bob.page.get_by_role("button", name=re.compile("Start|Go on where|Try again")).click()
    expect(bob.page.locator("#attempt")).to_be_visible()
    return bob.page


def test_a_program_is_run_by_keyboard_and_stays_on_the_page(bob: Student, quiz: str) -> None:
    page = begin(bob, quiz)
    page.set_viewport_size({"width": 390, "height": 800})
    trial = page.locator("[data-trial]")
    expect(trial.get_by_role("button", name="Run", exact=True)).to_be_visible()

    page.locator(".code-editor").fill("wc -l; echo oops >&2; exit 3")
    page.locator(".code-editor").press("Control+Enter")

    expect(trial.locator("[data-says]")).to_have_text("It has run.", timeout=30_000)
    printed = trial.locator("[data-printed]")
    expect(printed).to_contain_text("as it has to be")
    expect(printed).to_contain_text("oops")
    expect(printed.locator("dd").last).to_have_text("3")
    assert "never-shown" not in page.content()
    assert page.evaluate("document.documentElement.scrollWidth") == 390
    assert faults(page) == []

    page.reload()
    expect(printed).to_contain_text("oops")
    with bob.site.app.app_context():
        run = db.session.scalars(select(GradingRun)).one()
        assert (run.is_trial, run.state) == (True, "done")


def test_input_of_ones_own_is_read_and_is_no_answer(bob: Student, quiz: str) -> None:
    page = begin(bob, quiz)
    other = page.context.new_page()
    other.goto(page.url)
    page.locator(".code-editor").fill("")
    page.locator(".code-editor").fill("rev; sleep 60")
    expect(page.locator("#receipt")).to_have_text(re.compile("1 of 1 saved"))
    trial = page.locator("[data-trial]")
    trial.get_by_text("With your own input").click()
    trial.get_by_label("What it reads").fill("abc")
    trial.get_by_label("What it reads").press("Control+Enter")

    for shown in (page, other):
        expect(shown.locator("[data-printed]")).to_contain_text("cba", timeout=40_000)
        expect(shown.locator("[data-printed]")).to_contain_text("took too long")
    expect(page.locator("#receipt")).to_have_text(re.compile("1 of 1 saved"))
    with bob.site.app.app_context():
        attempt = db.session.scalars(select(Attempt).order_by(Attempt.id.desc()).limit(1)).one()
        assert attempt.items[0].response == "rev; sleep 60"
    other.close()


def test_what_cannot_be_run_is_said(bob: Student, quiz: str) -> None:
    page = begin(bob, quiz)
    page.locator(".code-editor").fill("")

    page.get_by_role("button", name="Run", exact=True).click()

    expect(page.locator("[data-fault]")).to_have_text("This can’t be run: holds nothing that could be run")
