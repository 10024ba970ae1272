"""Tokens of outside issuers: shaped as theirs are, and every attack on a signature refused (assurance.md S18)."""

from collections.abc import Mapping

import pytest

from callgate.crypto.jwks import ClientJwks, read_issuer_jwks
from callgate.crypto.outside_token import OutsideToken, has_key, is_signed_by, read_outside_token
from tests.crypto.forge import (
    Sign,
    b64,
    ec_jwk,
    ec_key,
    es256,
    es256_der,
    forge,
    hs,
    jwks,
    ps256,
    rs256,
    rsa_jwk,
    rsa_key,
    unsigned,
)

CLAIMS = {"iss": "https://ci.example", "sub": "repo:acme/app", "exp": 1}
GITHUB = {"typ": "JWT", "alg": "RS256", "x5t": "zBwlKc", "kid": "r"}
KUBERNETES = {"alg": "RS256", "kid": "r"}
READ = read_issuer_jwks(jwks({**rsa_jwk(rsa_key()), "kid": "r"}, {**ec_jwk(ec_key()), "kid": "e"}))
assert isinstance(READ, ClientJwks)
KEYS = READ


def accepted(header: Mapping[str, object], sign: Sign, claims: Mapping[str, object] = CLAIMS) -> bool:
    """Whether a token is read and its signature holds."""
    token = read_outside_token(forge(header, claims, sign))
    return token is not None and is_signed_by(token, KEYS)


@pytest.mark.parametrize(
    ("header", "sign"),
    [
        (GITHUB, rs256(rsa_key())),
        (KUBERNETES, rs256(rsa_key())),
        ({**KUBERNETES, "typ": "JOSE", "x5t#S256": "x"}, rs256(rsa_key())),
        ({"alg": "PS256", "kid": "r", "typ": "authorization-grant+jwt"}, ps256(rsa_key())),
        ({"alg": "ES256", "kid": "e"}, es256(ec_key())),
    ],
)
def test_token_is_accepted_when_the_issuers_key_signed_it(header: Mapping[str, object], sign: Sign) -> None:
    """Header shapes of GitHub, Kubernetes and others."""
    assert accepted(header, sign)


@pytest.mark.requirement("RFC 8725 section 3.1", "RFC 8725 section 3.11")
@pytest.mark.parametrize(
    ("header", "sign"),
    [
        ({"alg": "none", "kid": "r"}, unsigned),
        ({"alg": "RS256", "kid": "r"}, unsigned),
        ({"alg": "HS256", "kid": "r"}, hs(b"secret")),
        ({"alg": "HS256", "kid": "r"}, hs(jwks(rsa_jwk(rsa_key())).encode())),
        ({"alg": "ES256", "kid": "r"}, rs256(rsa_key())),
        ({"alg": "RS256", "kid": "e"}, es256(ec_key())),
        ({"alg": "RS256", "kid": "r"}, rs256(rsa_key(which=1))),
        ({"alg": "RS256", "kid": "other"}, rs256(rsa_key())),
        ({"alg": "RS256"}, rs256(rsa_key())),
        ({"alg": "ES256", "kid": "e"}, es256_der(ec_key())),
        ({"alg": "RS256", "kid": "r", "typ": "at+jwt"}, rs256(rsa_key())),
        ({"alg": "RS256", "kid": "r", "typ": "dpop+jwt"}, rs256(rsa_key())),
        ({"alg": "RS256", "kid": "r", "typ": "logout+jwt"}, rs256(rsa_key())),
        ({**GITHUB, "jku": "http://127.0.0.1/keys"}, rs256(rsa_key())),
        ({**GITHUB, "x5u": "http://127.0.0.1/cert"}, rs256(rsa_key())),
        ({**GITHUB, "jwk": rsa_jwk(rsa_key(which=1))}, rs256(rsa_key(which=1))),
        ({**GITHUB, "x5c": ["MIID"]}, rs256(rsa_key())),
        ({**GITHUB, "crit": ["b64"], "b64": False}, rs256(rsa_key())),
        ({**GITHUB, "zip": "DEF"}, rs256(rsa_key())),
        ({**GITHUB, "x5t": {"a": 1}}, rs256(rsa_key())),
        ({"alg": "RS256", "kid": "../../r"}, rs256(rsa_key())),
        ({"alg": "RS256", "kid": "r' OR '1'='1"}, rs256(rsa_key())),
    ],
)
def test_token_is_refused_when_its_header_says_how_it_is_to_be_read(header: Mapping[str, object], sign: Sign) -> None:
    """No key, no address, no algorithm comes from a token; other kinds of token are none (RFC 8725 section 3)."""
    assert not accepted(header, sign)


@pytest.mark.parametrize("issuer", [None, "", 5, ["https://ci.example"]])
def test_token_is_refused_when_it_names_no_issuer(issuer: object) -> None:
    """There would be nobody to ask for keys."""
    assert read_outside_token(forge(KUBERNETES, {**CLAIMS, "iss": issuer}, rs256(rsa_key()))) is None


@pytest.mark.parametrize("text", ["", "a.b.c", "x" * 9000, "\ud800.a.b", forge(KUBERNETES, b"[]", unsigned)])
def test_text_is_refused_when_it_is_no_token(text: str) -> None:
    """At the cost of its length."""
    assert read_outside_token(text) is None


def test_digest_is_of_what_was_signed() -> None:
    """An ECDSA signature has a twin, which anybody can make; both are the same token, good once."""
    text = forge({"alg": "ES256", "kid": "e"}, CLAIMS, es256(ec_key()))
    head, _, signature = text.rpartition(".")
    raw = es256(ec_key())(head.encode())
    order = 0xFFFFFFFF00000000FFFFFFFFFFFFFFFFBCE6FAADA7179E84F3B9CAC2FC632551
    twin = raw[:32] + (order - int.from_bytes(raw[32:], "big")).to_bytes(32, "big")
    tokens = [read_outside_token(f"{head}.{each}") for each in (signature, b64(raw), b64(twin))]
    assert all(token is not None and is_signed_by(token, KEYS) for token in tokens)
    assert len({token.digest for token in tokens if token is not None}) == 1


def test_missing_key_is_told_from_a_wrong_signature() -> None:
    """The first may mean a rotation, and is worth a look at the issuer."""

    def read(header: Mapping[str, object]) -> OutsideToken:
        token = read_outside_token(forge(header, CLAIMS, rs256(rsa_key(which=1))))
        assert token is not None
        return token

    assert has_key(read(KUBERNETES), KEYS)
    assert not has_key(read({"alg": "RS256", "kid": "new"}), KEYS)
    assert not has_key(read({"alg": "ES256", "kid": "r"}), KEYS)
