"""What the audit chain says of each audited change: allow-listed fields, never a secret, a hash of one, or a key."""

from collections.abc import Callable
from typing import Final, TypeVar, cast

import orjson

from callgate.model import changes as c
from callgate.model import mfa, sso
from callgate.model.account import Account, Extension, Role
from callgate.model.audit import Anchor, AuditPruned
from callgate.model.calls import CallLogCleared, CallsImported
from callgate.model.client import Client
from callgate.model.client_secret import FormerSecretRetired, SecretRotated
from callgate.model.connection import Connection
from callgate.model.credential import CredentialReplaced
from callgate.model.device_grant import DeviceApproved, DeviceDenied
from callgate.model.guesses import LocksLifted
from callgate.model.issuer import TrustedIssuer
from callgate.model.queues import QueueMembersChanged, QueueSettings, QueueSettingsChanged
from callgate.model.roles import DefaultRoleChanged, RoleDeleted
from callgate.model.session import Session
from callgate.storage import audit_browsers as browsers
from callgate.storage import audit_credentials as credentials
from callgate.storage import audit_factors
from callgate.storage.audit_browsers import Entry
from callgate.storage.rows import Value, row_of, trust_row

Describer = Callable[[c.Change], Entry]
C = TypeVar("C", bound=c.Change)


PRUNING: Final = f'{{"what":"{AuditPruned.__name__}",'
"""How the entry of a pruning begins."""


def describe(change: c.Change) -> bytes:
    """One line of JSON: what was done, to whom, by whom."""
    kind = type(change)
    return orjson.dumps({"what": kind.__name__, **_DESCRIBERS[kind](change)})


def _opened(change: c.SessionOpened) -> Entry:
    return _session(change.session)


def _redeemed(change: c.SessionRedeemed) -> Entry:
    return _session(change.after)


def _ended(change: c.SessionEnded) -> Entry:
    return _session(change.before) | {"why": change.why.name, "by": change.by}


def _session(session: Session) -> Entry:
    return {
        "account": session.account_id,
        "extension": session.extension_id,
        "client": session.client_id,
        "session": session.id,
        "credential": session.credential_kind.name,
        "credential_id": session.credential_id,
        "sign_in": session.sign_in_id,
        "scope": session.scope,
    }


def _account_created(change: c.AccountCreated) -> Entry:
    return {
        "account": change.account.id,
        "name": change.account.name,
        "main_number": change.account.main_number,
        "by": change.by,
    }


def _account_changed(change: c.AccountChanged) -> Entry:
    return {"account": change.before.id, "changed": _changed(change), "by": change.by}


def _extension_created(change: c.ExtensionCreated) -> Entry:
    extension = change.extension
    return {
        "account": extension.account_id,
        "extension": extension.id,
        "number": extension.number,
        "type": extension.type.value,
        "role": extension.role_id,
        "phone_number": change.phone_number,
        "has_password": change.password_hash is not None,
        "by": change.by,
    }


def _extension_changed(change: c.ExtensionChanged | c.PasswordChanged) -> Entry:
    before = change.before
    return {
        "account": before.account_id,
        "extension": before.id,
        "changed": _changed(change),
        "by": change.by,
    }


def _role_created(change: c.RoleCreated) -> Entry:
    role = change.role
    return {
        "account": role.account_id,
        "role": role.id,
        "name": role.name,
        "permissions": " ".join(sorted(role.permissions)),
        "by": change.by,
    }


def _role_changed(change: c.RoleChanged) -> Entry:
    return {
        "account": change.before.account_id,
        "role": change.before.id,
        "changed": _changed(change),
        "by": change.by,
    }


def _role_deleted(change: RoleDeleted) -> Entry:
    role = change.role
    return {
        "account": role.account_id,
        "role": role.id,
        "name": role.name,
        "permissions": " ".join(sorted(role.permissions)),
        "by": change.by,
    }


def _default_role(change: DefaultRoleChanged) -> Entry:
    return {"account": change.account_id, "before": change.before, "role": change.after, "by": change.by}


def _queue_settings(change: QueueSettingsChanged) -> Entry:
    before = change.before
    return {
        "account": before.account_id,
        "queue": before.queue_id,
        "changed": _changed(change),
        "by": change.by,
    }


