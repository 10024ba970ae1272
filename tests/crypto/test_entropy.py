"""Randomness is unpredictable, unbiased, repeatable where asked for; row ids grow."""

from collections import Counter
from collections.abc import Callable
from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from callgate.crypto.entropy import (
    ALPHANUMERIC,
    RowIds,
    SeededEntropy,
    SystemEntropy,
    alphanumeric,
)
from callgate.model.ids import ROW_EPOCH_MS
from tests.crypto.factories import NOW_MS


def test_seeded_entropy_repeats_and_system_entropy_does_not() -> None:
    """A simulation starts again from its seed; a server never does."""
    draws = [SeededEntropy(seed).random_bytes(16) for seed in (1, 1, 2)]
    assert draws[0] == draws[1] != draws[2]
    seeded = SeededEntropy(1)
    assert seeded.random_bytes(16) != seeded.random_bytes(16)
    assert SystemEntropy().random_bytes(16) != SystemEntropy().random_bytes(16)


def test_alphanumeric_favours_no_character() -> None:
    """62 characters, each within five standard deviations of its share (a modulo of bytes fails this)."""
    drawn = Counter(alphanumeric(SeededEntropy(3), 62_000))
    assert set(drawn) == set(ALPHANUMERIC)
    assert all(abs(count - 1000) < 160 for count in drawn.values())


def test_alphanumeric_has_the_length_asked_for() -> None:
    """Thrown-away bytes are made up for."""
    lengths = [1, 22, 43] * 20
    assert [len(alphanumeric(SeededEntropy(7), length)) for length in lengths] == lengths


@given(clock=st.lists(st.integers(ROW_EPOCH_MS, NOW_MS), min_size=2, max_size=50))
def test_row_ids_grow_when_the_clock_jumps_either_way(clock: list[int]) -> None:
    """Strictly increasing within a process, 63 bits, whatever the clock does."""
    ids = RowIds(SeededEntropy(1))
    made = [ids.next(now_ms) for now_ms in clock]
    assert all(before < after < 1 << 63 for before, after in pairwise(made))


def test_row_ids_name_their_millisecond_when_the_clock_advances() -> None:
    """The high bits are the time, so rows of one time lie together; the order starts at a random place."""
    ids = RowIds(SeededEntropy(1))
    made = [ids.next(NOW_MS + tick) for tick in range(100)]
    assert [(row >> 22) + ROW_EPOCH_MS for row in made] == [NOW_MS + tick for tick in range(100)]
    assert len({row & (1 << 22) - 1 for row in made}) > 90


def test_row_ids_of_two_processes_rarely_meet(counts: Callable[[int, int], int]) -> None:
    """Two processes that make one id in each of many equal milliseconds meet about once in two million."""
    rounds = counts(20_000, 1_000_000)
    first, second = RowIds(SeededEntropy(1)), RowIds(SeededEntropy(2))
    met = sum(first.next(NOW_MS + tick) == second.next(NOW_MS + tick) for tick in range(rounds))
    assert met <= 3 + rounds // 500_000
