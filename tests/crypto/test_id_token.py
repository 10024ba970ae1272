"""ID tokens: signed as the app asks, verified here without our own reader (OpenID Connect Core section 2)."""

import base64
import hashlib
import hmac
import json
from dataclasses import replace

import pytest
from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa
from cryptography.hazmat.primitives.asymmetric.utils import encode_dss_signature
from cryptography.hazmat.primitives.hashes import SHA256

from callgate.crypto.id_token import (
    IdTokenClaims,
    IdTokenRead,
    access_token_hash,
    id_token_holds,
    read_id_token,
    sign_id_token,
)
from callgate.crypto.jws import HmacSecret, sign_jws
from callgate.crypto.signing_keys import SigningKey, jwks_document
from callgate.model.key import KeyUse
from tests.crypto.factories import make_signing_keys

CLAIMS = IdTokenClaims(
    issuer="https://auth.example",
    subject="256440016",
    audience="AZwEVwGEcfGet2PCouA7K6",
    issued_s=1_800_000_000,
    expires_s=1_800_003_600,
    jti="one",
    account_id="208594004",
)


def read(text: str) -> tuple[dict[str, object], dict[str, object], bytes, bytes]:
    """Header, claims, signing input and signature."""
    header, claims, signature = (base64.urlsafe_b64decode(piece + "==") for piece in text.split("."))
    return json.loads(header), json.loads(claims), text.rpartition(".")[0].encode(), signature


def published(use: KeyUse) -> dict[str, str]:
    """The public key as a client reads it from the JWKS."""
    (key,) = json.loads(jwks_document(make_signing_keys(use)))["keys"]
    assert isinstance(key, dict)
    return key


def number(text: str) -> int:
    """A JWK's number."""
    return int.from_bytes(base64.urlsafe_b64decode(text + "=="), "big")


def test_rs256_verifies_with_the_published_key() -> None:
    """The default; `kid` is in the JWKS."""
    key = published(KeyUse.ID_TOKEN_RS256)
    text = sign_id_token(CLAIMS, make_signing_keys(KeyUse.ID_TOKEN_RS256).active)
    header, _, signing_input, signature = read(text)
    assert header == {"kid": key["kid"], "typ": "JWT", "alg": "RS256"}
    public = rsa.RSAPublicNumbers(number(key["e"]), number(key["n"])).public_key()
    assert public.key_size == 2048
    public.verify(signature, signing_input, padding.PKCS1v15(), SHA256())


def test_es256_verifies_with_the_published_key() -> None:
    """For apps that ask: a twelfth of the work."""
    key = published(KeyUse.ID_TOKEN_ES256)
    text = sign_id_token(CLAIMS, make_signing_keys(KeyUse.ID_TOKEN_ES256).active)
    header, _, signing_input, signature = read(text)
    assert header == {"kid": key["kid"], "typ": "JWT", "alg": "ES256"}
    public = ec.EllipticCurvePublicNumbers(number(key["x"]), number(key["y"]), ec.SECP256R1()).public_key()
    r, s = (int.from_bytes(half, "big") for half in (signature[:32], signature[32:]))
    public.verify(encode_dss_signature(r, s), signing_input, ec.ECDSA(SHA256()))


def test_hs256_is_made_with_the_app_s_secret() -> None:
    """No kid: the app has one secret. A short secret is a defect (RFC 7518 section 3.2)."""
    secret = "s" * 43
    header, _, signing_input, signature = read(sign_id_token(CLAIMS, HmacSecret(secret)))
    assert header == {"typ": "JWT", "alg": "HS256"}
    assert signature == hmac.digest(secret.encode(), signing_input, "sha256")
    with pytest.raises(AssertionError):
        sign_id_token(CLAIMS, HmacSecret("s" * 31))