def _queue_members(change: QueueMembersChanged) -> Entry:
    return {
        "account": change.account_id,
        "queue": change.queue_id,
        "added": " ".join(str(each) for each in sorted(change.added)),
        "removed": " ".join(str(each) for each in sorted(change.removed)),
        "by": change.by,
    }


def _app_registered(change: c.AppRegistered) -> Entry:
    client = change.client
    return {
        "account": client.account_id,
        "client": client.id,
        "name": client.name,
        "kind": client.kind.value,
        "private": client.private,
        "grants": " ".join(sorted(grant.value for grant in client.grants)),
        "scopes": " ".join(client.scopes),
        "by": change.by,
    }


def _app_changed(change: c.AppChanged) -> Entry:
    return {
        "account": change.before.account_id,
        "client": change.before.id,
        "changed": _changed(change),
        "new_keys": change.keys is not None,
        "by": change.by,
    }


def _service(change: c.ServiceAllowed | c.ServiceDisallowed) -> Entry:
    allowance = change.allowance
    return {
        "account": allowance.account_id,
        "client": allowance.client_id,
        "extension": allowance.extension_id,
        "allowance": allowance.id,
        "by": change.by,
    }


def _connection_created(change: sso.ConnectionCreated) -> Entry:
    connection = change.connection
    return {
        **_connection(connection),
        "kind": connection.kind.value,
        "name": connection.name,
        "issuer": connection.issuer,
        "sso_url": connection.sso_url,
        "by": change.by,
    }


def _connection_changed(change: sso.ConnectionChanged) -> Entry:
    return {
        **_connection(change.before),
        "changed": _changed(change),
        "new_secret": change.secret is not None,
        "by": change.by,
    }


def _connection_removed(change: sso.ConnectionRemoved) -> Entry:
    return _connection(change.connection) | {"by": change.by}


def _connection(connection: Connection) -> Entry:
    return {"account": connection.account_id, "connection": connection.id}


def _issuer_trusted(change: c.IssuerTrusted) -> Entry:
    conditions = "\n".join(str(condition) for condition in change.trust.conditions)
    made = change.extension is not None
    return _trust(change.trust) | {"conditions": conditions, "makes_extension": made, "by": change.by}


def _trust_changed(change: c.TrustChanged) -> Entry:
    before = change.before
    pairs = zip(before._fields, trust_row(before), trust_row(change.after), strict=True)
    changed: dict[str, list[Value]] = {field: [old, new] for field, old, new in pairs if old != new}
    return {"account": before.account_id, "trust": before.id, "changed": changed, "by": change.by}


def _trust_revoked(change: c.TrustRevoked) -> Entry:
    return _trust(change.trust) | {"disables_extension": change.disables, "by": change.by}


def _outside_token(change: c.OutsideTokenAccepted) -> Entry:
    return _trust(change.proven.trust) | {"subject": change.proven.subject, "token": change.proven.token_id}


def _locks_lifted(change: LocksLifted) -> Entry:
    networks = " ".join(sorted({lock.network for lock in change.locks}))
    return {"account": change.account_id, "extension": change.extension_id, "networks": networks, "by": change.by}


def _trust(trust: TrustedIssuer) -> Entry:
    return {
        "account": trust.account_id,
        "trust": trust.id,
        "name": trust.name,
        "client": trust.client_id,
        "extension": trust.extension_id,
        "issuer": trust.issuer,
    }


def _sessions_from(change: c.SessionsFromMoved) -> Entry:
    return {"sessions_from_ms": change.sessions_from_ms, "by": change.by}


def _key_stored(change: c.KeyStored) -> Entry:
    key = change.key
    return {"use": key.use.value, "number": key.number, "state": key.state.name, "by": change.by}


def _key_forgotten(change: c.KeyForgotten) -> Entry:
    return {"use": change.use.value, "number": change.number, "by": change.by}


def _audit_pruned(change: AuditPruned) -> Entry:
    anchors: dict[str, list[Value]] = {each.writer: [each.seq, each.hash.hex()] for each in change.anchors}
    return {"before_ms": change.before_ms, "anchors": anchors, "by": change.by}


def _calls_imported(change: CallsImported) -> Entry:
    return {"account": change.account_id, **change.tally._asdict(), "by": change.by}


