"""A running site with the demo in it, and bob at a browser."""

import pytest
from playwright.sync_api import Page

from cli.demo import load_demo
from tests.journey.student import SignedIn, Student
from tests.sites import LiveSite


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
