"""The key file changed: a new key put in front, which wraps from then on, and the old ones taken out at last.

Between the two every row is wrapped anew; the file that is replaced is never half written.
"""

import base64
import os
from contextlib import suppress
from pathlib import Path

from callgate.crypto.entropy import Entropy
from callgate.crypto.kek import KEK_BYTES, KeyEncryptionError, KeyEncryptionKey, load_kek, load_or_create_kek

_OWNER_ONLY = 0o600


def add_kek(path: Path, entropy: Entropy) -> KeyEncryptionKey:
    """Put a new key in front of those the file holds, or make the file where there is none.

    Raises:
        KeyEncryptionError: as `load_kek`, or the file cannot be written.
    """
    if not path.exists():
        return load_or_create_kek(path, entropy)
    kept = _keys(path)
    return _replace(path, [base64.b64encode(entropy.random_bytes(KEK_BYTES)).decode("ascii"), *kept], entropy=entropy)


def drop_old_keks(path: Path, entropy: Entropy) -> int:
    """Keep the first key only and tell how many went. What they wrapped and was not wrapped anew is lost.

    Raises:
        KeyEncryptionError: as `add_kek`.
    """
    kept, *old = _keys(path)
    if old:
        _replace(path, [kept], entropy=entropy)
    return len(old)


def _keys(path: Path) -> list[str]:
    load_kek(path)
    lines = (line.strip() for line in path.read_text("ascii").splitlines())
    return [line for line in lines if line and not line.startswith("#")]


def _replace(path: Path, keys: list[str], *, entropy: Entropy) -> KeyEncryptionKey:
    beside = path.with_name(f".{path.name}.{entropy.random_bytes(8).hex()}")
    head = "# Callgate's key-encryption keys, the one that wraps first. Keep them apart from backups."
    try:
        descriptor = os.open(beside, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, _OWNER_ONLY)
        with os.fdopen(descriptor, "w", encoding="ascii") as file:
            file.write("\n".join((head, *keys, "")))
            file.flush()
            os.fsync(descriptor)
        beside.replace(path)
        folder = os.open(path.parent, os.O_RDONLY | os.O_DIRECTORY)
        try:
            os.fsync(folder)
        finally:
            os.close(folder)
    except OSError as error:
        with suppress(OSError):
            beside.unlink()
        raise KeyEncryptionError(f"cannot write the key file {path}: {error.strerror}") from error
    return load_kek(path)
