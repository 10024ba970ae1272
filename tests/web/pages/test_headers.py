from dataclasses import replace

import pytest

from callgate.web.pages import (
    ConsentPage,
    EnrolmentPage,
    Locale,
    Page,
    RefusalPage,
    SecondFactorPage,
    SignInPage,
    page_headers,
)
from tests.web.pages.samples import CONSENT, ENROLMENT, FAULT, HOME, PAGES, REFUSAL, SECOND_FACTOR, SIGN_IN


def policy(page: Page) -> str:
    """The content security policy alone."""
    return page_headers(page, locale=Locale.ENGLISH)["Content-Security-Policy"]


def test_headers_are_exactly_these() -> None:
    """Assurance S10, to the letter."""
    assert page_headers(SIGN_IN, locale=Locale.GERMAN) == {
        "Content-Type": "text/html; charset=utf-8",
        "Content-Language": "de",
        "Cache-Control": "no-store",
        "Content-Security-Policy": "default-src 'none'; style-src 'self'; img-src 'self'; "
        "form-action 'self' http:; frame-ancestors 'none'; base-uri 'none'",
        "X-Frame-Options": "DENY",
        "X-Content-Type-Options": "nosniff",
        "Referrer-Policy": "no-referrer",
        "Cross-Origin-Opener-Policy": "unsafe-none",
        "Cross-Origin-Resource-Policy": "same-origin",
        "Permissions-Policy": "accelerometer=(), camera=(), display-capture=(), geolocation=(), gyroscope=(), "
        "magnetometer=(), microphone=(), midi=(), payment=(), usb=()",
    }


@pytest.mark.parametrize(
    ("redirect_uri", "source"),
    [
        ("http://localhost:5000/oauth2callback", "http:"),
        ("http://[::1]:5000/cb", "http:"),
        ("HTTPS://App.Example/cb?x=1", "https:"),
        ("https://bücher.example;script-src */cb", "https:"),
        ("com.example.app:/oauth2redirect", "com.example.app:"),
        ("com.example.app://host/path", "com.example.app:"),
    ],
)
@pytest.mark.parametrize("page", [SIGN_IN, CONSENT, REFUSAL, SECOND_FACTOR, ENROLMENT])
def test_form_may_lead_where_the_redirect_uri_leads(
    page: SignInPage | ConsentPage | RefusalPage | SecondFactorPage | EnrolmentPage, redirect_uri: str, source: str
) -> None:
    """Chromium checks `form-action` against the redirects that follow (CSP Level 3 section 6.4.1)."""
    bound = replace(page, redirect_uri=redirect_uri)
    assert f"; form-action 'self' {source}; " in policy(bound)
    assert policy(bound).isascii()


@pytest.mark.parametrize("page", [FAULT, HOME])
def test_page_without_a_form_submits_nothing(page: Page) -> None:
    """What a page does not do, it may not do."""
    assert "; form-action 'none'; " in policy(page)


@pytest.mark.parametrize("page", PAGES.values(), ids=PAGES.keys())
@pytest.mark.parametrize("locale", Locale)
def test_no_page_may_be_framed_cached_or_scripted(page: Page, locale: Locale) -> None:
    """Clickjacking, history and injection, on every page (assurance S10)."""
    headers = page_headers(page, locale=locale)
    assert headers["Content-Security-Policy"].startswith("default-src 'none'; style-src 'self'; img-src 'self'; ")
    assert "frame-ancestors 'none'" in headers["Content-Security-Policy"]
    assert "unsafe" not in headers["Content-Security-Policy"]
    assert (headers["X-Frame-Options"], headers["Cache-Control"]) == ("DENY", "no-store")


def test_script_is_allowed_on_pages_with_passkeys_alone() -> None:
    """One file of ours, nothing inline."""
    scripted = {name for name, page in PAGES.items() if "script-src" in policy(page)}
    assert scripted == {"enrolment-passkey", "second-factor-passkey", "sign-in-passkey", "security-passkeys"}
    assert {"; script-src 'self'; " in policy(PAGES[name]) for name in scripted} == {True}
