"""Single sign-on in a real browser, with an identity provider that no one here wrote."""

import subprocess
from collections.abc import Iterator

import pytest
from playwright.sync_api import Page, expect

from tests.admin.conftest import forker
from tests.browser import needs_chromium
from tests.company import Company, connected
from tests.e2e.app import App, app_of
from tests.e2e.people import go_to_the_provider, press, sign_in_there
from tests.e2e.test_browser import back_at_the_app, look, open_page
from tests.identity_provider import IdentityProvider, identity_provider, needs_identity_provider
from tests.server import running_server

__all__ = ["forker", "identity_provider"]

pytestmark = [pytest.mark.browser, needs_chromium, needs_identity_provider]


@pytest.fixture(scope="module")
def company(
    identity_provider: IdentityProvider, forker: "subprocess.Popen[str]", tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Company]:
    """A server of its own: its switches are moved."""
    folder = tmp_path_factory.mktemp("operator")
    with running_server() as server, connected(server, identity_provider, forker=forker, folder=folder) as made:
        yield made


@pytest.fixture
def web(company: Company) -> App:
    """The confidential app."""
    return app_of(company.server, "web")


def test_person_comes_back_from_the_provider_to_the_app(tab: Page, company: Company, web: App) -> None:
    """protocol.md H: from the sign-in page by e-mail, and on with the authorize request to the letter."""
    open_page(tab, web.asks())
    go_to_the_provider(tab, company.server, "agent")
    sign_in_there(tab, "agent")
    expect(tab.get_by_role("heading", level=1)).to_contain_text("asks for access to your account")
    look(tab)
    press(tab, "Authorize")
    answer = back_at_the_app(tab)
    reply = web.redeems(answer.pop("code"))
    assert answer == {"expires_in": "60", "state": "s t&a=e", "iss": company.server.base_url}
    assert reply.json()["owner_id"] == company.server.world.people["agent"].id
    kept = {str(cookie["name"]) for cookie in tab.context.cookies(company.server.base_url)}
    assert {name for name in kept if name.startswith("callgate")} == {"callgate_browser", "callgate_sign_in"}
