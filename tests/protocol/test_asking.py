import pytest

from callgate.model import faults, grant_faults
from callgate.model.decisions import Denied
from callgate.protocol.asking import ask, ask_terms
from callgate.protocol.opening import Asked, Terms
from tests.factories import WEB, form


def test_everything_is_given_when_nothing_is_asked() -> None:
    """protocol.md D.1: the app's own lifetimes and scope."""
    assert ask(form(), WEB) == Asked(("ReadAccounts", "ReadCallLog"), Terms(3600, 604_800, None))


def test_session_is_narrower_and_shorter_when_that_is_asked() -> None:
    """protocol.md D.1."""
    sent = form(scope="ReadCallLog", access_token_ttl="700", refresh_token_ttl="1000", endpoint_id="phone-1")
    assert ask(sent, WEB) == Asked(("ReadCallLog",), Terms(700, 1000, "phone-1"))


@pytest.mark.requirement("ruling 9")
@pytest.mark.requirement("RFC 6749 section 5.2")
def test_scope_is_invalid_when_no_name_is_the_apps() -> None:
    """Ruling 9: only unknown names."""
    refused = ask(form(scope="Nothing"), WEB)
    assert isinstance(refused, Denied)
    assert refused.fault is grant_faults.SCOPE_INVALID


@pytest.mark.parametrize("endpoint_id", ["!", "8zXq6oaLT7WvwWITlGiA1A", "~" * 128])
def test_endpoint_is_taken_when_it_is_a_visible_word(endpoint_id: str) -> None:
    """protocol.md D.1: a client instance's id, as SDKs make them."""
    terms = ask_terms(form(endpoint_id=endpoint_id), WEB)
    assert isinstance(terms, Terms)
    assert terms.endpoint_id == endpoint_id


@pytest.mark.parametrize("endpoint_id", [" ", "a b", "a\n", "é", "~" * 129, "\ufffd"])
def test_endpoint_is_refused_when_it_is_none(endpoint_id: str) -> None:
    """It names a seat: two spellings of it must not look alike."""
    refused = Denied(fault=faults.PARAMETER_INVALID, values=(("parameter", "endpoint_id"),))
    assert ask_terms(form(endpoint_id=endpoint_id), WEB) == refused
    assert ask(form(endpoint_id=endpoint_id), WEB) == refused
