"""How the forms of questions by a model are filled in: allowing it, asking, asking again, and each decision; and
those of comments and hints."""

import re

from playwright.sync_api import expect

from extensions import db
from models import CheckRun, Course, GenerationDraft, LabCheck, Lesson, User, utcnow
from reasons import Code, Reason
from services.generations import aids
from services.generations.findings import refuses
from services.quizzes import answers, attempts
from tests.factories import QuizFactory, add_question, ask_lab
from tests.generations.stages import add_generation
from tests.generations.test_keys import TESTS
from tests.journey.rows import COURSE, LEARNERS, STAFF, Person, form

ALL = f"{COURSE}/generations"
TEXT = "<p>A pipe joins the output of one program to the input of the next one.</p>"


def allow(person: Person, *, is_on: bool = True) -> None:
    """Let the course have questions written, and open the page of them."""
    with person.site.app.app_context():
        course = db.session.query(Course).filter_by(slug="shell").one()
        course.allows_generation = is_on
        db.session.query(Lesson).filter_by(course_id=course.id, slug="first-words").one().body_html = TEXT
        db.session.commit()
    person.open(ALL)


def written(person: Person, drafts: int = 1, **changes: object) -> int:
    """Let somebody have asked for questions that are there; return the number."""
    with person.site.app.app_context():
        course = db.session.query(Course).filter_by(slug="shell").one()
        course.allows_generation = True
        user = db.session.query(User).filter_by(handle=person.name).one()
        lesson = db.session.query(Lesson).filter_by(course_id=course.id, slug="first-words").one()
        lesson.body_html = TEXT
        number = add_generation(user, course, lesson, drafts, **changes).id
        db.session.commit()
    return number


@form("POST generations.allow ()", "generations/index.html", roles=STAFF)
def allow_a_model(person: Person) -> None:
    allow(person, is_on=False)
    person.send("Allow it in this course", ".generation-allow")
    person.expect_flash("Allowed.")
    person.send("Let students ask, too", ".generation-allow")
    person.expect_flash("Allowed.")
    person.send("Let students ask no longer", ".generation-allow")
    person.expect_flash("No longer allowed.")
    person.send("Allow it no longer", ".generation-allow")
    person.expect_flash("No longer allowed.")


@form("POST generations.ask (count, difficulty, kinds, lab, language, lessons)", "generations/index.html", roles=STAFF)
def ask_a_model(person: Person) -> None:
    allow(person)
    person.page.get_by_label("How many").fill("2")
    person.send("Have them written", "#ask")
    expect(person.page.get_by_role("alert")).to_contain_text("Must be 1 to 20 lessons")
    person.page.get_by_label("First-Words").check()
    expect(person.page.locator("#estimate")).to_contain_text("Likely")
    person.send("Have them written", "#ask")
    person.expect_heading("2 questions")
    # The page follows the scheduler, which asks the server on loopback.
    expect(person.page.locator("#progress-head")).to_contain_text("2 of 2 written", timeout=30_000)
    expect(person.page.locator(".generation-draft")).to_have_count(2, timeout=30_000)


@form("POST practice_wishes.ask (count, lesson)", "practice/show.html", roles=LEARNERS)
def ask_for_questions_to_practise(person: Person) -> None:
    with person.site.app.app_context():
        course = db.session.query(Course).filter_by(slug="shell").one()
        course.offers_practice = course.allows_generation = course.students_may_ask = True
        db.session.query(Lesson).filter_by(course_id=course.id, slug="first-words").one().body_html = TEXT
        db.session.commit()
    person.open(f"{COURSE}/practice")
    person.page.get_by_label("How many").fill("2")
    person.send("Ask", "#wish")
    person.expect_flash("A teacher looks at the questions")


@form("POST generations.resume ()", "generations/_board.html", roles=STAFF)
def ask_again_for_what_is_missing(person: Person) -> None:
    person.open(f"{ALL}/{written(person, 1, count=2, wanted=2)}")
    person.send("Ask again for 1 question", "#board")
    expect(person.page.locator("#progress-head")).to_contain_text("2 of 2 written", timeout=30_000)


@form("POST generation_drafts.accept (source)", "generations/draft.html", roles=STAFF)
def accept_a_draft(person: Person) -> None:
    person.open(f"{ALL}/{written(person, 2)}/drafts/1")
    person.page.get_by_text("Edit it first").click()
    source = person.page.get_by_label("The question").input_value()
    person.page.get_by_label("The question").fill(source.replace("kind: single", "kind: singel"))
    person.send("Accept", "#accept")
    expect(person.page.get_by_role("alert")).to_contain_text("kind")
    slug = f"by-a-model-for-{person.name}"
    person.page.get_by_label("The question").fill(re.sub(r"slug: .*", f"slug: {slug}", source))
    person.send("Accept", "#accept")
    person.expect_flash("It is in the bank, as a draft.")
    person.expect_heading(re.compile("Draft 2"))
    person.open(f"{COURSE}/bank?text={slug}")
    expect(person.page.locator("table strong")).to_have_text([slug])


