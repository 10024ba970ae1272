"""Client assertions: proven by the registered secret or key and nothing else (S16 to S19, RFC 7523, RFC 8725)."""

import json
import socket
from collections.abc import Mapping
from dataclasses import replace

import pytest
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from hypothesis import given
from hypothesis import strategies as st

from callgate.crypto.client_assertion import (
    AssertionFault,
    AssertionRefused,
    AssertionRules,
    AssertionVerified,
    UnprovenAssertion,
    read_client_assertion,
    verify_client_assertion,
)
from callgate.crypto.id_token import IdTokenClaims, sign_id_token
from callgate.crypto.jwks import ClientJwks, read_jwks
from callgate.crypto.jws import HmacSecret
from callgate.model.ids import ClientId
from callgate.model.key import KeyUse
from tests.crypto.factories import NOW_MS, make_signing_keys
from tests.crypto.forge import (
    Sign,
    b64,
    ec_jwk,
    ec_key,
    ed_jwk,
    ed_key,
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

CLIENT = ClientId("AZwEVwGEcfGet2PCouA7K6")
ISSUER = "https://auth.example"
TOKEN_URL = "https://auth.example/restapi/oauth/token"
RULES = AssertionRules(client_id=CLIENT, issuer=ISSUER)
NOW_S = NOW_MS // 1000
CLAIMS: Mapping[str, object] = {
    "iss": CLIENT,
    "sub": CLIENT,
    "aud": ISSUER,
    "exp": NOW_S + 300,
    "iat": NOW_S,
    "jti": "one",
}
LONG_SECRET = "s" * 64
SECRET = HmacSecret(LONG_SECRET)


def keys(*members: Mapping[str, object]) -> ClientJwks:
    """A registered key set."""
    read = read_jwks(jwks(*members))
    assert isinstance(read, ClientJwks)
    return read


RSA_KEYS = keys(rsa_jwk(rsa_key(), kid="r"))
EC_KEYS = keys(ec_jwk(ec_key(), kid="e"))
ED_KEYS = keys(ed_jwk(ed_key(), kid="d"))

WAYS: Mapping[str, tuple[HmacSecret | ClientJwks, Sign]] = {
    "HS256": (SECRET, hs(LONG_SECRET.encode())),
    "HS384": (SECRET, hs(LONG_SECRET.encode(), "sha384")),
    "HS512": (SECRET, hs(LONG_SECRET.encode(), "sha512")),
    "RS256": (RSA_KEYS, rs256(rsa_key())),
    "PS256": (RSA_KEYS, ps256(rsa_key())),
    "ES256": (EC_KEYS, es256(ec_key())),
    "EdDSA": (ED_KEYS, ed_key().sign),
}
"""Each algorithm: what the app registered, and how it signs."""


def verify(
    text: str,
    key: HmacSecret | ClientJwks,
    *,
    rules: AssertionRules = RULES,
    now_ms: int = NOW_MS,
) -> AssertionVerified | AssertionFault:
    """Both steps, with the reason alone where it is refused."""
    assertion = read_client_assertion(text)
    if isinstance(assertion, UnprovenAssertion):
        outcome = verify_client_assertion(assertion, key, rules=rules, now_ms=now_ms)
        return outcome.reason if isinstance(outcome, AssertionRefused) else outcome
    return assertion.reason


def judge(claims: Mapping[str, object], *, rules: AssertionRules = RULES) -> AssertionVerified | AssertionFault:
    """The verdict over rightly signed claims."""
    key, sign = WAYS["HS256"]
    return verify(forge({"alg": "HS256"}, claims, sign), key, rules=rules)


VERIFIED = AssertionVerified(
    client_id=CLIENT, jti="one", expires_ms=NOW_MS + 300_000, remember_until_ms=NOW_MS + 360_000
)


@pytest.mark.requirement("RFC 7523 section 2.2")
@pytest.mark.parametrize("alg", WAYS)
@pytest.mark.parametrize("typ", [None, "JWT", "jwt", "client-authentication+jwt"])
def test_the_registered_key_proves_its_client(alg: str, typ: str | None) -> None:
    """RFC 7523 section 3; rfc7523bis adds the last `typ`."""
    key, sign = WAYS[alg]
    header = {"alg": alg} if typ is None else {"alg": alg, "typ": typ}
    text = forge(header, CLAIMS, sign)
    unproven = read_client_assertion(text)
    assert isinstance(unproven, UnprovenAssertion)
    assert unproven.client_id == CLIENT
    assert verify(text, key) == VERIFIED


@pytest.mark.parametrize("alg", WAYS)
def test_every_other_key_and_algorithm_is_refused(alg: str) -> None:
    """Each signature against each registration under each name of an algorithm: only the one proves."""
    _, sign = WAYS[alg]
    proven = {
        (named, registered)
        for named in [*WAYS, "none", "None", "ES384", "RS384", "HS1", "Ed25519", "RSA-OAEP", "dir"]
        for registered, (key, _) in WAYS.items()
        if isinstance(verify(forge({"alg": named}, CLAIMS, sign), key), AssertionVerified)
    }
    same_key = [registered for registered, (key, _) in WAYS.items() if key is WAYS[alg][0]]
    assert proven == {(alg, registered) for registered in same_key}


@pytest.mark.parametrize("alg", WAYS)
def test_an_algorithm_of_the_other_family_is_named_as_the_reason(alg: str) -> None:
    """The app's owner learns that the way of signing is wrong, not that the key is."""
    _, sign = WAYS[alg]
    other = RSA_KEYS if alg.startswith("HS") else SECRET
    assert verify(forge({"alg": alg}, CLAIMS, sign), other) is AssertionFault.ALGORITHM


@pytest.mark.parametrize("alg", WAYS)
@pytest.mark.parametrize("kid", ["x", "../../../dev/null", "r' OR '1'='1", "http://127.0.0.1/", "R", "r\0"])
def test_a_kid_is_a_name_and_nothing_else(alg: str, kid: str) -> None:
    """S18: not a path, not a query, not an address; a secret has no kid, so any is as good as none."""
    key, sign = WAYS[alg]
    outcome = verify(forge({"alg": alg, "kid": kid}, CLAIMS, sign), key)
    assert outcome == (VERIFIED if key is SECRET else AssertionFault.KEY)


@pytest.mark.parametrize("alg", WAYS)
def test_every_changed_character_is_refused(alg: str) -> None:
    """Header, claims, signature: no place can be another letter."""
    key, sign = WAYS[alg]
    text = forge({"alg": alg}, CLAIMS, sign)
    assert verify(text, key) == VERIFIED
    for place in range(len(text)):
        for letter in "Aq5_":
            changed = text[:place] + letter + text[place + 1 :]
            assert changed == text or isinstance(verify(changed, key), AssertionFault)


PUBLIC = rsa_key().public_key()
AS_SECRETS = {
    "PEM": PUBLIC.public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo),
    "PEM without its end": PUBLIC.public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo).strip(),
    "PKCS1 PEM": PUBLIC.public_bytes(Encoding.PEM, PublicFormat.PKCS1),
    "DER": PUBLIC.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo),
    "OpenSSH": PUBLIC.public_bytes(Encoding.OpenSSH, PublicFormat.OpenSSH),
    "JWK": json.dumps(rsa_jwk(rsa_key(), kid="r")).encode(),
    "JWKS": jwks(rsa_jwk(rsa_key(), kid="r")).encode(),
    "modulus": str(rsa_jwk(rsa_key())["n"]).encode(),
    "empty": b"",
    "zeros": bytes(32),
}


