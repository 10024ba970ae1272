"""What only PostgreSQL is asked: its clock, locks that order whoever shares rows, how it is set up, and writers."""

from typing import Final, NamedTuple, cast

from callgate.storage.load_view import View

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
    inet_server_port()
"""
"""Who answers: no two servers have all of it in common, nor one and the same before and after it was started anew."""

_CLAIM: Final = "SELECT CAST(pg_try_advisory_lock(hashtextextended(?, 0)) AS INT)"
_NEW_MARK: Final = "SELECT CAST(? AS TEXT) || ' ' || CAST(gen_random_uuid() AS TEXT)"
_BACKEND: Final = "SELECT pg_backend_pid()"
_SETTINGS: Final = """
SELECT current_setting('fsync'), current_setting('synchronous_commit'), current_setting('full_page_writes'),
    CAST(pg_is_in_recovery() AS INT)
"""


class ServerSettings(NamedTuple):
    """What durability rests on, in PostgreSQL's own words."""

    fsync: str
    synchronous_commit: str
    full_page_writes: str
    in_recovery: int


def find_settings(view: View) -> ServerSettings:
    """How the server is set up."""
    return ServerSettings._make(cast("tuple[str, str, str, int]", view.rows(_SETTINGS)[0]))


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
