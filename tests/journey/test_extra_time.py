"""Extra time that is granted while an attempt is open reaches its page."""

import re
from datetime import timedelta
from typing import Any

from playwright.sync_api import expect
from sqlalchemy import select

from extensions import db
from models import Quiz, User, utcnow
from services.quizzes import accommodations
from tests.journey.attempts import begin, expect_saved, field, make_quiz
from tests.journey.student import Student


def override(student: Student, slug: str, **values: Any) -> None:
    """Give bob terms of his own at the quiz, as the staff's page does."""
    with student.site.app.app_context():
        quiz = db.session.scalars(select(Quiz).where(Quiz.slug == slug)).one()
        bob = db.session.scalars(select(User).where(User.handle == "bob")).one()
        accommodations.set_override(quiz, bob.id, values, now=utcnow())
        db.session.commit()


def test_extra_time_reaches_the_open_page_in_the_middle_of_typing(bob: Student) -> None:
    begin(bob, make_quiz(bob.site, "more-time", time_limit_s=300))
    field(bob.page, 1).fill("-x")
    expect_saved(bob.page, 1)
    expect(bob.page.locator("[data-clock]")).to_have_text(re.compile(r"^[45]:"))

    override(bob, "more-time", extra_minutes=60)

    expect(bob.page.locator("[data-clock]")).to_have_text(re.compile(r"^6[45]:"), timeout=2_000)
    expect(bob.page.locator("#time-warning")).to_contain_text("You have more time")
    expect(field(bob.page, 1)).to_have_value("-x")


def test_a_page_whose_time_is_up_goes_on_with_extra_time(bob: Student) -> None:
    begin(bob, make_quiz(bob.site, "second-wind", time_limit_s=60))
    # Once the page is there, however long it took to come: the attempt is closed five seconds later.
    override(bob, "second-wind", closes_at=utcnow() + timedelta(seconds=2))
    expect(bob.page.locator("[data-clock]")).to_have_text("0:00")

    override(bob, "second-wind", closes_at=None, extra_minutes=30)

    expect(bob.page.locator("[data-clock]")).to_have_text(re.compile(r"^(29|30):"))
    field(bob.page, 1).fill("-p")
    expect_saved(bob.page, 1)
