"""A running site with the demo in it, and bob at a browser."""

from collections.abc import Callable

import pytest
from playwright.sync_api import Page

from cli.demo import load_demo
from tests.journey.student import Student
from tests.sites import LiveSite


@pytest.fixture(scope="module")
def live_server(make_live_server: Callable[..., LiveSite]) -> LiveSite:
    """The running product, where the one student of a file may begin each of its tests with a new attempt."""
    return make_live_server(LIMIT_QUIZ_STARTS="100 per minute")


@pytest.fixture(scope="module")
def demo_site(live_server: LiveSite) -> LiveSite:
    with live_server.app.app_context():
        load_demo()
    return live_server


@pytest.fixture
def bob(demo_site: LiveSite, page: Page) -> Student:
    student = Student(demo_site, page)
    student.sign_in("bob")
    return student
