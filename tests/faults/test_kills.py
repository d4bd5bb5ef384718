"""Processes that die in the middle, with a quiz and a lab open: what was acknowledged stays, the lab goes on."""

import os
import re
import signal
import threading
import urllib.error
import urllib.request

import psutil
import pytest
from playwright.sync_api import expect
from sqlalchemy import select, text

from extensions import db
from models import Attempt, LabSession
from tests.journey.student import Student
from tests.journey.test_saved_work import press
from tests.sites import LiveSite, until

pytestmark = pytest.mark.long


def command(process: psutil.Process) -> str:
    """Return its command line, "" for one that has ended: its parent may not have reaped it yet."""
    try:
        return " ".join(process.cmdline())
    except psutil.NoSuchProcess:
        return ""


def children(site: LiveSite, *words: str) -> list[psutil.Process]:
    """Return the living processes under the site's `web` whose command line has all of `words`."""
    found = psutil.Process(site.processes["web"].pid).children(recursive=True)
    return [process for process in found if all(word in command(process) for word in words)]


def kill_one(site: LiveSite, *words: str) -> int:
    """Kill one such process, and wait until another one has its place."""
    victims = children(site, *words)
    assert victims, f"no process with {words} under web"
    before = {process.pid for process in victims}
    os.kill(victims[0].pid, signal.SIGKILL)
    until(lambda: bool({process.pid for process in children(site, *words)} - before))
    return victims[0].pid


def test_a_killed_gateway_gives_the_same_shell_back(bob: Student) -> None:
    bob.start_lab()
    before = bob.shell_pid("before")

    kill_one(bob.site, "-m", "gateway")
    expect(bob.page.locator("#terminal")).not_to_have_attribute("data-state", "connected")

    bob.expect_connected()
    assert bob.shell_pid("after") == before


def test_a_gateway_that_dies_while_a_lab_stops_and_while_one_starts_leaves_pages_that_tell_the_truth(
    bob: Student,
) -> None:
    bob.start_lab()
    state = bob.page.locator("#machine-state")

    bob.site.kill("scheduler")
    press(bob, "Stop", "Stop")
    expect(state).to_have_attribute("data-state", "stopping")
    kill_one(bob.site, "-m", "gateway")
    bob.site.start("scheduler")
    expect(state).to_have_attribute("data-state", "ended", timeout=60_000)

    bob.site.kill("scheduler")
    bob.page.get_by_role("button", name=re.compile("Start")).first.click()
    expect(state).to_have_attribute("data-state", "queued")
    kill_one(bob.site, "-m", "gateway")
    bob.site.start("scheduler")
    bob.expect_connected()

    with bob.site.app.app_context():
        found = db.session.scalars(select(LabSession.state).where(LabSession.state != "ended")).all()
    assert found == ["running"]


def test_a_killed_scheduler_leaves_the_lab_running_and_checks_go_on(bob: Student) -> None:
    bob.start_lab()
    before = bob.shell_pid("one")

    bob.site.kill("scheduler")
    bob.page.locator("[data-run]").first.click()
    bob.page.get_by_text("Waiting").first.wait_for()
    bob.site.start("scheduler")

    bob.page.locator(".check-state", has_text="Not yet").first.wait_for(timeout=60_000)
    assert bob.shell_pid("two") == before


def test_a_killed_worker_under_load_loses_no_acknowledged_answer(bob: Student) -> None:
    bob.start_quiz()
    attempt_id = int(bob.page.url.rsplit("/", 1)[1])
    saved: dict[int, str] = {}
    position = next(
        number
        for number in range(1, 9)
        if bob.page.locator(f'fieldset[data-position="{number}"] input[type=text]').count()
    )
    send = """async ([attempt, position, revision, text]) => {
      const token = document.querySelector('meta[name=csrf-token]').content;
      try {
        const response = await fetch(`/attempts/${attempt}/items/${position}`, {method: "PUT", headers: {
          "X-CSRFToken": token, "Content-Type": "application/json"}, body: JSON.stringify({revision, response: text})});
        return response.status;
      } catch { return 0; }
    }"""
    start = int(bob.page.get_attribute(f'fieldset[data-position="{position}"]', "data-revision") or 0)
    for number in range(1, 41):
        if number in (10, 25):
            threading.Thread(target=kill_one, args=(bob.site, "cli.worker")).start()
        status = bob.page.evaluate(send, [attempt_id, position, start + number, f"answer {number}"])
        if status == 200:
            saved[start + number] = f"answer {number}"

    with bob.site.app.app_context():
        items = {item.position: item for item in db.session.get_one(Attempt, attempt_id).items}
    assert len(saved) >= 30
    kept = items[position]
    assert kept.revision >= max(saved)
    assert kept.response == f"answer {kept.revision - start}"


def test_the_whole_web_dies_and_comes_back_with_everything(bob: Student) -> None:
    bob.start_quiz()
    bob.question("lets mkdir make").locator("input").fill("--parents")
    bob.question("lets mkdir make").get_by_text("Saved", exact=True).wait_for()
    address = bob.page.url

    bob.site.kill("web")
    bob.site.start("web")
    until(lambda: _status(bob.site.url) == 200, 40.0)

    bob.page.goto(address)
    assert bob.question("lets mkdir make").locator("input").input_value() == "--parents"


def _status(url: str) -> int:
    try:
        with urllib.request.urlopen(f"{url}/readyz", timeout=3) as response:
            return int(response.status)
    except (urllib.error.URLError, OSError):
        return 0


def test_connections_that_the_database_ends_are_made_anew(bob: Student) -> None:
    """What a restarted PostgreSQL does to its clients: every connection is dead at once."""
    bob.start_quiz()
    with bob.site.app.app_context():
        ended = db.session.scalar(
            text(
                "SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity"
                " WHERE datname = current_database() AND pid <> pg_backend_pid()"
            )
        )
        db.session.rollback()

    bob.question("lets mkdir make").locator("input").fill("-p, again")

    bob.question("lets mkdir make").get_by_text("Saved", exact=True).wait_for()
    assert ended >= 2
