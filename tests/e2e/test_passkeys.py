"""Passkeys at a real browser with Chromium's virtual authenticator: made, used beside a password and alone, refused."""

import base64
import json
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path

import httpx
import pytest
from playwright.sync_api import Browser, BrowserContext, CDPSession, Page, expect

from tests.admin.shell import forking, open_shell_beside
from tests.browser import needs_chromium
from tests.e2e.app import App, app_of
from tests.e2e.people import press, sign_in
from tests.e2e.test_browser import back_at_the_app, look
from tests.server import Server, named_server

pytestmark = [pytest.mark.browser, needs_chromium]


@pytest.fixture
def server() -> Iterator[Server]:
    """A server whose people may have passkeys."""
    with named_server() as running:
        yield running


@pytest.fixture
def web(server: Server) -> App:
    """The confidential app."""
    return app_of(server, "web")


class Device:
    """A person's device: a browser of its own with an authenticator in it."""

    def __init__(self, context: BrowserContext, *, verifies: bool = True) -> None:
        self.tab: Page = context.new_page()
        self._cdp: CDPSession = context.new_cdp_session(self.tab)
        self._cdp.send("WebAuthn.enable")
        options = {
            "protocol": "ctap2",
            "transport": "internal",
            "hasResidentKey": True,
            "hasUserVerification": True,
            "isUserVerified": verifies,
            "automaticPresenceSimulation": True,
        }
        self._id = self._cdp.send("WebAuthn.addVirtualAuthenticator", {"options": options})["authenticatorId"]

    def verify(self, *, verified: bool) -> None:
        """Whether it knows who holds it from now on."""
        self._cdp.send("WebAuthn.setUserVerified", {"authenticatorId": self._id, "isUserVerified": verified})

    def credentials(self) -> list[dict[str, object]]:
        """What it holds, private keys included."""
        found = self._cdp.send("WebAuthn.getCredentials", {"authenticatorId": self._id})
        held: list[dict[str, object]] = found["credentials"]
        return held

    def put_back(self, credential: dict[str, object], **different: object) -> None:
        """Replace what it holds by a copy, perhaps an older one."""
        self._cdp.send("WebAuthn.clearCredentials", {"authenticatorId": self._id})
        copy = {"authenticatorId": self._id, "credential": credential | different}
        self._cdp.send("WebAuthn.addCredential", copy)


@contextmanager
def device_of(browser: Browser) -> Iterator[Device]:
    """A new one."""
    context = browser.new_context(locale="en-GB")
    yield Device(context)
    context.close()


@pytest.fixture
def device(browser: Browser) -> Iterator[Device]:
    """The person's."""
    with device_of(browser) as device:
        yield device


def security(server: Server) -> str:
    """The page on which people see how they sign in."""
    return f"{server.base_url}/restapi/oauth/security"


def add_passkey(tab: Page, server: Server) -> None:
    """Sign in by password, and add one."""
    tab.goto(security(server))
    sign_in(tab, server, "agent")
    look(tab)
    press(tab, "Add a passkey")
    expect(tab.get_by_role("heading", level=1)).to_have_text("Your recovery codes")
    press(tab, "I have kept them")
    expect(tab.get_by_text("last used on")).to_be_visible()
    look(tab)


def press_unverified(tab: Page, name: str, *, asked: str) -> None:
    """Press a button in a browser that does not ask who is there, whatever the page asked of it."""
    button = tab.get_by_role("button", name=name)
    options = json.loads(button.get_attribute("data-options") or "")
    assert options["publicKey"]["userVerification"] == asked
    options["publicKey"]["userVerification"] = "discouraged"
    button.evaluate("(button, options) => { button.dataset.options = options; }", json.dumps(options))
    button.click()


