"""Passkeys (Web Authentication Level 3): what browsers are asked with, and what their answers prove.

fido2 does the reading and the verifying; here stand our origin, our challenge, and that whatever a hostile answer makes
a parser do is a refusal. Attestation is not asked for: any passkey is as good as its person's care.
"""

import json
from typing import Final, NamedTuple
from urllib.parse import urlsplit

from fido2.cose import ES256, RS256, EdDSA
from fido2.server import Fido2Server
from fido2.utils import websafe_encode
from fido2.webauthn import (
    AttestedCredentialData,
    AuthenticationResponse,
    PublicKeyCredentialDescriptor,
    PublicKeyCredentialParameters,
    PublicKeyCredentialRpEntity,
    PublicKeyCredentialType,
    PublicKeyCredentialUserEntity,
    RegistrationResponse,
    ResidentKeyRequirement,
    UserVerificationRequirement,
)

from callgate.crypto.entropy import Entropy

CHALLENGE_BYTES: Final = 32
ANSWER_CHARS_MAX: Final = 8192
"""A registration has some 700 characters, one with a long certificate chain 4,000; a larger one is no answer."""

CREDENTIAL_ID_BYTES_MAX: Final = 1023
"""Web Authentication section 4."""


_ALGORITHMS: Final = (ES256.ALGORITHM, EdDSA.ALGORITHM, RS256.ALGORITHM)
"""What authenticators have: the first everywhere, the second in security keys, the third in older TPMs."""


class Party(NamedTuple):
    """Who asks: the origin browsers must be on, and the domain that passkeys belong to."""

    origin: str
    domain: str


class NewPasskey(NamedTuple):
    """What a browser made: its id, its attested credential data (section 6.5.2), and the counter it began with."""

    credential_id: bytes
    attested: bytes
    sign_count: int


class Assertion(NamedTuple):
    """What a passkey proved: that somebody was there, its counter, and whether it knew who (a PIN, a finger)."""

    sign_count: int
    verified: bool


def party_of(issuer: str) -> Party | None:
    """Who asks; None at an address that is no domain, where browsers make no passkeys."""
    host = urlsplit(issuer).hostname or ""
    numeric = ":" in host or host.replace(".", "").isdigit()
    return None if numeric or not host else Party(issuer, host)


def new_challenge(entropy: Entropy) -> bytes:
    """Draw a challenge, for one answer."""
    return entropy.random_bytes(CHALLENGE_BYTES)


def creation_options(
    party: Party, challenge: bytes, *, user_id: bytes, login: str, name: str, known: tuple[bytes, ...]
) -> str:
    """What `navigator.credentials.create` is asked with, as JSON; `known` are passkeys the person has already."""
    options, _ = _server(party).register_begin(
        PublicKeyCredentialUserEntity(id=user_id, name=login, display_name=name),
        credentials=_descriptors(known),
        resident_key_requirement=ResidentKeyRequirement.PREFERRED,
        user_verification=UserVerificationRequirement.PREFERRED,
        challenge=challenge,
    )
    return json.dumps(dict(options))


def request_options(party: Party, challenge: bytes, *, known: tuple[bytes, ...]) -> str:
    """What `navigator.credentials.get` is asked with, as JSON; without `known`, any that says whose it is."""
    options, _ = _server(party).authenticate_begin(
        _descriptors(known) if known else None,
        user_verification=UserVerificationRequirement.PREFERRED if known else UserVerificationRequirement.REQUIRED,
        challenge=challenge,
    )
    return json.dumps(dict(options))


def read_new_passkey(party: Party, challenge: bytes, *, answer: str) -> NewPasskey | None:
    """What a browser made for this challenge on our page; None when the answer is anything else."""
    state = {"challenge": websafe_encode(challenge), "user_verification": None}
    try:
        response = RegistrationResponse.from_dict(_json(answer))
        if response.response.client_data.cross_origin:
            return None
        data = _server(party).register_complete(state, response).credential_data
        assert data is not None
        if data.public_key.ALGORITHM not in _ALGORITHMS or len(data.credential_id) > CREDENTIAL_ID_BYTES_MAX:
            return None
        return NewPasskey(data.credential_id, bytes(data), response.response.attestation_object.auth_data.counter)
    except Exception:  # noqa: BLE001 - whatever a hostile answer makes of its parser is a refusal
        return None


def read_credential_id(answer: str) -> bytes | None:
    """Which passkey an answer is of, by its own word."""
    try:
        return AuthenticationResponse.from_dict(_json(answer)).raw_id
    except Exception:  # noqa: BLE001 - as above
        return None


def verify_assertion(party: Party, challenge: bytes, *, answer: str, attested: bytes) -> Assertion | None:
    """What this passkey proved for this challenge on our page; None when the answer is anything else."""
    state = {"challenge": websafe_encode(challenge), "user_verification": None}
    try:
        response = AuthenticationResponse.from_dict(_json(answer))
        if response.response.client_data.cross_origin:
            return None
        _server(party).authenticate_complete(state, [AttestedCredentialData(attested)], response)
    except Exception:  # noqa: BLE001 - as above
        return None
    data = response.response.authenticator_data
    return Assertion(data.counter, data.is_user_verified())


def _server(party: Party) -> Fido2Server:
    entity = PublicKeyCredentialRpEntity(id=party.domain, name="Callgate")
    server = Fido2Server(entity, verify_origin=lambda origin: origin == party.origin)
    server.allowed_algorithms = [
        PublicKeyCredentialParameters(type=PublicKeyCredentialType.PUBLIC_KEY, alg=each) for each in _ALGORITHMS
    ]
    return server


def _descriptors(known: tuple[bytes, ...]) -> list[PublicKeyCredentialDescriptor]:
    return [PublicKeyCredentialDescriptor(type=PublicKeyCredentialType.PUBLIC_KEY, id=each) for each in known]


def _json(answer: str) -> dict[str, object]:
    if len(answer) > ANSWER_CHARS_MAX:
        raise ValueError("too long")
    found = json.loads(answer)
    if not isinstance(found, dict):
        raise TypeError("no object")
    return found