def _call_log_cleared(change: CallLogCleared) -> Entry:
    return {
        "account": change.account_id,
        "extension": change.extension_id,
        "from_ms": change.from_ms,
        "to_ms": change.to_ms,
        "filters": " ".join(change.filters),
        "by": change.by,
    }


def anchor_text(anchor: Anchor) -> str:
    """How the entry of a pruning names an anchor, as JSON is written here."""
    return orjson.dumps({anchor.writer: [anchor.seq, anchor.hash.hex()]}).decode()[1:-1]


def _changed(
    change: c.AccountChanged
    | c.ExtensionChanged
    | c.PasswordChanged
    | c.RoleChanged
    | c.AppChanged
    | sso.ConnectionChanged
    | QueueSettingsChanged,
) -> dict[str, list[Value]]:
    before: Account | Extension | Role | Client | QueueSettings | Connection = change.before
    pairs = zip(before._fields, row_of(before), row_of(change.after), strict=True)
    return {field: [old, new] for field, old, new in pairs if old != new}


def _says(kind: type[C], describer: Callable[[C], Entry]) -> tuple[type[c.Change], Describer]:
    return cast("type[c.Change]", kind), cast("Describer", describer)


_DESCRIBERS: Final = dict(
    (
        _says(c.SessionOpened, _opened),
        _says(c.SessionRedeemed, _redeemed),
        _says(c.SessionEnded, _ended),
        _says(c.SignInStarted, browsers.sign_in_started),
        _says(c.SignInEnded, browsers.sign_in_ended),
        _says(c.ConsentGiven, browsers.consent_given),
        _says(c.ConsentWithdrawn, browsers.consent_withdrawn),
        _says(DeviceApproved, browsers.device_approved),
        _says(DeviceDenied, browsers.device_denied),
        _says(c.AccountCreated, _account_created),
        _says(c.AccountChanged, _account_changed),
        _says(c.ExtensionCreated, _extension_created),
        _says(c.ExtensionChanged, _extension_changed),
        _says(c.PasswordChanged, _extension_changed),
        _says(c.RoleCreated, _role_created),
        _says(c.RoleChanged, _role_changed),
        _says(RoleDeleted, _role_deleted),
        _says(DefaultRoleChanged, _default_role),
        _says(QueueSettingsChanged, _queue_settings),
        _says(QueueMembersChanged, _queue_members),
        _says(c.AppRegistered, _app_registered),
        _says(c.AppChanged, _app_changed),
        _says(SecretRotated, credentials.secret_rotated),
        _says(FormerSecretRetired, credentials.secret_retired),
        _says(c.ServiceAllowed, _service),
        _says(c.ServiceDisallowed, _service),
        _says(c.CredentialCreated, credentials.credential),
        _says(CredentialReplaced, credentials.credential_replaced),
        _says(c.CredentialDeleted, credentials.credential),
        _says(sso.ConnectionCreated, _connection_created),
        _says(sso.ConnectionChanged, _connection_changed),
        _says(sso.ConnectionRemoved, _connection_removed),
        _says(c.IssuerTrusted, _issuer_trusted),
        _says(c.TrustChanged, _trust_changed),
        _says(c.TrustRevoked, _trust_revoked),
        _says(c.OutsideTokenAccepted, _outside_token),
        _says(LocksLifted, _locks_lifted),
        _says(c.SessionsFromMoved, _sessions_from),
        _says(c.KeyStored, _key_stored),
        _says(c.KeyForgotten, _key_forgotten),
        _says(AuditPruned, _audit_pruned),
        _says(CallsImported, _calls_imported),
        _says(CallLogCleared, _call_log_cleared),
        _says(mfa.TotpAdded, audit_factors.factor_changed),
        _says(mfa.PasskeyAdded, audit_factors.passkey_changed),
        _says(mfa.PasskeyRemoved, audit_factors.passkey_changed),
        _says(mfa.PasskeyDoubted, audit_factors.passkey_doubted),
        _says(mfa.TotpRemoved, audit_factors.factor_changed),
        _says(mfa.FactorsReset, audit_factors.factor_changed),
        _says(mfa.RecoveryCodesMade, audit_factors.recovery_codes_made),
        _says(mfa.RecoveryCodeUsed, audit_factors.recovery_code_used),
        _says(mfa.CodeMissed, audit_factors.code_missed),
    )
)
