"""A lab that is a virtual machine on a real Nomad, from its course's folder to its saved work, in a real browser."""

import re
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect
from sqlalchemy import select

from extensions import db as database
from models import Course, User, utcnow
from services import archive
from services.courses import members
from tests.archive.folders import make_folder, with_line
from tests.journey.student import Student
from tests.journey.test_saved_work import RECEIPT, press
from tests.nomad.images import Image
from tests.sites import LiveSite

BOOT_MS = 150_000
WAIT_MS = 60_000
SIZE = "[document.getElementById('terminal').terminal.rows, document.getElementById('terminal').terminal.cols]"


@pytest.fixture
def student(nomad_site: LiveSite, vm_image: Image, page: Page, tmp_path: Path) -> Student:
    """Bob, in a course whose lab is a machine."""
    machine = f"template: qemu\nkernel: {vm_image.kernel}\ninitrd: {vm_image.initrd}\nmemory_mb: 256\nports: [8000]"
    folder = make_folder(tmp_path, with_line("basics/lab.lab/lab.yaml", "title: A lab", f"title: A lab\n{machine}"))
    with nomad_site.app.app_context():
        archive.import_course(folder, now=utcnow())
        course = database.session.scalars(select(Course).where(Course.slug == "tiny")).one()
        bob = database.session.scalars(select(User).where(User.handle == "bob")).one()
        members.set_role(course, bob.id, "student", now=utcnow())
        database.session.commit()
    made = Student(nomad_site, page)
    made.sign_in("bob")
    return made


def start(student: Student) -> None:
    """Start the machine and wait for its shell."""
    student.page.locator("#start button").click()
    state = student.page.locator("#machine-state")
    expect(state).to_have_attribute("data-state", re.compile("queued|starting|running"))
    expect(state).to_have_attribute("data-state", re.compile("running|ended"), timeout=BOOT_MS)
    assert state.get_attribute("data-state") == "running", student.page.locator("#cover").inner_text()
    student.expect_connected()


def test_a_machine_in_the_browser(student: Student) -> None:
    page = student.page
    student.open("/courses/tiny/labs/lab")
    start(student)
    shell = student.shell_pid("before")

    page.set_viewport_size({"width": 1000, "height": 700})
    page.reload()
    student.expect_connected()
    assert student.shell_pid("after") == shell
    rows, columns = page.evaluate(SIZE)
    student.type(f"until stty size | grep -qx '{rows} {columns}'; do sleep 1; done; echo size=$((1 + 1))")
    student.expect_screen("size=2")

    page.locator("[data-run]").first.click()
    expect(page.locator(".check-state").first).to_have_text("Not yet", timeout=WAIT_MS)
    page.get_by_role("tab", name="Files").click()
    expect(page.get_by_role("button", name="Open work")).to_be_visible(timeout=WAIT_MS)
    page.locator("#files-input").set_input_files({"name": "a file", "mimeType": "text/plain", "buffer": b"from here\n"})
    expect(page.get_by_role("button", name="Download a file")).to_be_visible(timeout=WAIT_MS)
    page.get_by_role("tab", name="Terminal").click()
    student.type("cp 'a file' work/done; cat work/done")
    student.expect_screen("from here")
    page.locator("[data-run]").first.click()
    expect(page.locator(".check-state").first).to_have_text("Passed", timeout=WAIT_MS)

    page.get_by_role("tab", name="Web").click()
    expect(page.get_by_role("heading", name="Nobody listens on port 8000 yet")).to_be_visible(timeout=WAIT_MS)
    page.get_by_role("tab", name="Terminal").click()
    student.type("echo '<h1>From the machine</h1>' > index.html; httpd -p 127.0.0.1:8000; echo listens=$((1 + 1))")
    student.expect_screen("listens=2")
    page.get_by_role("tab", name="Web").click()
    inside = page.frame_locator("#web-frame")
    expect(inside.get_by_role("heading", name="From the machine")).to_be_visible(timeout=WAIT_MS)
    page.get_by_role("tab", name="Terminal").click()

    press(student, "Stop", "Stop")
    expect(page.locator("#cover-saved")).to_have_text(RECEIPT, timeout=WAIT_MS)
    expect(page.locator("#machine-state")).to_have_attribute("data-state", "ended", timeout=WAIT_MS)
    start(student)
    student.type("cat work/done")
    student.expect_screen("from here")
