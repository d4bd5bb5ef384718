"""An answer that can't be sent now: signed out, offline, at the wrong time. It is kept, sent later, and never lost."""

import re
from collections.abc import Callable, Iterator
from json import dumps
from typing import Literal

import pytest
from playwright.sync_api import Browser, Page, Route, expect
from playwright.sync_api import Error as PlaywrightError
from sqlalchemy import select

from extensions import db
from models import Enrolment, User, utcnow
from tests.journey.attempts import (
    answers_of,
    begin,
    closed_by,
    expect_saved,
    field,
    kept_keys,
    make_quiz,
    state,
    uncounted,
)
from tests.journey.student import SignedIn, Student
from tests.journey.test_signing_in_again import open_beside, sign_in_here, sign_out
from tests.sites import until

pytestmark = pytest.mark.long

SET_CLOCK = """(ms) => {
  const Real = Date;
  globalThis.Date = class extends Real {
    constructor(...given) { if (given.length) super(...given); else super(Real.now() + ms); }
    static now() { return Real.now() + ms; }
  };
}"""
HOUR_MS = 3_600_000


@pytest.fixture(scope="module")
def numbers() -> Iterator[int]:
    return iter(range(1, 100))


@pytest.fixture
def path(bob: Student, numbers: Iterator[int]) -> str:
    return make_quiz(bob.site, f"unsaved-{next(numbers)}", time_limit_s=1800)


@pytest.fixture
def second(bob: Student) -> Student:
    """Another tab of bob's browser."""
    return Student(bob.site, bob.page.context.new_page())


def test_an_answer_typed_after_signing_out_and_in_elsewhere_is_saved(bob: Student, second: Student, path: str) -> None:
    attempt = begin(bob, path)
    field(bob.page, 1).fill("one")
    expect_saved(bob.page, 1)
    second.open("/")
    sign_out(second.page)
    second.sign_in("bob")

    field(bob.page, 2).fill("two")

    expect_saved(bob.page, 2)
    assert answers_of(bob.site, attempt) == ["one", "two"]
    assert kept_keys(bob.page) == []


def reload_without_scripts(page: Page) -> Callable[[], None]:
    """Load the page again while its scripts stay away; return what lets them come."""
    held: list[Route] | None = []

    def wait(route: Route) -> None:
        if held is None:
            route.continue_()
        else:
            held.append(route)

    def let_come() -> None:
        nonlocal held
        first, held = held or [], None
        for route in first:
            route.continue_()

    page.route(re.compile(r"\.js(\?|$)"), wait)
    page.reload(wait_until="commit")
    return let_come


def test_enter_before_the_scripts_have_come_hands_nothing_in_and_what_was_typed_is_saved(
    bob: Student, path: str
) -> None:
    attempt = begin(bob, path)
    let_scripts_come = reload_without_scripts(bob.page)
    handed_in: list[str] = []
    bob.page.on("request", lambda request: handed_in.append(request.url) if request.method == "POST" else None)

    field(bob.page, 1).fill("typed early")
    field(bob.page, 1).press("Enter")
    expect(field(bob.page, 1)).to_have_value("typed early")
    let_scripts_come()

    expect_saved(bob.page, 1)
    assert handed_in == []
    assert (answers_of(bob.site, attempt), closed_by(bob.site, attempt)) == (["typed early", None], None)


@pytest.mark.parametrize("motion", ["no-preference", "reduce"])
def test_a_page_whose_scripts_stay_away_says_after_a_while_that_it_saves_nothing(
    bob: Student, path: str, motion: Literal["no-preference", "reduce"]
) -> None:
    bob.page.emulate_media(reduced_motion=motion)
    begin(bob, path)
    let_scripts_come = reload_without_scripts(bob.page)
    notice = bob.page.locator("#not-saving-yet")
    expect(notice).to_have_css("animation-delay", "5s")

    notice.evaluate("notice => notice.getAnimations().forEach((animation) => animation.finish())")

    expect(notice).to_be_visible()
    expect(notice).to_contain_text("Saving hasn’t started yet")
    let_scripts_come()
    expect(notice).to_have_count(0)


