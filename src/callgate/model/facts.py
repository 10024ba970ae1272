"""Facts: everything a decision may see, loaded in one transaction. Made on the hot path, hence NamedTuples."""

from typing import NamedTuple

from callgate.model.account import Account, Allowance, Extension, Role
from callgate.model.client import Client, ClientKeys
from callgate.model.consent import Consent, SignIn
from callgate.model.credential import JwtCredential
from callgate.model.device import DeviceCode
from callgate.model.ids import AccountId
from callgate.model.key import StoredKey
from callgate.model.session import Session


class ClientFacts(NamedTuple):
    """An app and what proves it; None when there is no such app."""

    client: Client | None
    keys: ClientKeys | None


class LoginFacts(NamedTuple):
    """Whom a login name means. `password_hash` is None for an unknown name and for who has no password.

    `company_id` is the account whose number the name begins with, whoever the extension's number means there.
    """

    account: Account | None
    extension: Extension | None
    password_hash: str | None
    company_id: AccountId | None = None

    def __repr__(self) -> str:
        return f"LoginFacts(account={self.account!r}, extension={self.extension!r}, …)"


class CredentialFacts(NamedTuple):
    """A JWT credential's row, or None when it was deleted or never was."""

    credential: JwtCredential | None


class AssertionFacts(NamedTuple):
    """Whether this (client, jti) was claimed before."""

    claimed: bool


class Seated(NamedTuple):
    """One session of a seat, with today's version of the credential it names (None: gone)."""

    session: Session
    credential_version: int | None


class SessionFacts(NamedTuple):
    """A session and what it is compared with. `client` is the session's own. `seat` is empty unless asked for."""

    now_ms: int
    sessions_from_ms: int
    session: Session | None
    credential_version: int | None
    client: Client | None
    account: Account | None
    extension: Extension | None
    role: Role | None
    seat: tuple[Seated, ...]


class OpeningFacts(NamedTuple):
    """Who a session would be opened for, and what already sits there (pending and live rows)."""

    now_ms: int
    sessions_from_ms: int
    client: Client | None
    account: Account | None
    extension: Extension | None
    role: Role | None
    credential: JwtCredential | None
    seat: tuple[Seated, ...]


class OffersFacts(NamedTuple):
    """What at least one app of this server may use: discovery lists no more than that (ruling 12)."""

    plain_challenge: bool
    implicit: bool
    saml2_bearer: bool
    device_code: bool


class Allowed(NamedTuple):
    """One account's yes, with the service extension the tokens would belong to, and its role of today."""

    allowance: Allowance
    account: Account
    extension: Extension
    role: Role | None


class ServiceFacts(NamedTuple):
    """The accounts that allow an app without a user: none, one, or two standing for "several"."""

    now_ms: int
    client: Client | None
    allowed: tuple[Allowed, ...]


class AuthorizeFacts(NamedTuple):
    """An app, its owner's name, and the person signed in at the browser, if any.

    `trust_version` is today's of the identity provider that the sign-in came by; None without one, and when it is gone.
    `device` is the one whose user code was asked for.
    """

    now_ms: int
    sessions_from_ms: int
    client: Client | None
    owner_name: str
    sign_in: SignIn | None
    account: Account | None
    extension: Extension | None
    role: Role | None
    consent: Consent | None
    seat: tuple[Seated, ...]
    trust_version: int | None = None
    device: DeviceCode | None = None


class KeysFacts(NamedTuple):
    """Every stored key, wrapped, by use and number."""

    now_ms: int
    keys: tuple[StoredKey, ...]


Facts = (
    ClientFacts
    | LoginFacts
    | CredentialFacts
    | AssertionFacts
    | SessionFacts
    | OpeningFacts
    | ServiceFacts
    | AuthorizeFacts
    | KeysFacts
)
