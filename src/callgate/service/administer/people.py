"""Accounts, their people and queues, and their roles."""

from collections.abc import Callable
from dataclasses import dataclass, field
from functools import partial

from callgate.model.account import Account, AccountStatus, Extension, ExtensionStatus, ExtensionType, LoginName, Role
from callgate.model.acts import (
    AccountActLookup,
    ExtensionActFacts,
    ExtensionActLookup,
    Refused,
    RoleActLookup,
)
from callgate.model.decisions import Done
from callgate.model.ids import AccountId, ExtensionId, RoleId
from callgate.model.listings import RolesListing
from callgate.model.roles import DefaultRoleLookup
from callgate.protocol.administer import accounts, extensions, roles
from callgate.protocol.login_name import normal_phone
from callgate.service.administer.desk import Desk
from callgate.service.administer.passwords import hash_new_password, known_of

MAIN_NUMBER = "101"
"""The main administrator's extension (protocol.md B)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class NewPerson:
    """A person, or a queue, as somebody describes one. `password` None: none may sign in with a password."""

    first_name: str
    last_name: str = ""
    number: str | None = None
    email: str | None = None
    phone_number: str | None = None
    type: ExtensionType = ExtensionType.USER
    status: ExtensionStatus = ExtensionStatus.ENABLED
    role_id: RoleId = roles.STANDARD.id
    password: str | None = field(default=None, repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class NewAccount:
    """A company as somebody describes one, with its main administrator. Time-outs of 0 mean none."""

    name: str
    main_number: str
    administrator: NewPerson
    brand_id: str = "1210"
    absolute_timeout_s: int = 0
    idle_timeout_s: int = 0


async def keep_predefined_roles(desk: Desk) -> None:
    """Make the predefined roles of this version. Safe to repeat. Raises Unavailable."""
    decide = partial(roles.keep_predefined, by=desk.by)
    await desk.carry_out(RolesListing(), decide)


async def open_account(desk: Desk, wanted: NewAccount) -> Account | Refused:
    """A company whose main administrator has every permission, and its own id. Raises Unavailable."""
    account = Account(
        id=AccountId(desk.draw_id()),
        name=wanted.name,
        main_number=wanted.main_number,
        status=AccountStatus.CONFIRMED,
        brand_id=wanted.brand_id,
        absolute_timeout_s=wanted.absolute_timeout_s,
        idle_timeout_s=wanted.idle_timeout_s,
        version=1,
    )
    administrator = _extension(
        wanted.administrator, account_id=account.id, extension_id=ExtensionId(account.id)
    )._replace(number=MAIN_NUMBER, role_id=roles.SUPER_ADMIN.id)
    hashed = await _hash(desk, wanted.administrator.password, administrator, account=account)
    if isinstance(hashed, Refused):
        return hashed
    lookup = AccountActLookup(
        account_id=account.id,
        phone=normal_phone(account.main_number),
        email=extensions.login_of(administrator).email,
    )
    decision = await desk.carry_out(
        lookup,
        lambda facts: accounts.open_account(account, administrator, password_hash=hashed, facts=facts, by=desk.by),
    )
    return decision if isinstance(decision, Refused) else account


async def change_account(desk: Desk, account: Account, edit: Callable[[Account], Account]) -> Done | Refused:
    """An account after an edit. Raises Unavailable."""
    lookup = AccountActLookup(account_id=account.id, phone=normal_phone(edit(account).main_number))
    return await desk.carry_out(lookup, lambda facts: accounts.change_account(edit, facts=facts, by=desk.by))


async def create_extension(desk: Desk, account_id: AccountId, wanted: NewPerson) -> Extension | Refused:
    """A person or queue of an account. Raises Unavailable."""
    extension = _extension(wanted, account_id=account_id, extension_id=ExtensionId(desk.draw_id()))
    hashed = await _hash(desk, wanted.password, extension)
    if isinstance(hashed, Refused):
        return hashed
    decision = await desk.carry_out(
        _extension_lookup(extension, wanted.phone_number),
        lambda facts: extensions.create_extension(
            extension, phone_number=wanted.phone_number, password_hash=hashed, facts=facts, by=desk.by
        ),
    )
    return decision if isinstance(decision, Refused) else extension


async def change_extension(desk: Desk, extension: Extension, edit: Callable[[Extension], Extension]) -> Done | Refused:
    """An extension after an edit. Raises Unavailable."""
    return await desk.carry_out(
        _extension_lookup(edit(extension)),
        lambda facts: extensions.change_extension(edit, facts=facts, by=desk.by),
    )


async def change_password(desk: Desk, extension: Extension, password: str) -> Done | Refused:
    """A new password; every session and sign-in of the old one is over. Raises Unavailable."""
    hashed = await _hash(desk, password, extension)
    assert hashed is not None, "there is a password"
    if isinstance(hashed, Refused):
        return hashed
    return await desk.carry_out(
        _by_id(extension), lambda facts: extensions.change_password(hashed, facts=facts, by=desk.by)
    )


async def sign_out_everywhere(desk: Desk, extension: Extension) -> Done | Refused:
    """Every session and sign-in of a person is over. Raises Unavailable."""

    def decide(facts: ExtensionActFacts) -> Done | Refused:
        return extensions.sign_out_everywhere(facts=facts, by=desk.by)

    return await desk.carry_out(_by_id(extension), decide)


async def reset_factors(desk: Desk, extension: Extension) -> Done | Refused:
    """Every second factor, session and sign-in of a person is gone. Raises Unavailable."""

    def decide(facts: ExtensionActFacts) -> Done | Refused:
        return extensions.reset_factors(facts=facts, by=desk.by)

    return await desk.carry_out(_by_id(extension), decide)


async def create_role(
    desk: Desk, account_id: AccountId, *, name: str, description: str, permissions: frozenset[str]
) -> Role | Refused:
    """A role of an account's own. Raises Unavailable."""
    role = Role(RoleId(desk.draw_id()), account_id, name, description, permissions, 1)
    lookup = RoleActLookup(account_id=account_id, role_id=role.id, name=name)
    decision = await desk.carry_out(lookup, lambda facts: roles.create_role(role, facts=facts, by=desk.by))
    return decision if isinstance(decision, Refused) else role


