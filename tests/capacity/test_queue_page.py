"""What somebody in the queue sees, in a real browser, until a machine is theirs."""

import re
from collections.abc import Callable
from datetime import timedelta

import pytest
from playwright.sync_api import Page, expect

from extensions import db as database
from models import LabSession, utcnow
from models.lab_session import ENDED, RUNNING
from services.labs import lifecycle
from tests.factories import PASSWORD, Cast, make_cast
from tests.sites import LiveSite, until

LAB = "/courses/shell/labs/first-lab"


@pytest.fixture(scope="module")
def crowded(make_live_server: Callable[..., LiveSite]) -> LiveSite:
    """A site with one machine, which alice has, and labs that have lasted half an hour so far."""
    site = make_live_server(LAB_LIMIT_TOTAL="1")
    with site.app.app_context():
        cast = make_cast()
        _remember(cast)
        found = lifecycle.queue(cast.alice, cast.lab, cast.course, now=utcnow())
        database.session.commit()
        session_id = found.id
    until(lambda: _state_of(site, session_id) == RUNNING, 30)
    return site


def _remember(cast: Cast) -> None:
    """Labs of the last days that charlie had."""
    for day in range(1, 7):
        ended_at = utcnow() - timedelta(days=day)
        found = lifecycle.queue(cast.charlie, cast.lab, cast.course, now=ended_at)
        found.claimed_at = found.started_at = ended_at - timedelta(minutes=30)
        found.state, found.reason, found.ended_at = ENDED, "user", ended_at
        database.session.flush()


def _state_of(site: LiveSite, session_id: object) -> str:
    with site.app.app_context():
        return database.session.get_one(LabSession, session_id).state


def test_who_waits_sees_place_time_and_reason_until_a_machine_is_theirs(crowded: LiveSite, page: Page) -> None:
    page.goto(f"{crowded.url}/login?next={LAB}")
    page.get_by_label("Email").fill("bob@example.org")
    page.get_by_label("Password").fill(PASSWORD)
    page.locator("form.sheet").get_by_role("button", name="Sign in").click()
    page.goto(f"{crowded.url}{LAB}")
    page.get_by_role("button", name="Start the lab").click()

    expect(page.get_by_role("heading", name="You are number 1 of 1 in the queue")).to_be_visible()
    cover = page.locator("#cover-text")
    expect(cover).to_contain_text(re.compile(r"Likely in about \d+ minutes, at the latest at \d\d:\d\d\."))
    expect(cover).to_contain_text("1 of 1 machines are in use.")

    page.goto(f"{crowded.url}/courses")
    page.goto(f"{crowded.url}{LAB}")
    expect(page.get_by_role("heading", name="You are number 1 of 1 in the queue")).to_be_visible()

    page.get_by_role("button", name="Leave the queue").click()
    expect(page.get_by_role("heading", name="You have left the queue")).to_be_visible()
    page.get_by_role("button", name="Start again").click()
    expect(page.get_by_role("heading", name="You are number 1 of 1 in the queue")).to_be_visible()

    with crowded.app.app_context():
        running = database.session.query(LabSession).filter_by(state=RUNNING).one()
        lifecycle.stop(running, reason="user", now=utcnow())
        database.session.commit()
    expect(page.locator("#machine-text")).to_contain_text("Running", timeout=30_000)
