"""What the discovery documents say: the policy, and what apps of this server may use."""

from collections.abc import Sequence

from callgate.protocol.metadata import Document, discovery
from callgate.service.context import Context


async def metadata(context: Context, locales: Sequence[str]) -> Document:
    """OpenID Connect Discovery and RFC 8414 in one document."""
    offers = await context.offers.look()
    if context.cells is not None:
        offers = await context.cells.offers(offers)
    return discovery(
        context.policy.issuer,
        offers,
        locales=locales,
    )


def own_key_set(context: Context) -> bytes:
    """The JWK Set of this cell's ID tokens' public keys."""
    return context.keeper.rings.jwks


async def key_set(context: Context) -> bytes:
    """The JWK Set of the ID tokens' public keys, of every cell."""
    own = own_key_set(context)
    return own if context.cells is None else await context.cells.key_set(own)
