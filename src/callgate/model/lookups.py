"""Lookups: the questions a store can be asked, each typed by the facts it is answered with."""

from dataclasses import dataclass, field
from typing import Generic, TypeVar

from callgate.model.account import LoginName
from callgate.model.facts import (
    AssertionFacts,
    AuthorizeFacts,
    ClientFacts,
    CredentialFacts,
    KeysFacts,
    LoginFacts,
    OffersFacts,
    OpeningFacts,
    ServiceFacts,
    SessionFacts,
)
from callgate.model.ids import AccountId, ClientId, RowId
from callgate.model.value import value

F_co = TypeVar("F_co", covariant=True)


class Lookup(Generic[F_co]):
    """A question whose answer is facts of type F."""

    __slots__ = ()


@value
class NothingLookup(Lookup[None]):
    """Nothing: the changes hold whatever the rows are, or say themselves what for."""


@value
class ClientLookup(Lookup[ClientFacts]):
    """An app and what proves it."""

    client_id: ClientId


@dataclass(frozen=True, slots=True)
class OffersLookup(Lookup[OffersFacts]):
    """What discovery may promise."""


@dataclass(frozen=True, slots=True)
class LoginLookup(Lookup[LoginFacts]):
    """Whom a login name means, and their password hash."""

    login: LoginName


@value
class CredentialLookup(Lookup[CredentialFacts]):
    """A JWT credential by the SHA-256 of its text: a unique key, so that accepting one needs no parsing."""

    sha256: bytes


@dataclass(frozen=True, slots=True)
class AssertionLookup(Lookup[AssertionFacts]):
    """Whether an assertion of this author (a client id, or a trusted issuer) was presented before."""

    author: str
    jti: str


@value
class SessionLookup(Lookup[SessionFacts]):
    """A session with everything it is compared with."""

    account_id: AccountId
    row_id: RowId


@dataclass(frozen=True, slots=True)
class RedeemLookup(Lookup[SessionFacts]):
    """The same with the seat of its (client, extension), to turn a code into tokens."""

    account_id: AccountId
    row_id: RowId


@dataclass(frozen=True, slots=True)
class PasswordOpening(Lookup[OpeningFacts]):
    """The person a login name means *now*, and their seat with this app."""

    client_id: ClientId
    login: LoginName


@value
class CredentialOpening(Lookup[OpeningFacts]):
    """The person of a JWT credential, and their seat with this app."""

    client_id: ClientId
    credential_id: RowId


@value
class ServiceOpening(Lookup[ServiceFacts]):
    """The accounts that allow this app without a user, at most two."""

    client_id: ClientId
    account_id: AccountId | None


@dataclass(frozen=True, slots=True)
class AuthorizeLookup(Lookup[AuthorizeFacts]):
    """An app, the person of a browser's sign-in if there is one, with their seat and consent, and a waiting device."""

    client_id: ClientId
    sign_in: tuple[AccountId, RowId] | None
    user_code: str = field(default="", repr=False)


@dataclass(frozen=True, slots=True)
class KeysLookup(Lookup[KeysFacts]):
    """Every key, for a node's rings and for rotation."""
