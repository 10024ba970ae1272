"""What somebody means by a word: an account, a person, a role or an app, by id, number, address or name."""

from collections.abc import Sequence
from typing import TypeVar

from callgate.model.account import Account, Extension, ExtensionType, Role
from callgate.model.acts import Refused
from callgate.model.client import Client
from callgate.model.credential import JwtCredential
from callgate.model.ids import AccountId, ExtensionId, RowId, read_id
from callgate.model.issuer import TrustedIssuer, TrustsListing
from callgate.model.listings import (
    AccountsListing,
    AppsListing,
    CredentialsListing,
    ExtensionsListing,
    RolesListing,
)
from callgate.model.lookups import LoginLookup
from callgate.protocol.login_name import parse_login_name
from callgate.service.administer.desk import Desk

T = TypeVar("T")


async def find_account(desk: Desk, word: str) -> Account | Refused:
    """By id, main number or name. Raises Unavailable."""
    found = (await desk.store.read(AccountsListing(called=word, rows=2))).accounts
    return _only(found, noun="account", word=word)


async def find_person(desk: Desk, word: str) -> Extension | Refused:
    """By extension id, or by anything the person signs in with. Raises Unavailable."""
    number = read_id(word)
    if number is not None:
        listed = (await desk.store.read(ExtensionsListing(extension_id=ExtensionId(number)))).extensions
        if listed:
            return listed[0].extension
    login = parse_login_name(word, None)
    extension = (await desk.store.read(LoginLookup(login))).extension if login else None
    return extension or Refused(f"there is no extension {word!r}: give its id, e-mail address, or +number*extension")


async def find_role(desk: Desk, word: str, *, account_id: AccountId | None) -> Role | Refused:
    """By id, or by name among the predefined roles and those of one account. Raises Unavailable."""
    facts = await desk.store.read(RolesListing(account_id=account_id))
    number = read_id(word)
    found = [role for role in facts.roles if number == role.id or role.name == word]
    return _only(found, noun="role", word=word)


async def find_app(desk: Desk, word: str) -> Client | Refused:
    """By client id or name. Raises Unavailable."""
    found = (await desk.store.read(AppsListing(called=word, rows=2))).apps
    return _only(found, noun="app", word=word)


async def find_credential(desk: Desk, word: str) -> JwtCredential | Refused:
    """By id. Raises Unavailable."""
    number = read_id(word)
    if number is None:
        return Refused(f"{word!r} is not the id of a credential")
    facts = await desk.store.read(CredentialsListing(credential_id=RowId(number)))
    return _only(facts.credentials, noun="credential", word=word)


async def find_trust(desk: Desk, word: str) -> TrustedIssuer | Refused:
    """By id or name. Raises Unavailable."""
    found = (await desk.store.read(TrustsListing(called=word, rows=2))).trusts
    return _only([each.trust for each in found], noun="trust", word=word)


async def find_service(desk: Desk, word: str, *, account_id: AccountId) -> Extension | Refused:
    """A service extension of an account, by id. Raises Unavailable."""
    number = read_id(word)
    listing = ExtensionsListing(account_id=account_id, extension_id=ExtensionId(number or 0))
    found = [each.extension for each in (await desk.store.read(listing)).extensions]
    services = [extension for extension in found if extension.type is ExtensionType.SERVICE]
    return _only(services, noun="service extension", word=word)


def _only(found: Sequence[T], *, noun: str, word: str) -> T | Refused:
    match found:
        case [one]:
            return one
        case []:
            return Refused(f"there is no {noun} {word!r}")
        case _:
            return Refused(f"more than one {noun} is called {word!r}: give its id")
