"""Second factors at a real browser: set up, asked for, lost, recovered, required, and the password changed."""

from collections.abc import Iterator
from typing import NamedTuple

import httpx
import pytest
from playwright.sync_api import Browser, BrowserContext, Page, expect

from tests.authenticator import code_of
from tests.browser import needs_chromium
from tests.e2e.app import App, app_of
from tests.e2e.people import press, sign_in
from tests.e2e.test_browser import back_at_the_app, look
from tests.server import Server, running_server

pytestmark = [pytest.mark.browser, needs_chromium]


@pytest.fixture
def server() -> Iterator[Server]:
    """A server for each test: each sets its people up anew."""
    with running_server() as running:
        yield running


@pytest.fixture
def web(server: Server) -> App:
    """The confidential app."""
    return app_of(server, "web")


@pytest.fixture
def tab(browser: Browser) -> Iterator[Page]:
    """A browser without JavaScript: the pages need none."""
    context: BrowserContext = browser.new_context(locale="en-GB", java_script_enabled=True)
    yield context.new_page()
    context.close()


def security(server: Server) -> str:
    """The page on which people see how they sign in."""
    return f"{server.base_url}/restapi/oauth/security"


class Kit(NamedTuple):
    """What somebody has who set up an authenticator app: its key, the code that showed it works, recovery codes."""

    secret: str
    spent: str
    codes: list[str]


def set_up(tab: Page, server: Server, who: str) -> Kit:
    """Set up an authenticator app."""
    tab.goto(security(server))
    look(tab)
    sign_in(tab, server, who)
    expect(tab.get_by_role("heading", level=1)).to_have_text("How you sign in")
    look(tab)
    press(tab, "Set up")
    return confirm(tab)


def confirm(tab: Page) -> Kit:
    """Give the code that the new app shows."""
    expect(tab.get_by_role("img", name="QR code for your authenticator app")).to_be_visible()
    look(tab)
    secret = tab.locator("#secret").inner_text()
    tab.get_by_label("Enter the code that the app shows").fill("000000" if code_of(secret) != "000000" else "000001")
    press(tab, "Continue")
    expect(tab.get_by_role("alert")).to_contain_text("The code is not the one that your app shows now")
    assert tab.locator("#secret").inner_text() == secret, "the same picture: it was scanned already"
    look(tab)
    code = code_of(secret)
    tab.get_by_label("Enter the code that the app shows").fill(code)
    press(tab, "Continue")
    expect(tab.get_by_role("heading", level=1)).to_have_text("Your recovery codes")
    look(tab)
    codes = tab.locator(".codes li").all_inner_texts()
    assert len(set(codes)) == 10
    press(tab, "I have kept them")
    return Kit(secret, code, codes)


def test_code_is_asked_for_once_an_authenticator_app_is_set_up(
    browser: Browser, tab: Page, server: Server, web: App
) -> None:
    """By the person alone, on their own page; the browser in which they did so stays signed in."""
    secret, spent, _ = set_up(tab, server, "agent")
    expect(tab.get_by_role("heading", level=1)).to_have_text("How you sign in")
    expect(tab.get_by_text("Codes left: 10.")).to_be_visible()
    tab.goto(web.asks())
    expect(tab.get_by_role("button", name="Authorize")).to_be_visible()

    other = browser.new_page(locale="en-GB")
    other.goto(web.asks())
    sign_in(other, server, "agent")
    expect(other.get_by_role("heading", level=1)).to_have_text("One more step")
    look(other)
    other.get_by_label("Code", exact=True).fill(spent)
    press(other, "Continue")
    expect(other.get_by_role("alert")).to_contain_text("was used before")
    look(other)
    server.advance(60)
    other.get_by_label("Code", exact=True).fill(code_of(secret, ahead_s=60))
    press(other, "Continue")
    press(other, "Authorize")
    assert web.redeems(back_at_the_app(other)["code"]).status_code == 200
    other.close()


