"""A device and a person, each at their own end: the device polls, the person sits at a real browser."""

import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from tests.admin.conftest import forker
from tests.admin.shell import open_shell_beside
from tests.browser import needs_chromium
from tests.company import Company, connected
from tests.devices import PAGE, Device, register_device
from tests.e2e.people import go_to_the_provider, press, sign_in, sign_in_there
from tests.e2e.test_browser import look, open_page
from tests.identity_provider import IdentityProvider, identity_provider, needs_identity_provider
from tests.server import Server, fresh_server

__all__ = ["forker", "fresh_server", "identity_provider"]

pytestmark = [pytest.mark.browser, needs_chromium]


@pytest.fixture
def device(fresh_server: Server, forker: "subprocess.Popen[str]", tmp_path: Path) -> Device:
    """A screen on a wall, of an app without a secret."""
    return register_device(open_shell_beside(forker, fresh_server, tmp_path), fresh_server, "Wall screen")


def types_code(tab: Page, code: str) -> None:
    """At the page for codes."""
    tab.get_by_label("Code").fill(code)
    press(tab, "Continue")


def test_person_types_the_code_signs_in_and_lets_the_device_in(tab: Page, device: Device, fresh_server: Server) -> None:
    """A mistyped code first; the keyboard is where it is needed; the page names app, code, and what it may do."""
    device.asks(scope="ReadCallLog")
    open_page(tab, f"{fresh_server.base_url}{PAGE}")
    expect(tab.get_by_label("Code")).to_be_focused()
    types_code(tab, "bcdf-bcdf")
    expect(tab.get_by_role("alert")).to_contain_text("No device is waiting with this code.")
    look(tab)
    types_code(tab, device.shows.lower())
    sign_in(tab, fresh_server, "agent")
    expect(tab.get_by_role("heading", level=1)).to_have_text("Wall screen asks for access to your account")
    expect(tab.get_by_text(device.shows, exact=True)).to_be_visible()
    expect(tab.get_by_role("listitem").filter(has_text="See who called whom")).to_be_visible()
    look(tab)
    press(tab, "Authorize")
    expect(tab.get_by_role("heading", level=1)).to_have_text("Your device is connected")
    look(tab)
    assert device.polls().json()["owner_id"] == fresh_server.world.people["agent"].id


def test_person_follows_the_link_and_refuses(tab: Page, device: Device, fresh_server: Server) -> None:
    """The code of the address is filled in, and no more: the person still has to send it, and to say yes."""
    device.asks()
    open_page(tab, device.given["verification_uri_complete"])
    expect(tab.get_by_label("Code")).to_have_value(device.shows)
    press(tab, "Continue")
    sign_in(tab, fresh_server, "agent")
    press(tab, "Refuse")
    expect(tab.get_by_role("heading", level=1)).to_have_text("The device was refused")
    look(tab)
    assert device.polls().json()["error"] == "access_denied"


def test_somebody_else_takes_over_the_browser(tab: Page, device: Device, fresh_server: Server) -> None:
    """Who is signed in is named, and need not be whose device it is."""
    device.asks()
    open_page(tab, device.given["verification_uri_complete"])
    press(tab, "Continue")
    sign_in(tab, fresh_server, "agent")
    press(tab, "Not you? Use another account")
    sign_in(tab, fresh_server, "helper")
    press(tab, "Authorize")
    expect(tab.get_by_role("heading", level=1)).to_have_text("Your device is connected")
    assert device.polls().json()["owner_id"] == fresh_server.world.people["helper"].id


@pytest.fixture
def company(
    fresh_server: Server, identity_provider: IdentityProvider, forker: "subprocess.Popen[str]", tmp_path: Path
) -> Iterator[Company]:
    """The account has an identity provider."""
    with connected(fresh_server, identity_provider, forker=forker, folder=tmp_path) as made:
        yield made


@needs_identity_provider
def test_person_comes_by_way_of_their_company_where_passwords_are_off(
    tab: Page, device: Device, company: Company
) -> None:
    """Single sign-on enforced: the code survives the trip to the provider and back, and the way must still be open."""
    company.says("policy", company.account, "enforced")
    for still_open in (True, False):
        device.asks()
        open_page(tab, device.given["verification_uri_complete"])
        press(tab, "Continue")
        if still_open:
            go_to_the_provider(tab, company.server, "agent")
            sign_in_there(tab, "agent")
        expect(tab.get_by_text(device.shows, exact=True)).to_be_visible()
        press(tab, "Authorize")
        expect(tab.get_by_role("heading", level=1)).to_have_text("Your device is connected")
        if not still_open:
            company.says("policy", company.account, "off")
        reply = device.polls().json()
        assert reply.get("error") == (None if still_open else "access_denied")
