"""The catalogue as a whole: every row can be told, found and mended."""

import re
import string

import pytest

from callgate.model import (
    api_faults,
    authorize_faults,
    cell_faults,
    credential_faults,
    device_faults,
    faults,
    grant_faults,
    issuer_faults,
    mfa_faults,
    sso_faults,
)
from callgate.model.faults import Audience, Fault

CATALOGUE: dict[str, Fault] = {
    f"{module.__name__.rpartition('.')[2]}.{name}": fault
    for module in (
        faults,
        grant_faults,
        device_faults,
        issuer_faults,
        authorize_faults,
        cell_faults,
        sso_faults,
        credential_faults,
        mfa_faults,
        api_faults,
    )
    for name, fault in vars(module).items()
    if isinstance(fault, Fault)
}
OAUTH = {name: fault for name, fault in CATALOGUE.items() if not name.startswith("api_faults")}

OAUTH_ERRORS = (
    "invalid_request invalid_client invalid_grant unauthorized_client unsupported_grant_type invalid_scope "
    "access_denied unsupported_response_type server_error temporarily_unavailable "
    "login_required interaction_required consent_required request_not_supported invalid_redirect_uri "
    "authorization_pending slow_down expired_token"
)
"""RFC 6749 sections 4.1.2.1 and 5.2, OpenID Connect Core section 3.1.2.6, one of the platform's (C.4), and RFC 8628
section 3.5."""


@pytest.mark.requirement("RFC 6749 section 5.2")
@pytest.mark.parametrize("name", OAUTH)
def test_error_is_a_registered_one_when_oauth_clients_read_it(name: str) -> None:
    """RFC 6749 section 5.2: clients branch on these words."""
    assert OAUTH[name].error in OAUTH_ERRORS.split()


@pytest.mark.parametrize("name", CATALOGUE)
def test_row_is_whole(name: str) -> None:
    """A code of the wire or ours, a text, a status that HTTP has."""
    fault = CATALOGUE[name]
    assert re.fullmatch(r"(OAU|CMN|AGW|CLG|CGT)-\d{3}", fault.code)
    assert fault.text
    assert {fault.status, fault.rfc or 400, fault.vendor or 400} <= {400, 401, 403, 404, 405, 413, 415, 429, 500, 503}
    assert isinstance(fault.audience, Audience)


@pytest.mark.parametrize("name", CATALOGUE)
def test_remedy_is_a_sentence_that_says_what_to_do(name: str) -> None:
    """It begins with the act: a statement of what is wrong is no mend, and the text has said it already."""
    remedy = CATALOGUE[name].remedy
    assert re.fullmatch(r"[A-Z].{28,}\.", remedy)
    assert ACTS.match(remedy)


ACTS = re.compile(
    r"(Ask|Check|Create|Exchange|Get|Give|Go|Have|Leave|Make|Percent-encode|Prove|Refresh|Register|Repeat|Send|Set|Sign|Use|Wait)\b"
)
"""What a stuck developer, or whoever they ask, can do."""


@pytest.mark.requirement("RFC 6749 section 5.2")
@pytest.mark.parametrize("name", CATALOGUE)
def test_text_is_printable_ascii_without_quotes_and_backslashes(name: str) -> None:
    r"""RFC 6749 section 5.2: error_description must not include characters outside %x20-21 / %x23-5B / %x5D-7E."""
    assert re.fullmatch(r"[\x20-\x21\x23-\x5b\x5d-\x7e]+", CATALOGUE[name].text)


@pytest.mark.parametrize("name", CATALOGUE)
def test_parameters_named_in_the_text_are_plain_names(name: str) -> None:
    """A value is put in as it is: no format of its own, no attribute, no index."""
    for _, field, form, conversion in string.Formatter().parse(CATALOGUE[name].text):
        assert field is None or (field.isidentifier() and not form and not conversion)


OF_SEVERAL_MEANINGS = {"CMN-101", "CMN-408", "OAU-109", "OAU-213"}
"""Codes the platform itself uses for more than one denial."""


@pytest.mark.requirement("ruling 17")
def test_code_means_one_thing_unless_the_platform_says_two() -> None:
    """Ruling 17: rows without a vendor code get ours, each its own."""
    seen: dict[str, set[str]] = {}
    for fault in CATALOGUE.values():
        seen.setdefault(fault.code, set()).add(fault.text)
    assert {code for code, texts in seen.items() if len(texts) > 1} <= OF_SEVERAL_MEANINGS


@pytest.mark.requirement("ruling 18")
@pytest.mark.requirement("RFC 6749 section 5.2")
def test_client_is_unauthorized_when_statuses_follow_the_rfc() -> None:
    """RFC 6749 section 5.2: invalid_client may, and with an Authorization header must, be 401 (ruling 18)."""
    proofs = [
        faults.CLIENT_UNKNOWN,
        faults.CLIENT_UNPROVEN,
        faults.CLIENT_PROOF_MISSING,
        faults.AUTHORIZATION_MALFORMED,
        faults.CLIENT_ASSERTION_INVALID,
        faults.CLIENT_BLOCKED,
    ]
    assert {fault.error for fault in proofs} == {"invalid_client"}
    assert {(fault.status, fault.rfc) for fault in proofs} == {(400, 401)}


@pytest.mark.requirement("ruling 17")
def test_texts_of_the_wire_are_to_the_letter() -> None:
    """protocol.md D.5, C.4; ruling 17: OAU-140 without a final dot, OAU-113 and OAU-153 in their older form."""
    assert grant_faults.CREDENTIALS_INVALID.text == "Invalid resource owner credentials"
    assert authorize_faults.REDIRECT_URI_NONE.text == "No redirect uri is registered for the client"
    assert faults.CLIENT_UNKNOWN.text == "Invalid client: {client_id}"
    assert authorize_faults.ACCESS_DENIED.text == "The user denied access to your application"
    assert grant_faults.GRANT_UNSUPPORTED.error == "invalid_request"
    assert grant_faults.GRANT_NOT_ALLOWED.error == "unauthorized_client"
    assert faults.PARAMETER_DUPLICATED.text == "Request parameter duplication detected"
