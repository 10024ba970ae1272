"""What was read lately, and may be built on before the transaction, because the transaction builds on nothing.

Whoever reads here takes the answer for evidence only: what a decision relies on is compared with fresh facts inside the
transaction (architecture.md, idea 4), and a refusal is never drawn from memory: it is looked up anew first. So an entry
may be old, and nothing need tell it so. Sessions are never kept.
"""

from collections.abc import Hashable
from typing import Final, Generic, TypeVar

K = TypeVar("K", bound=Hashable)
V = TypeVar("V")

LATELY_MAX: Final = 32_768
"""Past it everything is dropped, which costs one read each: cheaper than an order of use kept at every request. Full,
it takes some 20 MB."""


class Lately(Generic[K, V]):
    """A bounded memory of one kind of answer."""

    __slots__ = ("_kept",)

    def __init__(self) -> None:
        self._kept: dict[K, V] = {}

    def get(self, key: K) -> V | None:
        """What was read, or None."""
        return self._kept.get(key)

    def put(self, key: K, value: V) -> None:
        """Remember what was just read."""
        if len(self._kept) >= LATELY_MAX:
            self._kept.clear()
        self._kept[key] = value

    def __repr__(self) -> str:
        return f"Lately({len(self._kept)} entries)"
