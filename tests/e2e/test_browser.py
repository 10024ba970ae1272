"""People at a real browser: Debian's chromium against a real server, from the app's link back to the app."""

from urllib.parse import quote

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, Page, expect

from callgate.admin.seed import SIGNED_OUT_URI
from tests.browser import needs_chromium
from tests.e2e.app import REDIRECT_URI, App, answer_of, app_of
from tests.e2e.people import press, sign_in
from tests.server import Server

pytestmark = [pytest.mark.browser, needs_chromium]

AXE_OPTIONS = {"runOnly": ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]}


def open_page(tab: Page, url: str) -> None:
    """Go there, and let axe look at what is shown."""
    tab.goto(url)
    look(tab)


_SIGHT = """
[location.pathname, ...[...document.querySelectorAll("h1, h2, label, button, [role=alert]")].map(e => e.textContent)]
"""
_seen: set[str] = set()


def look(tab: Page) -> None:
    """No page of ours has anything that axe complains of (WCAG 2.2 AA); what looks alike is looked at once."""
    sight = str(tab.evaluate(_SIGHT))
    if sight in _seen:
        return
    _seen.add(sight)
    results = Axe().run(tab, options=AXE_OPTIONS).response
    assert len(results["passes"]) > 10, "axe must have looked at something"
    assert [(rule["id"], rule["nodes"][0]["html"]) for rule in results["violations"]] == []


def back_at_the_app(tab: Page) -> dict[str, str]:
    """Wait until the browser is there, and give what it brought."""
    tab.wait_for_url(f"{REDIRECT_URI}**")
    return answer_of(tab.url)


def test_person_signs_in_agrees_and_need_not_agree_again(tab: Page, server: Server, web: App) -> None:
    """A confidential app: both pages once, then neither, then the consent page because it was asked for (ruling 13)."""
    open_page(tab, web.asks())
    sign_in(tab, server, "agent")
    expect(tab.get_by_role("heading", level=1)).to_contain_text("asks for access to your account")
    look(tab)
    press(tab, "Authorize")
    answer = back_at_the_app(tab)
    assert answer.pop("code")
    assert answer == {"expires_in": "60", "state": "s t&a=e", "iss": server.base_url}

    tab.goto(web.asks())
    reply = web.redeems(answer_of(tab.url)["code"])
    assert reply.status_code == 200
    assert reply.json()["owner_id"] == server.world.people["agent"].id

    tab.goto(web.asks(prompt="consent"))
    expect(tab.get_by_role("button", name="Authorize")).to_be_visible()


def test_public_app_asks_every_time(tab: Page, server: Server, spa: App) -> None:
    """Anybody can pretend to be an app without a secret, so each visit needs its own yes (RFC 8252 section 8.6)."""
    open_page(tab, spa.asks())
    sign_in(tab, server, "agent")
    for _ in range(2):
        expect(tab.get_by_role("button", name="Authorize")).to_be_visible()
        look(tab)
        press(tab, "Authorize")
        assert spa.redeems(back_at_the_app(tab)["code"]).status_code == 200
        tab.goto(spa.asks())


def test_person_is_told_when_the_password_is_wrong(tab: Page, server: Server, web: App) -> None:
    """The page stays, says what to do, keeps the name and forgets the password; the next attempt may succeed."""
    tab.goto(web.asks(prompt="consent"))
    sign_in(tab, server, "helper", password="not this one")
    expect(tab.get_by_role("alert")).to_contain_text("Login and password do not match.")
    expect(tab.get_by_label("Phone number or email")).to_have_value(server.world.people["helper"].email)
    expect(tab.get_by_label("Password")).to_have_value("")
    look(tab)
    sign_in(tab, server, "helper")
    expect(tab.get_by_role("button", name="Authorize")).to_be_visible()


@pytest.mark.parametrize("key", ["web", "spa"])
@pytest.mark.parametrize("signed_in", [False, True], ids=["on the sign-in page", "on the consent page"])
def test_app_is_told_when_the_person_cancels(tab: Page, server: Server, key: str, *, signed_in: bool) -> None:
    """From either page (protocol.md C.4)."""
    tab.goto(app_of(server, key).asks(prompt="consent"))
    if signed_in:
        sign_in(tab, server, "agent")
    press(tab, "Cancel")
    assert back_at_the_app(tab) == {
        "error": "access_denied",
        "error_description": "The user denied access to your application",
        "state": "s t&a=e",
        "iss": server.base_url,
    }


def test_nothing_is_shown_when_the_app_forbids_it(tab: Page, server: Server, web: App) -> None:
    """prompt=none: the app learns what is missing, and in the end gets its code (ruling 13)."""
    tab.goto(web.asks(prompt="none"))
    assert back_at_the_app(tab)["error"] == "login_required"

    tab.goto(web.asks())
    sign_in(tab, server, "admin")
    expect(tab.get_by_role("button", name="Authorize")).to_be_visible()
    tab.goto(web.asks(prompt="none"))
    assert back_at_the_app(tab)["error"] == "consent_required"

    tab.goto(web.asks())
    press(tab, "Authorize")
    back_at_the_app(tab)
    tab.goto(web.asks(prompt="none"))
    assert web.redeems(back_at_the_app(tab)["code"]).status_code == 200