def test_claims_stand_in_order_and_absent_ones_do_not() -> None:
    """protocol.md F; a claim nobody knows is left out, a false one is not."""
    _, least, _, _ = read(sign_id_token(CLAIMS, HmacSecret("s" * 43)))
    assert list(least) == ["iss", "sub", "aud", "exp", "iat", "jti", "account_id"]
    whole = replace(
        CLAIMS,
        auth_time_s=1_799_999_000,
        nonce="n",
        access_token="token",
        email="a@example.com",
        email_verified=False,
        given_name="Ada",
        family_name="Łovelace",
    )
    _, claims, _, _ = read(sign_id_token(whole, HmacSecret("s" * 43)))
    assert claims == {
        "iss": "https://auth.example",
        "sub": "256440016",
        "aud": "AZwEVwGEcfGet2PCouA7K6",
        "exp": 1_800_003_600,
        "iat": 1_800_000_000,
        "jti": "one",
        "auth_time": 1_799_999_000,
        "nonce": "n",
        "at_hash": access_token_hash("token"),
        "account_id": "208594004",
        "email": "a@example.com",
        "email_verified": False,
        "given_name": "Ada",
        "family_name": "Łovelace",
    }


def test_at_hash_is_the_left_half() -> None:
    """OpenID Connect Core section 3.1.3.6."""
    digest = hashlib.sha256(b"token").digest()
    assert base64.urlsafe_b64decode(access_token_hash("token") + "==") == digest[:16]


def test_no_repr_shows_what_a_token_says() -> None:
    """People's addresses do not go to logs."""
    assert "example.com" not in repr(replace(CLAIMS, email="a@example.com"))


def come_back(text: str, issuer: str = CLAIMS.issuer) -> IdTokenRead:
    """An ID token read as a hint."""
    back = read_id_token(text, issuer=issuer)
    assert back is not None
    return back


RSA = make_signing_keys(KeyUse.ID_TOKEN_RS256).active
EC = make_signing_keys(KeyUse.ID_TOKEN_ES256).active
SECRET = HmacSecret("s" * 43)


@pytest.mark.parametrize("signer", [RSA, EC, SECRET], ids=["RS256", "ES256", "HS256"])
def test_hint_holds_when_its_signer_signed_it(signer: SigningKey | HmacSecret) -> None:
    """Expired long ago: it is a hint, and says whom it was about."""
    back = come_back(sign_id_token(replace(CLAIMS, expires_s=1), signer))
    assert (back.subject, back.audience) == (CLAIMS.subject, CLAIMS.audience)
    assert back.by_secret is (signer is SECRET)
    assert back.kid == (None if isinstance(signer, HmacSecret) else signer.kid)
    assert id_token_holds(back, signer)
    others = [other for other in (RSA, EC, SECRET, HmacSecret("t" * 43)) if other is not signer]
    assert not any(id_token_holds(back, other) for other in others)


def test_hint_does_not_hold_when_a_bit_of_it_is_another() -> None:
    """What was judged is what was signed."""
    header, claims, signature = sign_id_token(CLAIMS, RSA).split(".")
    other = sign_id_token(replace(CLAIMS, subject="256440017"), RSA).split(".")[1]
    assert not id_token_holds(come_back(f"{header}.{other}.{signature}"), RSA)
    assert id_token_holds(come_back(f"{header}.{claims}.{signature}"), RSA)


def test_nothing_is_read_when_it_is_no_id_token_of_ours() -> None:
    """Another issuer's, another shape, no JWT at all."""
    assert read_id_token(sign_id_token(CLAIMS, RSA), issuer="https://other.example") is None
    for members in ({"sub": "1"}, {"aud": "a"}, {"sub": 1, "aud": "a"}, {"sub": "1", "aud": ["a"]}):
        text = sign_jws({"iss": CLAIMS.issuer, **members}, RSA.key, alg="RS256", kid=RSA.kid)
        assert read_id_token(text, issuer=CLAIMS.issuer) is None
    for text in ("", "x", "a.b.c", "x" * 9000):
        assert read_id_token(text, issuer=CLAIMS.issuer) is None
    assert CLAIMS.subject not in repr(come_back(sign_id_token(CLAIMS, RSA)))