def test_an_answer_typed_signed_out_waits_and_is_saved_once_one_is_back(
    bob: Student, second: Student, path: str
) -> None:
    attempt = begin(bob, path)
    second.open("/")
    sign_out(second.page)
    expect(bob.page.locator(".session-gone")).to_be_visible()

    field(bob.page, 1).fill("typed meanwhile")
    expect(state(bob.page, 1)).to_contain_text("you have been signed out")
    bob.page.locator("#hand-in").click()
    bob.page.locator("[data-confirm-submit]").click()
    expect(bob.page.locator("#review")).to_be_hidden()
    sign_in_here(open_beside(bob, "Sign in again"), "bob")

    expect_saved(bob.page, 1)
    assert answers_of(bob.site, attempt) == ["typed meanwhile", None]
    assert closed_by(bob.site, attempt) is None


def test_when_redis_forgot_the_session_the_answer_waits_for_its_person(bob: Student, path: str) -> None:
    attempt = begin(bob, path)
    bob.site.app.extensions["yurt_redis"].flushdb()

    field(bob.page, 1).fill("kept")

    expect(bob.page.locator(".session-gone")).to_contain_text("You have been signed out.")
    tab = open_beside(bob, "Sign in again")
    sign_in_here(tab, "bob")
    expect_saved(bob.page, 1)
    assert answers_of(bob.site, attempt) == ["kept", None]


def test_as_somebody_else_nothing_is_sent_and_nothing_is_lost(bob: Student, second: Student, path: str) -> None:
    attempt = begin(bob, path)
    second.open("/")
    sign_out(second.page)
    second.sign_in("alice")

    field(bob.page, 1).fill("bob's own")
    expect(bob.page.locator(".session-gone")).to_contain_text("Somebody else is signed in")
    second.open("/courses")
    expect(second.page.get_by_role("heading", level=1)).to_be_visible()
    assert len(kept_keys(bob.page)) == 1
    expect(second.page.locator(".outbox")).to_have_count(0)
    assert answers_of(bob.site, attempt) == [None, None]
    sign_out(second.page)
    second.sign_in("bob")

    expect_saved(bob.page, 1)
    assert answers_of(bob.site, attempt) == ["bob's own", None]


def test_what_was_typed_in_time_and_comes_too_late_is_shown_to_the_teacher(
    bob: Student, second: Student, numbers: Iterator[int], signed_in: SignedIn, browser: Browser
) -> None:
    path = make_quiz(bob.site, f"short-{next(numbers)}", time_limit_s=15)
    attempt = begin(bob, path)
    field(bob.page, 1).fill("in time")
    expect_saved(bob.page, 1)
    second.open("/")
    sign_out(second.page)
    field(bob.page, 2).fill("typed in time, too")
    expect(state(bob.page, 2)).to_contain_text("you have been signed out")
    until(lambda: closed_by(bob.site, attempt) == "deadline", 60.0)
    expect(bob.page.locator("[data-clock]")).to_have_text("0:00")
    assert len(kept_keys(bob.page)) == 1

    second.sign_in("bob")

    expect(bob.page.locator("#result")).to_be_visible(timeout=30_000)
    expect(bob.page.locator(".late")).to_contain_text("typed in time, too")
    assert (answers_of(bob.site, attempt), uncounted(bob.site, attempt)) == (
        ["in time", None],
        [("late", "typed in time, too")],
    )
    with browser.new_context(locale="en-GB") as other:
        alice = signed_in.student("alice", other.new_page())
        alice.open(path)
        alice.page.get_by_role("link", name="Everybody’s attempts").click()
        row = alice.page.get_by_role("row", name=re.compile("1 answer came late"))
        row.get_by_role("link", name="Look at it").click()
        expect(alice.page.get_by_text("The attempt of Bob")).to_be_visible()
        expect(alice.page.locator(".late")).to_contain_text("typed in time, too")


def test_answers_left_offline_are_shown_and_sent_by_the_next_page(bob: Student, second: Student, path: str) -> None:
    attempt = begin(bob, path)
    bob.page.context.set_offline(True)
    field(bob.page, 1).fill("left behind")
    field(bob.page, 2).fill("this, too")
    waiting = bob.page.locator(".outbox")
    expect(waiting).to_contain_text("Answers that wait for the network: 2.")
    waiting.locator("summary").click()
    expect(waiting.locator("li")).to_contain_text([re.compile("question 1: left behind"), "this, too"])
    with pytest.raises(PlaywrightError):
        bob.page.reload()
    bob.page.close()
    bob.page.context.set_offline(False)

    second.open("/courses")

    until(lambda: answers_of(bob.site, attempt) == ["left behind", "this, too"])
    until(lambda: kept_keys(second.page) == [])
    expect(second.page.locator(".outbox")).to_have_count(0)


