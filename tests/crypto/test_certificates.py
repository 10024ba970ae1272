import base64

import pytest
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa
from cryptography.hazmat.primitives.hashes import SHA256

from callgate.crypto.certificates import CertificateFault, CertificateSeen, describe_certificate, read_certificate
from tests.certificates import self_signed

PAIR = self_signed()
KEPT = base64.b64encode(PAIR.der).decode()
SHORT = self_signed(key=rsa.generate_private_key(public_exponent=65_537, key_size=1024))  # noqa: S505 - to be refused


@pytest.mark.parametrize(
    "content",
    [
        PAIR.pem,
        PAIR.der,
        KEPT.encode(),
        b"\r\n   ".join(KEPT[at : at + 64].encode() for at in range(0, len(KEPT), 64)),
        b"Bag Attributes\n" + PAIR.pem + b"\n",
    ],
    ids=["PEM", "DER", "base64", "base64 in lines", "PEM with words around it"],
)
def test_certificate_is_read_however_it_is_written(content: bytes) -> None:
    """Kept as metadata has it; that it expired years ago decides nothing."""
    assert read_certificate(content) == KEPT


def test_certificate_on_a_curve_is_read() -> None:
    """ECDSA signatures are on the list as well."""
    pair = self_signed(key=ec.generate_private_key(ec.SECP256R1()))
    assert read_certificate(pair.pem) == base64.b64encode(pair.der).decode()


@pytest.mark.parametrize(
    ("content", "fault"),
    [
        (b"", CertificateFault.UNREADABLE),
        (b"<EntityDescriptor/>", CertificateFault.UNREADABLE),
        (b"-----BEGIN CERTIFICATE-----\n!\n-----END CERTIFICATE-----\n", CertificateFault.UNREADABLE),
        (PAIR.der[:-9], CertificateFault.UNREADABLE),
        (PAIR.key_pem, CertificateFault.UNREADABLE),
        (PAIR.pem + b" " * 16_384, CertificateFault.UNREADABLE),
        (PAIR.pem + SHORT.pem, CertificateFault.SEVERAL),
        (SHORT.pem, CertificateFault.WEAK),
        (self_signed(key=ed25519.Ed25519PrivateKey.generate()).pem, CertificateFault.WEAK),
    ],
    ids=["empty", "metadata", "no base64", "cut", "private key", "too large", "two", "1024 bits", "Ed25519"],
)
def test_certificate_is_refused_when_it_cannot_sign_for_us(content: bytes, fault: CertificateFault) -> None:
    """Before it is kept: a connection that can verify nothing should not exist."""
    assert read_certificate(content) is fault


def test_certificate_is_shown_by_what_people_compare() -> None:
    """Subject, end, fingerprint."""
    fingerprint = PAIR.certificate.fingerprint(SHA256()).hex()
    assert describe_certificate(KEPT) == CertificateSeen(
        subject="CN=idp.example", sha256=fingerprint, not_after_ms=1_609_459_200_000
    )
