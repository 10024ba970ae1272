"""What a run is asked for."""

from argparse import Namespace
from dataclasses import dataclass

from bench.work import Kind, Work
from bench.world import EXTENT, Extent


@dataclass(frozen=True, slots=True, kw_only=True)
class Options:
    """Shared by all kinds of runs; each takes what concerns it."""

    rounds: int
    seconds: int
    connections: int
    only: tuple[str, ...] = ()
    works: tuple[str, ...] = ()
    extent: Extent = EXTENT
    sessions: int = 0
    people: int = 0
    credentials: int = 5_000
    requests: int = 1_000_000
    shrink_s: int = 600

    @classmethod
    def of(cls, parsed: Namespace) -> "Options":
        """From the command line."""
        return cls(
            rounds=parsed.rounds,
            seconds=parsed.seconds,
            connections=parsed.connections,
            only=tuple(parsed.only),
            works=tuple(parsed.work),
            sessions=parsed.sessions,
            people=parsed.people,
            requests=parsed.requests,
        )

    def wants(self, name: str) -> bool:
        """Whether a server is to be measured."""
        return _names(self.only, name)

    def chosen(self, works: list[Work]) -> list[Work]:
        """Of a server's works those that are to be measured; the bare reply's always, which all are held against."""
        return [work for work in works if work.kind is Kind.BARE or _names(self.works, work.kind)]


def _names(parts: tuple[str, ...], name: str) -> bool:
    return not parts or any(part.lower() in name.lower() for part in parts)
