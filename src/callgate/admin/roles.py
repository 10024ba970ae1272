"""`callgate roles`: named sets of permissions."""

from dataclasses import dataclass, field
from typing import Annotated

import typer

from callgate.admin.asking import YesFlag, require_yes
from callgate.admin.command import NoOptions, Run, desk_command, granted, noun, plain_command
from callgate.admin.view import Record, Rows, Value
from callgate.model.account import Role
from callgate.model.listings import RolesListing
from callgate.model.permission import PERMISSIONS
from callgate.service.administer.desk import Desk
from callgate.service.administer.finding import find_account, find_role
from callgate.service.administer.people import (
    change_role,
    choose_default_role,
    create_role,
    delete_role,
    find_default_role,
)

ROLES = noun("roles", "Roles: what people and services of an account may do.")

RoleWord = Annotated[str, typer.Argument(metavar="ROLE", help="Id or name.", show_default=False)]
AccountOption = Annotated[
    str | None, typer.Option(help="The account whose role is meant by a name.", show_default=False)
]
Permissions = Annotated[
    list[str],
    typer.Option(
        "--permission",
        metavar="PERMISSION",
        help="Repeat for each; `callgate roles permissions` lists them.",
        show_default=False,
    ),
]


@dataclass(frozen=True, slots=True)
class ListOptions:
    """Whose."""

    account: Annotated[str | None, typer.Option(help="Only of this account.", show_default=False)] = None


@dataclass(frozen=True, slots=True, kw_only=True)
class CreateOptions:
    """A role of an account's own."""

    account: Annotated[str, typer.Option(help="Id, main number or name.", show_default=False)]
    name: Annotated[str, typer.Option(help="What people call it.", show_default=False)]
    description: Annotated[str, typer.Option(help="What it is for.")] = ""
    permissions: Permissions = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class OneRole:
    """The role meant."""

    role: RoleWord
    account: AccountOption = None


@dataclass(frozen=True, slots=True)
class DeleteOptions(OneRole):
    """The role that is to go."""

    yes: YesFlag = False


@dataclass(frozen=True, slots=True, kw_only=True)
class UpdateOptions:
    """What is to be different."""

    role: RoleWord
    account: AccountOption = None
    name: Annotated[str | None, typer.Option(help="A new name.", show_default=False)] = None
    description: Annotated[str | None, typer.Option(help="A new description.", show_default=False)] = None
    permissions: Permissions = field(default_factory=list)
    remove_permissions: Annotated[
        list[str],
        typer.Option("--remove-permission", metavar="PERMISSION", help="Repeat for each.", show_default=False),
    ] = field(default_factory=list)


@dataclass(frozen=True, slots=True, kw_only=True)
class DefaultOptions:
    """Whose, and which."""

    account: Annotated[str, typer.Option(help="Id, main number or name.", show_default=False)]
    role: Annotated[str | None, typer.Option(help="Id or name of the role to choose.", show_default=False)] = None


@desk_command(ROLES, "list", options=ListOptions)
async def list_roles(desk: Desk, options: ListOptions) -> Rows:
    """List the predefined roles and those of accounts."""
    account_id = granted(await find_account(desk, options.account)).id if options.account else None
    facts = await desk.store.read(RolesListing(account_id=account_id))
    rows = tuple(
        (role.id, role.account_id, role.name, role.description, tuple(sorted(role.permissions))) for role in facts.roles
    )
    return Rows(("id", "account_id", "name", "description", "permissions"), rows)


@plain_command(ROLES, "permissions", options=NoOptions)
def list_permissions(_run: Run, _options: NoOptions) -> Rows:
    """List the permissions a role may have."""
    rows = tuple((name, permission.about, permission.included) for name, permission in PERMISSIONS.items())
    return Rows(("permission", "lets_people", "included"), rows)


@desk_command(ROLES, "create", options=CreateOptions)
async def create(desk: Desk, options: CreateOptions) -> Record:
    """Create a role of an account's own."""
    account = granted(await find_account(desk, options.account))
    role = granted(
        await create_role(
            desk,
            account.id,
            name=options.name,
            description=options.description,
            permissions=frozenset(options.permissions),
        )
    )
    return Record(fields=_fields(role))


@desk_command(ROLES, "show", options=OneRole)
async def show_role(desk: Desk, options: OneRole) -> Record:
    """Show a role."""
    return Record(fields=_fields(await _find(desk, options.role, account=options.account)))


@desk_command(ROLES, "update", options=UpdateOptions)
async def update(desk: Desk, options: UpdateOptions) -> Record:
    """Change a role; who has it is bounded by it at once."""

    def edit(role: Role) -> Role:
        return role._replace(
            name=options.name or role.name,
            description=role.description if options.description is None else options.description,
            permissions=role.permissions.union(options.permissions).difference(options.remove_permissions),
        )

    role = await _find(desk, options.role, account=options.account)
    granted(await change_role(desk, role, edit))
    return Record(fields=_fields(edit(role)))


@desk_command(ROLES, "delete", options=DeleteOptions)
async def delete(desk: Desk, options: DeleteOptions) -> Record:
    """Delete a role that nobody has."""
    role = await _find(desk, options.role, account=options.account)
    require_yes(f"Delete the role {role.name}?", given=options.yes)
    granted(await delete_role(desk, role))
    return Record(fields=_fields(role), note="The role is gone.")


@desk_command(ROLES, "default", options=DefaultOptions)
async def default(desk: Desk, options: DefaultOptions) -> Record:
    """Show the role that new people of an account get, or choose another."""
    account = granted(await find_account(desk, options.account))
    if options.role is None:
        return Record(fields=_fields(await find_default_role(desk, account.id)))
    role = granted(await find_role(desk, options.role, account_id=account.id))
    granted(await choose_default_role(desk, account.id, role))
    return Record(fields=_fields(role))


async def _find(desk: Desk, word: str, *, account: str | None) -> Role:
    account_id = granted(await find_account(desk, account)).id if account else None
    return granted(await find_role(desk, word, account_id=account_id))


def _fields(role: Role) -> tuple[tuple[str, Value], ...]:
    return (
        ("id", role.id),
        ("account_id", role.account_id),
        ("name", role.name),
        ("description", role.description),
        ("permissions", tuple(sorted(role.permissions))),
    )
