"""What PostgreSQL alone is asked: what a database holds, and for locks that no row stands for."""

from typing import Final, NamedTuple

import psycopg
from psycopg.rows import args_row

_TABLES: Final = """
SELECT to_regclass('alembic_version') IS NOT NULL, to_regclass('stored_key') IS NOT NULL,
    EXISTS (SELECT 1 FROM pg_class WHERE relkind IN ('r', 'p') AND relnamespace = to_regnamespace(current_schema()))
"""
_REVISION: Final = "SELECT version_num FROM alembic_version"
_BYTES: Final = "SELECT pg_database_size(current_database())"
_RUNNING: Final = """
SELECT name FROM writer WHERE NOT pg_try_advisory_xact_lock(hashtextextended('callgate writer ' || name, 0))
ORDER BY name
"""
_BACKEND: Final = "SELECT pg_backend_pid()"
_LOCK: Final = "SELECT pg_advisory_lock(%s)"
_UNLOCK: Final = "SELECT pg_advisory_unlock(%s)"


class Tables(NamedTuple):
    """Whether there are tables: Alembic's, ours, any."""

    versioned: bool
    ours: bool
    some: bool


def find_tables(connection: psycopg.Connection) -> Tables:
    """What lies in the schema that tables are made in."""
    with connection.cursor(row_factory=args_row(Tables)) as cursor:
        found = cursor.execute(_TABLES).fetchone()
    assert found is not None
    return found


def find_postgres_revision(connection: psycopg.Connection) -> str | None:
    """The schema's revision, as Alembic wrote it."""
    row = connection.execute(_REVISION).fetchone()
    return str(row[0]) if row else None


def find_answering(connection: psycopg.Connection) -> int:
    """The number of the server's process that answers; poolers tell libpq another."""
    row = connection.execute(_BACKEND).fetchone()
    assert row is not None
    return int(row[0])


def take_lock(connection: psycopg.Connection, number: int) -> None:
    """Wait for an advisory lock, as long as the connection's lock_timeout. Raises psycopg.errors.LockNotAvailable."""
    connection.execute(_LOCK, (number,))


def free_lock(connection: psycopg.Connection, number: int) -> None:
    """Let the next have it."""
    connection.execute(_UNLOCK, (number,))


def find_running_writers(connection: psycopg.Connection) -> list[str]:
    """The names that connections of servers and commands have taken (load_writers.claim_writer)."""
    return [str(name) for (name,) in connection.execute(_RUNNING)]


def measure_database(connection: psycopg.Connection) -> int:
    """How many bytes the database takes on the server's disk."""
    row = connection.execute(_BYTES).fetchone()
    assert row is not None
    return int(row[0])
