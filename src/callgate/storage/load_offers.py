"""What the apps of this cell are allowed, summed up: the answer behind the discovery documents."""

from typing import Final

from callgate.model.facts import OffersFacts
from callgate.model.lookups import OffersLookup
from callgate.storage.load_view import View

# Names of switches and grants are words, so that a word of another cannot be found inside them. Each condition is that
# of an index (migrations 0008, 0011 and 0017), which holds the few apps that meet it.
OFFERS: Final = """
SELECT
  EXISTS (SELECT 1 FROM client WHERE ' ' || switches || ' ' LIKE '% pkce_plain %'),
  EXISTS (SELECT 1 FROM client WHERE ' ' || grants || ' ' LIKE '% implicit %'),
  EXISTS (SELECT 1 FROM client WHERE ' ' || grants || ' ' LIKE '%saml2-bearer %'),
  EXISTS (SELECT 1 FROM client WHERE ' ' || grants || ' ' LIKE '%device_code %')
"""
"""Answered for anybody who asks for the discovery documents."""


def load_offers(view: View, _: OffersLookup) -> OffersFacts:
    """Answer `OffersLookup`."""
    plain, implicit, saml2_bearer, device_code = view.rows(OFFERS)[0]
    return OffersFacts(
        plain_challenge=bool(plain),
        implicit=bool(implicit),
        saml2_bearer=bool(saml2_bearer),
        device_code=bool(device_code),
    )
