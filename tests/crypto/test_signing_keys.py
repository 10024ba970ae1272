"""Our own pairs: one use each, public halves published, private halves wrapped."""

import json

import pytest

from callgate.crypto.jws import Jws, parse_jws, sign_jws, signature_holds
from callgate.crypto.kek import KeyEncryptionError
from callgate.crypto.keys import unwrap_key
from callgate.crypto.signing_keys import SigningKeys, jwks_document, new_signing_key, open_signing_keys
from callgate.model.key import KeyState, KeyUse
from tests.crypto.factories import make_kek, make_signing_keys, make_stored

PAIRS = [KeyUse.JWT_CREDENTIAL, KeyUse.ID_TOKEN_RS256, KeyUse.ID_TOKEN_ES256]


@pytest.mark.parametrize("use", PAIRS)
def test_a_pair_signs_what_it_verifies(use: KeyUse) -> None:
    """Through storage and back."""
    signing = make_signing_keys(use).active
    jws = parse_jws(sign_jws({"a": 1}, signing.key, alg=signing.alg, kid=signing.kid))
    assert isinstance(jws, Jws)
    assert jws.kid == signing.kid
    assert signature_holds(jws, signing.key, alg=signing.alg)


def test_pairs_open_only_with_their_key_and_use() -> None:
    """P10: the database alone signs nothing."""
    kek, use = make_kek(), KeyUse.ID_TOKEN_ES256
    row = make_stored(use, wrapped=new_signing_key(kek, use=use, number=1))
    with pytest.raises(KeyEncryptionError):
        open_signing_keys([row], make_kek(2), use=use)
    with pytest.raises(KeyEncryptionError):
        open_signing_keys([row._replace(use=KeyUse.JWT_CREDENTIAL)], kek, use=KeyUse.JWT_CREDENTIAL)
    assert b"PRIVATE" not in row.wrapped
    assert unwrap_key(kek, row)[8:] not in row.wrapped
    assert open_signing_keys([row], kek, use=KeyUse.JWT_CREDENTIAL) is None


def test_the_newest_active_pair_signs_and_all_verify() -> None:
    """P18: a new pair is published before it signs, an old one verifies until it is forgotten."""
    kek, use = make_kek(), KeyUse.ID_TOKEN_ES256
    states = {1: KeyState.RETIRED, 2: KeyState.ACTIVE, 3: KeyState.ACTIVE, 4: KeyState.PUBLISHED}
    rows = [
        make_stored(use, number=number, state=state, wrapped=new_signing_key(kek, use=use, number=number))
        for number, state in states.items()
    ]
    keys = open_signing_keys(rows, kek, use=use)
    assert keys is not None
    assert keys.active.number == 3
    assert [key.number for key in keys] == [1, 2, 3, 4]
    assert len({key.kid for key in keys}) == 4
    assert [keys.by_kid(key.kid) for key in keys] == list(keys)
    assert keys.by_kid(None) is keys.by_kid("unknown") is None
    assert open_signing_keys(rows[:1], kek, use=use) is None


def test_the_jwks_names_public_halves_only() -> None:
    """protocol.md F: kty, alg, use, kid and the numbers, in this order and nothing else."""
    rsa, ec = make_signing_keys(KeyUse.ID_TOKEN_RS256), make_signing_keys(KeyUse.ID_TOKEN_ES256)
    document = json.loads(jwks_document(rsa, ec))
    assert [list(key) for key in document["keys"]] == [
        ["kty", "alg", "use", "kid", "n", "e"],
        ["kty", "alg", "use", "kid", "crv", "x", "y"],
    ]
    assert [(key["kty"], key["alg"], key["use"]) for key in document["keys"]] == [
        ("RSA", "RS256", "sig"),
        ("EC", "ES256", "sig"),
    ]
    assert [key["kid"] for key in document["keys"]] == [rsa.active.kid, ec.active.kid]
    assert all(len(key["kid"]) == 32 and int(key["kid"], 16) for key in document["keys"])


def test_no_repr_shows_a_private_key() -> None:
    """Algorithm, number and kid; the numbers of the key never."""
    keys: SigningKeys = make_signing_keys(KeyUse.ID_TOKEN_RS256)
    shown = repr(keys)
    private = keys.active.key.as_dict(private=True)
    assert keys.active.kid in shown
    assert not any(str(private[name]) in shown for name in ("d", "p", "q", "n"))


def test_a_root_is_not_a_pair() -> None:
    """A defect, not a key."""
    with pytest.raises(AssertionError):
        new_signing_key(make_kek(), use=KeyUse.SEALING, number=1)
