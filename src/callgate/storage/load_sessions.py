"""Sessions as a decision sees them: the row, what it is compared with, and the seat it may sit in."""

from typing import Final

from callgate.model.account import Extension
from callgate.model.facts import Seated, SessionFacts
from callgate.model.lookups import RedeemLookup, SessionLookup
from callgate.model.session import Session
from callgate.storage.load_view import View
from callgate.storage.rows import Row, Value, columns, session_from

_WIDTH: Final = len(Session._fields)
_BESIDE: Final = _WIDTH + 6
"""The columns before an extension's."""

# Kinds as in model/session.CredentialKind. None says that the credential is gone.
CREDENTIAL_VERSION: Final = """
CASE s.credential_kind
    WHEN 1 THEN extension.password_version
    WHEN 6 THEN extension.password_version
    WHEN 7 THEN extension.password_version
    WHEN 8 THEN extension.password_version
    WHEN 2 THEN (SELECT 1 FROM jwt_credential c WHERE c.id = s.credential_id AND c.account_id = s.account_id)
    WHEN 3 THEN (SELECT a.version FROM allowance a WHERE a.id = s.credential_id AND a.account_id = s.account_id)
    WHEN 4 THEN (SELECT c.trust_version FROM sso_connection c
        WHERE c.id = s.credential_id AND c.account_id = s.account_id)
    WHEN 5 THEN (SELECT t.version FROM trusted_issuer t WHERE t.id = s.credential_id AND t.account_id = s.account_id)
END
"""

SESSION: Final = f"""
SELECT {columns(Session._fields, "s")}, {CREDENTIAL_VERSION},
    cell.sessions_from_ms, client.version, account.version, role.id, role.version,
    {columns(Extension._fields, "extension")}
FROM cell
LEFT JOIN session s ON s.id = ? AND s.account_id = ?
LEFT JOIN client ON client.id = s.client_id
LEFT JOIN account ON account.id = s.account_id
LEFT JOIN extension ON extension.id = s.extension_id
LEFT JOIN role ON role.id = extension.role_id
"""

# `slot IS NOT NULL` is the condition of the index session_seat.
SEAT: Final = f"""
SELECT {columns(Session._fields, "s")}, {CREDENTIAL_VERSION}
FROM session s JOIN extension ON extension.id = s.extension_id
WHERE s.extension_id = ? AND s.client_id = ? AND s.slot IS NOT NULL AND s.account_id = ?
ORDER BY s.slot
"""


def load_session(view: View, lookup: SessionLookup) -> SessionFacts:
    """Answer `SessionLookup` with one statement, the hottest there is."""
    return _session_facts(view, view.rows(SESSION, (lookup.row_id, lookup.account_id))[0])


def load_redeem(view: View, lookup: RedeemLookup) -> SessionFacts:
    """Answer `RedeemLookup`: a session with the seat of its (client, extension)."""
    facts = _session_facts(view, view.rows(SESSION, (lookup.row_id, lookup.account_id))[0])
    if facts.session is None or facts.extension is None:
        return facts
    seat = load_seat(view, facts.extension, client_id=facts.session.client_id)
    return facts._replace(now_ms=view.now_ms, seat=seat)


def load_seat(view: View, extension: Extension, *, client_id: Value) -> tuple[Seated, ...]:
    """Give the pending and live rows of one (client, extension), in the order of their slots."""
    rows = view.rows(SEAT, (extension.id, client_id, extension.account_id))
    return tuple(Seated(session_from(row[:_WIDTH]), _version_of(row[_WIDTH])) for row in rows)


def _session_facts(view: View, row: Row) -> SessionFacts:
    version, sessions_from, client, account, role_id, role = row[_WIDTH:_BESIDE]
    assert type(sessions_from) is int
    session = None if row[0] is None else session_from(row[:_WIDTH])
    if session is None:
        return SessionFacts(view.now_ms, sessions_from, None, None, None, None, None, None, ())
    return SessionFacts(
        view.now_ms,
        sessions_from,
        session,
        _version_of(version),
        view.client(session.client_id, client),
        view.account(session.account_id, account),
        view.extension_of(row[_BESIDE:]),
        view.role(role_id, role),
        (),
    )


def _version_of(value: Value) -> int | None:
    assert value is None or type(value) is int
    return value
