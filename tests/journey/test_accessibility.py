"""axe-core finds nothing on any page: each as its people see it, at a desk and on a phone, in light and in dark."""

import contextlib
import re
from collections.abc import Callable, Iterator
from functools import cache

import pytest
from playwright.sync_api import Browser, Page, expect

from config import ROOT
from extensions import db
from models import Lab, Quiz, User, utcnow
from services.quizzes import answers, attempts
from tests.browsers import PATIENCE_MS
from tests.journey.student import COURSE, LAB, QUIZ, SignedIn, Student
from tests.sites import LiveSite

pytestmark = pytest.mark.long

AXE = ROOT / "node_modules" / "axe-core" / "axe.min.js"
RULES = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]
# What is in order is only counted: naming every node of it takes a quarter of the time.
RUN = "tags => axe.run(document, {runOnly: {type: 'tag', values: tags}, resultTypes: ['violations']})"
SIZES = ({"width": 1280, "height": 800}, {"width": 390, "height": 800})
VISITORS = ["/", "/courses", "/courses?q=nothing", COURSE, "/login", "/register", "/reset", "/no-such-page"]
BOBS = [
    *("/", "/courses", COURSE, f"{COURSE}/lessons/one-tree", f"{COURSE}/lessons/permissions"),
    *(
        QUIZ,
        f"{COURSE}/leaderboard",
        f"{COURSE}/points",
        "/labs",
        LAB,
        "/account",
        "/account/tokens",
        "/account/factors",
        "/account/factors/authenticator",
        "/account/data",
        "/account/erase",
        "/account/certificates",
        f"{COURSE}/certificate",
        "/enrol",
        "/change",
    ),
    f"{COURSE}/people",
    f"{COURSE}/grades",
    f"{COURSE}/practice",
    f"{COURSE}/practice/next",
]
# Of a new site's demo course, question 1 is there.
BANK = [
    f"{COURSE}/bank",
    f"{COURSE}/bank/1",
    f"{COURSE}/bank/1/edit",
    f"{COURSE}/bank/new",
    f"{COURSE}/generations",
    f"{COURSE}/model",
]
MOVING = [f"{COURSE}/bank/imports/new", f"{COURSE}/bank/exports", "/course-imports"]
ALICES = [
    "/",
    COURSE,
    f"{COURSE}/people",
    f"{COURSE}/audit-log",
    f"{COURSE}/webhooks",
    f"{COURSE}/leaderboard/settings",
    f"{COURSE}/labs-board",
    f"{QUIZ}/analysis",
    f"{QUIZ}/regrades",
    f"{QUIZ}/regrades/new?question=1",
    f"{QUIZ}/questions",
    f"{QUIZ}/cohorts",
    f"{COURSE}/gradebook",
    f"{COURSE}/certificates",
    f"{COURSE}/statements",
    *BANK,
    *MOVING,
]
DANAS = ["/learning-platforms", "/learning-platforms/new", f"{COURSE}/platforms"]
CHARLIES = ["/", COURSE, "/labs"]


@cache
def axe() -> str:
    """Return axe-core's script."""
    assert AXE.is_file(), "axe-core isn't installed: `make install-dev` does it"
    return AXE.read_text()


def faults(page: Page) -> list[str]:
    """Return what axe-core finds on the page as it is, in both themes and sizes."""
    if page.evaluate("typeof axe") == "undefined":
        page.evaluate(axe())
    found = []
    for size in SIZES:
        page.set_viewport_size(size)  # type: ignore[arg-type]  # a ViewportSize
        for theme in ("light", "dark"):
            page.emulate_media(color_scheme=theme, reduced_motion="reduce")  # type: ignore[arg-type]  # a literal
            for fault in page.evaluate(RUN, RULES)["violations"]:
                nodes = "; ".join(f"{node['html'][:160]} {node['failureSummary']}" for node in fault["nodes"][:3])
                found.append(f"{size['width']} {theme}: {fault['id']}: {fault['help']}: {nodes}")
    return found


@pytest.fixture(scope="module")
def tabs(browser: Browser, signed_in: SignedIn) -> Iterator[Callable[[str], Page]]:
    """A tab for each person, signed in once: what a page says is the same in the next one's."""
    known: dict[str, Page] = {}
    with contextlib.ExitStack() as stack:

        def tab(name: str) -> Page:
            if name not in known:
                context = stack.enter_context(browser.new_context(locale="en-GB", timezone_id="Europe/London"))
                context.set_default_timeout(PATIENCE_MS)
                known[name] = context.new_page()
                if name:
                    signed_in.student(name, known[name])
            known[name].set_viewport_size(SIZES[0])  # type: ignore[arg-type]  # a ViewportSize
            known[name].emulate_media(color_scheme="light", reduced_motion="no-preference")
            return known[name]

        yield tab