def test_passkey_is_used_beside_the_password_and_instead_of_it(device: Device, server: Server, web: App) -> None:
    """It answers the second step; at the next sign-in it is enough by itself, and says whose it is."""
    tab = device.tab
    add_passkey(tab, server)
    for alone in (False, True):
        tab.context.clear_cookies()
        tab.goto(web.asks(prompt="consent"))
        look(tab)
        if alone:
            press(tab, "Sign in with a passkey")
        else:
            sign_in(tab, server, "agent")
            expect(tab.get_by_role("heading", level=1)).to_have_text("One more step")
            look(tab)
            press(tab, "Use a passkey")
        press(tab, "Authorize")
        reply = web.redeems(back_at_the_app(tab)["code"])
        assert reply.status_code == 200
        assert reply.json()["owner_id"] == server.world.people["agent"].id


def test_passkey_is_the_first_factor_where_one_is_required(
    device: Device, browser: Browser, server: Server, web: App, tmp_path: Path
) -> None:
    """Made at the sign-in that asks for one, and enough by itself from then on; a session of a password alone ends."""
    person, account = server.world.people["agent"], server.world.accounts["main"].id
    script = server.world.apps["script"]
    form = {"grant_type": "password", "username": person.email, "password": person.password}
    auth = (script.client_id, script.client_secret or "")
    before = httpx.post(f"{server.base_url}/restapi/oauth/token", data=form, auth=auth).json()
    with forking() as forker:
        open_shell_beside(forker, server, tmp_path).give("accounts", "update", account, "--mfa", "required")
    tab = device.tab
    tab.goto(web.asks(scope="openid"))
    sign_in(tab, server, "agent")
    expect(tab.get_by_role("heading", level=1)).to_have_text("Set up an authenticator app")
    look(tab)
    press(tab, "Use a passkey instead")
    expect(tab.get_by_role("heading", level=1)).to_have_text("Your recovery codes")
    press(tab, "I have kept them")
    press(tab, "Authorize")
    assert amr_of(web.redeems(back_at_the_app(tab)["code"])) == ["pwd", "pop", "mfa"]
    tab.context.clear_cookies()
    tab.goto(web.asks(scope="openid", prompt="consent"))
    press(tab, "Sign in with a passkey")
    press(tab, "Authorize")
    assert amr_of(web.redeems(back_at_the_app(tab)["code"])) == ["pop", "mfa"]
    refresh = {"grant_type": "refresh_token", "refresh_token": before["refresh_token"]}
    assert httpx.post(f"{server.base_url}/restapi/oauth/token", data=refresh, auth=auth).status_code == 400
    with device_of(browser) as other:
        other.tab.goto(security(server))
        sign_in(other.tab, server, "agent")
        expect(other.tab.get_by_role("heading", level=1)).to_have_text("One more step")


def amr_of(reply: httpx.Response) -> object:
    """How the person proved themselves, as the app is told (RFC 8176)."""
    assert reply.status_code == 200, reply.text
    claims = reply.json()["id_token"].split(".")[1]
    return json.loads(base64.urlsafe_b64decode(claims + "=" * (-len(claims) % 4)))["amr"]


def test_what_a_passkey_opened_ends_with_it(device: Device, browser: Browser, server: Server, web: App) -> None:
    """Sessions, and a copy of the browser's cookie; the browser in which it was removed stays signed in (ADR 71)."""
    tab = device.tab
    add_passkey(tab, server)
    tab.goto(web.asks())
    press(tab, "Authorize")
    first = web.redeems(back_at_the_app(tab)["code"]).json()["refresh_token"]

    def refreshes(token: str) -> httpx.Response:
        form = {"grant_type": "refresh_token", "refresh_token": token}
        auth = (web.client_id, web.client_secret or "")
        return httpx.post(f"{server.base_url}/restapi/oauth/token", data=form, auth=auth)

    second = refreshes(first).json()["refresh_token"]
    with device_of(browser) as copied:
        copied.tab.context.add_cookies([{**each} for each in tab.context.cookies()])  # type: ignore[typeddict-item] # as they came
        copied.tab.goto(security(server))
        expect(copied.tab.get_by_role("heading", level=1)).to_have_text("How you sign in")
        tab.goto(security(server))
        look(tab)
        press(tab, f"Remove the passkey added on {datetime.now(UTC):%Y-%m-%d}")
        expect(tab.get_by_role("heading", level=1)).to_have_text("How you sign in")
        expect(tab.get_by_text("last used on")).not_to_be_visible()
        copied.tab.goto(security(server))
        expect(copied.tab.get_by_label("Password")).to_be_visible()
    assert refreshes(second).json()["errors"][0]["errorCode"] == "OAU-211"


