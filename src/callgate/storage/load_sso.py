"""Identity providers as a decision sees them: a connection, whose it is, whom its answer is about."""

from typing import Final

from callgate.model.account import Account, normalize_email
from callgate.model.connection import Connection, ConnectionSecret
from callgate.model.sso import (
    ArrivalFacts,
    ArrivalLookup,
    ArrivedLookup,
    ConnectionActFacts,
    ConnectionActLookup,
    ConnectionFacts,
    ConnectionLookup,
    ConnectionSecretsFacts,
    ConnectionSecretsListing,
    ConnectionsFacts,
    ConnectionsListing,
    RouteFacts,
    RouteLookup,
    SsoOfferFacts,
    SsoOfferLookup,
    SsoPolicyActFacts,
    SsoPolicyActLookup,
)
from callgate.storage.load_people import find_login, find_person
from callgate.storage.load_view import View
from callgate.storage.rows import Row, Value, account_from, columns, connection_from, connection_secret_from

_COLUMNS: Final = columns(Connection._fields, "c")
_WIDTH: Final = len(Connection._fields)

_OFFER: Final = """
SELECT EXISTS (
    SELECT 1 FROM sso_connection c JOIN account a ON a.id = c.account_id
    WHERE c.enabled = 1 AND a.sso_policy <> 'off'
), EXISTS (SELECT 1 FROM passkey)
"""
_CONNECTION: Final = f"""
SELECT {_COLUMNS}, {columns(ConnectionSecret._fields, "c")}, a.version
FROM sso_connection c JOIN account a ON a.id = c.account_id WHERE c.id = ?
"""
_OF_DOMAIN: Final = f"""
SELECT {_COLUMNS}, a.version FROM sso_domain d
JOIN sso_connection c ON c.id = d.connection_id JOIN account a ON a.id = c.account_id
WHERE d.domain = ?
"""
_OF_ACCOUNT: Final = f"SELECT {_COLUMNS} FROM sso_connection c WHERE c.account_id = ? ORDER BY c.id"
_LISTED: Final = f"""
SELECT {_COLUMNS} FROM sso_connection c
WHERE c.account_id = coalesce(?1, c.account_id) AND (c.name = ?2 OR CAST(c.id AS TEXT) = ?2 OR ?2 IS NULL)
ORDER BY c.id
"""
_SECRETS: Final = f"""
SELECT {_COLUMNS}, {columns(ConnectionSecret._fields, "c")} FROM sso_connection c WHERE c.id > ? ORDER BY c.id LIMIT ?
"""
_PERSON: Final = "SELECT id FROM extension WHERE email_normal = ? AND account_id = ?"
_CONSUMED: Final = "SELECT 1 FROM assertion_consumed WHERE connection_id = ? AND assertion_id = ?"

_ACCOUNT: Final = f"SELECT {columns(Account._fields)} FROM account WHERE id = ?"
_ISSUER_ELSEWHERE: Final = "SELECT 1 FROM sso_connection WHERE account_id = ? AND issuer = ? AND id <> ?"
_NAME_ELSEWHERE: Final = "SELECT 1 FROM sso_connection WHERE account_id = ? AND name = ? AND id <> ?"
_DOMAIN_ELSEWHERE: Final = "SELECT 1 FROM sso_domain WHERE domain = ? AND connection_id <> ?"


def load_offer(view: View, _: SsoOfferLookup) -> SsoOfferFacts:
    """Answer `SsoOfferLookup`."""
    offered, passkeys = view.rows(_OFFER)[0]
    return SsoOfferFacts(offered=offered == 1, passkeys=passkeys == 1)


def load_connection(view: View, lookup: ConnectionLookup) -> ConnectionFacts:
    """Answer `ConnectionLookup`."""
    row = view.row(_CONNECTION, (lookup.connection_id,))
    if row is None:
        return ConnectionFacts(None, None, None)
    connection = connection_from(row[:_WIDTH])
    secret = connection_secret_from(row[_WIDTH:-1])
    return ConnectionFacts(connection, secret, view.account(connection.account_id, row[-1]))