def test_pages_are_german_when_the_app_asks_for_german(tab: Page, server: Server, web: App) -> None:
    """ui_locales beats the browser's own language (protocol.md C.1), on each page of the way."""
    open_page(tab, web.asks(ui_locales="de", prompt="consent"))
    expect(tab.locator("html")).to_have_attribute("lang", "de")
    person = server.world.people["agent"]
    tab.locator("#username").fill(person.email)
    tab.locator("#password").fill(person.password)
    press(tab, "Anmelden")
    expect(tab.get_by_role("button", name="Zustimmen")).to_be_visible()
    expect(tab.locator("html")).to_have_attribute("lang", "de")
    look(tab)


def test_keyboard_is_enough(tab: Page, server: Server, web: App) -> None:
    """From the app's link back to the app without a mouse (WCAG 2.1.1); the focus starts in the first field."""
    tab.goto(web.asks(prompt="consent"))
    person = server.world.people["agent"]
    expect(tab.get_by_label("Phone number or email")).to_be_focused()
    tab.keyboard.type(person.email)
    tab.keyboard.press("Tab")
    tab.keyboard.press("Tab")
    tab.keyboard.type(person.password)
    tab.keyboard.press("Tab")
    tab.keyboard.press("Space")
    expect(tab.get_by_label("Keep me signed in on this device")).to_be_checked()
    tab.keyboard.press("Tab")
    tab.keyboard.press("Enter")
    expect(tab.get_by_role("button", name="Authorize")).to_be_visible()
    for _ in range(3):  # another account, cancel, authorize
        tab.keyboard.press("Tab")
    expect(tab.get_by_role("button", name="Authorize")).to_be_focused()
    tab.keyboard.press("Enter")
    assert web.redeems(back_at_the_app(tab)["code"]).status_code == 200


def test_scripts_are_not_needed(browser: Browser, server: Server, web: App) -> None:
    """The same way with JavaScript switched off."""
    context = browser.new_context(java_script_enabled=False, locale="en")
    tab = context.new_page()
    tab.goto(web.asks(prompt="consent"))
    sign_in(tab, server, "agent")
    press(tab, "Authorize")
    assert web.redeems(back_at_the_app(tab)["code"]).status_code == 200
    context.close()


def test_somebody_else_can_sign_in_on_the_consent_page(tab: Page, server: Server, web: App) -> None:
    """`Not you?` leads back to the sign-in page, and the code is the other person's."""
    tab.goto(web.asks(prompt="consent"))
    sign_in(tab, server, "agent")
    press(tab, "Not you? Use another account")
    look(tab)
    sign_in(tab, server, "admin")
    press(tab, "Authorize")
    tokens = web.redeems(back_at_the_app(tab)["code"]).json()
    assert tokens["owner_id"] == server.world.people["admin"].id


def test_person_the_app_may_not_serve_uses_another_account(tab: Page, server: Server, web: App) -> None:
    """Somebody of another company at a private app reads why, and lets a colleague sign in."""
    tab.goto(web.asks(prompt="consent"))
    sign_in(tab, server, "other_admin")
    expect(tab.get_by_role("main")).to_contain_text("This app is only for people of the company that made it.")
    expect(tab.get_by_role("main")).to_contain_text("You are signed in as")
    look(tab)
    press(tab, "Use another account")
    sign_in(tab, server, "admin")
    press(tab, "Authorize")
    tokens = web.redeems(back_at_the_app(tab)["code"]).json()
    assert tokens["owner_id"] == server.world.people["admin"].id


def test_person_signs_out_and_is_asked_to_sign_in_again(tab: Page, server: Server, web: App) -> None:
    """The app sends the browser to be signed out; asked, the person agrees, and is back at the app, known to nobody."""
    tab.goto(web.asks(prompt="consent"))
    sign_in(tab, server, "agent")
    expect(tab.get_by_role("button", name="Authorize")).to_be_visible()
    leaving = f"client_id={web.client_id}&post_logout_redirect_uri={quote(SIGNED_OUT_URI, safe='')}&state=bye"
    open_page(tab, f"{server.base_url}/restapi/oauth/sign-out?{leaving}")
    expect(tab.get_by_role("main")).to_contain_text("web asks to sign you out of this browser.")
    press(tab, "Sign out")
    tab.wait_for_url(f"{SIGNED_OUT_URI}?state=bye")
    tab.goto(web.asks(prompt="none"))
    assert back_at_the_app(tab)["error"] == "login_required"
    open_page(tab, f"{server.base_url}/restapi/oauth/sign-out?ui_locales=de")
    expect(tab.get_by_role("heading", level=1)).to_have_text("Sie sind abgemeldet")


def test_person_signs_in_again_when_the_app_asks_for_it(tab: Page, server: Server, web: App) -> None:
    """prompt=login asks whoever is signed in already, once (protocol.md C.1)."""
    tab.goto(web.asks(prompt="consent"))
    sign_in(tab, server, "agent")
    expect(tab.get_by_role("button", name="Authorize")).to_be_visible()
    tab.goto(web.asks(prompt="login consent"))
    sign_in(tab, server, "agent")
    press(tab, "Authorize")
    assert "code" in back_at_the_app(tab)


def test_browser_stays_here_when_the_way_back_cannot_be_trusted(tab: Page, server: Server) -> None:
    """An unregistered redirect URI gets a page that explains, and no redirect (RFC 6749 section 4.1.2.1)."""
    nouri = app_of(server, "nouri")
    reply = tab.goto(nouri.asks())
    assert reply is not None
    assert reply.status == 403
    expect(tab.get_by_role("main")).to_contain_text("OAU-113")
    assert tab.url.startswith(server.base_url)
    look(tab)
