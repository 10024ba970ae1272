"""The key file changed: what was wrapped before still opens, and the file is whole at every moment."""

from pathlib import Path

import pytest

from callgate.crypto.entropy import SeededEntropy
from callgate.crypto.kek import KeyEncryptionError, Wrapped, load_kek
from callgate.crypto.kek_change import add_kek, drop_old_keks

ENTROPY = SeededEntropy(1)


def test_new_key_wraps_and_the_old_one_still_opens(tmp_path: Path) -> None:
    """Both lie in the file until everything is wrapped anew."""
    file = tmp_path / "kek"
    first = add_kek(file, ENTROPY)
    wrapped = first.wrap(b"root", what=Wrapped.KEY, name="sealing/1")
    second = add_kek(file, ENTROPY)
    assert second.id != first.id
    assert second.unwrap(wrapped, what=Wrapped.KEY, name="sealing/1") == b"root"
    assert not second.is_current(wrapped)
    assert file.stat().st_mode & 0o777 == 0o600
    assert [each.name for each in tmp_path.iterdir()] == ["kek"]


def test_old_keys_are_dropped_once(tmp_path: Path) -> None:
    """What they wrapped cannot be opened any more: that is the point of it."""
    file = tmp_path / "kek"
    wrapped = add_kek(file, ENTROPY).wrap(b"root", what=Wrapped.KEY, name="sealing/1")
    kept = add_kek(file, ENTROPY)
    assert drop_old_keks(file, ENTROPY) == 1
    assert drop_old_keks(file, ENTROPY) == 0
    assert load_kek(file).id == kept.id
    with pytest.raises(KeyEncryptionError, match="was wrapped by key-encryption key"):
        load_kek(file).unwrap(wrapped, what=Wrapped.KEY, name="sealing/1")


def test_file_stays_as_it_was_when_it_cannot_be_used(tmp_path: Path) -> None:
    """A file others can read is refused before anything is written into it."""
    file = tmp_path / "kek"
    add_kek(file, ENTROPY)
    file.chmod(0o644)
    before = file.read_bytes()
    for change in (add_kek, drop_old_keks):
        with pytest.raises(KeyEncryptionError, match="can be read by others"):
            change(file, ENTROPY)
    assert file.read_bytes() == before


def test_file_stays_as_it_was_when_its_folder_takes_no_new_one(tmp_path: Path) -> None:
    """The failure is told in a line, and nothing is left beside the file."""
    file = tmp_path / "kek"
    add_kek(file, ENTROPY)
    before = file.read_bytes()
    long_name = tmp_path / ("k" * 250)
    long_name.write_bytes(before)
    long_name.chmod(0o600)
    with pytest.raises(KeyEncryptionError, match="cannot write the key file"):
        add_kek(long_name, ENTROPY)
    assert long_name.read_bytes() == before
    assert len(list(tmp_path.iterdir())) == 2
