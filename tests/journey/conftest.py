"""A running site with the demo in it, and bob at a browser: one site and one browser for all files of this folder."""

from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, Page, Playwright, sync_playwright

from cli.demo import load_demo
from tests.browsers import chromium
from tests.engines import Engines
from tests.journey.student import SignedIn, Student
from tests.site_makers import site_maker
from tests.sites import LiveSite


@pytest.fixture(scope="package")
def playwright() -> Iterator[Playwright]:
    """Playwright itself: no file here has an event loop of its own."""
    with sync_playwright() as running:
        yield running


@pytest.fixture(scope="package")
def browser(playwright: Playwright) -> Iterator[Browser]:
    """The machine's Chromium; each test has a context of its own in it."""
    with chromium(playwright) as running:
        yield running


@pytest.fixture(scope="package")
def shared_site(engines: Engines, worker: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[LiveSite]:
    """The running product, where the one student of a file may begin each of its tests with a new attempt."""
    with site_maker(engines, worker, tmp_path_factory) as make:
        yield make(LIMIT_QUIZ_STARTS="100 per minute")


@pytest.fixture(scope="module")
def live_server(shared_site: LiveSite) -> LiveSite:
    """The running product, which a file finds empty."""
    shared_site.reset()
    return shared_site


@pytest.fixture(scope="module")
def demo_site(live_server: LiveSite) -> LiveSite:
    with live_server.app.app_context():
        load_demo()
    return live_server


@pytest.fixture(scope="module")
def signed_in(demo_site: LiveSite) -> SignedIn:
    return SignedIn(demo_site)


@pytest.fixture
def bob(signed_in: SignedIn, page: Page) -> Student:
    return signed_in.student("bob", page)