@pytest.mark.parametrize(
    ("name", "path"),
    [
        *(("", path) for path in VISITORS),
        *(("bob", path) for path in BOBS),
        *(("alice", path) for path in ALICES),
        *(("dana", path) for path in DANAS),
        *(("charlie", path) for path in CHARLIES),
    ],
)
def test_a_page_is_for_everybody(demo_site: LiveSite, tabs: Callable[[str], Page], name: str, path: str) -> None:
    page = tabs(name)
    page.goto(demo_site.url + path)

    assert faults(page) == []


def test_a_form_with_faults_is_for_everybody(demo_site: LiveSite, page: Page) -> None:
    page.goto(f"{demo_site.url}/register")
    page.locator("form.sheet").evaluate("form => { form.noValidate = true; }")
    page.locator("form.sheet").get_by_role("button", name="Register").click()
    expect(page.locator(".error").first).to_be_visible()

    assert faults(page) == []


def test_what_a_page_says_of_the_last_action_is_for_everybody(bob: Student) -> None:
    bob.open("/account")
    bob.page.locator("form.sheet").get_by_role("button", name="Save").click()
    expect(bob.page.get_by_role("status").get_by_role("listitem")).to_have_text("Your profile is saved.")

    assert faults(bob.page) == []


def test_a_kept_form_is_for_everybody_and_speaks_its_pages_words(bob: Student) -> None:
    page = bob.page
    bob.open("/account")
    page.get_by_label("Theme").select_option("system")
    page.locator("form.sheet [name=csrf_token]").evaluate("field => { field.value = 'of another session'; }")
    page.get_by_role("button", name="Save").click()
    expect(page.get_by_role("heading", name="Nothing is lost")).to_be_visible()

    assert faults(page) == []
    assert page.locator(".kept dd").last.inner_text() == "Like my device"
    assert page.locator(".kept dd").last.bounding_box()["x"] == page.locator(".kept dt").last.bounding_box()["x"]  # type: ignore[index]  # it is visible


def test_an_attempt_and_its_result_are_for_everybody(bob: Student) -> None:
    bob.start_quiz()
    bob.question("What makes a file hidden?").get_by_label("It has the permission").check()
    bob.expect_saved(1)

    assert faults(bob.page) == []

    bob.page.get_by_role("button", name="Hand in").first.click()
    expect(bob.page.locator("#review")).to_be_visible()
    assert faults(bob.page) == []

    bob.page.locator("[data-confirm-submit]").click()
    expect(bob.page.get_by_role("heading", name="Not yet")).to_be_visible()
    assert faults(bob.page) == []


def test_grading_by_hand_is_for_everybody(demo_site: LiveSite, signed_in: SignedIn, page: Page) -> None:
    with demo_site.app.app_context():
        bob = db.session.query(User).filter_by(handle="bob").one()
        attempt = attempts.start(bob.id, db.session.query(Quiz).filter_by(slug="looking-back").one(), now=utcnow())
        essay = next(item.position for item in attempt.items if item.version.kind == "essay")
        answers.save(attempt.id, essay, "A pipe gives it on.", revision=1, now=utcnow())
        attempts.submit(attempt, now=utcnow())
        db.session.commit()
    signed_in.student("alice", page)
    page.goto(f"{demo_site.url}{COURSE}/quizzes/looking-back/to-grade")
    assert faults(page) == []

    page.get_by_role("link", name="Grade the answer").first.click()
    page.get_by_label("Marks").fill("99")
    page.locator(".grade-answer button").click()
    expect(page.locator("#marks-error")).to_be_visible()
    assert faults(page) == []


def test_a_running_lab_is_for_everybody(bob: Student) -> None:
    bob.start_lab()
    first = bob.page.locator("[data-check]").first
    first.get_by_role("button", name="Check it").click()
    expect(first.locator(".check-state")).to_have_text("Not yet")

    assert faults(bob.page) == []

    bob.page.set_viewport_size({"width": 1280, "height": 800})
    bob.page.get_by_role("button", name=re.compile("Stop")).click()
    expect(bob.page.locator("#confirm")).to_be_visible()
    assert faults(bob.page) == []


def test_every_panel_of_a_lab_is_for_everybody(bob: Student) -> None:
    with bob.site.app.app_context():
        db.session.query(Lab).filter_by(slug="tidy-desk").one().ports = [8000]
        db.session.commit()
    bob.start_lab()
    bob.page.set_viewport_size({"width": 1280, "height": 800})
    for name, shown in (
        ("Files", bob.page.get_by_role("button", name="Open desk")),
        ("Web", bob.page.get_by_role("heading", name="Nobody listens on port 8000 yet")),
        ("Timeline", bob.page.locator(".timeline")),
        ("Help", bob.page.get_by_role("button", name="Raise your hand")),
    ):
        bob.page.get_by_role("tab", name=name).click()
        expect(shown).to_be_visible()

        assert faults(bob.page) == [], name
