"""Passkeys read and verified: made by a small authenticator, then every part of the answer is turned."""

import hashlib
import json
import struct

import pytest
from cryptography.hazmat.primitives.asymmetric import ec, ed25519
from fido2 import cbor
from hypothesis import given
from hypothesis import strategies as st

from callgate.crypto.entropy import SystemEntropy
from callgate.crypto.passkeys import (
    Assertion,
    Party,
    creation_options,
    new_challenge,
    party_of,
    read_credential_id,
    read_new_passkey,
    request_options,
    verify_assertion,
)
from tests.passkey_device import ATTESTED, CHALLENGE, PARTY, PRESENT, VERIFIED, Authenticator, text_of


@pytest.fixture(scope="module", params=["ES256", "EdDSA"])
def device(request: pytest.FixtureRequest) -> Authenticator:
    """One of each algorithm."""
    return Authenticator() if request.param == "ES256" else Authenticator(ed25519.Ed25519PrivateKey.generate())


def attested_of(device: Authenticator) -> bytes:
    """What is stored of it."""
    made = read_new_passkey(PARTY, CHALLENGE, answer=device.make())
    assert made is not None
    return made.attested


@pytest.mark.parametrize(
    ("issuer", "party"),
    [
        ("https://gate.example", PARTY),
        ("http://localhost:8080", Party("http://localhost:8080", "localhost")),
        ("http://127.0.0.1:8080", None),
        ("http://[::1]:8080", None),
    ],
)
def test_passkeys_belong_to_the_servers_domain(issuer: str, party: Party | None) -> None:
    """And to none at an address without one (Web Authentication section 5.1.2, "effective domain")."""
    assert party_of(issuer) == party


def test_browser_is_asked_for_what_the_server_takes() -> None:
    """No passkey twice on one device; who is there is asked for where nothing else proves it."""
    made = json.loads(
        creation_options(PARTY, CHALLENGE, user_id=b"7", login="ada@x.example", name="Ada", known=(b"known",))
    )["publicKey"]
    assert made["challenge"] == text_of(CHALLENGE)
    assert (made["rp"]["id"], made["user"]["id"]) == ("gate.example", text_of(b"7"))
    assert [each["alg"] for each in made["pubKeyCredParams"]] == [-7, -8, -257]
    assert [each["id"] for each in made["excludeCredentials"]] == [text_of(b"known")]
    alone = json.loads(request_options(PARTY, CHALLENGE, known=()))["publicKey"]
    assert (alone["rpId"], alone["userVerification"]) == ("gate.example", "required")
    beside = json.loads(request_options(PARTY, CHALLENGE, known=(b"known",)))["publicKey"]
    assert beside["userVerification"] == "preferred"
    assert len(new_challenge(SystemEntropy())) == 32


@pytest.mark.requirement("Web Authentication section 7.1")
def test_passkey_is_read_when_it_was_made_for_this_page(device: Authenticator) -> None:
    """Its id, and what its answers are verified with."""
    made = read_new_passkey(PARTY, CHALLENGE, answer=device.make())
    assert made is not None
    assert (made.credential_id, made.sign_count) == (b"credential", 0)


@pytest.mark.requirement("Web Authentication section 7.2")
@pytest.mark.parametrize(("flags", "verified"), [(PRESENT, False), (PRESENT | VERIFIED, True)])
def test_assertion_is_proven_when_it_answers_this_page(device: Authenticator, flags: int, *, verified: bool) -> None:
    """With its counter, and whether the device knew who held it."""
    answer = device.use(flags=flags)
    assert read_credential_id(answer) == b"credential"
    shown = verify_assertion(PARTY, CHALLENGE, answer=answer, attested=attested_of(device))
    assert shown == Assertion(7, verified)