@form("POST generation_drafts.reject (reason)", "generations/draft.html", roles=STAFF)
def reject_a_draft(person: Person) -> None:
    person.open(f"{ALL}/{written(person)}/drafts/1")
    person.page.get_by_label("Why it isn’t taken").fill("It asks for a word.")
    person.send("Reject", "#reject")
    person.expect_flash("Rejected.")
    expect(person.page.locator("#board")).to_contain_text("It asks for a word.")


@form("POST generation_drafts.regenerate (reason)", "generations/draft.html", roles=STAFF)
def have_a_draft_written_again(person: Person) -> None:
    person.open(f"{ALL}/{written(person)}/drafts/1")
    person.page.get_by_label("What should be different").fill("Ask about a file.")
    person.send("Write another one", "#regenerate")
    person.expect_flash("Another one is being written.")
    expect(person.page.locator("#board")).to_contain_text("replaced", timeout=30_000)
    expect(person.page.locator(".generation-draft")).to_have_count(2)


@form("POST generation_drafts.run ()", "generations/draft.html", roles=STAFF)
def run_an_answer_again(person: Person) -> None:
    number = written(person)
    with person.site.app.app_context():
        draft = db.session.query(GenerationDraft).filter_by(generation_id=number).one()
        draft.document = {**draft.document, "kind": "code", "fields": {"model_answer": "wc -l", "tests": TESTS}}
        draft.state, draft.findings = "refused", [refuses(Reason(Code.DRAFT_RUN_NOT, reason=Reason(Code.LABS_OFF)))]
        db.session.commit()
    person.open(f"{ALL}/{number}/drafts/1")
    person.send("Run its answer again", "#run")
    person.expect_flash("It is run again.")


def aided(person: Person, *, consents: bool) -> None:
    """Turn comments and hints on in the course, with bob's consent or without."""
    with person.site.app.app_context():
        course = db.session.query(Course).filter_by(slug="shell").one()
        aids.allow(course, comments=True, hints=True)
        bob = db.session.query(User).filter_by(handle="bob").one()
        aids.consent(bob, course, is_given=consents, now=utcnow())
        db.session.commit()


@form("POST model_aids.settings (comments, hints)", "generations/model.html", roles=STAFF)
def turn_aids_on(person: Person) -> None:
    person.open(f"{COURSE}/model")
    person.page.get_by_label("Draft comments on essays").check()
    person.send("Save", "#settings")
    person.expect_flash("Saved.")
    expect(person.page.get_by_label("Draft comments on essays")).to_be_checked()


@form("POST model_aids.consent ()", "generations/model.html", roles=("bob",))
def let_the_model_read(person: Person) -> None:
    aided(person, consents=False)
    person.open(f"{COURSE}/model")
    person.send("Allow it", "#consent")
    person.expect_flash("The model may read what you write here.")
    person.send("Allow it no longer", "#consent")
    person.expect_flash("Nothing of yours is sent.")


@form("POST model_aids.ask_comment ()", "generations/_comment.html", roles=STAFF)
def draft_a_comment(person: Person) -> None:
    aided(person, consents=True)
    with person.site.app.app_context():
        quiz = QuizFactory(module=db.session.query(Lesson).filter_by(slug="first-words").one().module)
        add_question(quiz, "essay")
        attempt = attempts.start(db.session.query(User).filter_by(handle="bob").one().id, quiz, now=utcnow())
        answers.save(attempt.id, 1, "A pipe joins programs.", revision=1, now=utcnow())
        attempts.submit(attempt, now=utcnow())
        db.session.commit()
        address = f"/attempts/{attempt.id}/items/1/grade"
    person.open(address)
    person.send("Draft a comment", "#comment-draft")
    expect(person.page.locator(".generation-said")).to_have_text("Look at what it says first.", timeout=30_000)
    person.page.get_by_role("link", name="Take it into the comment").click()
    expect(person.page.locator("#comment")).to_have_value("Look at what it says first.")


@form("POST model_aids.ask_hint ()", "generations/_hint.html", roles=("bob",))
def ask_for_a_hint(person: Person) -> None:
    aided(person, consents=True)
    with person.site.app.app_context():
        bob = db.session.query(User).filter_by(handle="bob").one()
        check = db.session.query(LabCheck).filter_by(slug="check-1").order_by(LabCheck.id).first()
        assert check is not None
        ended = ask_lab(bob, check.lab, utcnow(), state="ended", reason="user", ended_at=utcnow())
        db.session.add(ended)
        db.session.flush()
        db.session.add(CheckRun(session_id=ended.id, check_id=check.id, state="failed", output="no such file: done"))
        db.session.commit()
        address = f"{COURSE}/labs/{check.lab.slug}/checks/{check.slug}/model-hint"
    person.open(address)
    person.send("Ask for a hint", ".card")
    expect(person.page.locator(".generation-said")).to_have_text("Look at what it says first.", timeout=30_000)
