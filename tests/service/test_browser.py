"""What a browser carries between pages: where a sign-in leads that no app asked for."""

import pytest

from callgate.service.browser import OWN_PAGES, FormState, lead_to


@pytest.mark.parametrize("page", [OWN_PAGES, f"{OWN_PAGES}/credentials/911970084368616515"])
def test_sign_in_leads_to_a_page_of_the_persons_own(page: str) -> None:
    """As it was asked for."""
    assert lead_to(page, now_ms=1).own_page == page


@pytest.mark.parametrize("page", ["https://elsewhere.example", "//elsewhere.example", "/", "/restapi/oauth/authorize"])
def test_sign_in_leads_nowhere_else(page: str) -> None:
    """Whoever sealed it (RFC 9700 section 4.11)."""
    assert lead_to(page, now_ms=1).own_page is None


def test_request_of_an_app_leads_back_to_the_app() -> None:
    """Even where it says more than an app must."""
    assert FormState([("client_id", "x"), ("own_page", OWN_PAGES)], 1).own_page is None
