"""Key sets of apps: weak, private, ambiguous or malformed ones are refused with the reason (RFC 8725 section 3.5)."""

import json
from collections.abc import Mapping

import pytest
from cryptography.hazmat.primitives.asymmetric import ec
from hypothesis import given
from hypothesis import strategies as st

from callgate.crypto.jwks import ClientJwks, JwksFault, JwksRefused, read_issuer_jwks, read_jwks
from tests.crypto.forge import b64, b64_int, ec_jwk, ec_key, ed_jwk, ed_key, jwks, rsa_jwk, rsa_key

RSA = rsa_jwk(rsa_key())
EC = ec_jwk(ec_key())
ED = ed_jwk(ed_key())


@pytest.mark.parametrize(
    ("key", "algorithms"),
    [
        (RSA, {"RS256", "PS256"}),
        ({**RSA, "alg": "RS256"}, {"RS256"}),
        ({**RSA, "alg": "PS256", "use": "sig", "kid": "a"}, {"PS256"}),
        ({**RSA, "key_ops": ["verify"], "x5t": "ignored", "made_up": [1]}, {"RS256", "PS256"}),
        (EC, {"ES256"}),
        ({**EC, "alg": "ES256"}, {"ES256"}),
        (ED, {"EdDSA"}),
        ({**ED, "alg": "EdDSA"}, {"EdDSA"}),
    ],
)
def test_sound_keys_are_taken(key: Mapping[str, object], algorithms: set[str]) -> None:
    """RSA, P-256 and Ed25519, for the algorithms that fit and no others."""
    read = read_jwks(jwks(key))
    assert isinstance(read, ClientJwks)
    assert [set(taken.algorithms) for taken in read.keys] == [algorithms]
    for alg in ("RS256", "PS256", "ES256", "EdDSA", "HS256", "none"):
        assert (read.key_for(alg=alg, kid=None) is not None) == (alg in algorithms)


def weak_rsa(n: int, e: int) -> dict[str, object]:
    """An RSA key of these numbers."""
    return {"kty": "RSA", "n": b64_int(n), "e": b64_int(e)}


N = rsa_key().public_key().public_numbers().n
BAD_POINT = {**EC, "y": b64(bytes(31) + b"\x01")}


@pytest.mark.parametrize(
    ("key", "reason"),
    [
        ({"kty": "oct", "k": b64(b"k" * 32)}, JwksFault.SYMMETRIC),
        ({"kty": "oct"}, JwksFault.SYMMETRIC),
        ({**RSA, "d": "AQAB"}, JwksFault.PRIVATE),
        ({**RSA, "p": "AQAB"}, JwksFault.PRIVATE),
        ({**EC, "d": "AQAB"}, JwksFault.PRIVATE),
        ({**RSA, "k": "AQAB"}, JwksFault.PRIVATE),
        ({}, JwksFault.TYPE),
        ({**RSA, "kty": "rsa"}, JwksFault.TYPE),
        ({**RSA, "kty": ["RSA"]}, JwksFault.TYPE),
        ({**RSA, "kty": "AKP"}, JwksFault.TYPE),
        (rsa_jwk(rsa_key(1024)), JwksFault.MODULUS),
        (weak_rsa((1 << 2046) + 1, 65_537), JwksFault.MODULUS),
        (weak_rsa((1 << 8192) + 1, 65_537), JwksFault.MODULUS),
        (weak_rsa(N, 1), JwksFault.EXPONENT),
        (weak_rsa(N, 3), JwksFault.EXPONENT),
        (weak_rsa(N, 65_536), JwksFault.EXPONENT),
        (weak_rsa(N, 65_538), JwksFault.EXPONENT),
        (weak_rsa(N, 2**32 + 1), JwksFault.EXPONENT),
        (weak_rsa(N, N - 2), JwksFault.EXPONENT),
        (weak_rsa(N + 1, 65_537), JwksFault.VALUE),
        ({"kty": "RSA", "e": "AQAB"}, JwksFault.VALUE),
        ({**RSA, "n": 5}, JwksFault.VALUE),
        ({**RSA, "n": str(RSA["n"]) + "="}, JwksFault.VALUE),
        ({**RSA, "n": ""}, JwksFault.VALUE),
        ({**RSA, "n": "-\n"}, JwksFault.VALUE),
        (ec_jwk(ec_key(ec.SECP384R1)), JwksFault.CURVE),
        (ec_jwk(ec_key(ec.SECP256K1)), JwksFault.CURVE),
        ({**EC, "crv": "Ed25519"}, JwksFault.CURVE),
        ({**ED, "crv": "P-256"}, JwksFault.CURVE),
        ({**ED, "crv": "Ed448"}, JwksFault.CURVE),
        ({**ED, "crv": "X25519"}, JwksFault.CURVE),
        (BAD_POINT, JwksFault.VALUE),
        ({**EC, "x": b64(bytes(32)), "y": b64(bytes(32))}, JwksFault.VALUE),
        ({**EC, "x": b64(b"\xff" * 32)}, JwksFault.VALUE),
        ({**EC, "x": b64(b"\x00" + bytes(32))}, JwksFault.VALUE),
        ({**EC, "x": b64(bytes(31))}, JwksFault.VALUE),
        ({"kty": "EC", "crv": "P-256", "x": EC["x"]}, JwksFault.VALUE),
        ({**ED, "x": b64(bytes(31))}, JwksFault.VALUE),
        ({**RSA, "use": "enc"}, JwksFault.USE),
        ({**RSA, "use": None}, JwksFault.USE),
        ({**RSA, "key_ops": ["encrypt"]}, JwksFault.USE),
        ({**RSA, "key_ops": ["verify", "encrypt"]}, JwksFault.USE),
        ({**RSA, "key_ops": "verify"}, JwksFault.USE),
        ({**RSA, "alg": "ES256"}, JwksFault.ALGORITHM),
        ({**RSA, "alg": "HS256"}, JwksFault.ALGORITHM),
        ({**RSA, "alg": "RS512"}, JwksFault.ALGORITHM),
        ({**RSA, "alg": "none"}, JwksFault.ALGORITHM),
        ({**RSA, "alg": None}, JwksFault.ALGORITHM),
        ({**EC, "alg": "EdDSA"}, JwksFault.ALGORITHM),
        ({**RSA, "kid": 1}, JwksFault.KID),
        ({**RSA, "kid": ""}, JwksFault.KID),
        ({**RSA, "kid": "k" * 257}, JwksFault.KID),
    ],
)
def test_unsound_keys_are_refused(key: Mapping[str, object], reason: JwksFault) -> None:
    """Alone, and wherever they stand among sound ones: no part of a set is taken."""
    assert read_jwks(jwks(key)) == JwksRefused(reason, 0)
    sound = {**EC, "kid": "sound"}
    assert read_jwks(jwks(sound, {"kid": "x", **key})) == JwksRefused(reason, 1)


