"""SAML documents as values: what is checked of one, whom it is checked against, what came of it.

How a document is read and its signature proven is crypto's; whom it lets in is the protocol's.
"""

from enum import Enum
from typing import NamedTuple


class SamlCheck(Enum):
    """The checks of a document, in their order; the value is what people read."""

    SIZE = "size"
    """At most 256 KiB."""

    ENCODING = "encoding"
    """Base64 of a response, base64url of a grant's assertion; UTF-8 within."""

    MARKUP = "markup"
    """Well-formed, and without document types, entities, comments, processing instructions and CDATA."""

    SHAPE = "shape"
    """One Response around one Assertion, or one Assertion; nothing that is not asked for; each id once."""

    ENCRYPTION = "encryption"
    """An encrypted assertion is opened only when a signature covers it."""

    SIGNED = "signed"
    """Response, assertion or both carry a signature, and nothing else does."""

    ALGORITHMS = "algorithms"
    """Signature, digest and transforms are on the list; SHA-1 and HMAC are not."""

    REFERENCE = "reference"
    """A signature refers to the element it stands in, and to that alone."""

    ISSUER = "issuer"
    """Both issuers are the connection's."""

    SIGNATURE = "signature"
    """Made with the key of one of the connection's certificates."""

    STATUS = "status"
    """The identity provider says Success."""

    DESTINATION = "destination"
    """The response was meant to come here."""

    SUBJECT = "subject"
    """One NameID, confirmed as a bearer's."""

    RECIPIENT = "recipient"
    """The subject's confirmation was meant to come here."""

    REQUEST = "request"
    """An answer to the request this browser sent; or, unasked, to none."""

    AUDIENCE = "audience"
    """Meant for this server."""

    TIME = "time"
    """Now is within every period the assertion states."""

    STATEMENT = "statement"
    """What the identity provider says of the person can be read one way only."""

    SECOND_OPINION = "second opinion"
    """Another library reads the same element, subject and issuer from the same bytes."""


class Trust(NamedTuple):
    """Whose documents are believed: an entity id, and certificates (base64 of DER), of which any one will do."""

    issuer: str
    certificates: tuple[str, ...]


class SamlVerified(NamedTuple):
    """An assertion that passed every check; everything in it is read from the element that was signed.

    `not_on_or_after_ms` is when it could not be presented again in any case, the tolerance for clocks included: so
    long its id must be remembered.
    """

    assertion_id: str
    issuer: str
    name_id: str
    attributes: tuple[tuple[str, tuple[str, ...]], ...]
    session_index: str | None
    not_on_or_after_ms: int

    def values(self, name: str) -> tuple[str, ...]:
        """Give the values of an attribute by its Name; none when it was not sent."""
        return next((values for found, values in self.attributes if found == name), ())


class SamlRefused(NamedTuple):
    """A document that is not believed: the check it failed, and why in words for administrators."""

    reason: str
    check: SamlCheck
