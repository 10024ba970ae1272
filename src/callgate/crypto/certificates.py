"""Certificates of identity providers: read once, when an administrator gives one, and kept as base64 of DER.

A certificate is only the carrier of a public key here. Its dates, its subject and who signed it decide nothing: an
administrator chose it by hand, and self-signed ones that expired years ago are what many providers have.
"""

import base64
import binascii
import hashlib
import re
from dataclasses import dataclass
from enum import Enum

from cryptography import x509
from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric import ec, rsa

RSA_BITS_MIN = 2048
"""NIST SP 800-131A: shorter ones are not to verify signatures with."""

_BYTES_MAX = 16 * 1024
_PEM = re.compile(rb"-----BEGIN CERTIFICATE-----(.+?)-----END CERTIFICATE-----", re.DOTALL)


class CertificateFault(Enum):
    """Why a certificate cannot be used."""

    UNREADABLE = "it is no X.509 certificate, in PEM or DER"
    SEVERAL = "it holds several certificates; give the one that signs"
    WEAK = f"its key is neither RSA of {RSA_BITS_MIN} bits or more nor on a NIST curve"


@dataclass(frozen=True, slots=True, kw_only=True)
class CertificateSeen:
    """What people compare: the fingerprint is the SHA-256 of the DER, in hex."""

    subject: str
    sha256: str
    not_after_ms: int


def read_certificate(content: bytes) -> str | CertificateFault:
    """Give a certificate as it is kept, from PEM, DER, or the bare base64 that metadata has."""
    if len(content) > _BYTES_MAX:
        return CertificateFault.UNREADABLE
    armoured = _PEM.findall(content)
    if len(armoured) > 1:
        return CertificateFault.SEVERAL
    der = _decode(armoured[0]) if armoured else (_decode(content) or content)
    try:
        key = x509.load_der_x509_certificate(der or b"").public_key()
    except (ValueError, UnsupportedAlgorithm):
        return CertificateFault.UNREADABLE
    if isinstance(key, rsa.RSAPublicKey):
        strong = key.key_size >= RSA_BITS_MIN
    else:
        strong = isinstance(key, ec.EllipticCurvePublicKey)
    return base64.b64encode(der or b"").decode() if strong else CertificateFault.WEAK


def describe_certificate(kept: str) -> CertificateSeen:
    """What a kept certificate says of itself."""
    der = base64.b64decode(kept)
    certificate = x509.load_der_x509_certificate(der)
    return CertificateSeen(
        subject=certificate.subject.rfc4514_string(),
        sha256=hashlib.sha256(der).hexdigest(),
        not_after_ms=int(certificate.not_valid_after_utc.timestamp()) * 1000,
    )


def _decode(text: bytes) -> bytes | None:
    try:
        return base64.b64decode(b"".join(text.split()), validate=True)
    except binascii.Error:
        return None