async def change_role(desk: Desk, role: Role, edit: Callable[[Role], Role]) -> Done | Refused:
    """A role after an edit. Raises Unavailable."""
    lookup = RoleActLookup(account_id=role.account_id, role_id=role.id, name=edit(role).name)
    return await desk.carry_out(lookup, lambda facts: roles.change_role(edit, facts=facts, by=desk.by))


async def delete_role(desk: Desk, role: Role) -> Done | Refused:
    """A role that nobody has, gone. Raises Unavailable."""
    return await desk.carry_out(
        _role_lookup(role.account_id, role), lambda facts: roles.delete_role(facts=facts, by=desk.by)
    )


async def find_default_role(desk: Desk, account_id: AccountId) -> Role:
    """The role that new people of an account get. Raises Unavailable."""
    return (await desk.store.read(DefaultRoleLookup(account_id))).role or roles.STANDARD


async def choose_default_role(desk: Desk, account_id: AccountId, role: Role) -> Done | Refused:
    """Another role for new people. Raises Unavailable."""
    return await desk.carry_out(
        _role_lookup(account_id, role), lambda facts: roles.choose_default(facts=facts, by=desk.by)
    )


async def _hash(
    desk: Desk, password: str | None, extension: Extension, *, account: Account | None = None
) -> str | Refused | None:
    """`account` None: the extension's, as it stands."""
    if password is None:
        return None
    lookup = AccountActLookup(account_id=extension.account_id)
    account = account or (await desk.store.read(lookup)).account
    if account is None:
        return Refused("there is no such account")
    return await hash_new_password(desk, password, about=known_of(account, extension))


def _extension(wanted: NewPerson, *, account_id: AccountId, extension_id: ExtensionId) -> Extension:
    return Extension(
        id=extension_id,
        account_id=account_id,
        number=wanted.number,
        type=wanted.type,
        status=wanted.status,
        first_name=wanted.first_name,
        last_name=wanted.last_name,
        email=wanted.email,
        role_id=wanted.role_id,
        password_version=1,
        sessions_from_ms=0,
        version=1,
    )


def _role_lookup(account_id: AccountId | None, role: Role) -> RoleActLookup:
    return RoleActLookup(account_id=account_id, role_id=role.id, name=role.name)


def _extension_lookup(extension: Extension, phone_number: str | None = None) -> ExtensionActLookup:
    return ExtensionActLookup(
        account_id=extension.account_id,
        extension_id=extension.id,
        login=extensions.login_of(extension, phone_number),
        role_id=extension.role_id,
    )


def _by_id(extension: Extension) -> ExtensionActLookup:
    return ExtensionActLookup(
        account_id=extension.account_id, extension_id=extension.id, login=LoginName(None, None, None)
    )
