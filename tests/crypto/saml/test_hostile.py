"""No document made without the provider's key lets anybody in, each made freshly from one that does."""

import pytest

from callgate.crypto.saml import verify_response
from callgate.model.saml import SamlRefused, SamlVerified, Trust
from tests.crypto.saml import signer
from tests.crypto.saml.hostile import ATTACKS, packed
from tests.crypto.saml.signer import ACS_URL, ISSUER, NOW_MS, REQUEST_ID, SP, Signing, identity

TRUST = Trust(ISSUER, (identity().der,))


def present(raw: bytes) -> SamlVerified | SamlRefused:
    """A response as it is judged when a browser brings it."""
    return verify_response(
        packed(raw),
        TRUST,
        acs_url=ACS_URL,
        sp_entity_id=SP,
        expected_in_response_to=REQUEST_ID,
        now_ms=NOW_MS,
    )


@pytest.mark.requirement("SAML Core section 5.4")
@pytest.mark.parametrize("name", ATTACKS)
def test_hostile_document_is_refused_when_made_from_a_live_one(name: str) -> None:
    """The live response is accepted, the attack on it is stopped by the check that is there for it."""
    live = signer.signed_response(signing=Signing(response=True))
    assert isinstance(present(live), SamlVerified)
    refused = present(ATTACKS[name].attack(live))
    assert isinstance(refused, SamlRefused)
    assert refused.check is ATTACKS[name].stopped_by, refused