@pytest.mark.parametrize("alg", ["HS256", "HS384", "HS512"])
@pytest.mark.parametrize("secret", AS_SECRETS.values(), ids=AS_SECRETS)
def test_a_public_key_never_serves_as_a_secret(alg: str, secret: bytes) -> None:
    """RFC 8725 section 2.1, CVE-2026-11800: a MAC made with what everybody may know."""
    text = forge({"alg": alg, "kid": "r"}, CLAIMS, hs(secret, alg.replace("HS", "sha")))
    assert verify(text, RSA_KEYS) is AssertionFault.ALGORITHM
    assert verify(text, SECRET) is AssertionFault.SIGNATURE


@pytest.mark.parametrize("alg", ["none", "None", "NONE", "nOnE", ""])
@pytest.mark.parametrize("sign", [unsigned, hs(b""), rs256(rsa_key(which=1))], ids=["no", "mac", "own"])
def test_unsigned_assertions_are_refused(alg: str, sign: Sign) -> None:
    """Whatever none is spelled like and whatever stands in the signature's place."""
    for key, _ in WAYS.values():
        assert isinstance(verify(forge({"alg": alg}, CLAIMS, sign), key), AssertionFault)


def test_a_key_in_the_header_is_not_used_nor_fetched() -> None:
    """S18, CVE-2026-27962: rightly signed by the attacker's own key, which the header brings or points to."""
    mine = rsa_key(which=1)
    with socket.create_server(("127.0.0.1", 0)) as listener:
        listener.setblocking(False)
        url = f"http://127.0.0.1:{listener.getsockname()[1]}/keys"
        for extra in (
            {"jwk": rsa_jwk(mine)},
            {"jwk": rsa_jwk(mine, kid="r"), "kid": "r"},
            {"jku": url},
            {"x5u": url},
            {"x5c": ["MIIB"]},
            {"jku": url, "kid": url},
        ):
            text = forge({"alg": "RS256", **extra}, CLAIMS, rs256(mine))
            assert verify(text, RSA_KEYS) is AssertionFault.HEADER
        with pytest.raises(BlockingIOError):
            listener.accept()