def load_route(view: View, lookup: RouteLookup) -> RouteFacts:
    """Answer `RouteLookup`: a domain that somebody claimed decides alone, so that it does not tell who is in it."""
    login = lookup.login
    if login.email is not None:
        row = view.row(_OF_DOMAIN, (login.email.rpartition("@")[2],))
        if row is not None:
            connection = connection_from(row[:_WIDTH])
            return RouteFacts(view.account(connection.account_id, row[_WIDTH]), (connection,))
    found = find_login(view, login)
    person = find_person(view, found[0]) if found else None
    if person is None:
        return RouteFacts(None, ())
    return RouteFacts(person.account, _connections_of(view, person.account.id))


def load_arrival(view: View, lookup: ArrivalLookup) -> ArrivalFacts:
    """Answer `ArrivalLookup`."""
    row = view.row(_CONNECTION, (lookup.connection_id,))
    spent = view.row(_CONSUMED, (lookup.connection_id, lookup.assertion_id))
    found = view.row(_PERSON, (normalize_email(lookup.email), row[1])) if row else None
    return _arrival(view, row, extension_id=found[0] if found else None, consumed=spent is not None)


def load_arrived(view: View, lookup: ArrivedLookup) -> ArrivalFacts:
    """Answer `ArrivedLookup`."""
    row = view.row(_CONNECTION, (lookup.connection_id,))
    return _arrival(view, row, extension_id=lookup.extension_id, consumed=False)


def load_connection_act(view: View, lookup: ConnectionActLookup) -> ConnectionActFacts:
    """Answer `ConnectionActLookup`."""
    account_id, me = lookup.account_id, lookup.connection_id
    row = view.row(_CONNECTION, (me,))
    taken = (domain for domain in lookup.email_domains if view.row(_DOMAIN_ELSEWHERE, (domain, me)))
    return ConnectionActFacts(
        now_ms=view.now_ms,
        account=_account(view, account_id),
        connection=connection_from(row[:_WIDTH]) if row and row[1] == account_id else None,
        issuer_taken=view.row(_ISSUER_ELSEWHERE, (account_id, lookup.issuer, me)) is not None,
        name_taken=view.row(_NAME_ELSEWHERE, (account_id, lookup.name, me)) is not None,
        domains_taken=tuple(taken),
    )


def load_policy_act(view: View, lookup: SsoPolicyActLookup) -> SsoPolicyActFacts:
    """Answer `SsoPolicyActLookup`."""
    account_id = lookup.account_id
    return SsoPolicyActFacts(view.now_ms, _account(view, account_id), _connections_of(view, account_id))


def load_connections(view: View, lookup: ConnectionsListing) -> ConnectionsFacts:
    """Answer `ConnectionsListing`."""
    rows = view.rows(_LISTED, (lookup.account_id, lookup.called))
    return ConnectionsFacts(tuple(connection_from(row) for row in rows))


def load_connection_secrets(view: View, lookup: ConnectionSecretsListing) -> ConnectionSecretsFacts:
    """Answer `ConnectionSecretsListing`."""
    rows = view.rows(_SECRETS, (lookup.after, lookup.rows))
    return ConnectionSecretsFacts(
        tuple((connection_from(row[:_WIDTH]), connection_secret_from(row[_WIDTH:])) for row in rows)
    )


def _arrival(view: View, row: Row | None, *, extension_id: Value, consumed: bool) -> ArrivalFacts:
    if row is None:
        return ArrivalFacts(view.now_ms, None, None, None, consumed)
    connection = connection_from(row[:_WIDTH])
    person = find_person(view, extension_id)
    here = person is not None and person.account.id == connection.account_id
    return ArrivalFacts(
        now_ms=view.now_ms,
        connection=connection,
        account=view.account(connection.account_id, row[-1]),
        extension=person.extension if person and here else None,
        consumed=consumed,
    )


def _connections_of(view: View, account_id: Value) -> tuple[Connection, ...]:
    return tuple(connection_from(row) for row in view.rows(_OF_ACCOUNT, (account_id,)))


def _account(view: View, account_id: Value) -> Account | None:
    row = view.row(_ACCOUNT, (account_id,))
    return account_from(row) if row else None
