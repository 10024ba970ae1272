"""Single sign-on: what is asked of the store, what a decision sees of it, and what can be written.

A connection itself stands in connection.py; which ways in are open in ways.py.
"""

from dataclasses import dataclass
from typing import ClassVar, NamedTuple

from callgate.model.account import Account, Extension, LoginName
from callgate.model.connection import Connection, ConnectionSecret
from callgate.model.facts import OpeningFacts
from callgate.model.ids import AccountId, ClientId, ConnectionId, ExtensionId
from callgate.model.lookups import Lookup

ASSERTION_ID_CHARS_MAX = 256
"""Ids in use have 30 to 70 characters; a longer one is no id, but something to fill a table with."""


class SsoOfferFacts(NamedTuple):
    """Whether anybody at all can sign in through an identity provider, or by a passkey: pages offer it then."""

    offered: bool
    passkeys: bool = False


class ConnectionFacts(NamedTuple):
    """A connection with its account and what proves us to it; None where there is no such connection."""

    connection: Connection | None
    secret: ConnectionSecret | None
    account: Account | None


class RouteFacts(NamedTuple):
    """The account a login name leads to, and its connections, oldest first."""

    account: Account | None
    connections: tuple[Connection, ...]


class ArrivalFacts(NamedTuple):
    """Who comes from an identity provider.

    `extension` is None when the connection's account has no such person, `consumed` whether this assertion came before.
    """

    now_ms: int
    connection: Connection | None
    account: Account | None
    extension: Extension | None
    consumed: bool


class IdentityOpeningFacts(NamedTuple):
    """Who a session would be opened for because an identity provider says so; account and person as in ArrivalFacts."""

    opening: OpeningFacts
    connection: Connection | None
    consumed: bool


class ConnectionActFacts(NamedTuple):
    """A connection to be made or changed; `domains_taken` are those of its e-mail domains that another one has."""

    now_ms: int
    account: Account | None
    connection: Connection | None
    issuer_taken: bool
    name_taken: bool
    domains_taken: tuple[str, ...]


class ConnectionSecretsFacts(NamedTuple):
    """A page of connections with what proves us to them."""

    secrets: tuple[tuple[Connection, ConnectionSecret], ...]


class SsoPolicyActFacts(NamedTuple):
    """An account whose switch is to be set, and the connections its people could come by."""

    now_ms: int
    account: Account | None
    connections: tuple[Connection, ...]


class ConnectionsFacts(NamedTuple):
    """Connections, in the order of their ids."""

    connections: tuple[Connection, ...]


@dataclass(frozen=True, slots=True)
class SsoOfferLookup(Lookup[SsoOfferFacts]):
    """What the sign-in page may offer."""


@dataclass(frozen=True, slots=True)
class ConnectionLookup(Lookup[ConnectionFacts]):
    """A connection, and its account."""

    connection_id: ConnectionId


@dataclass(frozen=True, slots=True)
class RouteLookup(Lookup[RouteFacts]):
    """Whose identity provider a login name leads to: first by the domain of an e-mail address, then by its person."""

    login: LoginName


@dataclass(frozen=True, slots=True)
class ArrivalLookup(Lookup[ArrivalFacts]):
    """The person with an e-mail address (normal form) inside a connection's account, and an assertion's use."""

    connection_id: ConnectionId
    email: str
    assertion_id: str | None = None


@dataclass(frozen=True, slots=True)
class ArrivedLookup(Lookup[ArrivalFacts]):
    """The same for somebody whose answer was accepted a moment ago."""

    connection_id: ConnectionId
    extension_id: ExtensionId


@dataclass(frozen=True, slots=True)
class IdentityOpening(Lookup[IdentityOpeningFacts]):
    """The same for an app that brought the assertion, with the person's seat."""

    client_id: ClientId
    connection_id: ConnectionId
    email: str
    assertion_id: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class ConnectionActLookup(Lookup[ConnectionActFacts]):
    """A connection by id; whether another of its account has its issuer or name, or any its domains."""

    account_id: AccountId
    connection_id: ConnectionId
    name: str
    issuer: str
    email_domains: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class ConnectionSecretsListing(Lookup[ConnectionSecretsFacts]):
    """Every connection: what a change of the key-encryption key must reach."""

    after: int
    rows: int


@dataclass(frozen=True, slots=True)
class SsoPolicyActLookup(Lookup[SsoPolicyActFacts]):
    """An account and its connections."""

    account_id: AccountId


@dataclass(frozen=True, slots=True, kw_only=True)
class ConnectionsListing(Lookup[ConnectionsFacts]):
    """Connections of an account or of all; `called` is an id or a name."""

    account_id: AccountId | None = None
    called: str | None = None


@dataclass(frozen=True, slots=True)
class ConnectionCreated:
    """An administrator connected an account to an identity provider."""

    connection: Connection
    secret: ConnectionSecret
    by: str
    AUDITED: ClassVar[bool] = True


@dataclass(frozen=True, slots=True)
class ConnectionChanged:
    """A connection changed; `after.version` is one more. What is None of a secret stays as it is."""

    before: Connection
    after: Connection
    secret: ConnectionSecret | None
    by: str
    AUDITED: ClassVar[bool] = True


@dataclass(frozen=True, slots=True)
class ConnectionRemoved:
    """A connection is gone; its sessions end by comparison."""

    connection: Connection
    by: str
    AUDITED: ClassVar[bool] = True


@dataclass(frozen=True, slots=True)
class AssertionConsumed:
    """A provider's assertion was accepted, and is spent until it expires."""

    connection_id: ConnectionId
    assertion_id: str
    expires_ms: int
    AUDITED: ClassVar[bool] = False


SsoChange = ConnectionCreated | ConnectionChanged | ConnectionRemoved | AssertionConsumed
