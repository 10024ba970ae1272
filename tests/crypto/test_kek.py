"""The key-encryption key: its file, what it wraps, and what it says when it is the wrong one."""

import base64
import os
import stat
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from callgate.crypto.entropy import SeededEntropy, SystemEntropy
from callgate.crypto.kek import (
    KeyEncryptionError,
    KeyEncryptionKey,
    Wrapped,
    kek_from_text,
    load_kek,
    load_or_create_kek,
)
from tests.crypto.factories import make_kek

GOOD = base64.b64encode(bytes(range(32))).decode()


@given(secret=st.binary(max_size=2000), name=st.text(st.characters(codec="utf-8"), max_size=30))
def test_wrapped_opens_in_its_place_only(secret: bytes, name: str) -> None:
    """A row moved to another name or kind does not open (architecture.md, idea 3)."""
    kek = make_kek()
    wrapped = kek.wrap(secret, what=Wrapped.KEY, name=name)
    assert kek.unwrap(wrapped, what=Wrapped.KEY, name=name) == secret
    with pytest.raises(KeyEncryptionError, match="damaged or was moved"):
        kek.unwrap(wrapped, what=Wrapped.CLIENT_SECRET, name=name)
    with pytest.raises(KeyEncryptionError, match="damaged or was moved"):
        kek.unwrap(wrapped, what=Wrapped.KEY, name=name + "x")


def test_every_flipped_bit_of_a_wrapped_value_is_refused() -> None:
    """Damage is an error, never another secret."""
    kek = make_kek()
    wrapped = kek.wrap(bytes(32), what=Wrapped.KEY, name="sealing/1")
    for bit in range(len(wrapped) * 8):
        flipped = bytearray(wrapped)
        flipped[bit // 8] ^= 1 << bit % 8
        with pytest.raises(KeyEncryptionError):
            kek.unwrap(bytes(flipped), what=Wrapped.KEY, name="sealing/1")


@pytest.mark.parametrize("length", [0, 7, 8, 23])
def test_cut_values_are_refused(length: int) -> None:
    """A short row is an error with our name, not the library's."""
    kek = make_kek()
    wrapped = kek.wrap(bytes(32), what=Wrapped.KEY, name="sealing/1")
    with pytest.raises(KeyEncryptionError):
        kek.unwrap(wrapped[:length], what=Wrapped.KEY, name="sealing/1")


def test_a_wrong_key_is_told_with_the_mend() -> None:
    """P10: the wrong key-encryption key gives one clear error that names both keys."""
    mine, other = make_kek(1), make_kek(2)
    wrapped = mine.wrap(bytes(32), what=Wrapped.KEY, name="sealing/1")
    with pytest.raises(KeyEncryptionError, match=f"{mine.id}.*{other.id}.*restore the key file"):
        other.unwrap(wrapped, what=Wrapped.KEY, name="sealing/1")


def test_a_new_key_wraps_and_the_old_one_still_opens() -> None:
    """P10: the key is changed while the server runs: the first line wraps, all open."""
    old, new = bytes(range(32)), bytes(range(1, 33))
    both = KeyEncryptionKey([new, old])
    wrapped = KeyEncryptionKey([old]).wrap(b"root", what=Wrapped.KEY, name="n")
    assert both.unwrap(wrapped, what=Wrapped.KEY, name="n") == b"root"
    assert not both.is_current(wrapped)
    again = both.wrap(b"root", what=Wrapped.KEY, name="n")
    assert both.is_current(again)
    assert KeyEncryptionKey([new]).unwrap(again, what=Wrapped.KEY, name="n") == b"root"


def test_no_repr_shows_a_key() -> None:
    """What is logged by mistake gives nothing away."""
    kek = KeyEncryptionKey([bytes(range(32))])
    assert repr(kek) == f"KeyEncryptionKey({kek.id}, …)"
    assert bytes(range(32)).hex()[:8] not in repr(kek)


def test_the_file_is_made_once_and_private(tmp_path: Path) -> None:
    """Mode 0600 whatever the umask, nothing left beside it, and the same key at the next start."""
    path = tmp_path / "key"
    before = os.umask(0)
    try:
        made = load_or_create_kek(path, SystemEntropy())
    finally:
        os.umask(before)
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert list(tmp_path.iterdir()) == [path]
    assert load_kek(path).id == load_or_create_kek(path, SystemEntropy()).id == made.id


def test_two_processes_that_make_the_file_agree(tmp_path: Path) -> None:
    """One wins; all read the winner's key."""
    path = tmp_path / "key"
    with ThreadPoolExecutor(8) as pool:
        keks = list(pool.map(lambda seed: load_or_create_kek(path, SeededEntropy(seed)), range(32)))
    assert len({kek.id for kek in keks}) == 1
    assert list(tmp_path.iterdir()) == [path]


@pytest.mark.parametrize("mode", [0o640, 0o604, 0o660, 0o610, 0o777])
def test_a_file_others_can_read_is_refused_with_the_mend(tmp_path: Path, mode: int) -> None:
    """A secret that others can read is none."""
    path = tmp_path / "key"
    path.write_text(GOOD)
    path.chmod(mode)
    with pytest.raises(KeyEncryptionError, match="chmod 600"):
        load_kek(path)


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"", "no key-encryption key"),
        (b"# only a comment\n\n", "no key-encryption key"),
        (b"not base64!\n", "in base64, one key a line"),
        (base64.b64encode(bytes(31)), "must be 32 bytes"),
        (base64.b64encode(bytes(33)), "must be 32 bytes"),
        (GOOD.encode() + b"\nAAAA\n", "must be 32 bytes"),
        (b"\xff\xfe" + GOOD.encode(), "not text"),
        (b"A" * 10_000, "must be 32 bytes"),
    ],
)
def test_a_file_that_is_no_key_file_is_refused_by_name(tmp_path: Path, content: bytes, message: str) -> None:
    """The message names the file and what a key is, and repeats nothing that stands in it."""
    path = tmp_path / "key"
    path.write_bytes(content)
    path.chmod(0o600)
    with pytest.raises(KeyEncryptionError, match=message) as refused:
        load_kek(path)
    assert str(path) in str(refused.value)
    assert GOOD not in str(refused.value)


def test_what_is_not_a_file_is_refused(tmp_path: Path) -> None:
    """A missing file, a folder, a pipe that nobody writes: each an error at once."""
    with pytest.raises(KeyEncryptionError, match="cannot read the key file"):
        load_kek(tmp_path / "missing")
    with pytest.raises(KeyEncryptionError, match="cannot write the key file"):
        load_or_create_kek(tmp_path / "missing" / "key", SystemEntropy())
    with pytest.raises(KeyEncryptionError, match="not a regular file"):
        load_kek(tmp_path)
    os.mkfifo(tmp_path / "pipe", 0o600)
    with pytest.raises(KeyEncryptionError, match="not a regular file"):
        load_kek(tmp_path / "pipe")


def test_text_may_have_comments_and_several_keys() -> None:
    """As the configuration gives it, without a file; the first key wraps."""
    other = base64.b64encode(bytes(32)).decode()
    kek = kek_from_text(f"# new\n{other}\n\n  # old\n  {GOOD}  \n")
    assert kek.id == kek_from_text(other).id != kek_from_text(GOOD).id
