"""Requests sent again to the letter, as machines send them for each new token: read once, then known by their hash.

What is remembered holds no secret, and is evidence only, as everything in `lately`: it counts while the app is as it
was remembered, and the transaction compares it with today's rows. A refresh token comes once, and a person's assertion
with each of an app's people, while everything around them comes again and again: so they are cut out first. Codes come
once with all that is around them, and are not looked for.
"""

import hashlib
import hmac
from dataclasses import replace
from typing import Final, NamedTuple

from callgate.crypto.entropy import ALPHANUMERIC
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

_CUT_OUT: Final = ((b"refresh_token=", range(TOKEN_CHARS, TOKEN_CHARS + 1)), (b"assertion=", range(1, BODY_BYTES_MAX)))
"""Fields whose values come once, and how long those are."""

_PLAIN: Final = f"{ALPHANUMERIC}_-.".encode()
"""What such a value is made of where it is spelled as it reads."""

_NO_PROOF: Final = b"\n"
"""In the place of an Authorization field: an app that keeps no secret names itself in the body."""


class Mark(NamedTuple):
    """What a request is known by: the SHA-256 of all that it says but for what was cut out, its token or assertion."""

    sha256: bytes
    cut_out: str = ""

    def __repr__(self) -> str:
        return f"Mark({self.sha256.hex()})"


class Repeat(NamedTuple):
    """What a request was read as, without what was cut out; `asked` is its grant type as spelled on the wire."""

    facts: ClientFacts
    evidence: ClientProven
    grant: ClientCredentialsRequest | JwtBearerRequest | RefreshRequest
    asked: str


def mark_of(*, content_type: str, body: bytes, query: bytes, authorization: str | None) -> Mark | None:
    """What a token request is known by; None for what does not come twice."""
    if len(body) > BODY_BYTES_MAX:
        return None
    cut_out = ""
    for field, lengths in _CUT_OUT:
        before, found, behind = body.partition(field)
        if found:
            value, more, rest = behind.partition(b"&")
            if len(value) not in lengths or value.translate(None, _PLAIN) or field in rest:
                return None
            body, cut_out = before + found + more + rest, value.decode("ascii")
            break
    if b"code=" in body:
        return None
    # No header or query can hold a NUL or a line end, so no two requests are spelled alike.
    proof = _NO_PROOF if authorization is None else authorization.encode()
    said = b"%b\0%b\0%b\0%b" % (content_type.encode(), proof, query, body)
    return Mark(hashlib.sha256(said).digest(), cut_out)


def repeatable(facts: ClientFacts, evidence: ClientProven, *, mark: Mark, grant: GrantRequest) -> Repeat | None:
    """What to remember of a grant that may come again, or None; if it brings something, that was what was cut out."""
    match grant:
        case ClientCredentialsRequest():
            return Repeat(facts, evidence, grant, GrantType.CLIENT_CREDENTIALS.value)
        case JwtBearerRequest() if _is_same(grant.assertion, mark.cut_out):
            return Repeat(facts, evidence, replace(grant, assertion=""), GrantType.JWT_BEARER.value)
        case RefreshRequest() if _is_same(grant.refresh_token, mark.cut_out):
            return Repeat(facts, evidence, replace(grant, refresh_token=""), GrantType.REFRESH_TOKEN.value)
        case _:
            return None


def _is_same(brought: str, cut_out: str) -> bool:
    return hmac.compare_digest(brought.encode(), cut_out.encode())
