"""The key-encryption key: the one secret that is kept outside the database, and what it wraps.

Wrapping is AES-256-SIV (RFC 5297, made for wrapping keys), bound to what is wrapped and whose it is, so that
a row cannot be moved to another place. A wrapped value begins with the id of the key that wrapped it: a wrong
key is told from a damaged row. Several keys may be configured: the first wraps, all unwrap, so that the key
can be changed while the server runs.
"""

import base64
import os
import stat
from collections.abc import Sequence
from contextlib import suppress
from enum import Enum
from pathlib import Path

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESSIV
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from callgate.crypto.entropy import Entropy

KEK_BYTES = 32
_ID_BYTES = 8
_FILE_BYTES_MAX = 4096
_OWNER_ONLY = 0o600


class Wrapped(Enum):
    """What kind of thing is wrapped; part of the binding."""

    KEY = "key"
    CLIENT_SECRET = "client-secret"
    CONNECTION_SECRET = "connection-secret"
    CONNECTION_KEY = "connection-key"
    TOTP_SECRET = "totp-secret"


class KeyEncryptionError(Exception):
    """The key-encryption key cannot be read, or does not open what the database holds."""


class KeyEncryptionKey:
    """Wraps and unwraps; its repr shows nothing."""

    __slots__ = ("_by_id", "_current_id")

    def __init__(self, keys: Sequence[bytes]) -> None:
        """Take one key or several of 32 bytes each: the first wraps, all unwrap."""
        if not keys or any(len(key) != KEK_BYTES for key in keys):
            raise KeyEncryptionError(f"a key-encryption key must be {KEK_BYTES} bytes")
        named = [
            (_derive(key, label=b"id", length=_ID_BYTES), AESSIV(_derive(key, label=b"wrap", length=64)))
            for key in keys
        ]
        self._by_id = dict(named)
        self._current_id = named[0][0]

    def __repr__(self) -> str:
        return f"KeyEncryptionKey({self.id}, …)"

    @property
    def id(self) -> str:
        """Name of the key that wraps, 16 hex digits; tells nothing about the key."""
        return self._current_id.hex()

    def wrap(self, secret: bytes, *, what: Wrapped, name: str) -> bytes:
        """Wrap `secret` for the place `name`: 8 bytes of key id, 16 of SIV, as many as the secret has."""
        binding = [self._current_id, what.value.encode(), name.encode()]
        return self._current_id + self._by_id[self._current_id].encrypt(secret, binding)

    def unwrap(self, wrapped: bytes, *, what: Wrapped, name: str) -> bytes:
        """Open what `wrap` made for the same place.

        Raises:
            KeyEncryptionError: wrapped by a key that is not configured, or not what was wrapped here.
        """
        key_id = wrapped[:_ID_BYTES]
        siv = self._by_id.get(key_id)
        if siv is None:
            raise KeyEncryptionError(
                f"the database's {what.value} {name} was wrapped by key-encryption key {key_id.hex()}, "
                f"but the one configured is {self.id}: restore the key file this database was made with"
            )
        try:
            return siv.decrypt(wrapped[_ID_BYTES:], [key_id, what.value.encode(), name.encode()])
        except (InvalidTag, ValueError):
            raise KeyEncryptionError(
                f"the database's {what.value} {name} is damaged or was moved here from another row"
            ) from None

    def is_current(self, wrapped: bytes) -> bool:
        """Tell whether the key that wraps today wrapped this; what it did not is due to be wrapped again."""
        return wrapped[:_ID_BYTES] == self._current_id


def kek_from_text(text: str) -> KeyEncryptionKey:
    """Read keys as base64, one a line, the one that wraps first; empty lines and # lines are ignored.

    Raises:
        KeyEncryptionError: no key, not base64, or not 32 bytes.
    """
    lines = [line.strip() for line in text.splitlines()]
    encoded = [line for line in lines if line and not line.startswith("#")]
    if not encoded:
        raise KeyEncryptionError("there is no key-encryption key in it")
    try:
        keys = [base64.b64decode(line, validate=True) for line in encoded]
    except ValueError:
        raise KeyEncryptionError("a key-encryption key must be written in base64, one key a line") from None
    return KeyEncryptionKey(keys)


def load_kek(path: Path) -> KeyEncryptionKey:
    """Read the key file.

    Raises:
        KeyEncryptionError: missing, readable by others than its owner, or not a key file; the message says
        the mend.
    """
    try:
        descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC | os.O_NONBLOCK)
    except OSError as error:
        raise KeyEncryptionError(f"cannot read the key file {path}: {error.strerror}") from error
    try:
        # Asked of the open file, not of the path: between two looks at a path it can become another file.
        mode = os.fstat(descriptor).st_mode
        if not stat.S_ISREG(mode):
            raise KeyEncryptionError(f"the key file {path} is not a regular file")
        if mode & (stat.S_IRWXG | stat.S_IRWXO):
            raise KeyEncryptionError(
                f"the key file {path} can be read by others (mode {stat.S_IMODE(mode):04o}): chmod 600 {path}"
            )
        content = os.read(descriptor, _FILE_BYTES_MAX)
    finally:
        os.close(descriptor)
    try:
        return kek_from_text(content.decode("ascii"))
    except UnicodeDecodeError:
        raise KeyEncryptionError(f"the key file {path} is not text") from None
    except KeyEncryptionError as error:
        raise KeyEncryptionError(f"the key file {path}: {error}") from None


def load_or_create_kek(path: Path, entropy: Entropy) -> KeyEncryptionKey:
    """Read the key file, or make it (mode 0600) where there is none; for a database that holds no keys yet.

    Of two processes that make it at once, one wins and both read the same key.

    Raises:
        KeyEncryptionError: as `load_kek`, or the file cannot be written.
    """
    if not path.exists():
        try:
            _create(path, entropy)
        except OSError as error:
            raise KeyEncryptionError(f"cannot write the key file {path}: {error.strerror}") from error
    return load_kek(path)


def _create(path: Path, entropy: Entropy) -> None:
    # Written beside and linked into place: a crash leaves a whole key file or none, and a loser of the race
    # no harm.
    beside = path.with_name(f".{path.name}.{entropy.random_bytes(8).hex()}")
    content = b"# Callgate's key-encryption key. Keep it apart from the database's backups.\n%b\n" % base64.b64encode(
        entropy.random_bytes(KEK_BYTES)
    )
    descriptor = os.open(beside, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, _OWNER_ONLY)
    try:
        with os.fdopen(descriptor, "wb") as file:
            file.write(content)
            file.flush()
            os.fsync(descriptor)
        with suppress(FileExistsError):
            os.link(beside, path)
    finally:
        beside.unlink()
    folder = os.open(path.parent, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(folder)
    finally:
        os.close(folder)


def _derive(key: bytes, *, label: bytes, length: int) -> bytes:
    return HKDF(algorithm=SHA256(), length=length, salt=None, info=b"callgate/kek/" + label).derive(key)
