"""A device with one passkey for tests (Web Authentication Level 3), that says whatever a test wants it to say."""

import hashlib
import json
import struct
from base64 import urlsafe_b64encode
from dataclasses import dataclass, field

from cryptography.hazmat.primitives.asymmetric import ec, ed25519
from cryptography.hazmat.primitives.hashes import SHA256
from fido2 import cbor
from fido2.cose import ES256, CoseKey, EdDSA

from callgate.crypto.passkeys import Party

PARTY = Party("https://gate.example", "gate.example")
CHALLENGE = bytes(range(32))
PRESENT, VERIFIED, ATTESTED = 1, 4, 64


def text_of(data: bytes) -> str:
    """As browsers spell bytes."""
    return urlsafe_b64encode(data).decode().rstrip("=")


@dataclass
class Authenticator:
    """One key; PARTY's page and CHALLENGE are what it answers, unless a test has it say otherwise."""

    key: ec.EllipticCurvePrivateKey | ed25519.Ed25519PrivateKey = field(
        default_factory=lambda: ec.generate_private_key(ec.SECP256R1())
    )
    credential_id: bytes = b"credential"

    def client_data(self, kind: str, **different: object) -> bytes:
        """What the browser says of the page."""
        said = {"type": kind, "challenge": text_of(CHALLENGE), "origin": PARTY.origin, "crossOrigin": False}
        return json.dumps(said | different).encode()

    def make(self, *, flags: int = PRESENT, domain: str = PARTY.domain, **different: object) -> str:
        """The answer to `create`."""
        public = self.key.public_key()
        kind: type[CoseKey] = ES256 if isinstance(public, ec.EllipticCurvePublicKey) else EdDSA
        cose = kind.from_cryptography_key(public)
        attested = bytes(16) + struct.pack(">H", len(self.credential_id)) + self.credential_id + cbor.encode(cose)
        head = hashlib.sha256(domain.encode()).digest() + bytes([flags | ATTESTED]) + struct.pack(">I", 0)
        told = {"fmt": "none", "attStmt": {}, "authData": head + attested}
        response = {
            "clientDataJSON": text_of(self.client_data("webauthn.create", **different)),
            "attestationObject": text_of(cbor.encode(told)),
        }
        return self.answer(response)

    def use(self, *, flags: int = PRESENT, count: int = 7, domain: str = PARTY.domain, **different: object) -> str:
        """The answer to `get`."""
        client_data = self.client_data(str(different.pop("type", "webauthn.get")), **different)
        data = hashlib.sha256(domain.encode()).digest() + bytes([flags]) + struct.pack(">I", count)
        signed = data + hashlib.sha256(client_data).digest()
        if isinstance(self.key, ec.EllipticCurvePrivateKey):
            signature = self.key.sign(signed, ec.ECDSA(SHA256()))
        else:
            signature = self.key.sign(signed)
        response = {
            "clientDataJSON": text_of(client_data),
            "authenticatorData": text_of(data),
            "signature": text_of(signature),
        }
        return self.answer(response)

    def answer(self, response: dict[str, str]) -> str:
        """As the page posts it."""
        name = text_of(self.credential_id)
        return json.dumps(
            {"id": name, "rawId": name, "type": "public-key", "clientExtensionResults": {}, "response": response}
        )
