"""Codes of authenticator apps: the RFC's own vectors, an independent app, and the steps around now."""

import base64
import hashlib
from urllib.parse import parse_qs, urlsplit

import pytest
from hypothesis import given
from hypothesis import strategies as st

from callgate.crypto.entropy import SeededEntropy, SystemEntropy
from callgate.crypto.kek import KeyEncryptionError, KeyEncryptionKey
from callgate.crypto.totp import (
    SECRET_BYTES,
    hash_recovery_code,
    matching_step,
    new_recovery_codes,
    new_totp_secret,
    open_totp_secret,
    seal_totp_secret,
    spell_totp_secret,
    totp_code,
    totp_uri,
)
from callgate.model.ids import ExtensionId
from tests.authenticator import code_of

RFC_SECRET = b"12345678901234567890"
STEP_MS = 30_000
NOW_MS = 1_760_000_000_000
NOW = NOW_MS // STEP_MS
PERSON = ExtensionId(1002)


@pytest.mark.requirement("RFC 6238 section 4.2")
@pytest.mark.parametrize(
    ("time_s", "code"),
    [
        (59, "287082"),
        (1_111_111_109, "081804"),
        (1_111_111_111, "050471"),
        (1_234_567_890, "005924"),
        (2_000_000_000, "279037"),
        (20_000_000_000, "353130"),
    ],
)
def test_code_is_the_rfc_s(time_s: int, code: str) -> None:
    """RFC 6238 appendix B, SHA-1, its last six digits."""
    assert totp_code(RFC_SECRET, time_s // 30) == code
    assert matching_step(RFC_SECRET, code, now_ms=time_s * 1000) == time_s // 30


@given(st.binary(min_size=SECRET_BYTES, max_size=SECRET_BYTES))
def test_code_is_what_another_app_shows(secret: bytes) -> None:
    """Of any secret, as it is typed into the app."""
    shown = code_of(spell_totp_secret(secret))
    # The clock may tick between the two.
    assert any(totp_code(secret, step) == shown for step in _steps_now())


def _steps_now() -> range:
    import time  # noqa: PLC0415 - the one place here that looks at a clock

    now = int(time.time()) // 30
    return range(now - 1, now + 1)


@pytest.mark.requirement("RFC 6238 section 5.2")
@pytest.mark.parametrize("step", [NOW - 2, NOW - 1, NOW, NOW + 1, NOW + 2])
def test_code_is_taken_one_step_around_now(step: int) -> None:
    """RFC 6238 section 5.2: one step for clocks and people, no more."""
    found = matching_step(RFC_SECRET, totp_code(RFC_SECRET, step), now_ms=NOW_MS)
    assert found == (step if abs(step - NOW) <= 1 else None)


def test_wrong_code_matches_nothing() -> None:
    """Nor does what is no code at all."""
    right = {totp_code(RFC_SECRET, step) for step in range(NOW - 1, NOW + 2)}
    wrong = next(f"{number:06}" for number in range(10) if f"{number:06}" not in right)
    assert matching_step(RFC_SECRET, wrong, now_ms=NOW_MS) is None
    assert matching_step(RFC_SECRET, "", now_ms=NOW_MS) is None


def test_uri_says_what_apps_read() -> None:
    """The key, who it is for, and the defaults."""
    uri = urlsplit(totp_uri(RFC_SECRET, issuer="Callgate gate.example", login="ada&b@x.example"))
    assert (uri.scheme, uri.netloc) == ("otpauth", "totp")
    assert uri.path == "/Callgate%20gate.example:ada%26b%40x.example"
    assert parse_qs(uri.query) == {
        "secret": [base64.b32encode(RFC_SECRET).decode()],
        "issuer": ["Callgate gate.example"],
        "digits": ["6"],
        "period": ["30"],
        "algorithm": ["SHA1"],
    }


def test_secret_is_sealed_for_its_person() -> None:
    """Neither another person's row nor another key-encryption key opens it."""
    kek = KeyEncryptionKey([b"\1" * 32])
    sealed = seal_totp_secret(kek, RFC_SECRET, extension_id=PERSON)
    assert RFC_SECRET not in sealed
    assert open_totp_secret(kek, sealed, extension_id=PERSON) == RFC_SECRET
    with pytest.raises(KeyEncryptionError):
        open_totp_secret(kek, sealed, extension_id=ExtensionId(1))
    with pytest.raises(KeyEncryptionError):
        open_totp_secret(KeyEncryptionKey([b"\2" * 32]), sealed, extension_id=PERSON)


def test_secrets_and_recovery_codes_are_drawn() -> None:
    """160 bits a secret; ten codes of 80 bits; the same only for the same seed."""
    assert len(new_totp_secret(SystemEntropy())) == 20
    codes = new_recovery_codes(SystemEntropy())
    assert len(set(codes)) == 10
    assert {len(base64.b32decode(code)) for code in codes} == {10}
    assert new_recovery_codes(SeededEntropy(1)) == new_recovery_codes(SeededEntropy(1))
    assert hash_recovery_code(codes[0]) == hashlib.sha256(codes[0].encode()).digest()
