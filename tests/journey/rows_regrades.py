"""How the forms of regrades are filled in: a preview, its tests, applying it, and taking it back."""

from playwright.sync_api import expect
from sqlalchemy import select, update

from extensions import db
from models import Course, GradingRun, Quiz, User, utcnow
from question_types import type_of
from reasons import Code, Reason
from services.quizzes import answers, attempts
from services.regrades import applying, asking
from services.regrades.asking import Asked
from tests.factories import EnrolmentFactory, QuizFactory, UserFactory, add_question
from tests.journey.rows import COURSE, STAFF, Person, form
from tests.regrades.classes import new_version

TESTS = {"lab": "first-lab", "file": "a.sh", "run": "bash a.sh", "cases": [{"input": "a\n", "output": "1"}]}
FIELDS = "attempt_id, how, kind, may_lower, points, reason, version"


def make_quiz(name: str, kind: str = "single", answer: str | None = None) -> Quiz:
    """A quiz of which a student has handed in an attempt, with one answer or none."""
    course = db.session.scalars(select(Course).where(Course.slug == "shell")).one()
    made: Quiz = QuizFactory(module=course.modules[0], slug=name, position=9)
    add_question(made, kind, points=2)
    student = UserFactory(handle=name)
    EnrolmentFactory(course=course, user=student)
    attempt = attempts.start(student.id, made, now=utcnow())
    if answer:
        answers.save(attempt.id, 1, answer, revision=1, now=utcnow())
    attempts.submit(attempt, now=utcnow())
    return made


def open_regrade(person: Person, name: str, *, is_applied: bool) -> None:
    """Open a preview, or what was applied."""
    with person.site.app.app_context():
        quiz = make_quiz(f"{name}-{person.name}")
        by = db.session.scalars(select(User.id).where(User.handle == "alice")).one()
        full = Asked("drop", how="full")
        made = asking.draft(quiz, quiz.questions[0].id, full, "Never taught.", by_id=by, now=utcnow())
        if is_applied:
            applying.apply(made, digest=applying.preview(made).digest, by_id=by, now=utcnow())
        number = made.id
        db.session.commit()
    person.open(f"/regrades/{number}")


@form(f"POST regrades.preview ({FIELDS})", "regrades/new.html", roles=STAFF)
def preview_a_regrade(person: Person) -> None:
    with person.site.app.app_context():
        quiz = make_quiz(f"previewed-{person.name}").slug
        db.session.commit()
    person.open(f"{COURSE}/quizzes/{quiz}/regrades")
    person.page.get_by_role("link", name="Regrade q1").click()
    person.page.get_by_label("It is dropped").check()
    person.page.get_by_label("Everybody has all of its marks").check()
    person.send("See what changes", ".regrade-form")
    expect(person.page.locator("#reason-error")).to_be_visible()
    expect(person.page.get_by_label("It is dropped")).to_be_checked()
    person.page.locator("#reason").fill("It was never taught.")
    person.send("See what changes", ".regrade-form")
    expect(person.page.locator("tbody")).to_contain_text("2 of 2")


@form("POST regrades.apply ()", "regrades/show.html", roles=STAFF)
def apply_a_regrade(person: Person) -> None:
    open_regrade(person, "applied", is_applied=False)
    person.send("Apply", ".regrade-apply")
    person.expect_flash("Applied. 1 attempt has another score now.")


@form("POST regrades.retry_tests ()", "regrades/show.html", roles=STAFF)
def run_failed_tests_again(person: Person) -> None:
    with person.site.app.app_context():
        quiz = make_quiz(f"tested-{person.name}", "code", "wc -l")
        version = new_version(quiz.questions[0], spec=type_of("code").parse({"language": "bash", "tests": TESTS}))
        by = db.session.scalars(select(User.id).where(User.handle == "alice")).one()
        wanted = Asked("key", version=version.number)
        made = asking.draft(quiz, quiz.questions[0].id, wanted, "Wrong tests.", by_id=by, now=utcnow())
        failed = {"state": "error", "reason": Reason(Code.TESTS_NOT_RUN, tries=5)}
        db.session.execute(update(GradingRun).where(GradingRun.regrade_id == made.id).values(**failed))
        number = made.id
        db.session.commit()
    person.open(f"/regrades/{number}")
    expect(person.page.locator(".regrade-failed")).to_contain_text("The machine for its tests failed 5 times.")
    person.send("Run them again", ".regrade-failed")
    person.expect_flash("The tests of 1 answer run again.")


@form("POST regrades.undo (reason)", "regrades/show.html", roles=STAFF)
def take_a_regrade_back(person: Person) -> None:
    open_regrade(person, "undone", is_applied=True)
    person.page.get_by_role("link", name="Take it back…").click()
    expect(person.page.locator("tbody")).to_contain_text("2 of 2 → 0 of 2")
    person.page.get_by_label("Why, for the students").fill("It was taught.")
    person.send("Take it back", "form.regrade-undo")
    person.expect_flash("Taken back. The students are told.")
