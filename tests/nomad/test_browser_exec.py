"""A lab of the template exec on a real Nomad, all its panels in a real browser; the way to Nomad breaks meanwhile."""

import re
from collections.abc import Callable, Iterator

import pytest
from playwright.sync_api import Browser, Page, expect

from cli.demo import load_demo
from extensions import db as database
from models import Lab
from tests.journey.student import Student
from tests.nomad.agents import Cluster
from tests.nomad.conftest import backend_of, site_environ
from tests.relays import Relay, relay_to
from tests.sites import LiveSite

WAIT_MS = 60_000
NAME = "-an “odd” näme's $(app).py"
# A web app as students write them: it sets a cookie, redirects, and links to its own root.
APP = b"""
import http.server
PAGE = b'''<h1>My app</h1><p id=said></p><script>
fetch("/seen").then(r => r.text()).then(t => document.getElementById("said").textContent = t)</script>'''
class Handler(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        if self.path == "/":
            self.send_response(302)
            self.send_header("Set-Cookie", "basket=apples; HttpOnly")
            self.send_header("Location", "http://localhost:8000/shop")
            self.end_headers()
            return
        self.send_response(200)
        self.send_header("Content-Type", "text/html")
        self.end_headers()
        self.wfile.write(PAGE if self.path == "/shop" else ("cookie: %s" % self.headers["Cookie"]).encode())
    def log_message(self, *args):
        pass
print("app listens", flush=True)
http.server.ThreadingHTTPServer(("127.0.0.1", 8000), Handler).serve_forever()
"""


@pytest.fixture(scope="module")
def relay(nomad: Cluster) -> Iterator[Relay]:
    """The site's way to Nomad."""
    with relay_to(nomad.server.http) as made:
        yield made


@pytest.fixture
def bob(nomad: Cluster, relay: Relay, make_live_server: Callable[..., LiveSite], page: Page) -> Iterator[Student]:
    """Bob, where labs have hosts of their own and this one a port."""
    environ = {**site_environ(nomad), "NOMAD_ADDR": relay.url, "LAB_PORTS_HOST": "*.labs.localhost"}
    site = make_live_server(**environ)
    with site.app.app_context():
        load_demo()
        database.session.query(Lab).filter_by(slug="tidy-desk").one().ports = [8000]
        database.session.commit()
    student = Student(site, page)
    student.sign_in("bob")
    yield student
    site.kill("scheduler")
    backend = backend_of(site, nomad)
    for job in backend.observe():
        backend.stop(job.job_id)
    backend.close()


def test_terminal_files_and_web_of_a_lab(bob: Student, relay: Relay, browser: Browser) -> None:
    page = bob.page
    bob.start_lab()
    shell = bob.shell_pid("before")

    relay.cut()
    page.reload()
    bob.expect_connected()
    relay.cut()
    expect(page.locator("#terminal")).to_have_attribute("data-state", "connecting", timeout=WAIT_MS)
    bob.expect_connected()
    assert bob.shell_pid("after") == shell

    page.get_by_role("tab", name="Files").click()
    expect(page.get_by_role("button", name="Open desk")).to_be_visible(timeout=WAIT_MS)
    page.locator("#files-input").set_input_files({"name": NAME, "mimeType": "text/x-python", "buffer": APP})
    uploaded = page.locator("#files-rows").get_by_text(NAME, exact=True)
    expect(uploaded).to_be_visible(timeout=WAIT_MS)
    with page.expect_download(timeout=WAIT_MS) as started:
        uploaded.click()
    assert started.value.path().read_bytes() == APP

    page.get_by_role("tab", name="Terminal").click()
    bob.type("mv -- -an* app.py && python3 app.py &")
    bob.expect_screen("app listens")
    page.get_by_role("tab", name="Web").click()
    inside = page.frame_locator("#web-frame")
    expect(inside.get_by_text("cookie: basket=apples")).to_be_visible(timeout=WAIT_MS)
    with page.context.expect_page() as opened:
        page.get_by_role("link", name=re.compile("new tab")).click()
    expect(opened.value.get_by_text("cookie: basket=apples")).to_be_visible(timeout=WAIT_MS)
    assert re.match(r"http://8000-[0-9a-f]{32}\.labs\.localhost:\d+/shop$", opened.value.url)
    assert opened.value.evaluate("document.cookie") == ""

    with browser.new_context() as other:
        charlie = Student(bob.site, other.new_page())
        charlie.sign_in("charlie")
        address = page.locator("#web-tab").get_attribute("href")
        answers = [charlie.page.goto(url) for url in (bob.site.url + str(address), opened.value.url)]
        assert [answer.status for answer in answers if answer] == [404, 403]

    page.get_by_role("tab", name="Timeline").click()
    expect(page.locator(".timeline")).to_contain_text("Running")
