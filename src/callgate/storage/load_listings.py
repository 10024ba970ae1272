"""What administrators look through: accounts, people, roles, apps, credentials, sessions, the audit log, by pages."""

from typing import Final, cast

from callgate.model.account import Account, Allowance, Extension, Role
from callgate.model.client import Client, ClientKeys
from callgate.model.consent import Consent
from callgate.model.credential import JwtCredential
from callgate.model.directory import ListedExtension
from callgate.model.listings import (
    AccountsFacts,
    AccountsListing,
    AllowancesFacts,
    AllowancesListing,
    AppsFacts,
    AppsListing,
    AuditBatch,
    AuditFacts,
    AuditListing,
    ConsentsFacts,
    ConsentsListing,
    CredentialsFacts,
    CredentialsListing,
    ExtensionsFacts,
    ExtensionsListing,
    ListedAllowance,
    ListedConsent,
    ListedSession,
    RolesFacts,
    RolesListing,
    SealedSecret,
    SealedSecretsFacts,
    SealedSecretsListing,
    SessionsFacts,
    SessionsListing,
)
from callgate.model.radar import ExpiringLookup
from callgate.model.session import Session
from callgate.storage.load_sessions import CREDENTIAL_VERSION
from callgate.storage.load_view import View
from callgate.storage.rows import (
    Row,
    account_from,
    allowance_from,
    client_from,
    columns,
    consent_from,
    credential_from,
    extension_from,
    keys_from,
    role_from,
    session_from,
)

_ACCOUNTS: Final = f"""
SELECT {columns(Account._fields)} FROM account
WHERE id > ?1 AND (name = ?2 OR main_number = ?2 OR CAST(id AS TEXT) = ?2 OR ?2 IS NULL)
ORDER BY id LIMIT ?3
"""

# Somebody may have several direct numbers; one is shown, always the same.
# By account, then as somebody looks for a number: 9, 10, 101; what has none comes last, by name.
_BY_NUMBER: Final = "account_id, coalesce(length(number), 99), coalesce(number, ''), first_name, last_name, id"
_EXTENSIONS: Final = f"""
SELECT {columns(Extension._fields)}, (SELECT min(p.number) FROM phone p WHERE p.extension_id = extension.id),
    password_hash IS NOT NULL
FROM extension
WHERE (?1 = 0 OR ({_BY_NUMBER}) > (SELECT {_BY_NUMBER} FROM extension WHERE id = ?1))
    AND account_id = coalesce(?2, account_id) AND id = coalesce(?3, id) AND (number = ?4 OR ?4 IS NULL)
ORDER BY {_BY_NUMBER} LIMIT ?5
"""

_ROLES: Final = f"""
SELECT {columns(Role._fields)} FROM role
WHERE account_id IS NULL OR account_id = coalesce(?, account_id)
ORDER BY account_id NULLS FIRST, id
"""

_APPS: Final = f"""
SELECT {columns(Client._fields)} FROM client
WHERE id > ?1 AND account_id = coalesce(?2, account_id) AND (id = ?3 OR name = ?3 OR ?3 IS NULL)
ORDER BY id LIMIT ?4
"""

_SEALED: Final = f"""
SELECT {columns(Client._fields)}, {columns(ClientKeys._fields)} FROM client
WHERE id > ? AND sealed_secret IS NOT NULL ORDER BY id LIMIT ?
"""

_ALLOWANCES: Final = f"""
SELECT {columns(Allowance._fields, "a")}, {columns(Account._fields, "account")},
    {columns(Extension._fields, "extension")}, {columns(Role._fields, "role")}
FROM allowance a
JOIN account ON account.id = a.account_id
JOIN extension ON extension.id = a.extension_id
JOIN role ON role.id = extension.role_id
WHERE a.client_id = ?
ORDER BY a.account_id
"""

_CREDENTIALS: Final = f"""
SELECT {columns(JwtCredential._fields)} FROM jwt_credential
WHERE id > ? AND account_id = coalesce(?, account_id) AND extension_id = coalesce(?, extension_id)
    AND id = coalesce(?, id)
ORDER BY id LIMIT ?
"""

