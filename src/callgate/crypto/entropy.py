"""The one reader of randomness, its seeded twin, and the row ids that grow with time.

Whoever needs a random value takes an `Entropy`, so that a simulation repeats from its seed. Two things draw
their own: the RSA and P-256 key generators, which read the operating system inside OpenSSL and cannot be
seeded.
"""

import hashlib
import os
import string
import threading
from typing import Protocol

from callgate.model.ids import ROW_EPOCH_MS, ROW_ORDER_BITS, RowId

ALPHANUMERIC = string.ascii_letters + string.digits
"""62 characters that no client, proxy or encoding changes (ruling 11)."""

_FIRST_ID = 100_000_000_000
"""Ids of accounts, people and roles have twelve digits: they are numbers in JSON, which are exact below 2⁵³ only."""

_ID_BYTES = 8
_START_BITS = 21  # half the room of a millisecond stays free above any random start


class Entropy(Protocol):
    """A source of random bytes."""

    def random_bytes(self, count: int) -> bytes:
        """Give `count` random bytes."""
        ...


class SystemEntropy:
    """The operating system's generator: the only source outside tests and simulation."""

    __slots__ = ()

    def random_bytes(self, count: int) -> bytes:
        """Give `count` bytes nobody can predict."""
        return os.urandom(count)


class SeededEntropy:
    """The same bytes for the same seed, for tests and simulation; never for a server."""

    __slots__ = ("_drawn", "_seed")

    def __init__(self, seed: int) -> None:
        self._seed = str(seed).encode("ascii")
        self._drawn = 0

    def random_bytes(self, count: int) -> bytes:
        """Give the next `count` bytes of the seed's sequence."""
        self._drawn += 1
        return hashlib.shake_256(b"%b/%d" % (self._seed, self._drawn)).digest(count)


def alphanumeric(entropy: Entropy, length: int) -> str:
    """Draw `length` characters of [A-Za-z0-9], each equally likely: 5.95 bits a character."""
    return characters(entropy, ALPHANUMERIC, length=length)


def characters(entropy: Entropy, alphabet: str, *, length: int) -> str:
    """Draw `length` characters of an alphabet of at most 128, each equally likely."""
    fair_max = 256 - 256 % len(alphabet)
    drawn: list[str] = []
    while len(drawn) < length:
        # Bytes past the last whole multiple of the alphabet are thrown away: a modulo over all 256 would favour some
        # letters.
        fair = (byte for byte in entropy.random_bytes(2 * length) if byte < fair_max)
        drawn.extend(alphabet[byte % len(alphabet)] for byte in fair)
    return "".join(drawn[:length])


def draw_id(entropy: Entropy) -> int:
    """Give an id for an account, a person or a role."""
    return _FIRST_ID + int.from_bytes(entropy.random_bytes(_ID_BYTES), "big") % (9 * _FIRST_ID)


class RowIds:
    """Row ids of one process: strictly increasing, 63 bits, milliseconds since 2020 above 22 bits of order.

    A millisecond starts at a random place, so that two processes rarely meet (once in 2 million ids made in
    the same millisecond); a unique index settles the rest, and whoever loses draws a new id (`Context.drawing`).
    """

    __slots__ = ("_entropy", "_last", "_lock")

    def __init__(self, entropy: Entropy) -> None:
        self._entropy = entropy
        self._last = 0
        self._lock = threading.Lock()

    def next(self, now_ms: int) -> RowId:
        """Give the next id; a clock that stands still or steps back only makes ids run ahead of it."""
        assert now_ms >= ROW_EPOCH_MS
        with self._lock:
            millisecond = (now_ms - ROW_EPOCH_MS) << ROW_ORDER_BITS
            if self._last < millisecond:
                start = int.from_bytes(self._entropy.random_bytes(3), "big") >> (24 - _START_BITS)
                self._last = millisecond + start
            else:
                self._last += 1
            assert self._last < 1 << 63
            return RowId(self._last)
