"""A real Chromium for tests that need JavaScript."""

import contextlib
import os
from collections.abc import Iterator
from typing import Any

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, Playwright, expect, sync_playwright

from cli.install import find_chromium

PATIENCE_MS = 30_000
# A busy machine takes longer than Playwright waits by itself; what has to be there sooner says so in its test.
expect.set_options(timeout=PATIENCE_MS)


@pytest.fixture(scope="module")
def playwright() -> Iterator[Playwright]:
    """Playwright itself, once a module: its event loop runs in this thread, and no other one can while it does."""
    with sync_playwright() as running:
        yield running


@pytest.fixture(scope="module")
def browser(playwright: Playwright) -> Iterator[Browser]:
    """The machine's Chromium, once a module."""
    with chromium(playwright) as running:
        yield running


@contextlib.contextmanager
def chromium(playwright: Playwright) -> Iterator[Browser]:
    """Run the machine's Chromium."""
    # Chromium's own sandbox refuses root, and a container's /dev/shm is too small for it.
    arguments = ["--disable-dev-shm-usage", "--no-sandbox"] if os.geteuid() == 0 else ["--disable-dev-shm-usage"]
    running = playwright.chromium.launch(executable_path=find_chromium(), args=arguments)
    yield running
    running.close()


@pytest.fixture
def context_options() -> dict[str, Any]:
    """What a context is made with; override it in a module for a phone or a dark page."""
    return {"locale": "en-GB", "timezone_id": "Europe/London", "viewport": {"width": 1280, "height": 800}}


@pytest.fixture
def context(browser: Browser, context_options: dict[str, Any]) -> Iterator[BrowserContext]:
    """A person at the browser, without cookies."""
    fresh = browser.new_context(**context_options)
    fresh.set_default_timeout(PATIENCE_MS)
    yield fresh
    fresh.close()


@pytest.fixture
def page(context: BrowserContext) -> Page:
    """A page of that person."""
    return context.new_page()
