"""What the tests at a browser share: a server, a browser, and the apps that send people here."""

from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, BrowserContext, Page

from tests.browser import launch
from tests.e2e.app import App, app_of, receiving
from tests.server import Server, server

__all__ = ["server"]


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    """One chromium for a module, and the app it is sent back to. Not longer: while it runs, no other loop can."""
    with receiving() as way_to_the_app, launch(way_to_the_app) as browser:
        yield browser


@pytest.fixture
def context(browser: Browser) -> Iterator[BrowserContext]:
    """A browser that has never been here, in English."""
    context = browser.new_context(locale="en-GB")
    yield context
    context.close()


@pytest.fixture
def tab(context: BrowserContext) -> Page:
    """A tab of it."""
    return context.new_page()


@pytest.fixture
def web(server: Server) -> App:
    """The confidential app."""
    return app_of(server, "web")


@pytest.fixture
def spa(server: Server) -> App:
    """The public app."""
    return app_of(server, "spa")
