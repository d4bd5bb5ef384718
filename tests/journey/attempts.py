"""Quizzes of one's own for tests at a browser: short ones, and answers as the database has them."""

import re
from typing import Any

from playwright.sync_api import Page, expect
from sqlalchemy import select

from extensions import db
from models import Attempt, AttemptItem, Course
from services.quizzes import answer_log
from tests.factories import ModuleFactory, QuizFactory, add_question
from tests.journey.student import COURSE, Student, expect_ready
from tests.sites import LiveSite


def make_quiz(
    site: LiveSite, slug: str, *, time_limit_s: int | None = None, attempts_allowed: int | None = None
) -> str:
    """Make a quiz with two text questions in the demo course; return its address."""
    with site.app.app_context():
        course = db.session.scalars(select(Course).where(Course.slug == "linux-from-the-shell")).one()
        module = ModuleFactory(course=course, position=99)
        quiz = QuizFactory(module=module, slug=slug, title=slug, time_limit_s=time_limit_s)
        for _number in range(2):
            add_question(quiz, "text")
        course.version += 1
        db.session.commit()
    return f"{COURSE}/quizzes/{slug}"


def begin(student: Student, path: str) -> int:
    """Start the quiz in the student's page, and wait until the page saves; return the attempt's ID."""
    student.open(path)
    student.page.locator("form.start-quiz button").click()
    expect_ready(student.page)
    return int(student.page.url.rsplit("/", 1)[1])


def field(page: Page, position: int) -> Any:
    """Return the field of a question."""
    return page.locator(f"#item-{position} input")


def state(page: Page, position: int) -> Any:
    """Return the line that says what became of an answer."""
    return page.locator(f"#item-{position} [data-state]")


def expect_saved(page: Page, position: int) -> None:
    """Wait until the page says that the answer is saved."""
    expect(state(page, position)).to_have_text(re.compile("^Saved"))


def answers_of(site: LiveSite, attempt_id: int) -> list[Any]:
    """Return the answers that count, in order."""
    with site.app.app_context():
        query = select(AttemptItem.response).where(AttemptItem.attempt_id == attempt_id)
        return list(db.session.scalars(query.order_by(AttemptItem.position)))


def uncounted(site: LiveSite, attempt_id: int) -> list[tuple[str, Any]]:
    """Return the answers that don't count, the newest first."""
    with site.app.app_context():
        return [(row.why, row.response) for row in answer_log.uncounted(attempt_id)]


def closed_by(site: LiveSite, attempt_id: int) -> str | None:
    """Return who closed the attempt, if it is closed."""
    with site.app.app_context():
        return db.session.get_one(Attempt, attempt_id).closed_by


KEPT = """async () => {
  const journal = Object.keys(localStorage).filter((key) => key.startsWith("yurt-answer:"));
  if (!(await indexedDB.databases()).some(({ name }) => name === "yurt-outbox")) return journal;
  const done = (asked) => new Promise((resolve) => (asked.onsuccess = () => resolve(asked.result)));
  const database = await done(indexedDB.open("yurt-outbox"));
  const keys = await done(database.transaction("answers").objectStore("answers").getAllKeys());
  database.close();
  return [...new Set([...keys, ...journal.map((key) => key.slice("yurt-answer:".length))])];
}"""


def kept_keys(page: Page) -> list[str]:
    """Return what the browser keeps of answers, in its database and in the journal before it."""
    found: list[str] = page.evaluate(KEPT)
    return found
