"""PKCE: challenge and verifier (RFC 7636). Who must use it is judged in authorize.py."""

import hashlib
import hmac
import re
from base64 import urlsafe_b64encode

_UNRESERVED = re.compile(r"[A-Za-z0-9\-._~]{43,128}\Z")


def is_well_formed(text: str) -> bool:
    """43 to 128 unreserved characters: the form of verifiers and challenges (RFC 7636 sections 4.1, 4.2)."""
    return _UNRESERVED.match(text) is not None


def verifier_matches(verifier: str, challenge: str, *, plain: bool) -> bool:
    """Whether the verifier is the challenge's (RFC 7636 section 4.6), compared in constant time."""
    if not is_well_formed(verifier):
        return False
    made = verifier if plain else s256(verifier)
    return hmac.compare_digest(made.encode(), challenge.encode())


def s256(verifier: str) -> str:
    """base64url(SHA-256(verifier)) without padding."""
    return urlsafe_b64encode(hashlib.sha256(verifier.encode()).digest()).rstrip(b"=").decode()
