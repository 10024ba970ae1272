"""What the command line is given by the composition root: settings, a desk to act from, files to keep up, a server."""

from collections.abc import Callable
from contextlib import AbstractAsyncContextManager
from pathlib import Path
from typing import NamedTuple, Protocol

from callgate.admin.supervisor import Left
from callgate.admin.world import WorldFolder
from callgate.config import Place, Settings
from callgate.model.audit import Anchor
from callgate.model.database import CopiedTable
from callgate.service.administer.desk import Desk

Progress = Callable[[int, int], None]
"""Told how much is done, and of how much."""


class ChainSeen(NamedTuple):
    """One writer's audit chain; `head` is for comparing with a copy kept elsewhere. `pruned`: links that are gone."""

    writer: str
    links: int
    pruned: int
    entries: int
    head: str


class AuditSeen(NamedTuple):
    """What verifying found; `breaks` are lines, empty when every chain holds. `cuts`: where chains may be pruned."""

    chains: tuple[ChainSeen, ...]
    breaks: tuple[str, ...]
    cuts: tuple[Anchor, ...]


class DatabaseSeen(NamedTuple):
    """A database: the bytes it takes, and what is wrong with it, a line each; empty when it is whole."""

    size: int
    problems: tuple[str, ...]


class Composition(Protocol):
    """Everything a command may ask for. Failures of the world are raised; `explain` turns them into a line."""

    def load(self, file: Path | None) -> Settings:
        """Settings of this run. Raises ConfigError."""

    def desk(self, settings: Settings, *, by: str) -> AbstractAsyncContextManager[Desk]:
        """The database opened beside whoever serves it."""

    def migrate(self, settings: Settings) -> bool:
        """Bring the database to this version; tells whether there was anything to do."""

    def back_up(self, settings: Settings, to: Path, *, progress: Progress) -> None:
        """Copy the database while it is served."""

    def restore(self, settings: Settings, backup: Path, *, progress: Progress) -> None:
        """Put a backup in the database's place, with every session issued until now over."""

    def compact(self, settings: Settings) -> tuple[int, int]:
        """Write the SQLite file anew without what is free in it; gives its bytes before and after."""

    def copy(self, source: Place, target: Place, *, progress: Progress) -> tuple[CopiedTable, ...]:
        """Copy a database that nobody has into one that is empty, and compare all of it."""

    def look_over(self, settings: Settings) -> DatabaseSeen:
        """How large the database is, and what SQLite finds wrong with the file."""

    def verify_audit(self, settings: Settings, *, progress: Progress, cut_before_ms: int = 0) -> AuditSeen:
        """Check every audit chain, and find the newest link of each that was written before a moment."""

    def add_key_encryption_key(self, file: Path) -> str:
        """Write a new key into the key file, before those it holds; gives the new key's id."""

    def drop_old_key_encryption_keys(self, file: Path) -> int:
        """Keep only the first key of the file; tells how many went."""

    def describe(self, settings: Settings) -> dict[str, object]:
        """The server's OpenAPI document."""

    def serve(self, settings: Settings, left: Left | None) -> int:
        """Serve until told to stop; gives the exit status. `left`: this process served before, and reloads."""

    def serve_development(self, settings: Settings, world: WorldFolder) -> None:
        """Seed if empty, then serve with the development clock until told to stop."""

    def explain(self, error: Exception) -> str | None:
        """A line for a failure of the world; None for a defect, which is ours."""
