"""Rows and entities: how each NamedTuple of the model lies in its table, and back.

Columns carry the fields' names in the fields' order, so that a row is nearly the entity: only enums, flags and lists
change their shape. Lists lie as text separated by spaces (none of their members can hold one).
"""

from collections.abc import Sequence
from enum import Enum
from typing import TypeVar, cast

from callgate.model.account import (
    Account,
    AccountStatus,
    Allowance,
    Extension,
    ExtensionStatus,
    ExtensionType,
    Role,
)
from callgate.model.client import AppKind, AuthMethod, Client, ClientKeys, ClientStatus, GrantType, Switch
from callgate.model.connection import ClientAuth, Connection, ConnectionKind, ConnectionSecret, SsoExemption, SsoPolicy
from callgate.model.consent import Consent, SignIn
from callgate.model.credential import CredentialPolicy, JwtCredential
from callgate.model.device import DeviceCode, DeviceState
from callgate.model.factor import Factor, MfaPolicy, Passkey, Totp
from callgate.model.ids import ClientId
from callgate.model.issuer import Condition, TrustedIssuer
from callgate.model.key import KeyState, KeyUse, StoredKey
from callgate.model.limits import AppRate, RateGroup
from callgate.model.queues import QueueSettings
from callgate.model.session import CredentialKind, EndReason, Session, SessionState

Value = None | int | float | bytes | str
"""What SQLite stores."""

Row = tuple[Value, ...]

E = TypeVar("E", bound=Enum)


def columns(fields: Sequence[str], table: str = "") -> str:
    """The columns of an entity, as a SELECT or INSERT lists them."""
    return ", ".join(f"{table}.{field}" if table else field for field in fields)


def marks(fields: Sequence[str]) -> str:
    """As many parameters."""
    return ", ".join("?" * len(fields))


def _members(enum: type[E]) -> dict[Value, E]:
    return {member.value: member for member in enum}


_SESSION_STATES = _members(SessionState)
_CREDENTIAL_KINDS = _members(CredentialKind)
_END_REASONS = _members(EndReason)
_DEVICE_STATES = _members(DeviceState)
_CREDENTIAL_POLICIES = _members(CredentialPolicy)
_ACCOUNT_STATUSES = _members(AccountStatus)
_EXTENSION_TYPES = _members(ExtensionType)
_EXTENSION_STATUSES = _members(ExtensionStatus)
_APP_KINDS = _members(AppKind)
_CLIENT_STATUSES = _members(ClientStatus)
_AUTH_METHODS = _members(AuthMethod)
_GRANT_TYPES = _members(GrantType)
_SWITCHES = _members(Switch)
_CONNECTION_KINDS = _members(ConnectionKind)
_CLIENT_AUTHS = _members(ClientAuth)
_SSO_POLICIES = _members(SsoPolicy)
_SSO_EXEMPTIONS = _members(SsoExemption)
_MFA_POLICIES = _members(MfaPolicy)
_FACTORS = _members(Factor)
_RATE_GROUPS = _members(RateGroup)
_RATES, _AFTERWARDS = (Client._fields.index(field) for field in ("rates", "post_logout_redirect_uris"))
_KEY_USES = _members(KeyUse)
_KEY_STATES = _members(KeyState)

_POLICY, _MFA_POLICY, _CREDENTIAL_POLICY = (
    Account._fields.index(field) for field in ("sso_policy", "mfa_policy", "credential_policy")
)
_TYPE, _STATUS, _EXEMPTION, _HAS_FACTOR = (
    Extension._fields.index(field) for field in ("type", "status", "sso_exemption", "has_factor")
)
_FACTOR = SignIn._fields.index("factor")
_CERTIFICATES, _DOMAINS, _ENABLED, _SIGNS, _UNASKED = (
    Connection._fields.index(field)
    for field in ("certificates", "email_domains", "enabled", "signs_requests", "allows_idp_initiated")
)
_ASKED_SCOPES, _CLIENT_AUTH, _ISS, _BELIEVES = (
    Connection._fields.index(field) for field in ("scopes", "client_auth", "announces_iss", "believes_email")
)
_STATE, _KIND, _URI_SENT, _PLAIN, _WHY = (
    Session._fields.index(field)
    for field in ("state", "credential_kind", "redirect_uri_sent", "challenge_plain", "ended_why")
)