@pytest.mark.parametrize(
    ("text", "refused"),
    [
        ("", JwksRefused(JwksFault.UNREADABLE)),
        ("[]", JwksRefused(JwksFault.UNREADABLE)),
        ("{}", JwksRefused(JwksFault.UNREADABLE)),
        (json.dumps(RSA), JwksRefused(JwksFault.UNREADABLE)),
        ('{"keys":{}}', JwksRefused(JwksFault.UNREADABLE)),
        ('{"keys":["x"]}', JwksRefused(JwksFault.UNREADABLE, 0)),
        ('{"keys":[],"keys":[]}', JwksRefused(JwksFault.UNREADABLE)),
        ('{"keys":[{"kty":"RSA","kty":"oct"}]}', JwksRefused(JwksFault.UNREADABLE)),
        ("x" * 16_385, JwksRefused(JwksFault.UNREADABLE)),
        ("\ud800", JwksRefused(JwksFault.UNREADABLE)),
        ('{"keys":[]}', JwksRefused(JwksFault.COUNT)),
        (jwks(*({**EC, "kid": str(n)} for n in range(9))), JwksRefused(JwksFault.COUNT)),
        (jwks({**EC, "kid": "a"}, {**RSA, "kid": "a"}), JwksRefused(JwksFault.KID, 1)),
        (jwks({**EC, "kid": "a"}, {**EC, "kid": "a"}), JwksRefused(JwksFault.KID, 1)),
        (jwks(EC, {**RSA, "kid": "a"}), JwksRefused(JwksFault.KID, 0)),
        (jwks({**EC, "kid": "a"}, RSA), JwksRefused(JwksFault.KID, 1)),
        (jwks({**EC, "kid": "a"}, {"kty": "oct", "k": "AAAA", "kid": "b"}), JwksRefused(JwksFault.SYMMETRIC, 1)),
    ],
)
def test_unsound_sets_are_refused(text: str, refused: JwksRefused) -> None:
    """Not a set, none or too many keys, keys that cannot be told apart, secrets among public keys."""
    assert read_jwks(text) == refused


