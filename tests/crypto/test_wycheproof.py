"""Public attack vectors for JSON Web Signatures and keys (Project Wycheproof): 0 invalid ones accepted.

Their payloads are words, not claims, and that alone would refuse every one of them here. So the structure is read with
claims put in the payload's place, and the signature checked over what was sent.
"""

import dataclasses
import json
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import pytest
from joserfc.jwk import OctKey

from callgate.crypto.jwks import JwksRefused, read_jwks
from callgate.crypto.jws import HmacSecret, Jws, JwsFault, parse_jws, signature_holds
from callgate.crypto.strict_json import decode_base64url

FILE = Path(__file__).parent / "vectors" / "wycheproof.json"
VECTORS = json.loads(FILE.read_text("utf-8"))

LOST_THEIR_FAULT = {367, 370}
"""Invalid for a padding that the file does not have: they are 357 to the letter."""

TOO_STRICT_FOR = {372, 373}
"""Valid to readers that skip a `?` in base64url; RFC 7515 section 2 has no such character."""


class Vector(NamedTuple):
    """One test: the set's keys as a document, or a secret's bytes with its algorithm."""

    number: int
    comment: str
    is_valid: bool
    jws: str
    jwks: str = ""
    secret: bytes = b""
    alg: str = ""


def vectors(part: str) -> Iterator[Vector]:
    """Every test of a part of the file."""
    for group in VECTORS[part]:
        jwks = json.dumps({"keys": group["keys"]}) if "keys" in group else ""
        secret = decode_base64url(group.get("secret", "")) or b""
        for number, comment, result, jws in group["tests"]:
            yield Vector(number, comment, result == "valid", jws, jwks, secret, group.get("alg", ""))


def structure_of(text: str) -> Jws | None:
    """The JWS as our reader takes it apart, whatever the payload says; None where it refuses."""
    parts = text.split(".")
    if len(parts) != 3 or not decode_base64url(parts[1]):
        return None
    read = parse_jws(f"{parts[0]}.e30.{parts[2]}")
    if isinstance(read, JwsFault):
        return None
    return dataclasses.replace(read, signing_input=f"{parts[0]}.{parts[1]}".encode())


def is_accepted(vector: Vector) -> bool:
    """Whether a client registered with these keys, or this secret, would be proven by it."""
    jws = structure_of(vector.jws)
    if jws is None:
        return False
    if vector.secret:
        return signature_holds(jws, OctKey.import_key(vector.secret), alg=vector.alg)
    keys = read_jwks(vector.jwks)
    key = None if isinstance(keys, JwksRefused) else keys.key_for(alg=jws.alg, kid=jws.kid)
    return key is not None and signature_holds(jws, key, alg=jws.alg)


def name_of(vector: Vector) -> str:
    """As the file has it."""
    return f"{vector.number}-{vector.comment}"


@pytest.mark.requirement("RFC 8725 section 3.1")
@pytest.mark.parametrize("vector", [*vectors("signatures")], ids=name_of)
def test_signature_is_accepted_when_it_is_valid_and_not_otherwise(vector: Vector) -> None:
    """Changed, cut, padded, unsigned, made with a key from the header or with a public key as a secret."""
    wanted = (vector.is_valid or vector.number in LOST_THEIR_FAULT) and vector.number not in TOO_STRICT_FOR
    assert is_accepted(vector) is wanted


@pytest.mark.requirement("RFC 8725 section 3.5")
@pytest.mark.parametrize("vector", [*vectors("key_sets")], ids=name_of)
def test_unsound_key_set_proves_nobody(vector: Vector) -> None:
    """Mixed, doubled, weak (ROCA), short, exponent 1, for another purpose, on another curve or on none."""
    assert not vector.is_valid
    assert isinstance(read_jwks(vector.jwks), JwksRefused)
    assert not is_accepted(vector)


@pytest.mark.requirement("RFC 7518 section 3.2")
@pytest.mark.parametrize("vector", VECTORS["secrets"], ids=lambda vector: f"{vector[0]}-{vector[1]}")
def test_secret_is_taken_when_it_is_long_enough(vector: tuple[int, str, str, str, str, str]) -> None:
    """As long as the hash at least; empty never."""
    _, _, result, alg, encoded, text = vector
    jws = structure_of(text)
    assert jws is not None
    raw = decode_base64url(encoded)
    assert raw is not None
    taken = raw != b"" and HmacSecret(raw.decode()).suffices_for(alg)
    assert taken is (result == "valid")
    if taken:
        assert signature_holds(jws, HmacSecret(raw.decode()).key, alg=alg)
