"""Connections to identity providers, and the switches of accounts and people."""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass, field

from callgate.crypto.connection_keys import new_connection_key
from callgate.crypto.secrets import seal_connection_secret
from callgate.model.account import Account, Extension, normalize_email
from callgate.model.acts import Refused
from callgate.model.connection import (
    ClientAuth,
    Connection,
    ConnectionKind,
    ConnectionSecret,
    SsoExemption,
    SsoPolicy,
)
from callgate.model.decisions import Done
from callgate.model.ids import AccountId, ConnectionId
from callgate.model.sso import ConnectionActLookup, ConnectionsListing, SsoPolicyActLookup
from callgate.protocol.administer import connections
from callgate.service.administer.desk import Desk
from callgate.service.administer.people import change_extension
from callgate.service.keeper import Keeper


@dataclass(frozen=True, slots=True, kw_only=True)
class NewConnection:
    """An identity provider as an administrator describes it. What is OpenID Connect's is empty for SAML."""

    account_id: AccountId
    kind: ConnectionKind
    name: str
    issuer: str
    sso_url: str
    email_attribute: str
    certificates: tuple[str, ...] = ()
    email_domains: tuple[str, ...] = ()
    signs_requests: bool = True
    allows_idp_initiated: bool = False
    client_id: str = ""
    client_secret: str | None = field(default=None, repr=False)
    token_url: str = ""
    jwks_url: str = ""
    userinfo_url: str = ""
    scopes: tuple[str, ...] = ()
    client_auth: ClientAuth = ClientAuth.BASIC
    announces_iss: bool = False
    believes_email: bool = False


async def create_connection(desk: Desk, wanted: NewConnection) -> Connection | Refused:
    """An account's way in by an identity provider. Raises Unavailable and KeyEncryptionError."""
    connection = Connection(
        id=ConnectionId(desk.draw_id()),
        account_id=wanted.account_id,
        kind=wanted.kind,
        name=wanted.name,
        enabled=True,
        issuer=wanted.issuer,
        sso_url=wanted.sso_url,
        certificates=wanted.certificates,
        email_attribute=wanted.email_attribute,
        email_domains=normal_domains(wanted.email_domains),
        signs_requests=wanted.signs_requests,
        allows_idp_initiated=wanted.allows_idp_initiated,
        client_id=wanted.client_id,
        token_url=wanted.token_url,
        jwks_url=wanted.jwks_url,
        jwks="",
        trust_version=1,
        version=1,
        userinfo_url=wanted.userinfo_url,
        scopes=wanted.scopes,
        client_auth=wanted.client_auth,
        announces_iss=wanted.announces_iss,
        believes_email=wanted.believes_email,
    )
    problem = None if wanted.client_secret is None else connections.client_secret_problem(wanted.client_secret)
    if problem:
        return Refused(problem)
    certificate, secret = await _prove(desk, connection, wanted.client_secret)
    connection = connection._replace(own_certificate=certificate)
    decision = await desk.carry_out(
        _lookup(connection),
        lambda facts: connections.create_connection(connection, secret, facts=facts, by=desk.by),
    )
    return decision if isinstance(decision, Refused) else connection


async def change_connection(
    desk: Desk,
    connection: Connection,
    edit: Callable[[Connection], Connection],
    *,
    client_secret: str | None = None,
) -> Done | Refused:
    """A connection after an edit, with a new client secret where one is given. Raises as `create_connection`."""
    secret = None
    if client_secret is not None:
        problem = connections.client_secret_problem(client_secret)
        if problem:
            return Refused(problem)
        keeper = await desk.keeper()
        secret = ConnectionSecret(_seal(keeper, connection, client_secret=client_secret))
    return await desk.carry_out(
        _lookup(edit(connection)),
        lambda facts: connections.change_connection(edit, secret=secret, facts=facts, by=desk.by),
    )


async def renew_signing_key(desk: Desk, connection: Connection) -> Done | Refused:
    """A new key for our requests; the provider must be given the new certificate. Raises as `create_connection`."""
    if connection.kind is not ConnectionKind.SAML:
        return Refused(f"{connection.name} speaks OpenID Connect: no key of ours signs its requests")
    certificate, secret = await _prove(desk, connection, None)
    return await desk.carry_out(
        _lookup(connection),
        lambda facts: connections.change_connection(
            lambda c: c._replace(own_certificate=certificate), secret=secret, facts=facts, by=desk.by
        ),
    )


async def remove_connection(desk: Desk, connection: Connection) -> Done | Refused:
    """A connection gone, with every session and sign-in that came by it. Raises Unavailable."""
    return await desk.carry_out(
        _lookup(connection), lambda facts: connections.remove_connection(facts=facts, by=desk.by)
    )


async def set_policy(desk: Desk, account: Account, policy: SsoPolicy) -> Done | Refused:
    """An account's switch; what it forbids is over at once. Raises Unavailable."""
    return await desk.carry_out(
        SsoPolicyActLookup(account.id), lambda facts: connections.set_policy(policy, facts=facts, by=desk.by)
    )


async def set_exemption(desk: Desk, extension: Extension, exemption: SsoExemption) -> Done | Refused:
    """A person's own switch. Raises Unavailable."""
    return await change_extension(desk, extension, lambda e: connections.exempted(e, exemption))


async def is_locked_out(desk: Desk, account_id: AccountId) -> bool:
    """Whether nobody of the account can sign in: said when a connection goes out of use. Raises Unavailable."""
    facts = await desk.store.read(SsoPolicyActLookup(account_id))
    return facts.account is not None and connections.locked_out(facts.account, facts.connections)


async def find_connection(desk: Desk, word: str) -> Connection | Refused:
    """By id or name. Raises Unavailable."""
    match (await desk.store.read(ConnectionsListing(called=word))).connections:
        case (one,):
            return one
        case ():
            return Refused(f"there is no connection {word!r}: `callgate sso list` shows all")
        case _:
            return Refused(f"more than one connection is called {word!r}: give its id")


def normal_domains(domains: tuple[str, ...]) -> tuple[str, ...]:
    """Domains as e-mail addresses have them in normal form, each once; a leading @ is forgiven."""
    return tuple(dict.fromkeys(normalize_email(domain).removeprefix("@") for domain in domains))


async def _prove(desk: Desk, connection: Connection, client_secret: str | None) -> tuple[str, ConnectionSecret]:
    """What proves us to the provider: a key of ours with its certificate, or the secret it gave us."""
    keeper = await desk.keeper()
    if connection.kind is ConnectionKind.SAML:
        made = await asyncio.to_thread(new_connection_key, keeper.kek, connection_id=connection.id)
        return made.certificate, ConnectionSecret(sealed_signing_key=made.sealed)
    return "", ConnectionSecret(
        None if client_secret is None else _seal(keeper, connection, client_secret=client_secret)
    )


def _seal(keeper: Keeper, connection: Connection, *, client_secret: str) -> bytes:
    return seal_connection_secret(keeper.kek, client_secret, connection_id=connection.id)


def _lookup(connection: Connection) -> ConnectionActLookup:
    return ConnectionActLookup(
        account_id=connection.account_id,
        connection_id=connection.id,
        name=connection.name,
        issuer=connection.issuer,
        email_domains=connection.email_domains,
    )
