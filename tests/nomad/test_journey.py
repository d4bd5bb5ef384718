"""A student's lab on a real Nomad, in a real browser."""

import re

from playwright.sync_api import Browser, expect
from sqlalchemy import select

from extensions import db as database
from models import LabSession
from models.lab_session import RUNNING
from tests.faults.test_kills import kill_one
from tests.journey.student import Student
from tests.journey.test_saved_work import RECEIPT, press
from tests.nomad.agents import Cluster

BOOT_MS = 30_000
# What a page of the site answers to each way of asking for something of a lab session.
ASK = """async ([session, ways]) => {
  const token = document.querySelector("meta[name=csrf-token]").content;
  const answers = ways.map(([method, rest]) =>
    fetch(`/lab-sessions/${session}/${rest}`, {method, headers: {"X-CSRFToken": token}}));
  return (await Promise.all(answers)).map((answer) => answer.status);
}"""


def test_a_killed_gateway_gives_the_same_shell_back(bob: Student) -> None:
    bob.start_lab()
    before = bob.shell_pid("before")

    kill_one(bob.site, "-m", "gateway")
    expect(bob.page.locator("#terminal")).not_to_have_attribute("data-state", "connected")

    bob.expect_connected()
    assert bob.shell_pid("after") == before


def test_anothers_lab_is_not_found_by_its_id(bob: Student, browser: Browser) -> None:
    bob.start_lab()
    with bob.site.app.app_context():
        session_id = database.session.scalars(select(LabSession.id).where(LabSession.state == RUNNING)).one()
    context = browser.new_context()
    charlie = Student(bob.site, context.new_page())
    charlie.sign_in("charlie")
    ways = [["GET", "state"], ["POST", "ticket"], ["POST", "files"], ["POST", "live"], ["POST", "stop"]]

    refused = charlie.page.evaluate(ASK, [str(session_id), ways])
    allowed = bob.page.evaluate(ASK, [str(session_id), ways[:4]])
    context.close()

    assert (refused, allowed) == ([404] * 5, [200] * 4)
    bob.expect_connected()


def test_a_lab_is_started_checked_stopped_restored_and_reset(bob: Student, nomad: Cluster) -> None:
    page = bob.page
    bob.start_lab()
    before = bob.shell_pid("before")
    bob.type("echo precious > work.txt; echo wrote $((40 + 2))")
    bob.expect_screen("wrote 42")

    page.reload()
    bob.expect_connected()
    bob.expect_screen("wrote 42")
    assert bob.shell_pid("after") == before

    page.locator("[data-run]").first.click()
    page.locator(".check-state", has_text="Not yet").first.wait_for(timeout=BOOT_MS)
    page.get_by_role("tab", name="Files").click()
    expect(page.locator("#panel-files")).to_contain_text("work.txt")

    listed = nomad.command("job", "status").stdout
    assert re.search(r"^lab-linux-from-the-shell-tidy-desk-bob-[0-9a-f]{8} +batch +\d+ +running", listed, re.M), listed

    page.get_by_role("tab", name="Terminal").click()
    press(bob, "Stop", "Stop")
    expect(page.locator("#cover-saved")).to_have_text(RECEIPT, timeout=BOOT_MS)
    expect(page.locator("#machine-state")).to_have_attribute("data-state", "ended", timeout=BOOT_MS)
    assert "tidy-desk-bob" not in nomad.command("job", "status").stdout

    bob.start_lab()
    bob.type("cat work.txt")
    bob.expect_screen("precious")

    press(bob, "Reset", "Reset")
    expect(page.locator("#machine-state")).not_to_have_attribute("data-state", "running")
    expect(page.locator("#machine-state")).to_have_attribute("data-state", "running", timeout=BOOT_MS)
    bob.expect_connected()
    bob.type("test -e work.txt || echo fresh $((40 + 3))")
    bob.expect_screen("fresh 43")