@pytest.mark.requirement("RFC 7523 section 3")
@pytest.mark.parametrize(
    ("alg", "sign"),
    [
        ("ES256", lambda _: bytes(64)),
        ("ES256", lambda _: b"\xff" * 64),
        ("ES256", lambda _: b"\x00"),
        ("ES256", lambda message: es256(ec_key())(message) + b"\x00"),
        ("ES256", lambda message: b"\x00" + es256(ec_key())(message)),
        ("ES256", es256_der(ec_key())),
        ("ES256", es256(ec_key(which=1))),
        ("ES256", es256(ec_key(ec.SECP384R1))),
        ("ES256", es256(ec_key(ec.SECP256K1))),
        ("RS256", lambda _: bytes(256)),
        ("RS256", lambda _: b"\x00" * 255 + b"\x01"),
        ("RS256", lambda message: b"\x00" + rs256(rsa_key())(message)),
        ("RS256", lambda message: rs256(rsa_key())(message)[:-1]),
        ("RS256", rs256(rsa_key(which=1))),
        ("PS256", rs256(rsa_key())),
        ("RS256", ps256(rsa_key())),
        ("EdDSA", lambda _: bytes(64)),
        ("EdDSA", lambda _: b"\x01" + bytes(63)),
        ("EdDSA", ed_key(1).sign),
        ("HS256", lambda message: hs(LONG_SECRET.encode())(message)[:16]),
        ("HS256", lambda message: hs(LONG_SECRET.encode())(message) + b"\x00"),
        ("HS256", hs(LONG_SECRET[:-1].encode())),
        ("HS256", hs(b64(LONG_SECRET.encode()).encode())),
    ],
)
def test_false_signatures_are_refused(alg: str, sign: Sign) -> None:
    """Zeros (CVE-2022-21449), cut, longer, in another notation, by another key, padding or curve."""
    key, _ = WAYS[alg]
    assert verify(forge({"alg": alg}, CLAIMS, sign), key) is AssertionFault.SIGNATURE


@pytest.mark.parametrize(
    ("alg", "fault"), [("HS256", None), ("HS384", AssertionFault.SECRET_SHORT), ("HS512", AssertionFault.SECRET_SHORT)]
)
def test_a_minted_secret_serves_hs256_only(alg: str, fault: AssertionFault | None) -> None:
    """RFC 7518 section 3.2: 43 characters are no key for SHA-384 and SHA-512."""
    minted = "m" * 43
    text = forge({"alg": alg}, CLAIMS, hs(minted.encode(), alg.replace("HS", "sha")))
    assert verify(text, HmacSecret(minted)) == (fault or VERIFIED)


@pytest.mark.parametrize("typ", ["at+jwt", "dpop+jwt", "logout+jwt", "secevent+jwt", "application/jwt", "JWS", "jwt "])
def test_another_type_of_jwt_is_no_assertion(typ: str) -> None:
    """RFC 8725 section 3.11."""
    key, sign = WAYS["HS256"]
    assert verify(forge({"alg": "HS256", "typ": typ}, CLAIMS, sign), key) is AssertionFault.TYPE


def test_an_id_token_of_the_app_is_no_assertion() -> None:
    """S18: signed with the app's own secret by us, for the app, and yet its `sub` is a person."""
    claims = IdTokenClaims(
        issuer=ISSUER,
        subject="256440016",
        audience=CLIENT,
        issued_s=NOW_S,
        expires_s=NOW_S + 300,
        jti="one",
        account_id="1",
    )
    assert verify(sign_id_token(claims, SECRET), SECRET) is AssertionFault.CLIENT
    signed = sign_id_token(claims, make_signing_keys(KeyUse.ID_TOKEN_RS256).active)
    assert verify(signed, RSA_KEYS) is AssertionFault.KEY


