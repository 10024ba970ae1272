"""OpenID Connect in a real browser, with npm's oidc-provider and its own pages, which are another site's to it."""

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.admin.conftest import forker
from tests.browser import needs_chromium
from tests.company import CONNECTION, email_of
from tests.e2e.app import App, app_of
from tests.e2e.people import go_to_the_provider, press, sign_in
from tests.e2e.test_browser import back_at_the_app, look, open_page
from tests.openid_provider import (
    OidcCompany,
    OpenIdProvider,
    company,
    needs_openid_provider,
    openid_provider,
    world,
)

__all__ = ["company", "forker", "openid_provider", "world"]

pytestmark = [pytest.mark.browser, needs_chromium, needs_openid_provider]


@pytest.fixture
def web(company: OidcCompany) -> App:
    """The confidential app."""
    return app_of(company.server, "web")


def sign_in_there(tab: Page, provider: OpenIdProvider, who: str) -> None:
    """At the provider's own pages: sign in, and agree that we learn the address."""
    tab.wait_for_url(f"{provider.issuer}/**")
    tab.locator("input[name=login]").fill(who)
    tab.locator("input[name=password]").fill("any")
    tab.get_by_role("button", name="Sign-in").click()
    tab.get_by_role("button", name="Continue").click()


def fault_shown(tab: Page, code: str) -> None:
    """Our page of a fault, which axe looks at too."""
    expect(tab.locator("body")).to_contain_text(code)
    look(tab)


def test_person_comes_back_from_the_provider_to_the_app(
    tab: Page, company: OidcCompany, web: App, openid_provider: OpenIdProvider
) -> None:
    """From another site by a redirect, with cookies that are SameSite=Lax, and on to the letter."""
    open_page(tab, web.asks())
    go_to_the_provider(tab, company.server, "agent")
    sign_in_there(tab, openid_provider, "agent")
    expect(tab.get_by_role("heading", level=1)).to_contain_text("asks for access to your account")
    assert "code=" not in tab.url
    look(tab)
    press(tab, "Authorize")
    answer = back_at_the_app(tab)
    reply = web.redeems(answer.pop("code"))
    assert answer == {"expires_in": "60", "state": "s t&a=e", "iss": company.server.base_url}
    assert reply.json()["owner_id"] == company.server.world.people["agent"].id
    kept = {str(cookie["name"]) for cookie in tab.context.cookies(company.server.base_url)}
    assert {name for name in kept if name.startswith("callgate")} == {"callgate_browser", "callgate_sign_in"}


def test_enforced_account_is_shown_the_way_and_goes_it(
    tab: Page, company: OidcCompany, web: App, openid_provider: OpenIdProvider
) -> None:
    """The password's page names single sign-on, and its button leads there."""
    company.says("policy", company.account, "enforced")
    tab.goto(web.asks(prompt="login consent"))
    sign_in(tab, company.server, "agent")
    expect(tab.get_by_role("alert")).to_contain_text("Your company signs in with single sign-on")
    look(tab)
    go_to_the_provider(tab, company.server, "agent")
    sign_in_there(tab, openid_provider, "agent")
    expect(tab.get_by_role("button", name="Authorize")).to_be_visible()


def test_app_may_ask_for_single_sign_on_alone(
    tab: Page, company: OidcCompany, web: App, openid_provider: OpenIdProvider
) -> None:
    """prompt=sso: no password is asked for; who cancels at the provider is told that it did not sign them in."""
    open_page(tab, web.asks(prompt="sso"))
    expect(tab.get_by_label("Password")).to_have_count(0)
    go_to_the_provider(tab, company.server, "agent")
    tab.wait_for_url(f"{openid_provider.issuer}/**")
    tab.get_by_role("link", name="Cancel").click()
    fault_shown(tab, "CGT-157")


def test_answer_brought_by_another_browser_signs_nobody_in(
    tab: Page, browser: Browser, company: OidcCompany, web: App, openid_provider: OpenIdProvider
) -> None:
    """Neither there, nor a second time here; the pages say so in the person's own language."""
    answers: list[str] = []
    tab.on("request", lambda request: answers.append(request.url) if "/callback?" in request.url else None)
    tab.goto(web.asks())
    go_to_the_provider(tab, company.server, "helper")
    sign_in_there(tab, openid_provider, "helper")
    expect(tab.get_by_role("button", name="Authorize")).to_be_visible()
    (address,) = answers
    tab.goto(address)
    fault_shown(tab, "CGT-128")
    other = browser.new_context(locale="de-DE")
    stranger = other.new_page()
    stranger.goto(address)
    fault_shown(stranger, "CGT-128")
    assert "callgate_sign_in" not in {str(cookie["name"]) for cookie in other.cookies(company.server.base_url)}
    other.close()


def test_disabled_connection_is_told(
    tab: Page, company: OidcCompany, web: App, openid_provider: OpenIdProvider
) -> None:
    """Disabled while the person was away; the page says it in English, and in German to whoever reads that."""
    tab.goto(web.asks())
    go_to_the_provider(tab, company.server, "admin")
    tab.wait_for_url(f"{openid_provider.issuer}/**")
    company.says("disable", CONNECTION, "--yes")
    sign_in_there(tab, openid_provider, "admin")
    fault_shown(tab, "CGT-152")
    expect(tab.locator("body")).to_contain_text("Your company no longer uses this way to sign in.")


def test_server_the_provider_does_not_know_any_more_is_told_in_german(
    browser: Browser, company: OidcCompany, web: App, openid_provider: OpenIdProvider
) -> None:
    """The client secret was changed there."""
    company.says("update-oidc", CONNECTION, "--client-secret-stdin", stdin="of yesterday\n")
    context = browser.new_context(locale="de-DE")
    tab = context.new_page()
    tab.goto(web.asks())
    tab.locator("input[name=username]").fill(email_of(company.server, "agent"))
    tab.locator("button[value=sso]").click()
    sign_in_there(tab, openid_provider, "agent")
    fault_shown(tab, "CGT-159")
    expect(tab.locator("body")).to_contain_text("erkennt diesen Server nicht mehr an")
    context.close()
