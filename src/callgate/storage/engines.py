"""Which engine has a database: a path is a file of SQLite's, everything else is on PostgreSQL.

What is imported inside the functions is imported by those alone who use PostgreSQL: it takes a while.
"""

from dataclasses import replace
from pathlib import Path
from typing import Protocol

import apsw

from callgate.model.database import CopiedTable, PostgresPlace
from callgate.storage.audit import AuditReport
from callgate.storage.backup import BackupBroken, CopyRefused
from callgate.storage.check import Progress, check_audit, check_file
from callgate.storage.port import Engine
from callgate.storage.schema import ServerUnfit, migrate_file
from callgate.storage.scripts import SchemaDiffers, render_apart
from callgate.storage.sqlite import SqliteStore, StoreOptions
from callgate.storage.sqlite_file import InUse, NotOurs

Place = Path | PostgresPlace


class Times(Protocol):
    """The clock as engines need it: files are stamped with its time, and where PostgreSQL gives it, it goes by that."""

    def now_ms(self) -> int:
        """Milliseconds since 1970."""

    def hear(self, told_ms: int, stamped_ms: int) -> int:
        """Go by the database's clock, from what it said a moment ago, but not before `stamped_ms`; gives the time.

        Raises failure.Unavailable where it cannot be right.
        """

    def not_before(self, stamped_ms: int) -> int:
        """Go on from what was stamped before; gives the time."""


def open_store(place: Place, *, clock: Times, options: StoreOptions) -> Engine:
    """A store on a database whose schema is current; see the engines for what is raised."""
    if isinstance(place, Path):
        store = SqliteStore.open(place, clock=clock.now_ms, options=options)
        clock.not_before(store.stamped_ms)
        return store
    from callgate.storage.postgres import PostgresOptions, PostgresStore  # noqa: PLC0415 - see above
    from callgate.storage.schema_postgres import require_postgres_head  # noqa: PLC0415 - see above

    require_postgres_head(place)
    chosen = PostgresOptions(writer=options.writer, time_of=clock.hear)
    if not options.exclusive:  # a command, which does one thing after another
        chosen = replace(chosen, lanes=1)
    return PostgresStore(place, chosen)


def migrate(place: Place) -> bool:
    """Bring a database to this version, making a file where there is none; whether there was anything to do."""
    if isinstance(place, Path):
        place.parent.mkdir(parents=True, exist_ok=True)
        return migrate_file(place, render=render_apart)
    from callgate.storage.schema_postgres import migrate_postgres  # noqa: PLC0415 - see above

    return migrate_postgres(place, render=render_apart)


def look_over(place: Place) -> tuple[int, tuple[str, ...]]:
    """How many bytes a database takes, and what is wrong with the file; a server keeps its own whole."""
    if isinstance(place, Path):
        return place.stat().st_size, check_file(place)
    from callgate.storage.postgres_upkeep import measure_postgres  # noqa: PLC0415 - see above

    return measure_postgres(place), ()


def verify(place: Place, progress: Progress, *, cut_before_ms: int = 0) -> AuditReport:
    """Check every audit chain as of one moment."""
    if isinstance(place, Path):
        return check_audit(place, progress, cut_before_ms=cut_before_ms)
    from callgate.storage.postgres_upkeep import check_postgres_audit  # noqa: PLC0415 - see above

    return check_postgres_audit(place, progress, cut_before_ms=cut_before_ms)


def copy(source: Place, target: Place, *, progress: Progress) -> tuple[CopiedTable, ...]:
    """Copy a database that nobody has into one that is empty, and compare all of it."""
    from callgate.storage.copying import copy_database  # noqa: PLC0415 - see above

    return copy_database(source, target, progress=progress)


def explain_trouble(error: Exception) -> str | None:
    """A line for what an engine refused or could not do; None for anything else."""
    if isinstance(error, InUse | NotOurs | SchemaDiffers | ServerUnfit | BackupBroken | CopyRefused):
        return str(error)
    if isinstance(error, apsw.Error):
        return f"SQLite says: {error}"
    from callgate.storage.postgres_trouble import explain_postgres  # noqa: PLC0415 - see above

    return explain_postgres(error)
