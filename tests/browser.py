"""A real browser for tests: Debian's chromium, driven by Playwright, without anything that would leave this machine."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from playwright.sync_api import Browser, expect, sync_playwright

CHROMIUM = Path("/usr/bin/chromium")
_ARGUMENTS = (
    "--no-sandbox",  # the tests may run as root, where the sandbox does not
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
)

PATIENCE_MS = 30_000
"""As long as Playwright waits for all else: a busy machine is slow, and what never comes is seen a little later."""

needs_chromium = pytest.mark.skipif(
    not CHROMIUM.exists(), reason="chromium is not installed: apt-get install chromium fonts-dejavu-core"
)


@contextmanager
def launch(*arguments: str) -> Iterator[Browser]:
    """Give a running chromium, with these arguments too, closed at the end."""
    expect.set_options(timeout=PATIENCE_MS)
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=[*_ARGUMENTS, *arguments])
        try:
            yield browser
        finally:
            browser.close()