_DEVICE_STATE, _DEVICE_KIND = (DeviceCode._fields.index(field) for field in ("state", "credential_kind"))
_CONDITIONS, _REPEATABLE = (TrustedIssuer._fields.index(field) for field in ("conditions", "repeatable"))


def session_from(row: Row) -> Session:
    """The session in a row of its columns."""
    values: list[object] = list(row)
    values[_STATE] = _SESSION_STATES[row[_STATE]]
    values[_KIND] = _CREDENTIAL_KINDS[row[_KIND]]
    values[_URI_SENT] = row[_URI_SENT] == 1
    values[_PLAIN] = row[_PLAIN] == 1
    why = row[_WHY]
    if why is not None:
        values[_WHY] = _END_REASONS[why]
    return Session._make(values)


def session_row(session: Session) -> Row:
    """The row of a session: its enums and flags are integers already."""
    return cast("Row", session)


def row_of(entity: tuple[object, ...]) -> Row:
    """The row of any entity that is written seldom."""
    return tuple(_value_of(field) for field in entity)


def _value_of(field: object) -> Value:
    if isinstance(field, Enum):
        return cast("Value", field.value)
    if isinstance(field, frozenset):
        return " ".join(sorted(_text_of(member) for member in field))
    if isinstance(field, tuple):
        return " ".join(_text_of(member) for member in field)
    return cast("Value", field)


def _text_of(member: object) -> str:
    text = str(member.value if isinstance(member, Enum) else member)
    assert text, "an empty member would be lost between two spaces"
    assert " " not in text, "a space would make two members of one"
    return text


def account_from(row: Row) -> Account:
    """The account in a row of its columns."""
    account = Account._make(row)
    return account._replace(
        status=_ACCOUNT_STATUSES[row[3]],
        sso_policy=_SSO_POLICIES[row[_POLICY]],
        mfa_policy=_MFA_POLICIES[row[_MFA_POLICY]],
        credential_policy=_CREDENTIAL_POLICIES[row[_CREDENTIAL_POLICY]],
    )


def extension_from(row: Row) -> Extension:
    """The extension in a row of its columns."""
    values: list[object] = list(row)
    values[_TYPE] = _EXTENSION_TYPES[row[_TYPE]]
    values[_STATUS] = _EXTENSION_STATUSES[row[_STATUS]]
    values[_EXEMPTION] = _SSO_EXEMPTIONS[row[_EXEMPTION]]
    values[_HAS_FACTOR] = row[_HAS_FACTOR] == 1
    return Extension._make(values)


def role_from(row: Row) -> Role:
    """The role in a row of its columns."""
    role = Role._make(row)
    return role._replace(permissions=frozenset(_words(row[4])))


def client_from(row: Row) -> Client:
    """The app in a row of its columns."""
    client = Client._make(row)
    return client._replace(
        kind=_APP_KINDS[row[3]],
        private=row[4] == 1,
        status=_CLIENT_STATUSES[row[5]],
        auth_method=_AUTH_METHODS[row[6]],
        grants=frozenset(_GRANT_TYPES[word] for word in _words(row[7])),
        scopes=tuple(_words(row[8])),
        redirect_uris=tuple(_words(row[9])),
        switches=frozenset(_SWITCHES[word] for word in _words(row[10])),
        issues_refresh_tokens=row[11] == 1,
        rates=tuple(_rate_from(word) for word in _words(row[_RATES])),
        post_logout_redirect_uris=tuple(_words(row[_AFTERWARDS])),
    )


