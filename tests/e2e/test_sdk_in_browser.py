"""The browser build of npm @ringcentral/sdk 5.0.11 in a page of another origin: what CORS is for (protocol.md L)."""

import httpx
import pytest
from playwright.sync_api import Page

from tests.browser import needs_chromium
from tests.e2e.app import REDIRECT_URI, SDK_FILE, App
from tests.e2e.people import press, sign_in
from tests.server import Server

pytestmark = [pytest.mark.browser, needs_chromium]

OPEN = """async ([server, clientId, redirectUri]) => {
  globalThis.platform = new RingCentral.SDK({ server, clientId, redirectUri, enableDiscovery: true }).platform();
  await platform.initDiscovery();
}"""

LEAVE = """() => {
  const url = platform.loginUrl({ usePKCE: true, state: 's' });
  sessionStorage.verifier = platform.codeVerifier;
  return url;
}"""

RETURN = """async () => {
  const redirect = platform.parseLoginRedirect(location.search);
  const granted = await (await platform.login({ ...redirect, code_verifier: sessionStorage.verifier })).json();
  const calls = await platform.get('/restapi/v1.0/account/~/call-log');
  const refreshed = await (await platform.refresh()).json();
  const again = await platform.get('/restapi/v1.0/account/~/extension/~');
  const logout = await platform.logout();
  const refused = await fetch(calls.url, { headers: { Authorization: `Bearer ${refreshed.access_token}` } });
  return {
    owner_id: granted.owner_id,
    renewed: refreshed.access_token !== granted.access_token,
    statuses: [calls, again, logout, refused].map(({ status }) => status),
    challenge: refused.headers.get('www-authenticate')?.split(' ')[0],
  };
}"""


def test_sdk_lives_in_a_page_of_another_origin(tab: Page, server: Server, spa: App) -> None:
    """Discovery, code with PKCE, calls with its own headers and credentials, refresh, logout, a refusal it may read."""
    assert SDK_FILE.exists(), "the Node packages are not installed: tools/node-packages tests/clients"
    origin = REDIRECT_URI.rpartition("/")[0]
    options = [server.base_url, spa.client_id, REDIRECT_URI]
    tab.goto(f"{origin}/")
    tab.evaluate(OPEN, options)
    tab.goto(tab.evaluate(LEAVE))
    sign_in(tab, server, "helper")
    press(tab, "Authorize")
    tab.wait_for_url(f"{REDIRECT_URI}**")
    tab.evaluate(OPEN, options)
    assert tab.evaluate(RETURN) == {
        "owner_id": server.world.people["helper"].id,
        "renewed": True,
        "statuses": [200, 200, 200, 401],
        "challenge": "Bearer",
    }


MOVE_CLOCK = """async (server) => {
  const body = '{"advance_s": 86400}';
  await fetch(`${server}/_dev/clock`, { method: 'POST', mode: 'no-cors', body });
  return (await fetch(`${server}/_dev/clock`, { method: 'POST', body })).status;
}"""


def test_page_of_another_origin_cannot_move_the_development_clock(tab: Page, server: Server) -> None:
    """Whatever page a developer has open could, and all their sessions would be over."""
    before = httpx.post(f"{server.base_url}/_dev/clock", json={"advance_s": 0}).json()["now_ms"]
    tab.goto(f"{REDIRECT_URI.rpartition('/')[0]}/")
    assert tab.evaluate(MOVE_CLOCK, server.base_url) == 403
    after = httpx.post(f"{server.base_url}/_dev/clock", json={"advance_s": 0}).json()["now_ms"]
    assert after - before < 86_400_000
