"""Shelves: records changed by steps that do not overlap, kept for a time, bounded in number."""

import asyncio

from callgate.storage.shelf import MemoryShelf


class Hands:
    """A clock whose hands the test moves."""

    now_ms = 0

    def __call__(self) -> int:
        """Read it."""
        return self.now_ms


def add(record: int | None, _now_ms: int) -> tuple[int, int]:
    """A step: one more."""
    return (record or 0) + 1, (record or 0) + 1


def forget(record: int | None, _now_ms: int) -> tuple[None, int]:
    """A step that keeps nothing."""
    return None, record or 0


def test_record_is_kept_for_its_time_from_the_last_change() -> None:
    """And is gone after it, or when a step says so."""
    clock = Hands()
    shelf: MemoryShelf[int] = MemoryShelf(clock, keep_ms=100)

    async def scenario() -> None:
        for clock.now_ms, count in ((0, 1), (99, 2), (198, 3), (298, 1)):
            assert await shelf.change(("a", 1), add) == count
        assert await shelf.change(("a", 1), forget) == 1
        assert len(shelf) == 0

    asyncio.run(scenario())


def test_what_is_over_makes_room_before_the_shelf_is_full() -> None:
    """So that a shelf holds what lives, not all that ever came."""
    clock = Hands()
    shelf: MemoryShelf[int] = MemoryShelf(clock, keep_ms=100)

    async def scenario() -> None:
        for number in range(50):
            await shelf.change(("early", number), add)
        clock.now_ms = 200
        for number in range(50):
            await shelf.change(("late", number), add)
        assert len(shelf) == 50

    asyncio.run(scenario())


def test_lightest_and_longest_untouched_goes_first_when_the_shelf_is_full() -> None:
    """A heavy record outlives any number of light ones."""
    shelf: MemoryShelf[int] = MemoryShelf(
        Hands(), keep_ms=100, records_max=10, weigh=lambda record: int(record > 1), weights=2
    )

    async def scenario() -> None:
        await shelf.change(("heavy",), add)
        await shelf.change(("heavy",), add)
        for number in range(100):
            await shelf.change(("light", number), add)
        assert len(shelf) == 10
        assert await shelf.change(("heavy",), add) == 3
        assert await shelf.change(("light", 99), add) == 2
        assert await shelf.change(("light", 5), add) == 1
        for number in range(100, 130):
            await shelf.change(("more", number), add)
            await shelf.change(("more", number), add)
        assert len(shelf) == 10
        assert await shelf.change(("heavy",), add) == 1

    asyncio.run(scenario())