def _rate_from(word: str) -> AppRate:
    group, _, limit = word.partition("=")
    return AppRate(_RATE_GROUPS[group], int(limit))


def keys_from(row: Row) -> ClientKeys:
    """What proves an app, in a row of its columns."""
    return ClientKeys._make(row)


def allowance_from(row: Row) -> Allowance:
    """The allowance in a row of its columns."""
    return Allowance._make(row)


def credential_from(row: Row) -> JwtCredential:
    """The JWT credential in a row of its columns."""
    credential = JwtCredential._make(row)
    if row[5] is None:
        return credential
    return credential._replace(client_ids=frozenset(ClientId(word) for word in _words(row[5])))


def trust_from(row: Row) -> TrustedIssuer:
    """The trusted issuer in a row of its columns; its conditions lie one a line."""
    trust = TrustedIssuer._make(row)
    lines = (line.partition("=") for line in cast("str", row[_CONDITIONS]).splitlines())
    conditions = tuple(Condition(claim, pattern) for claim, _, pattern in lines)
    return trust._replace(conditions=conditions, repeatable=row[_REPEATABLE] == 1)


def trust_row(trust: TrustedIssuer) -> Row:
    """The row of a trusted issuer."""
    values: list[Value] = list(row_of(trust._replace(conditions=())))
    values[_CONDITIONS] = "\n".join(str(condition) for condition in trust.conditions)
    return tuple(values)


def consent_from(row: Row) -> Consent:
    """The consent in a row of its columns."""
    consent = Consent._make(row)
    return consent._replace(scopes=frozenset(_words(row[3])))


def sign_in_from(row: Row) -> SignIn:
    """The sign-in in a row of its columns."""
    factor = row[_FACTOR]
    return SignIn._make(row)._replace(factor=None if factor is None else _FACTORS[factor])


def passkey_from(row: Row) -> Passkey:
    """The passkey in a row of its columns."""
    return Passkey._make(row)


def totp_from(row: Row) -> Totp:
    """The authenticator app in a row of its columns."""
    return Totp._make(row)


def device_from(row: Row) -> DeviceCode:
    """The device code in a row of its columns."""
    device = DeviceCode._make(row)._replace(state=_DEVICE_STATES[row[_DEVICE_STATE]])
    kind = row[_DEVICE_KIND]
    return device if kind is None else device._replace(credential_kind=_CREDENTIAL_KINDS[kind])


def connection_from(row: Row) -> Connection:
    """The connection to an identity provider in a row of its columns."""
    connection = Connection._make(row)
    return connection._replace(
        kind=_CONNECTION_KINDS[row[2]],
        enabled=row[_ENABLED] == 1,
        certificates=tuple(_words(row[_CERTIFICATES])),
        email_domains=tuple(_words(row[_DOMAINS])),
        signs_requests=row[_SIGNS] == 1,
        allows_idp_initiated=row[_UNASKED] == 1,
        scopes=tuple(_words(row[_ASKED_SCOPES])),
        client_auth=_CLIENT_AUTHS[row[_CLIENT_AUTH]],
        announces_iss=row[_ISS] == 1,
        believes_email=row[_BELIEVES] == 1,
    )


def connection_secret_from(row: Row) -> ConnectionSecret:
    """What proves us to a provider, in a row of its columns."""
    return ConnectionSecret._make(row)


def key_from(row: Row) -> StoredKey:
    """The key in a row of its columns."""
    key = StoredKey._make(row)
    return key._replace(use=_KEY_USES[row[0]], state=_KEY_STATES[row[2]])


def queue_settings_from(row: Row) -> QueueSettings:
    """The settings of a queue in a row of their columns."""
    settings = QueueSettings._make(row)
    return settings._replace(counts_abandoned=row[4] == 1, editable_member_status=row[6] == 1)


def _words(value: Value) -> list[str]:
    return cast("str", value).split()
