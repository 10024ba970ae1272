"""What only PostgreSQL is asked: its clock, locks that order whoever shares rows, how it is set up, and writers."""

from typing import Final, NamedTuple, cast

from callgate.storage.load_view import View
from callgate.storage.rows import Row

CLOCK: Final = """
SELECT CAST(floor(extract(epoch FROM clock_timestamp()) * 1000) AS BIGINT), coalesce(max(at_ms), 0) FROM writer
"""
"""The server's time, and the latest that any commit was stamped with; in milliseconds since 1970."""

SHARE: Final = "SELECT pg_advisory_xact_lock_shared(?)"
TAKE: Final = "SELECT pg_advisory_xact_lock(?)"
TAKE_ALL: Final = "SELECT pg_advisory_xact_lock(key) FROM unnest(CAST(CAST(? AS TEXT) AS BIGINT[])) AS key"
TRY_ALL: Final = """
SELECT key FROM unnest(CAST(CAST(? AS TEXT) AS BIGINT[])) AS key WHERE pg_try_advisory_xact_lock(key)
"""
"""Those of the keys that nobody else holds, and that are held now."""

SERVER: Final = """
SELECT CAST(extract(epoch FROM pg_postmaster_start_time()) * 1000000 AS BIGINT), host(inet_server_addr()),
    inet_server_port(), current_setting('fsync'), current_setting('full_page_writes'),
    current_setting('synchronous_commit'), CAST(pg_is_in_recovery() AS INT)
"""
"""Who answers, and how it is set up; see told_server."""

HAND_OVER: Final = "SELECT set_config(?, ?, false)"
"""Keep a value for this connection, for a statement that takes no parameters."""

_CLAIM: Final = "SELECT CAST(pg_try_advisory_lock(hashtextextended(?, 0)) AS INT)"
_NEW_MARK: Final = "SELECT CAST(? AS TEXT) || ' ' || CAST(gen_random_uuid() AS TEXT)"
_BACKEND: Final = "SELECT pg_backend_pid()"
_LASTING: Final = {
    "fsync": frozenset({"on"}),
    "full_page_writes": frozenset({"on"}),
    "synchronous_commit": frozenset({"on", "remote_apply"}),
}


class ServerSettings(NamedTuple):
    """What durability rests on, in PostgreSQL's own words."""

    fsync: str
    full_page_writes: str
    synchronous_commit: str
    in_recovery: int

    @property
    def careless(self) -> str | None:
        """A setting with which it may lose what it says it has, as `name = value`."""
        wrong = ((name, value) for name, value in self._asdict().items() if value not in _LASTING.get(name, {value}))
        return next((f"{name} = {value}" for name, value in wrong), None)


def told_server(row: Row) -> tuple[Row, ServerSettings]:
    """What `SERVER` tells: who it is, which no two have in common, nor one before and after a start; its settings."""
    return row[:3], ServerSettings._make(cast("tuple[str, str, str, int]", row[3:]))


def find_backend(view: View) -> int:
    """The number of the server's process that answers."""
    return cast("int", view.rows(_BACKEND)[0][0])


def claim_writer(view: View, name: str) -> bool:
    """Take a writer's name for this connection, until it ends; tells whether nobody else has it."""
    return view.rows(_CLAIM, (f"callgate writer {name}",))[0][0] == 1


def new_mark(view: View, name: str) -> str:
    """A mark that only this connection of a writer ever has, taken until the connection ends."""
    mark = cast("str", view.rows(_NEW_MARK, (name,))[0][0])
    claim_writer(view, mark)
    return mark
