"""Client ids and secrets, session secrets: minted, hashed, compared without telling."""

import hashlib
import re
import sys
from collections.abc import Callable
from functools import partial
from types import FrameType

import pytest
from hypothesis import given
from hypothesis import strategies as st

from callgate.crypto.entropy import SeededEntropy, SystemEntropy
from callgate.crypto.kek import KeyEncryptionError
from callgate.crypto.secrets import (
    draw_session,
    hash_secret,
    hash_session_secret,
    mint_client_id,
    mint_client_secret,
    mint_endpoint_id,
    open_client_secret,
    seal_client_secret,
    secret_held,
    session_id,
)
from callgate.model.ids import ClientId, RowId
from tests.crypto.factories import make_kek

HASH_OF_Y = hash_secret("y" * 43)


def test_minted_values_have_their_shape() -> None:
    """Ruling 11: 22 and 43 characters of [A-Za-z0-9]; protocol.md D.1: 22 of base64url; 160 bits."""
    entropy = SystemEntropy()
    for _ in range(200):
        assert re.fullmatch(r"[A-Za-z0-9]{22}", mint_client_id(entropy))
        assert re.fullmatch(r"[A-Za-z0-9]{43}", mint_client_secret(entropy))
        assert re.fullmatch(r"[A-Za-z0-9_-]{22}", mint_endpoint_id(entropy))
        assert len(draw_session(entropy).secret) == 20


def secret_matches(presented: str, stored: bytes | None) -> bool:
    """Of an app with one secret."""
    return secret_held(presented, stored) is not None


@given(secret=st.text(min_size=1, max_size=100), other=st.text(max_size=100))
def test_only_the_secret_itself_matches(secret: str, other: str) -> None:
    """Compared by its SHA-256, for any text a form can carry."""
    stored = hash_secret(secret)
    assert secret_matches(secret, stored)
    assert secret_matches(other, stored) == (other == secret)
    assert not secret_matches(secret, None)


def test_secret_is_found_among_two_by_its_place() -> None:
    """An app that changes its secret has two; both are compared, whichever it is."""
    first, second = hash_secret("first"), hash_secret("second")
    assert [secret_held(each, first, second) for each in ("first", "second", "third", "")] == [0, 1, None, None]
    assert secret_held("first", None, None) is None
    assert secret_held("", hash_secret(""), None) is None
    taken = [steps(partial(secret_held, each, first, second)) for each in ("first", "second", "third")]
    assert taken[0] == taken[1]
    assert [each.count("compare_digest") for each in taken] == [2, 2, 2]


def test_the_empty_string_is_never_a_secret() -> None:
    """Not even where a row keeps its hash, or zeros."""
    for stored in (None, hash_secret(""), bytes(32), b""):
        assert not secret_matches("", stored)
        assert not secret_matches("secret", bytes(32))


def test_a_session_s_row_keeps_a_hash_of_its_secret() -> None:
    """SHA-256, and nothing else (architecture.md, idea 3)."""
    secret = draw_session(SystemEntropy()).secret
    assert hash_session_secret(secret) == hashlib.sha256(secret).digest()


def test_unknown_and_wrong_take_the_same_steps() -> None:
    """P6: the same calls in the same order, the constant-time comparison among them."""
    known = steps(lambda: secret_matches("x" * 43, HASH_OF_Y))
    assert known == steps(lambda: secret_matches("x" * 43, None))
    assert "compare_digest" in known


def steps(act: Callable[[], object]) -> list[str]:
    """Every function called, Python's and C's."""
    called: list[str] = []

    def note(frame: FrameType, event: str, argument: object) -> None:
        if event == "call":
            called.append(frame.f_code.co_name)
        elif event == "c_call":
            called.append(getattr(argument, "__name__", ""))

    sys.setprofile(note)
    try:
        act()
    finally:
        sys.setprofile(None)
    return [name for name in called if name != "setprofile"]


@pytest.mark.requirement("ruling 1")
def test_session_id_is_public_and_fixed() -> None:
    """Ruling 1: 22 base64url characters of the row id and 8 bytes of the secret's hash."""
    assert session_id(RowId(1), bytes(range(32))) == "AAAAAAAAAAEAAQIDBAUGBw"
    assert len(session_id(RowId(2**63 - 1), hash_session_secret(b"x"))) == 22


def test_a_sealed_client_secret_opens_for_its_app_only() -> None:
    """The row of one app, copied over another's, proves nothing."""
    kek = make_kek()
    mine, other = (mint_client_id(SeededEntropy(seed)) for seed in (1, 2))
    secret = mint_client_secret(SystemEntropy())
    sealed = seal_client_secret(kek, secret, client_id=mine)
    assert secret.encode() not in sealed
    assert open_client_secret(kek, sealed, client_id=mine) == secret
    with pytest.raises(KeyEncryptionError):
        open_client_secret(kek, sealed, client_id=ClientId(other))
    with pytest.raises(KeyEncryptionError):
        open_client_secret(make_kek(2), sealed, client_id=mine)
