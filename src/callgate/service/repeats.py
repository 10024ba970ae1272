"""Requests sent again to the letter, as machines send them for each new token: read once, then known by their hash.

What is remembered holds no secret, and is evidence only, as everything in `lately`: it counts while the app is as it
was remembered, and the transaction compares it with today's rows. A refresh token comes once, and everything around it
again and again, so it is cut out first; codes come once with all that is around them, and are not looked for.
"""

import hashlib
import hmac
import re
from dataclasses import replace
from typing import Final, NamedTuple

from callgate.crypto.jwt_credential import hash_jwt_credential
from callgate.crypto.tokens import TOKEN_CHARS
from callgate.model.client import GrantType
from callgate.model.evidence import ClientProven
from callgate.model.facts import ClientFacts
from callgate.protocol.grants import GrantRequest
from callgate.protocol.grants.client_credentials import ClientCredentialsRequest
from callgate.protocol.grants.jwt_bearer import JwtBearerRequest
from callgate.protocol.grants.refresh_token import RefreshRequest

BODY_BYTES_MAX: Final = 4096
"""A JWT credential's form has some 900; hashing what is longer costs as much as reading it."""

_FIELD: Final = b"refresh_token="
_TOKEN: Final = re.compile(rb"[A-Za-z0-9_-]{%d}(?=&|\Z)" % TOKEN_CHARS)
"""One that is spelled as it reads."""


class Mark(NamedTuple):
    """What a request is known by: the SHA-256 of all that it says, its refresh token apart; empty where it has none."""

    sha256: bytes
    refresh_token: str = ""

    def __repr__(self) -> str:
        return f"Mark({self.sha256.hex()})"


class Repeat(NamedTuple):
    """What a request was read as. `assertion_sha256` is all that is kept of its assertion, empty where it has none.

    `asked` is its grant type as spelled on the wire.
    """

    facts: ClientFacts
    evidence: ClientProven
    grant: ClientCredentialsRequest | JwtBearerRequest | RefreshRequest
    assertion_sha256: bytes
    asked: str


def mark_of(*, content_type: str, body: bytes, query: bytes, authorization: str | None) -> Mark | None:
    """What a token request is known by; None for what does not come twice."""
    if authorization is None or len(body) > BODY_BYTES_MAX or b"code=" in body:
        return None
    token = ""
    begin = body.find(_FIELD) + len(_FIELD)
    if begin >= len(_FIELD):
        found = _TOKEN.match(body, begin)
        if found is None:
            return None
        body, token = body[:begin] + body[found.end() :], found[0].decode("ascii")
    # No header or query can hold a NUL, so no two requests are spelled alike.
    said = b"%b\0%b\0%b\0%b" % (content_type.encode(), authorization.encode(), query, body)
    return Mark(hashlib.sha256(said).digest(), token)


def repeatable(facts: ClientFacts, evidence: ClientProven, *, mark: Mark, grant: GrantRequest) -> Repeat | None:
    """What to remember of a grant that may come again, or None; of a refresh only if its token was what was cut out."""
    match grant:
        case ClientCredentialsRequest():
            return Repeat(facts, evidence, grant, b"", GrantType.CLIENT_CREDENTIALS.value)
        case JwtBearerRequest():
            spared = replace(grant, assertion="")
            return Repeat(facts, evidence, spared, hash_jwt_credential(grant.assertion), GrantType.JWT_BEARER.value)
        case RefreshRequest() if hmac.compare_digest(grant.refresh_token, mark.refresh_token):
            spared_token = replace(grant, refresh_token="")
            return Repeat(facts, evidence, spared_token, b"", GrantType.REFRESH_TOKEN.value)
        case _:
            return None