def test_passkey_alone_is_refused_when_it_knows_nobody(device: Device, server: Server) -> None:
    """Web Authentication section 7.2: a browser that did not do what it was asked is refused, too."""
    tab = device.tab
    add_passkey(tab, server)
    device.verify(verified=False)
    tab.context.clear_cookies()
    tab.goto(security(server))
    press_unverified(tab, "Sign in with a passkey", asked="required")
    expect(tab.get_by_role("alert")).to_contain_text("The passkey was not accepted.")
    look(tab)
    sign_in(tab, server, "agent")
    press_unverified(tab, "Use a passkey", asked="preferred")  # the password stands beside it here
    expect(tab.get_by_role("heading", level=1)).to_have_text("How you sign in")


def test_answer_is_good_once_in_the_browser_that_was_asked(device: Device, server: Server) -> None:
    """A replay with the very cookies of then, and the answer to another visit's challenge."""
    tab = device.tab
    add_passkey(tab, server)
    tab.context.clear_cookies()
    tab.goto(security(server))
    before = tab.context.cookies()
    with tab.expect_request(lambda request: request.method == "POST") as sent:
        press(tab, "Sign in with a passkey")
    expect(tab.get_by_role("heading", level=1)).to_have_text("How you sign in")
    body = sent.value.post_data or ""
    replay = tab.context.browser
    assert replay is not None
    for cookies in (before, []):
        with_old_cookies = replay.new_context()
        with_old_cookies.add_cookies(
            [{"name": each["name"], "value": each["value"], "url": server.base_url} for each in cookies]
        )
        answer = with_old_cookies.request.post(
            f"{server.base_url}/restapi/oauth/sign-in",
            data=body,
            headers={"Content-Type": "application/x-www-form-urlencoded", "Accept": "text/html"},
        )
        assert answer.status == 400
        assert ("CGT-207" if cookies else "CGT-128") in answer.text()
        with_old_cookies.close()


def test_passkey_is_doubted_when_its_counter_steps_back(device: Device, server: Server) -> None:
    """Web Authentication section 6.1.1: a copy of it was used meanwhile, here or there."""
    tab = device.tab
    add_passkey(tab, server)
    [early] = device.credentials()
    tab.context.clear_cookies()
    tab.goto(security(server))
    press(tab, "Sign in with a passkey")
    expect(tab.get_by_role("heading", level=1)).to_have_text("How you sign in")
    device.put_back(early)
    tab.context.clear_cookies()
    tab.goto(security(server))
    press(tab, "Sign in with a passkey")
    expect(tab.get_by_role("alert")).to_contain_text("The passkey was not accepted.")


def test_passkey_is_removed_and_no_longer_accepted(device: Device, server: Server) -> None:
    """And with the last factor the password alone is enough again."""
    tab = device.tab
    add_passkey(tab, server)
    tab.get_by_role("button", name="Remove the passkey").click()
    expect(tab.get_by_text("last used on")).not_to_be_visible()
    tab.context.clear_cookies()
    tab.goto(security(server))
    expect(tab.get_by_role("button", name="Sign in with a passkey")).not_to_be_visible()
    sign_in(tab, server, "agent")
    expect(tab.get_by_role("heading", level=1)).to_have_text("How you sign in")


def test_pages_offer_the_other_ways_when_there_is_no_script(browser: Browser, device: Device, server: Server) -> None:
    """Without JavaScript nobody is asked for what they cannot do."""
    add_passkey(device.tab, server)
    plain = browser.new_context(locale="en-GB", java_script_enabled=False)
    tab = plain.new_page()
    tab.goto(security(server))
    expect(tab.get_by_role("button", name="Sign in with a passkey")).not_to_be_visible()
    sign_in(tab, server, "agent")
    expect(tab.get_by_label("Recovery code")).to_be_visible()
    expect(tab.get_by_role("button", name="Use a passkey")).not_to_be_visible()
    plain.close()