# The first two conditions are those of the index jwt_credential_expiry.
EXPIRING: Final = f"""
SELECT {columns(JwtCredential._fields)} FROM jwt_credential
WHERE expires_ms IS NOT NULL AND replaced_ms IS NULL AND expires_ms > ? AND expires_ms <= ? ORDER BY expires_ms, id
"""

_CONSENTS: Final = f"""
SELECT {columns(Consent._fields, "c")}, client.version, extension.version
FROM consent c
LEFT JOIN client ON client.id = c.client_id
LEFT JOIN extension ON extension.id = c.extension_id
WHERE (c.extension_id, c.client_id) > (?, ?) AND c.account_id = coalesce(?, c.account_id)
    AND c.extension_id = coalesce(?, c.extension_id) AND c.client_id = coalesce(?, c.client_id)
ORDER BY c.extension_id, c.client_id LIMIT ?
"""

_SESSIONS: Final = f"""
SELECT {columns(Session._fields, "s")}, {CREDENTIAL_VERSION}, client.version, account.version, extension.version
FROM session s
LEFT JOIN client ON client.id = s.client_id
LEFT JOIN account ON account.id = s.account_id
LEFT JOIN extension ON extension.id = s.extension_id
WHERE s.id > ? AND s.account_id = coalesce(?, s.account_id) AND s.extension_id = coalesce(?, s.extension_id)
    AND s.client_id = coalesce(?, s.client_id) AND s.id = coalesce(?, s.id)
ORDER BY s.id LIMIT ?
"""

_AUDIT: Final = """
SELECT writer, seq, at_ms, entries FROM audit
WHERE at_ms < coalesce(?, 9223372036854775807) ORDER BY at_ms DESC, writer, seq DESC LIMIT ?
"""

# Several commits may share a millisecond, so a page cannot go on after a time alone.
_AUDIT_AFTER: Final = """
SELECT a.writer, a.seq, a.at_ms, a.entries FROM audit last JOIN audit a ON a.at_ms <= last.at_ms
WHERE last.writer = ? AND last.seq = ? AND a.at_ms < coalesce(?, 9223372036854775807)
    AND (a.at_ms < last.at_ms OR a.writer > last.writer OR (a.writer = last.writer AND a.seq < last.seq))
ORDER BY a.at_ms DESC, a.writer, a.seq DESC LIMIT ?
"""

_LINKS: Final = "SELECT count(*) FROM audit"
_SESSIONS_FROM: Final = "SELECT sessions_from_ms FROM cell"

_EXTENSION_WIDTH: Final = len(Extension._fields)
_CLIENT_WIDTH: Final = len(Client._fields)
_CONSENT_WIDTH: Final = len(Consent._fields)
_SESSION_WIDTH: Final = len(Session._fields)


def load_accounts(view: View, lookup: AccountsListing) -> AccountsFacts:
    """Answer `AccountsListing`."""
    rows = view.rows(_ACCOUNTS, (lookup.after, lookup.called, lookup.rows))
    return AccountsFacts(tuple(account_from(row) for row in rows))


def load_extensions(view: View, lookup: ExtensionsListing) -> ExtensionsFacts:
    """Answer `ExtensionsListing`."""
    values = (lookup.after, lookup.account_id, lookup.extension_id, lookup.number, lookup.rows)
    return ExtensionsFacts(tuple(_listed_extension(row) for row in view.rows(_EXTENSIONS, values)))


def load_roles(view: View, lookup: RolesListing) -> RolesFacts:
    """Answer `RolesListing`."""
    return RolesFacts(tuple(role_from(row) for row in view.rows(_ROLES, (lookup.account_id,))))


def load_apps(view: View, lookup: AppsListing) -> AppsFacts:
    """Answer `AppsListing`."""
    values = (lookup.after, lookup.account_id, lookup.called, lookup.rows)
    return AppsFacts(tuple(client_from(row) for row in view.rows(_APPS, values)))


