import pytest

from callgate.model import authorize_faults, credential_faults, device_faults, faults, grant_faults, mfa_faults
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
    grant_faults.SCOPE_INVALID,
    grant_faults.CREDENTIALS_INCOMPLETE,
    grant_faults.CREDENTIALS_INVALID,
    grant_faults.SIGN_IN_TYPE,
    grant_faults.SIGN_IN_QUEUE,
    grant_faults.SIGN_IN_STATE,
    grant_faults.SIGN_IN_ACCOUNT_STATE,
    grant_faults.APP_PRIVATE,
    grant_faults.THIRD_PARTY_ACCESS,
    grant_faults.EXTENSION_GONE,
    grant_faults.EXTENSION_DISABLED,
    grant_faults.ACCOUNT_GONE,
    authorize_faults.REDIRECT_URI_NONE,
    authorize_faults.REDIRECT_URI_UNREGISTERED,
    authorize_faults.GRANT_NOT_ALLOWED_HERE,
    authorize_faults.IMPLICIT_DISABLED,
    authorize_faults.RESPONSE_TYPE_UNSUPPORTED,
    authorize_faults.REQUEST_OBJECT_UNSUPPORTED,
    authorize_faults.CHALLENGE_REQUIRED,
    authorize_faults.CHALLENGE_METHOD,
    authorize_faults.CHALLENGE_INVALID,
    authorize_faults.FORM_EXPIRED,
    authorize_faults.SSO_NOT_CONFIGURED,
    mfa_faults.FACTOR_REFUSED,
    mfa_faults.FACTOR_WAITS,
    mfa_faults.FACTOR_NEEDED,
    mfa_faults.SIGN_IN_AGAIN,
    mfa_faults.PASSWORD_GUESSABLE,
    mfa_faults.PASSWORD_MISTYPED,
    mfa_faults.MFA_OFF,
    mfa_faults.PASSKEY_REFUSED,
    mfa_faults.PASSKEY_NOT_MADE,
    mfa_faults.TOTP_UNCONFIRMED,
    device_faults.USER_CODE_FOREIGN,
    credential_faults.CREDENTIALS_WITHHELD,
    credential_faults.CREDENTIAL_INCOMPLETE,
    credential_faults.CREDENTIAL_STUCK,
    faults.TEMPORARILY_UNAVAILABLE,
    faults.SERVER_ERROR,
)


@pytest.mark.parametrize("fault", ON_PAGES, ids=lambda fault: fault.code)
def test_fault_has_words_for_people(fault: Fault) -> None:
    """What stops a person is said in their words (protocol.md C.4, D.5)."""
    assert words_of(fault) is WORDS[fault.code]


def test_fault_no_page_was_meant_to_show_has_words_too() -> None:
    """A page never lacks a heading."""
    assert words_of(grant_faults.CODE_EXPIRED).title == "This did not work"
