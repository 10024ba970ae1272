"""What the discovery documents say, from the policy and from what apps of this server may use."""

from callgate.protocol.metadata import Document, discovery
from callgate.service.context import Context


def metadata(context: Context, locales: tuple[str, ...]) -> Document:
    """OpenID Connect Discovery and RFC 8414 in one document."""
    return discovery(context.policy.issuer, locales=locales, plain_allowed=False, implicit_allowed=False)