def load_sealed_secrets(view: View, lookup: SealedSecretsListing) -> SealedSecretsFacts:
    """Answer `SealedSecretsListing`."""
    rows = view.rows(_SEALED, (lookup.after, lookup.rows))
    return SealedSecretsFacts(
        tuple(SealedSecret(client_from(row[:_CLIENT_WIDTH]), keys_from(row[_CLIENT_WIDTH:])) for row in rows)
    )


def load_allowances(view: View, lookup: AllowancesListing) -> AllowancesFacts:
    """Answer `AllowancesListing`."""
    return AllowancesFacts(tuple(_listed_allowance(row) for row in view.rows(_ALLOWANCES, (lookup.client_id,))))


def load_credentials(view: View, lookup: CredentialsListing) -> CredentialsFacts:
    """Answer `CredentialsListing`."""
    values = (lookup.after, lookup.account_id, lookup.extension_id, lookup.credential_id, lookup.rows)
    rows = view.rows(_CREDENTIALS, values)
    return CredentialsFacts(view.now_ms, tuple(credential_from(row) for row in rows))


def load_expiring(view: View, lookup: ExpiringLookup) -> CredentialsFacts:
    """Answer `ExpiringLookup`."""
    rows = view.rows(EXPIRING, (lookup.after_ms, lookup.until_ms))
    return CredentialsFacts(view.now_ms, tuple(credential_from(row) for row in rows))


def load_consents(view: View, lookup: ConsentsListing) -> ConsentsFacts:
    """Answer `ConsentsListing`."""
    values = (*lookup.after, lookup.account_id, lookup.extension_id, lookup.client_id, lookup.rows)
    return ConsentsFacts(tuple(_listed_consent(view, row) for row in view.rows(_CONSENTS, values)))


def load_sessions(view: View, lookup: SessionsListing) -> SessionsFacts:
    """Answer `SessionsListing`."""
    values = (
        lookup.after,
        lookup.account_id,
        lookup.extension_id,
        lookup.client_id,
        lookup.row_id,
        lookup.rows,
    )
    sessions = tuple(_listed_session(view, row) for row in view.rows(_SESSIONS, values))
    return SessionsFacts(view.now_ms, find_sessions_from(view), sessions)


def load_audit(view: View, lookup: AuditListing) -> AuditFacts:
    """Answer `AuditListing`."""
    asked = (lookup.before_ms, lookup.rows)
    rows = view.rows(_AUDIT_AFTER, (*lookup.after, *asked)) if lookup.after else view.rows(_AUDIT, asked)
    return AuditFacts(tuple(AuditBatch._make(cast("tuple[str, int, int, str]", row)) for row in rows))


def count_links(view: View) -> int:
    """How many links all audit chains have."""
    return cast("int", view.rows(_LINKS)[0][0])


def find_sessions_from(view: View) -> int:
    """Before when everything issued is over, in milliseconds since 1970."""
    return cast("int", view.rows(_SESSIONS_FROM)[0][0])


def _listed_extension(row: Row) -> ListedExtension:
    phone_number, has_password = row[_EXTENSION_WIDTH:]
    extension = extension_from(row[:_EXTENSION_WIDTH])
    return ListedExtension(extension, cast("str | None", phone_number), has_password == 1)


def _listed_allowance(row: Row) -> ListedAllowance:
    first = len(Allowance._fields)
    second = first + len(Account._fields)
    third = second + _EXTENSION_WIDTH
    return ListedAllowance(
        allowance_from(row[:first]),
        account_from(row[first:second]),
        extension_from(row[second:third]),
        role_from(row[third:]),
    )


def _listed_consent(view: View, row: Row) -> ListedConsent:
    consent = consent_from(row[:_CONSENT_WIDTH])
    client, extension = row[_CONSENT_WIDTH:]
    return ListedConsent(
        consent, view.client(consent.client_id, client), view.extension(consent.extension_id, extension)
    )


def _listed_session(view: View, row: Row) -> ListedSession:
    session = session_from(row[:_SESSION_WIDTH])
    credential, client, account, extension = row[_SESSION_WIDTH:]
    return ListedSession(
        session,
        cast("int | None", credential),
        view.client(session.client_id, client),
        view.account(session.account_id, account),
        view.extension(session.extension_id, extension),
    )