def test_recovery_code_lets_in_once_and_new_ones_take_their_place(browser: Browser, tab: Page, server: Server) -> None:
    """Whoever lost the phone; the page says how many are left, and others come in their place."""
    codes = set_up(tab, server, "agent").codes
    used, kept = codes[0].lower().replace("-", " "), codes[1]
    for typed, comes_in in ((used, True), (used, False), (kept, True)):
        other = browser.new_page(locale="en-GB")
        other.goto(security(server))
        sign_in(other, server, "agent")
        other.get_by_label("Code", exact=True).fill(typed)
        press(other, "Continue")
        if comes_in:
            expect(other.get_by_role("heading", level=1)).to_have_text("How you sign in")
        else:
            expect(other.get_by_role("alert")).to_contain_text("was used before")
        other.close()
    tab.goto(security(server))
    expect(tab.get_by_text("Codes left: 8.")).to_be_visible()
    press(tab, "Make new codes")
    look(tab)
    fresh = tab.locator(".codes li").all_inner_texts()
    assert not {*fresh} & {*codes}
    press(tab, "I have kept them")
    expect(tab.get_by_text("Codes left: 10.")).to_be_visible()


def test_authenticator_app_is_removed_by_who_signed_in_a_moment_ago(tab: Page, server: Server) -> None:
    """Later the page asks for a new sign-in first, with the code: an open browser is not enough."""
    secret = set_up(tab, server, "agent").secret
    server.advance(660)
    tab.goto(security(server))
    press(tab, "Remove")
    expect(tab.get_by_role("alert")).to_contain_text("You signed in too long ago")
    look(tab)
    sign_in(tab, server, "agent")
    tab.get_by_label("Code", exact=True).fill(code_of(secret, ahead_s=660))
    press(tab, "Continue")
    press(tab, "Remove")
    expect(tab.get_by_role("button", name="Set up", exact=True)).to_be_visible()
    expect(tab.get_by_text("Codes left")).not_to_be_visible()


def test_password_is_changed_by_who_knows_it(tab: Page, server: Server) -> None:
    """This browser stays signed in; what the old one opened is over, and an easy one is refused."""
    person, new = server.world.people["agent"], "seven quiet otters paint"
    script = app_of(server, "script")
    form = {"grant_type": "password", "username": person.email, "password": person.password}
    url = f"{server.base_url}/restapi/oauth/token"
    assert script.client_secret
    auth = (script.client_id, script.client_secret)
    before = httpx.post(url, data=form, auth=auth).json()
    tab.goto(security(server))
    sign_in(tab, server, "agent")
    tab.get_by_role("link", name="Change your password").click()
    look(tab)
    for present, once, again, problem in (
        ("not this one", new, new, "do not match"),
        (person.password, new, new + "x", "its repetition differ"),
        (person.password, "Password12345", "Password12345", "too easy to guess"),
        (person.password, new, new, None),
    ):
        tab.get_by_label("Present password").fill(present)
        tab.get_by_label("New password", exact=True).fill(once)
        tab.get_by_label("The new password again").fill(again)
        press(tab, "Change your password")
        if problem:
            expect(tab.get_by_role("alert")).to_contain_text(problem)
            look(tab)
    expect(tab.get_by_role("heading", level=1)).to_have_text("How you sign in")
    refresh = {"grant_type": "refresh_token", "refresh_token": before["refresh_token"]}
    assert httpx.post(url, data=refresh, auth=auth).status_code == 400
    assert httpx.post(url, data=form, auth=auth).status_code == 400
    assert httpx.post(url, data=form | {"password": new}, auth=auth).status_code == 200


def test_guesser_waits_whatever_code_comes(tab: Page, server: Server) -> None:
    """Wrong codes are counted with the person, for any browser; while one waits, the right code is not looked at."""
    secret = set_up(tab, server, "agent").secret
    server.advance(60)
    tab.context.clear_cookies()
    tab.goto(security(server))
    sign_in(tab, server, "agent")
    for _ in range(5):
        tab.get_by_label("Code", exact=True).fill("000000")
        press(tab, "Continue")
        expect(tab.get_by_role("alert")).to_contain_text("The code is wrong")
    tab.context.clear_cookies()
    tab.goto(security(server))
    sign_in(tab, server, "agent")
    tab.get_by_label("Code", exact=True).fill(code_of(secret, ahead_s=60))
    press(tab, "Continue")
    expect(tab.get_by_role("alert")).to_contain_text("too many wrong codes")
    server.advance(61)
    tab.get_by_label("Code", exact=True).fill(code_of(secret, ahead_s=121))
    press(tab, "Continue")
    expect(tab.get_by_role("heading", level=1)).to_have_text("How you sign in")