WRONG: dict[str, dict[str, object]] = {
    "another page's origin": {"origin": "https://evil.example"},
    "the origin's beginning": {"origin": "https://gate.example.evil.example"},
    "a page below the domain": {"origin": "https://sub.gate.example"},
    "plain http": {"origin": "http://gate.example"},
    "another port": {"origin": "https://gate.example:8443"},
    "another visit's challenge": {"challenge": text_of(bytes(32))},
    "no challenge": {"challenge": ""},
    "a frame in another page": {"crossOrigin": True},
    "another domain": {"domain": "evil.example"},
    "nobody there": {"flags": 0},
}


@pytest.mark.requirement("Web Authentication section 7.1", "Web Authentication section 7.2")
@pytest.mark.parametrize("wrong", WRONG.values(), ids=[name.replace(" ", "-") for name in WRONG])
def test_answer_is_refused_when_a_part_is_wrong(device: Authenticator, wrong: dict[str, object]) -> None:
    """Of both ceremonies; the signature is right all the same."""
    assert read_new_passkey(PARTY, CHALLENGE, answer=device.make(**wrong)) is None  # type: ignore[arg-type]
    answer = device.use(**wrong)  # type: ignore[arg-type]
    assert verify_assertion(PARTY, CHALLENGE, answer=answer, attested=attested_of(device)) is None


@pytest.mark.requirement("Web Authentication section 7.2")
def test_assertion_is_refused_when_another_key_signed(device: Authenticator) -> None:
    """Under the same credential id; and one ceremony's answer is none to the other."""
    other = Authenticator()
    assert verify_assertion(PARTY, CHALLENGE, answer=other.use(), attested=attested_of(device)) is None
    renamed = Authenticator(device.key, b"another")
    assert verify_assertion(PARTY, CHALLENGE, answer=renamed.use(), attested=attested_of(device)) is None
    swapped = device.use(type="webauthn.create")
    assert verify_assertion(PARTY, CHALLENGE, answer=swapped, attested=attested_of(device)) is None
    assert read_new_passkey(PARTY, CHALLENGE, answer=device.use()) is None


@pytest.mark.parametrize("answer", ["", "{}", "[]", "null", "{", '{"response": {}}', "x" * 9000, '{"rawId": 7}'])
def test_no_answer_is_refused(answer: str) -> None:
    """Whatever is posted."""
    assert read_credential_id(answer) is None
    assert read_new_passkey(PARTY, CHALLENGE, answer=answer) is None
    assert verify_assertion(PARTY, CHALLENGE, answer=answer, attested=attested_of(Authenticator())) is None


@given(st.integers(0, 2000), st.binary(min_size=1, max_size=4))
def test_turned_answer_is_refused_or_the_same(place: int, dirt: bytes) -> None:
    """No input makes an exception, and none that says something else passes."""
    whole = TURNED.use()
    place %= len(whole)
    answer = whole[:place] + text_of(dirt) + whole[place + len(text_of(dirt)) :]
    shown = verify_assertion(PARTY, CHALLENGE, answer=answer, attested=ATTESTED_TURNED)
    assert shown in {None, Assertion(7, verified=False)}


TURNED = Authenticator()
ATTESTED_TURNED = attested_of(TURNED)


def test_key_of_another_algorithm_is_refused() -> None:
    """P-384 was not asked for."""
    device = Authenticator(ec.generate_private_key(ec.SECP384R1()))
    public = device.key.public_key()
    assert isinstance(public, ec.EllipticCurvePublicKey)
    numbers = public.public_numbers()
    cose = {1: 2, 3: -35, -1: 2, -2: numbers.x.to_bytes(48, "big"), -3: numbers.y.to_bytes(48, "big")}
    head = hashlib.sha256(PARTY.domain.encode()).digest() + bytes([PRESENT | ATTESTED]) + struct.pack(">I", 0)
    told = {"fmt": "none", "attStmt": {}, "authData": head + bytes(16) + b"\0\1x" + cbor.encode(cose)}
    response = {
        "clientDataJSON": text_of(device.client_data("webauthn.create")),
        "attestationObject": text_of(cbor.encode(told)),
    }
    assert read_new_passkey(PARTY, CHALLENGE, answer=device.answer(response)) is None