@pytest.mark.requirement("RFC 7523 section 3")
@pytest.mark.parametrize(
    ("changed", "fault"),
    [
        ({"iss": "other"}, AssertionFault.CLIENT),
        ({"sub": "other"}, AssertionFault.CLIENT),
        ({"iss": "other", "sub": "other"}, AssertionFault.CLIENT),
        ({"iss": [CLIENT]}, AssertionFault.CLAIMS),
        ({"sub": None}, AssertionFault.CLAIMS),
        ({"sub": {}}, AssertionFault.CLAIMS),
        ({"aud": TOKEN_URL}, AssertionFault.AUDIENCE),
        ({"aud": [ISSUER]}, AssertionFault.AUDIENCE),
        ({"aud": [ISSUER, "https://other.example"]}, AssertionFault.AUDIENCE),
        ({"aud": ISSUER + "/"}, AssertionFault.AUDIENCE),
        ({"aud": ISSUER.upper()}, AssertionFault.AUDIENCE),
        ({"aud": "https://other.example"}, AssertionFault.AUDIENCE),
        ({"aud": None}, AssertionFault.AUDIENCE),
        ({"aud": ""}, AssertionFault.AUDIENCE),
        ({"exp": NOW_S - 60}, AssertionFault.EXPIRED),
        ({"exp": NOW_S + 3661}, AssertionFault.LIFE),
        ({"exp": 2**39}, AssertionFault.LIFE),
        ({"exp": 2**50}, AssertionFault.CLAIMS),
        ({"exp": -1}, AssertionFault.CLAIMS),
        ({"exp": str(NOW_S + 300)}, AssertionFault.CLAIMS),
        ({"exp": True}, AssertionFault.CLAIMS),
        ({"exp": None}, AssertionFault.CLAIMS),
        ({"iat": NOW_S + 61}, AssertionFault.EARLY),
        ({"iat": "now"}, AssertionFault.CLAIMS),
        ({"iat": None}, AssertionFault.CLAIMS),
        ({"nbf": NOW_S + 61}, AssertionFault.EARLY),
        ({"nbf": "now"}, AssertionFault.CLAIMS),
        ({"jti": ""}, AssertionFault.CLAIMS),
        ({"jti": 1}, AssertionFault.CLAIMS),
        ({"jti": "j" * 256}, AssertionFault.CLAIMS),
    ],
)
def test_claims_that_say_something_else_are_refused(changed: dict[str, object], fault: AssertionFault) -> None:
    """S17 and RFC 7523 section 3: our issuer alone, its own client, at most an hour, a name to remember."""
    assert judge({**CLAIMS, **changed}) is fault


@pytest.mark.requirement("RFC 7523 section 3")
@pytest.mark.parametrize("missing", ["iss", "sub", "exp", "jti"])
def test_claims_that_lack_something_are_refused(missing: str) -> None:
    """RFC 7523 section 3, items 1, 2, 4 and 7 (which we require: without it there is no single use)."""
    assert judge({name: value for name, value in CLAIMS.items() if name != missing}) is AssertionFault.CLAIMS


@pytest.mark.requirement("RFC 7523 section 3")
def test_a_minute_of_skew_is_allowed_and_no_more() -> None:
    """P19, at the edges; times may be fractions (RFC 7519 section 2)."""
    assert isinstance(judge({**CLAIMS, "exp": NOW_S - 59}), AssertionVerified)
    assert isinstance(judge({**CLAIMS, "exp": NOW_S + 3660}), AssertionVerified)
    assert isinstance(judge({**CLAIMS, "iat": NOW_S + 60, "nbf": NOW_S + 60.0}), AssertionVerified)
    assert judge({**CLAIMS, "exp": NOW_S + 299.5}) == replace(
        VERIFIED, expires_ms=NOW_MS + 299_500, remember_until_ms=NOW_MS + 359_500
    )


@pytest.mark.requirement("RFC 7523 section 3")
def test_the_token_url_is_an_audience_only_for_apps_that_may() -> None:
    """Ruling 11: a switch of the app, beside the issuer and not instead of it."""
    rules = AssertionRules(client_id=CLIENT, issuer=ISSUER, token_url=TOKEN_URL)
    assert judge({**CLAIMS, "aud": TOKEN_URL}, rules=rules) == VERIFIED
    assert judge(CLAIMS, rules=rules) == VERIFIED
    assert judge({**CLAIMS, "aud": [TOKEN_URL]}, rules=rules) is AssertionFault.AUDIENCE
    assert judge({**CLAIMS, "aud": None}) is AssertionFault.AUDIENCE


@pytest.mark.requirement("RFC 7523 section 3")
def test_another_client_s_assertion_proves_nobody() -> None:
    """S16: rightly signed by one client, presented as another, whose keys are then asked."""
    text = forge({"alg": "RS256"}, CLAIMS, rs256(rsa_key()))
    others = AssertionRules(client_id=ClientId("another"), issuer=ISSUER)
    assert verify(text, RSA_KEYS, rules=others) is AssertionFault.CLIENT
    assert verify(text, keys(rsa_jwk(rsa_key(which=1))), rules=others) is AssertionFault.SIGNATURE


@given(
    claims=st.dictionaries(
        st.sampled_from(["iss", "sub", "aud", "exp", "iat", "nbf", "jti", "x"]),
        st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5) | st.just(CLIENT) | st.just([]),
    )
)
def test_any_claims_are_an_answer(claims: dict[str, object]) -> None:
    """Never an exception, whatever is signed."""
    assert isinstance(judge({**CLAIMS, **claims}), AssertionVerified | AssertionFault)