def test_a_key_is_found_by_its_name_and_algorithm() -> None:
    """One key answers for a kid, and only with its own algorithm; one key alone needs no name."""
    several = read_jwks(jwks({**EC, "kid": "e"}, {**RSA, "kid": "r"}))
    assert isinstance(several, ClientJwks)
    found = {
        (alg, kid)
        for alg in ("ES256", "RS256", "PS256", "EdDSA")
        for kid in ("e", "r", "x", "", None)
        if several.key_for(alg=alg, kid=kid) is not None
    }
    assert found == {("ES256", "e"), ("RS256", "r"), ("PS256", "r")}
    named, unnamed = read_jwks(jwks({**EC, "kid": "e"})), read_jwks(jwks(EC))
    assert isinstance(named, ClientJwks)
    assert isinstance(unnamed, ClientJwks)
    assert [named.key_for(alg="ES256", kid=kid) is not None for kid in ("e", None, "x")] == [True, True, False]
    assert [unnamed.key_for(alg="ES256", kid=kid) is not None for kid in ("e", None)] == [True, True]


@given(
    members=st.dictionaries(
        st.sampled_from(["kty", "crv", "n", "e", "x", "y", "use", "alg", "kid", "key_ops", "d"]),
        st.sampled_from([*RSA.values(), *EC.values(), *ED.values(), None, "", 1, [], {}, "sig", "RS256"]),
    )
)
def test_any_members_are_an_answer(members: dict[str, object]) -> None:
    """Never an exception."""
    assert isinstance(read_jwks(jwks(members)), ClientJwks | JwksRefused)


GITHUB = {**RSA, "kid": "cc413527", "use": "sig", "alg": "RS256", "x5c": ["MIID"], "x5t": "zBwlKc"}
KEYCLOAK_ENC = {**rsa_jwk(rsa_key(which=2)), "kid": "enc", "use": "enc", "alg": "RSA-OAEP"}


@pytest.mark.parametrize(
    ("keys", "kids"),
    [
        ([GITHUB], ["cc413527"]),
        ([GITHUB, KEYCLOAK_ENC], ["cc413527"]),
        ([KEYCLOAK_ENC, {**EC, "kid": "e"}, {**ec_jwk(ec_key(ec.SECP384R1)), "kid": "p384"}], ["e"]),
        ([{"kty": "AKP", "kid": "new"}, {**ED, "kid": "d"}, {**RSA, "kid": "r", "alg": "RS512"}], ["d"]),
        ([{**EC, "kid": str(n)} for n in range(30)], [str(n) for n in range(30)]),
    ],
)
def test_issuers_keys_for_others_are_passed_over(keys: list[dict[str, object]], kids: list[str]) -> None:
    """A set is published for everybody; what we know is taken, the rest is not ours (RFC 7517 section 5)."""
    read = read_issuer_jwks(jwks(*keys))
    assert isinstance(read, ClientJwks)
    assert [key.kid for key in read.keys] == kids


@pytest.mark.parametrize(
    ("text", "refused"),
    [
        (jwks(GITHUB, {"kty": "oct", "k": "AAAA", "kid": "b"}), JwksRefused(JwksFault.SYMMETRIC, 1)),
        (jwks(GITHUB, {**EC, "kid": "e", "d": "AQAB"}), JwksRefused(JwksFault.PRIVATE, 1)),
        (jwks(GITHUB, {**rsa_jwk(rsa_key(1024)), "kid": "w"}), JwksRefused(JwksFault.MODULUS, 1)),
        (jwks(GITHUB, {**weak_rsa(N, 1), "kid": "w"}), JwksRefused(JwksFault.EXPONENT, 1)),
        (jwks(GITHUB, {**BAD_POINT, "kid": "w"}), JwksRefused(JwksFault.VALUE, 1)),
        (jwks(GITHUB, {**EC, "kid": "cc413527"}), JwksRefused(JwksFault.KID, 1)),
        (jwks(KEYCLOAK_ENC, RSA, {**EC, "kid": "e"}), JwksRefused(JwksFault.KID, 1)),
        (jwks(KEYCLOAK_ENC), JwksRefused(JwksFault.COUNT)),
        (jwks(), JwksRefused(JwksFault.COUNT)),
        (jwks(*({**EC, "kid": str(n)} for n in range(31))), JwksRefused(JwksFault.COUNT)),
        ("x" * 65_537, JwksRefused(JwksFault.UNREADABLE)),
        ('{"keys":{}}', JwksRefused(JwksFault.UNREADABLE)),
        ('{"keys":["x"]}', JwksRefused(JwksFault.UNREADABLE, 0)),
    ],
)
@pytest.mark.requirement("RFC 8725 section 3.5")
def test_issuers_set_is_refused_when_a_key_is_unsound(text: str, refused: JwksRefused) -> None:
    """Weak, secret or ambiguous keys say that whoever keeps the set does not know what they do."""
    assert read_issuer_jwks(text) == refused
