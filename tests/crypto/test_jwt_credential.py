"""JWT credentials on the wire, and what is said of texts that are none of ours (protocol.md G, ruling 6)."""

import base64
import hashlib
import json
import struct
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from callgate.crypto.id_token import IdTokenClaims, sign_id_token
from callgate.crypto.jwt_credential import (
    CredentialClaims,
    NotOurs,
    OurCredential,
    hash_jwt_credential,
    inspect_jwt_credential,
    mint_jwt_credential,
)
from callgate.model.ids import AccountId, ExtensionId, RowId
from callgate.model.key import KeyUse
from tests.crypto.factories import make_signing_keys
from tests.crypto.forge import ec_key, es256, forge, hs, rs256, rsa_jwk, rsa_key, unsigned

CLAIMS = CredentialClaims(
    audience="https://auth.example/restapi/oauth/token",
    issuer="https://auth.example",
    account_id=AccountId(208_594_004),
    extension_id=ExtensionId(256_440_016),
    row_id=RowId(923_517_231_104_000_123),
    issued_s=1_761_773_604,
    expires_s=None,
)
KEYS = make_signing_keys(KeyUse.JWT_CREDENTIAL)
OURS = mint_jwt_credential(CLAIMS, KEYS.active)


def decoded(text: str) -> list[str]:
    """Header and claims as they stand on the wire."""
    return [base64.urlsafe_b64decode(piece + "==").decode() for piece in text.split(".")[:2]]


def test_a_credential_looks_like_the_platform_s() -> None:
    """Header and payload in the order seen; never means iat + 2³¹ − 1 (the sample's own numbers)."""
    header, claims = decoded(OURS)
    assert header == f'{{"kid":"{KEYS.active.kid}","typ":"JWT","alg":"RS256"}}'
    assert list(json.loads(claims)) == ["aud", "sub", "iss", "exp", "iat", "jti"]
    assert json.loads(claims) == {
        "aud": "https://auth.example/restapi/oauth/token",
        "sub": "256440016",
        "iss": "https://auth.example",
        "exp": 3_909_257_251,
        "iat": 1_761_773_604,
        "jti": base64.urlsafe_b64encode(struct.pack(">QQ", 208_594_004, 923_517_231_104_000_123)).decode()[:22],
    }


def test_an_expiry_is_written_as_given() -> None:
    """Information for whoever looks into it; the row decides."""
    text = mint_jwt_credential(replace(CLAIMS, expires_s=1_800_000_000), KEYS.active)
    assert json.loads(decoded(text)[1])["exp"] == 1_800_000_000


@given(account=st.integers(0, 2**63 - 1), row=st.integers(0, 2**63 - 1), extension=st.integers(0, 2**63 - 1))
def test_our_credential_names_its_row(account: int, row: int, extension: int) -> None:
    """Account and row travel in `jti`, the person in `sub`; the hash is what the row must hold."""
    named = replace(CLAIMS, account_id=AccountId(account), row_id=RowId(row))
    text = mint_jwt_credential(replace(named, extension_id=ExtensionId(extension)), KEYS.active)
    assert inspect_jwt_credential(text, KEYS) == OurCredential(
        account_id=AccountId(account),
        extension_id=ExtensionId(extension),
        row_id=RowId(row),
        sha256=hashlib.sha256(text.encode()).digest(),
    )
    assert hash_jwt_credential(text) == hashlib.sha256(text.encode()).digest()


HEADER = {"kid": KEYS.active.kid, "typ": "JWT", "alg": "RS256"}
BODY = decoded(OURS)[1]
ATTACKER = rsa_key(which=1)


@pytest.mark.parametrize(
    ("text", "fault"),
    [
        ("", NotOurs.UNREADABLE),
        ("garbage", NotOurs.UNREADABLE),
        ("a.b.c", NotOurs.UNREADABLE),
        (OURS + "=", NotOurs.UNREADABLE),
        (OURS.rpartition(".")[0] + ".", NotOurs.UNREADABLE),
        (forge(HEADER, BODY, unsigned), NotOurs.UNREADABLE),
        (forge({**HEADER, "alg": "none"}, BODY, unsigned), NotOurs.UNREADABLE),
        (OURS + "." + OURS, NotOurs.UNREADABLE),
        ("A" * 9000, NotOurs.UNREADABLE),
        (forge({**HEADER, "alg": "HS256"}, BODY, hs(b"secret")), NotOurs.ALGORITHM),
        (forge({**HEADER, "alg": "HS256"}, BODY, hs(str(rsa_jwk(rsa_key())["n"]).encode())), NotOurs.ALGORITHM),
        (forge({**HEADER, "alg": "ES256"}, BODY, es256(ec_key())), NotOurs.ALGORITHM),
        (forge({**HEADER, "alg": "none"}, BODY, hs(b"x")), NotOurs.ALGORITHM),
        (forge({**HEADER, "alg": "rs256"}, BODY, rs256(ATTACKER)), NotOurs.ALGORITHM),
        (forge(HEADER, BODY, rs256(ATTACKER)), NotOurs.SIGNATURE),
        (forge({"alg": "RS256"}, BODY, rs256(ATTACKER)), NotOurs.SIGNATURE),
        (forge({**HEADER, "kid": "8762f598d05944db86bf5ca978047608"}, BODY, rs256(ATTACKER)), NotOurs.SIGNATURE),
        (forge({**HEADER, "jwk": rsa_jwk(ATTACKER)}, BODY, rs256(ATTACKER)), NotOurs.SIGNATURE),
        (forge({**HEADER, "x5t": "AAAA"}, BODY, rs256(ATTACKER)), NotOurs.SIGNATURE),
        (OURS.rpartition(".")[0] + ".AAAA", NotOurs.SIGNATURE),
    ],
)
def test_what_is_not_ours_is_told_apart(text: str, fault: NotOurs) -> None:
    """protocol.md G: garbage OAU-331, another algorithm OAU-347, another's signature OAU-345."""
    assert inspect_jwt_credential(text, KEYS) is fault


def test_changed_claims_are_another_s() -> None:
    """Our signature under other words."""
    header, claims, signature = OURS.split(".")
    other = base64.urlsafe_b64encode(BODY.replace("256440016", "208594004").encode()).rstrip(b"=").decode()
    assert other != claims
    assert inspect_jwt_credential(f"{header}.{other}.{signature}", KEYS) is NotOurs.SIGNATURE


def test_an_id_token_is_no_credential() -> None:
    """S18: signed by us and naming the person, but by the keys of another use; both say `typ: JWT`."""
    claims = IdTokenClaims(
        issuer=CLAIMS.issuer,
        subject="256440016",
        audience=CLAIMS.audience,
        issued_s=1,
        expires_s=2**31,
        jti="AAAAAAxvAFQM0P1Gsp4AAHs",
        account_id="208594004",
    )
    text = sign_id_token(claims, make_signing_keys(KeyUse.ID_TOKEN_RS256).active)
    assert inspect_jwt_credential(text, KEYS) is NotOurs.SIGNATURE


def test_a_credential_of_another_server_is_foreign() -> None:
    """Its keys are not ours."""
    text = mint_jwt_credential(CLAIMS, make_signing_keys(KeyUse.JWT_CREDENTIAL, seed=2).active)
    assert inspect_jwt_credential(text, KEYS) is NotOurs.SIGNATURE


@given(text=st.text(max_size=80))
def test_any_text_is_an_answer(text: str) -> None:
    """Never an exception."""
    assert isinstance(inspect_jwt_credential(text, KEYS), NotOurs)