def test_what_a_page_of_before_kept_is_moved_sent_and_forgotten(bob: Student, path: str) -> None:
    attempt = begin(bob, path)
    # Put in from the attempt's own page: any other would send the row itself if it looked after it was put in.
    bob.page.wait_for_load_state("networkidle")
    user_id = bob.page.locator("meta[name=person]").get_attribute("content")
    edit = {"attempt": attempt, "position": 2, "tab": "old", "revision": 1, "response": "of before"}
    edit["typed_at"] = utcnow().isoformat()
    bob.page.evaluate("row => localStorage.setItem(...row)", [f"yurt-answer:{user_id}:{attempt}:2:old", dumps(edit)])

    bob.open(f"/attempts/{attempt}")

    expect_saved(bob.page, 2)
    assert answers_of(bob.site, attempt) == [None, "of before"]
    assert kept_keys(bob.page) == []


NO_DATABASE = "IDBFactory.prototype.open = () => { throw new DOMException('refused', 'SecurityError'); };"
NO_STORE = "Storage.prototype.setItem = () => { throw new DOMException('full', 'QuotaExceededError'); };"


@pytest.mark.parametrize(
    ("refuses", "says"),
    [(NO_DATABASE, "kept in a simpler one"), (NO_DATABASE + NO_STORE, "leave this page open")],
    ids=["no database", "no store at all"],
)
def test_a_browser_that_keeps_less_says_so_and_still_sends(bob: Student, path: str, refuses: str, says: str) -> None:
    bob.page.add_init_script(refuses)
    attempt = begin(bob, path)
    bob.page.context.set_offline(True)

    field(bob.page, 1).fill("unsent")

    expect(bob.page.locator("#safety")).to_contain_text(says)
    bob.page.context.set_offline(False)
    expect_saved(bob.page, 1)
    assert answers_of(bob.site, attempt) == ["unsent", None]


@pytest.mark.parametrize("ms", [HOUR_MS, -HOUR_MS], ids=["an hour ahead", "an hour behind"])
def test_a_devices_wrong_clock_neither_ends_the_attempt_nor_takes_an_answer(bob: Student, path: str, ms: int) -> None:
    attempt = begin(bob, path)
    bob.page.wait_for_load_state("networkidle")
    bob.page.context.set_offline(True)
    field(bob.page, 1).fill("unsent")
    expect(state(bob.page, 1)).to_contain_text("Not saved yet")

    bob.page.evaluate(SET_CLOCK, ms)

    expect(bob.page.locator("[data-clock]")).to_have_text(re.compile(r"^≈ 29:\d\d$"))
    assert len(kept_keys(bob.page)) == 1
    bob.page.context.set_offline(False)
    expect_saved(bob.page, 1)
    expect(bob.page.locator("[data-clock]")).to_have_text(re.compile(r"^29:\d\d$"))
    assert answers_of(bob.site, attempt) == ["unsent", None]

    bob.page.add_init_script(f"({SET_CLOCK})({ms})")
    bob.page.reload()
    expect(bob.page.locator("[data-clock]")).to_have_text(re.compile(r"^2[89]:\d\d$"))


def test_who_was_taken_out_of_the_course_is_told_and_keeps_what_they_typed(bob: Student, path: str) -> None:
    attempt = begin(bob, path)
    field(bob.page, 1).fill("before")
    expect_saved(bob.page, 1)
    with bob.site.app.app_context():
        row = db.session.scalars(select(Enrolment).join(User).where(User.handle == "bob")).one()
        course_id, user_id = row.course_id, row.user_id
        db.session.delete(row)
        db.session.commit()
    try:
        field(bob.page, 2).fill("after")

        expect(state(bob.page, 2)).to_contain_text("You are no longer in this course")
        assert answers_of(bob.site, attempt) == ["before", None]
        assert len(kept_keys(bob.page)) == 1
    finally:
        with bob.site.app.app_context():
            db.session.add(Enrolment(course_id=course_id, user_id=user_id, role="student"))
            db.session.commit()
    expect_saved(bob.page, 2)
