"""Requests sent again to the letter, as machines send them for each new token: read once, then known by their hash.

What is remembered holds no secret, and is evidence only, as everything in `lately`: it counts while the app is as it
was remembered, and the transaction compares it with today's rows. Refresh tokens and codes come once, so what brings
one is not looked for.
"""

import hashlib
from dataclasses import replace
from typing import Final, NamedTuple

from callgate.crypto.jwt_credential import hash_jwt_credential
from callgate.model.client import GrantType
from callgate.model.evidence import ClientProven
from callgate.model.facts import ClientFacts
from callgate.protocol.grants import GrantRequest
from callgate.protocol.grants.client_credentials import ClientCredentialsRequest
from callgate.protocol.grants.jwt_bearer import JwtBearerRequest

BODY_BYTES_MAX: Final = 4096
"""A JWT credential's form has some 900; hashing what is longer costs as much as reading it."""


class Repeat(NamedTuple):
    """What a request was read as. `assertion_sha256` is all that is kept of its assertion, empty where it has none.

    `asked` is its grant type as spelled on the wire.
    """

    facts: ClientFacts
    evidence: ClientProven
    grant: ClientCredentialsRequest | JwtBearerRequest
    assertion_sha256: bytes
    asked: str


def mark_of(*, content_type: str, body: bytes, query: bytes, authorization: str | None) -> bytes | None:
    """The SHA-256 of all that a token request says; None for what does not come twice."""
    if authorization is None or len(body) > BODY_BYTES_MAX or b"=refresh_token" in body or b"code=" in body:
        return None
    # No header or query can hold a NUL, so no two requests are spelled alike.
    return hashlib.sha256(b"%b\0%b\0%b\0%b" % (content_type.encode(), authorization.encode(), query, body)).digest()


def repeatable(facts: ClientFacts, evidence: ClientProven, *, grant: GrantRequest) -> Repeat | None:
    """What to remember of a grant that may come again, or None."""
    match grant:
        case ClientCredentialsRequest():
            return Repeat(facts, evidence, grant, b"", GrantType.CLIENT_CREDENTIALS.value)
        case JwtBearerRequest():
            spared = replace(grant, assertion="")
            return Repeat(facts, evidence, spared, hash_jwt_credential(grant.assertion), GrantType.JWT_BEARER.value)
        case _:
            return None
