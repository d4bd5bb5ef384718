"""The steps of a lab in a real browser: all checks at once, ticks, and a solution for who is stuck."""

from playwright.sync_api import expect
from sqlalchemy import func, select

from extensions import db
from models import CheckRun
from tests.journey.student import LAB, Student
from tests.sites import until

SECRET = "makes what is missing on the way"


def failed_runs(student: Student) -> int:
    with student.site.app.app_context():
        return db.session.scalar(select(func.count()).where(CheckRun.state == "failed")) or 0


def test_a_passed_step_is_ticked_and_a_stuck_student_gets_the_solution(bob: Student) -> None:
    bob.start_lab()
    bob.type("cd desk && pwd > ~/where.txt && echo .shopping-list > ~/hidden.txt && cd && echo done=$((1+1))")
    bob.expect_screen("done=2")
    first, second = bob.page.locator("[data-step]").nth(0), bob.page.locator("[data-step]").nth(1)

    first.get_by_role("button", name="Check all of this step").click()
    expect(first).to_have_attribute("data-passed", "true")
    expect(first.get_by_text("2 of 2")).to_be_visible()
    expect(bob.page.get_by_role("link", name="Step 1 (passed)")).to_be_visible()
    expect(first.locator("[data-solution]")).to_be_visible()

    bob.type("rm ~/hidden.txt; echo gone=$((1+2))")
    bob.expect_screen("gone=3")
    box = first.locator("[data-check]", has_text="hidden.txt")
    check = box.get_by_role("button", name="Check it")
    check.press("Enter")
    expect(box.locator(".check-state")).to_contain_text("Not any more")
    expect(check).to_be_focused()
    expect(first.get_by_text("2 of 2")).to_be_visible()
    tick = "box => getComputedStyle(box.querySelector('.check-mark'), '::before').content"
    assert box.evaluate(tick) == "none"

    ask = second.get_by_role("button", name="Show the solution")
    # One has failed above.
    for number in range(2, 7):
        expect(ask).to_be_hidden()
        second.get_by_role("button", name="Check it").click()
        until(lambda number=number: failed_runs(bob) == number)
    expect(ask).to_be_visible()
    assert SECRET not in bob.page.content()

    ask.click()
    expect(second.get_by_text(SECRET)).to_be_visible()
    expect(second.locator("summary")).to_be_focused()
    bob.open(LAB)
    expect(bob.page.locator("#step-2 [data-solution]")).to_be_visible()
