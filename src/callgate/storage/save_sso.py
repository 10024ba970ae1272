"""Identity providers written: connections, the domains they claim, and assertions that are spent."""

from typing import Final

from callgate.model.connection import Connection, ConnectionSecret
from callgate.model.sso import AssertionConsumed, ConnectionChanged, ConnectionCreated, ConnectionRemoved
from callgate.storage.pen import Pen
from callgate.storage.rows import columns, marks, row_of

_ALL: Final = (*Connection._fields, *ConnectionSecret._fields)

_CREATE: Final = f"INSERT INTO sso_connection ({columns(_ALL)}) VALUES ({marks(_ALL)})"
_CHANGE: Final = f"""
UPDATE sso_connection SET {", ".join(f"{field} = ?" for field in Connection._fields[2:])}
WHERE id = ? AND account_id = ? AND version = ?
"""
_SECRET: Final = """
UPDATE sso_connection SET sealed_client_secret = coalesce(?, sealed_client_secret),
    sealed_signing_key = coalesce(?, sealed_signing_key)
WHERE id = ?
"""
_REMOVE: Final = "DELETE FROM sso_connection WHERE id = ? AND account_id = ? AND version = ?"
_DOMAIN: Final = "INSERT INTO sso_domain (domain, connection_id) VALUES (?, ?)"
_FREE_DOMAINS: Final = "DELETE FROM sso_domain WHERE connection_id = ?"
_CONSUME: Final = "INSERT INTO assertion_consumed (connection_id, assertion_id, expires_ms) VALUES (?, ?, ?)"


def create_connection(pen: Pen, change: ConnectionCreated) -> None:
    """Insert a connection, and the domains it claims."""
    pen.write(_CREATE, (*row_of(change.connection), *change.secret))
    _claim_domains(pen, change.connection)


def change_connection(pen: Pen, change: ConnectionChanged) -> None:
    """Change a connection, and what proves us to it where something new is given."""
    before, after = change.before, change.after
    assert after[:2] == before[:2]
    assert after.version == before.version + 1
    pen.swap(_CHANGE, (*row_of(after[2:]), before.id, before.account_id, before.version))
    if change.secret is not None:
        pen.write(_SECRET, (*change.secret, before.id))
    if after.email_domains != before.email_domains:
        pen.write(_FREE_DOMAINS, (before.id,))
        _claim_domains(pen, after)


def remove_connection(pen: Pen, change: ConnectionRemoved) -> None:
    """Delete a connection and free its domains; its sessions end by comparison."""
    connection = change.connection
    pen.write(_FREE_DOMAINS, (connection.id,))
    pen.swap(_REMOVE, (connection.id, connection.account_id, connection.version))


def consume_assertion(pen: Pen, change: AssertionConsumed) -> None:
    """Remember an assertion; a taken key means that another process was first."""
    pen.write(_CONSUME, (change.connection_id, change.assertion_id, change.expires_ms))


def _claim_domains(pen: Pen, connection: Connection) -> None:
    for domain in connection.email_domains:
        pen.write(_DOMAIN, (domain, connection.id))
