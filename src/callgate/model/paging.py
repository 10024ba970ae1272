"""Pages of a list: which one is asked for, and what part of the list it is (protocol.md I.5, I.6)."""

from typing import NamedTuple

PER_PAGE_DEFAULT = 100
"""protocol.md I.5."""

PER_PAGE_MAX = 1000
"""More is answered with this many; `max` asks for it by name."""


class Page(NamedTuple):
    """A page counted from 1, and how many elements it holds."""

    number: int = 1
    size: int = PER_PAGE_DEFAULT

    @property
    def start(self) -> int:
        """The index in the list, from 0, of the page's first element."""
        return (self.number - 1) * self.size
