import base64
import datetime as dt

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ed25519
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding

from callgate.crypto.certificates import CertificateFault, CertificateSeen, describe_certificate, read_certificate
from tests.crypto.saml.signer import NOW_MS, identity

PAIR = identity("certificate", expired=True)
DER = base64.b64decode(PAIR.der)
SHORT = identity("short", bits=1024)


def edwards() -> bytes:
    """A certificate whose key signs by an algorithm that is on no list."""
    key, name = ed25519.Ed25519PrivateKey.generate(), x509.Name([])
    now = dt.datetime(2026, 1, 1, tzinfo=dt.UTC)
    builder = x509.CertificateBuilder().subject_name(name).issuer_name(name).serial_number(1)
    builder = builder.public_key(key.public_key()).not_valid_before(now).not_valid_after(now)
    return builder.sign(key, None).public_bytes(Encoding.PEM)


@pytest.mark.parametrize(
    "content",
    [
        PAIR.pem,
        DER,
        PAIR.der.encode(),
        b"\r\n   ".join(PAIR.der[at : at + 64].encode() for at in range(0, len(PAIR.der), 64)),
        b"Bag Attributes\n" + PAIR.pem + b"\n",
    ],
    ids=["PEM", "DER", "base64", "base64 in lines", "PEM with words around it"],
)
def test_certificate_is_read_however_it_is_written(content: bytes) -> None:
    """Kept as metadata has it; that it is over decides nothing."""
    assert read_certificate(content) == PAIR.der


def test_certificate_on_a_curve_is_read() -> None:
    """ECDSA signatures are on the list as well."""
    pair = identity("curve", kind="ec")
    assert read_certificate(pair.pem) == pair.der


@pytest.mark.parametrize(
    ("content", "fault"),
    [
        (b"", CertificateFault.UNREADABLE),
        (b"<EntityDescriptor/>", CertificateFault.UNREADABLE),
        (b"-----BEGIN CERTIFICATE-----\n!\n-----END CERTIFICATE-----\n", CertificateFault.UNREADABLE),
        (DER[:-9], CertificateFault.UNREADABLE),
        (PAIR.key_pem, CertificateFault.UNREADABLE),
        (PAIR.pem + b" " * 16_384, CertificateFault.UNREADABLE),
        (PAIR.pem + SHORT.pem, CertificateFault.SEVERAL),
        (SHORT.pem, CertificateFault.WEAK),
        (edwards(), CertificateFault.WEAK),
    ],
    ids=["empty", "metadata", "no base64", "cut", "private key", "too large", "two", "1024 bits", "Ed25519"],
)
def test_certificate_is_refused_when_it_cannot_sign_for_us(content: bytes, fault: CertificateFault) -> None:
    """Before it is kept: a connection that can verify nothing should not exist."""
    assert read_certificate(content) is fault


def test_certificate_is_shown_by_what_people_compare() -> None:
    """Subject, end, fingerprint."""
    day_ms = 86_400_000
    assert describe_certificate(PAIR.der) == CertificateSeen(
        subject="CN=certificate", sha256=PAIR.certificate.fingerprint(SHA256()).hex(), not_after_ms=NOW_MS - day_ms
    )
