"""People at a real browser behind HAProxy, which sends its requests to the two cells in turn."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from tests.balancer import balancing, needs_haproxy
from tests.browser import launch, needs_chromium
from tests.cells.founding import PASSWORD, Cell, Pair
from tests.e2e.app import REDIRECT_URI, App, answer_of, receiving

pytestmark = [pytest.mark.browser, needs_chromium, needs_haproxy]


@pytest.fixture
def balancer_log(pair: Pair, tmp_path: Path) -> Iterator[Path]:
    """What HAProxy writes at the public URL."""
    port = int(pair.public_url.rpartition(":")[2])
    with balancing(tmp_path, pair.one.port, pair.two.port, at=port, how="roundrobin"):
        yield tmp_path / "haproxy.log"


@pytest.fixture
def tab(balancer_log: Path) -> Iterator[Page]:
    """A tab of a browser that has never been here."""
    assert balancer_log.exists()
    with receiving() as way_to_the_app, launch(way_to_the_app) as browser:
        yield browser.new_context(locale="en-GB").new_page()


def test_both_cells_people_sign_in_to_one_app(pair: Pair, tab: Page, balancer_log: Path) -> None:
    """From the app's link back to the app, one after the other at one browser; tokens work at the public URL."""
    app = App(pair.public_url, pair.one.everyone.client_id, pair.one.everyone.secret)
    for cell in (pair.two, pair.one):
        tab.goto(app.asks(prompt="login consent"))
        _sign_in(tab, cell)
        tab.get_by_role("button", name="Authorize", exact=True).click()
        tab.wait_for_url(f"{REDIRECT_URI}**")
        given = app.redeems(answer_of(tab.url)["code"])
        assert given.status_code == 200, given.text
        assert given.json()["owner_id"] == str(cell.extension_id)
    served = balancer_log.read_text().split()
    assert min(served.count("servers/one"), served.count("servers/two")) > len(pair.both)


def test_person_changes_how_they_sign_in(pair: Pair, tab: Page) -> None:
    """Their own pages, whichever cell the browser comes to."""
    tab.goto(f"{pair.public_url}/restapi/oauth/security")
    _sign_in(tab, pair.two)
    expect(tab.get_by_text(pair.two.email)).to_be_visible()
    for _ in range(4):
        tab.goto(f"{pair.public_url}/restapi/oauth/security")
        expect(tab.get_by_text(pair.two.email)).to_be_visible()


def _sign_in(tab: Page, cell: Cell) -> None:
    tab.get_by_label("Phone number or email").fill(cell.email)
    tab.get_by_label("Password").fill(PASSWORD)
    tab.get_by_role("button", name="Sign in", exact=True).click()
