import pytest

from callgate.model import faults
from callgate.model.faults import Fault
from callgate.web.pages.faults import WORDS, words_of

ON_PAGES = (
    faults.PARAMETER_DUPLICATED,
    faults.PARAMETER_INVALID,
    faults.PARAMETER_MISSING,
    faults.BODY_TOO_LARGE,
    faults.BODY_NOT_FORM,
    faults.BODY_MALFORMED,
    faults.BRAND_INVALID,
    faults.CLIENT_UNKNOWN,
    faults.CLIENT_BLOCKED,
    faults.SCOPE_INVALID,
    faults.CREDENTIALS_INCOMPLETE,
    faults.CREDENTIALS_INVALID,
    faults.SIGN_IN_TYPE,
    faults.SIGN_IN_QUEUE,
    faults.SIGN_IN_STATE,
    faults.SIGN_IN_ACCOUNT_STATE,
    faults.APP_PRIVATE,
    faults.THIRD_PARTY_ACCESS,
    faults.EXTENSION_GONE,
    faults.EXTENSION_DISABLED,
    faults.ACCOUNT_GONE,
    faults.REDIRECT_URI_NONE,
    faults.REDIRECT_URI_UNREGISTERED,
    faults.GRANT_NOT_ALLOWED_HERE,
    faults.IMPLICIT_DISABLED,
    faults.RESPONSE_TYPE_UNSUPPORTED,
    faults.REQUEST_OBJECT_UNSUPPORTED,
    faults.CHALLENGE_REQUIRED,
    faults.CHALLENGE_METHOD,
    faults.CHALLENGE_INVALID,
    faults.FORM_EXPIRED,
    faults.SSO_NOT_CONFIGURED,
    faults.TEMPORARILY_UNAVAILABLE,
    faults.SERVER_ERROR,
)


@pytest.mark.parametrize("fault", ON_PAGES, ids=lambda fault: fault.code)
def test_fault_has_words_for_people(fault: Fault) -> None:
    """What stops a person is said in their words (protocol.md C.4, D.5)."""
    assert words_of(fault) is WORDS[fault.code]


def test_fault_no_page_was_meant_to_show_has_words_too() -> None:
    """A page never lacks a heading."""
    assert words_of(faults.CODE_EXPIRED).title == "This did not work"
