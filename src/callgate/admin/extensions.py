"""`callgate extensions`: people and queues, their passwords, and signing them out everywhere."""

from dataclasses import dataclass
from typing import Annotated

import typer

from callgate.admin.asking import (
    PasswordFromStdin,
    PasswordGenerated,
    YesFlag,
    ask_password,
    choose_password,
    require_yes,
)
from callgate.admin.command import desk_command, granted, noun
from callgate.admin.paging import After, Limit, take_page
from callgate.admin.view import Record, Rows, Value
from callgate.model.account import Extension, ExtensionStatus, ExtensionType
from callgate.model.directory import ListedExtension
from callgate.model.instant import render_instant
from callgate.model.listings import ExtensionsListing, RolesListing
from callgate.protocol.administer import extensions
from callgate.service.administer.desk import Desk
from callgate.service.administer.finding import find_account, find_person, find_role
from callgate.service.administer.locks import find_locks, lift_locks
from callgate.service.administer.people import (
    NewPerson,
    change_extension,
    change_password,
    create_extension,
    find_default_role,
    reset_factors,
    sign_out_everywhere,
)

EXTENSIONS = noun("extensions", "People and queues: login names, passwords, roles, state.")

Person = Annotated[
    str, typer.Argument(metavar="EXTENSION", help="Id, e-mail address, or +number*extension.", show_default=False)
]
_TYPES = ", ".join(
    each.value for each in ExtensionType if each not in {ExtensionType.SERVICE, ExtensionType.DEPARTMENT}
)

_STATUSES = f"Only Enabled may sign in: {', '.join(each.value for each in ExtensionStatus)}."
Status = Annotated[ExtensionStatus, typer.Option(metavar="STATUS", help=_STATUSES)]

AccountWord = Annotated[str, typer.Option(help="Id, main number or name.", show_default=False)]


@dataclass(frozen=True, slots=True)
class ListOptions:
    """Whose, and which page."""

    account: Annotated[str | None, typer.Option(help="Only of this account.", show_default=False)] = None
    limit: Limit = 100
    after: After = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class CreateOptions:
    """A person or queue."""

    account: AccountWord
    first_name: Annotated[str, typer.Option(help="A person's first name, or a queue's name.", show_default=False)]
    last_name: Annotated[str, typer.Option(help="A person's last name.")] = ""
    number: Annotated[str | None, typer.Option(help="Extension number, as dialled.", show_default=False)] = None
    email: Annotated[str | None, typer.Option(help="A login name, of one person only.", show_default=False)] = None
    phone_number: Annotated[
        str | None, typer.Option(help="A direct number, E.164 with '+'; a login name too.", show_default=False)
    ] = None
    type: Annotated[ExtensionType, typer.Option(metavar="TYPE", help=f"Department is a call queue; also {_TYPES}.")] = (
        ExtensionType.USER
    )
    role: Annotated[
        str | None, typer.Option(help="Id or name; else what new people of the account get.", show_default=False)
    ] = None
    status: Status = ExtensionStatus.ENABLED
    password_stdin: PasswordFromStdin = False
    generate_password: PasswordGenerated = False


@dataclass(frozen=True, slots=True)
class OneExtension:
    """The extension meant."""

    extension: Person


@dataclass(frozen=True, slots=True)
class EndOptions(OneExtension):
    """The extension whose sessions are to be over."""

    yes: YesFlag = False


@dataclass(frozen=True, slots=True, kw_only=True)
class UpdateOptions:
    """What is to be different."""

    extension: Person
    first_name: Annotated[str | None, typer.Option(help="A new first name.", show_default=False)] = None
    last_name: Annotated[str | None, typer.Option(help="A new last name; '' for none.", show_default=False)] = None
    number: Annotated[str | None, typer.Option(help="A new extension number; '' for none.", show_default=False)] = None
    email: Annotated[str | None, typer.Option(help="A new address; '' for none.", show_default=False)] = None
    role: Annotated[str | None, typer.Option(help="Id or name.", show_default=False)] = None
    status: Annotated[ExtensionStatus | None, typer.Option(metavar="STATUS", help=_STATUSES, show_default=False)] = None


@dataclass(frozen=True, slots=True, kw_only=True)
class PasswordOptions:
    """Whose password, and where it comes from."""

    extension: Person
    password_stdin: PasswordFromStdin = False
    generate_password: PasswordGenerated = False


@desk_command(EXTENSIONS, "list", options=ListOptions)
async def list_extensions(desk: Desk, options: ListOptions) -> Rows:
    """List extensions, by account and number."""
    account_id = granted(await find_account(desk, options.account)).id if options.account else None
    listing = ExtensionsListing(account_id=account_id, after=options.after, rows=options.limit + 1)
    facts = await desk.store.read(listing)
    roles = {role.id: role.name for role in (await desk.store.read(RolesListing(account_id=account_id))).roles}
    page = take_page(facts.extensions, options.limit, key=lambda listed: listed.extension.id)
    columns = (
        "id",
        "account_id",
        "number",
        "name",
        "type",
        "status",
        "email",
        "phone_number",
        "role",
        "password",
        "has_factor",
    )
    return Rows(columns, tuple(_row(listed, roles[listed.extension.role_id]) for listed in page.kept), page.more)


@desk_command(EXTENSIONS, "create", options=CreateOptions)
async def create(desk: Desk, options: CreateOptions) -> Record:
    """Create a person or a call queue."""
    account = granted(await find_account(desk, options.account))
    role = (
        granted(await find_role(desk, options.role, account_id=account.id))
        if options.role
        else await find_default_role(desk, account.id)
    )
    chosen = choose_password(desk, from_stdin=options.password_stdin, generate=options.generate_password)
    wanted = NewPerson(
        first_name=options.first_name,
        last_name=options.last_name,
        number=options.number,
        email=options.email,
        phone_number=options.phone_number,
        type=options.type,
        status=options.status,
        role_id=role.id,
        password=chosen.password,
    )
    extension = granted(await create_extension(desk, account.id, wanted))
    record = await _record(desk, extension)
    return Record(fields=record.fields, secrets=chosen.shown, note=record.note)


@desk_command(EXTENSIONS, "show", options=OneExtension)
async def show_extension(desk: Desk, options: OneExtension) -> Record:
    """Show an extension."""
    return await _record(desk, granted(await find_person(desk, options.extension)))


@desk_command(EXTENSIONS, "update", options=UpdateOptions)
async def update(desk: Desk, options: UpdateOptions) -> Record:
    """Change an extension; a narrower role takes hold of running sessions at once."""
    extension = granted(await find_person(desk, options.extension))
    role = granted(await find_role(desk, options.role, account_id=extension.account_id)) if options.role else None

    def edit(before: Extension) -> Extension:
        return before._replace(
            first_name=options.first_name or before.first_name,
            last_name=before.last_name if options.last_name is None else options.last_name,
            number=before.number if options.number is None else options.number or None,
            email=before.email if options.email is None else options.email or None,
            role_id=role.id if role else before.role_id,
            status=options.status or before.status,
        )

    granted(await change_extension(desk, extension, edit))
    return await _record(desk, edit(extension))


@desk_command(EXTENSIONS, "enable", options=OneExtension)
async def enable(desk: Desk, options: OneExtension) -> Record:
    """Let an extension sign in again."""
    return await _able(desk, granted(await find_person(desk, options.extension)), enabled=True)


@desk_command(EXTENSIONS, "disable", options=EndOptions)
async def disable(desk: Desk, options: EndOptions) -> Record:
    """Let an extension not sign in; every session and browser sign-in of it is over for good."""
    extension = granted(await find_person(desk, options.extension))
    require_yes(f"Disable {extension.name}, and end every session and sign-in of theirs?", given=options.yes)
    return await _able(desk, extension, enabled=False)


@desk_command(EXTENSIONS, "set-password", options=PasswordOptions)
async def set_password(desk: Desk, options: PasswordOptions) -> Record:
    """Set a password, asked for on a terminal; every session and sign-in of the old one is over."""
    extension = granted(await find_person(desk, options.extension))
    chosen = choose_password(desk, from_stdin=options.password_stdin, generate=options.generate_password)
    password = ask_password() if chosen.password is None else chosen.password
    granted(await change_password(desk, extension, password))
    record = await _record(desk, extension)
    return Record(fields=record.fields, secrets=chosen.shown, note="The password is set.")


@desk_command(EXTENSIONS, "sign-out-everywhere", options=EndOptions)
async def sign_out(desk: Desk, options: EndOptions) -> Record:
    """End every session and browser sign-in of an extension."""
    extension = granted(await find_person(desk, options.extension))
    require_yes(f"End every session and sign-in of {extension.name}?", given=options.yes)
    granted(await sign_out_everywhere(desk, extension))
    record = await _record(desk, extension)
    return Record(fields=record.fields, note="Every session and sign-in until now is over.")


@desk_command(EXTENSIONS, "locks", options=OneExtension)
async def list_locks(desk: Desk, options: OneExtension) -> Rows:
    """List where an extension is locked out for wrong passwords; * is every network it never came from."""
    extension = granted(await find_person(desk, options.extension))
    rows = tuple(
        (subject, lock.network, render_instant(lock.locked_ms), render_instant(lock.until_ms))
        for subject, lock in await find_locks(desk, extension)
    )
    return Rows(("guessed_at", "network", "since", "until"), rows, empty=f"{extension.name} is locked out nowhere.")


@desk_command(EXTENSIONS, "unlock", options=OneExtension)
async def unlock(desk: Desk, options: OneExtension) -> Record:
    """Let an extension's password be tried again where it is locked out for wrong ones."""
    extension = granted(await find_person(desk, options.extension))
    granted(await lift_locks(desk, extension))
    record = await _record(desk, extension)
    return Record(fields=record.fields, note="Its login names are heard again from everywhere.")


@desk_command(EXTENSIONS, "reset-mfa", options=EndOptions)
async def reset_mfa(desk: Desk, options: EndOptions) -> Record:
    """Take the second factors away from somebody who lost them; every session and sign-in of theirs is over, too.

    Their password alone lets them in again, or to set up another factor where the account requires one.
    """
    extension = granted(await find_person(desk, options.extension))
    question = f"Take every second factor of {extension.name} away, and end every session and sign-in of theirs?"
    require_yes(question, given=options.yes)
    granted(await reset_factors(desk, extension))
    record = await _record(desk, extension._replace(has_factor=False))
    return Record(fields=record.fields, note="No second factor is left, and every session until now is over.")


async def _able(desk: Desk, extension: Extension, *, enabled: bool) -> Record:
    def edit(extension: Extension) -> Extension:
        return extensions.able(extension, enabled=enabled)

    granted(await change_extension(desk, extension, edit))
    return await _record(desk, edit(extension))


async def _record(desk: Desk, extension: Extension) -> Record:
    facts = await desk.store.read(RolesListing(account_id=extension.account_id))
    role = next(role for role in facts.roles if role.id == extension.role_id)
    locked = bool(await find_locks(desk, extension))
    fields: tuple[tuple[str, Value], ...] = (
        ("id", extension.id),
        ("account_id", extension.account_id),
        ("number", extension.number),
        ("name", extension.name),
        ("type", extension.type.value),
        ("status", extension.status.value),
        ("email", extension.email),
        ("role", role.name),
        ("sso_exemption", extension.sso_exemption.value),
        ("has_factor", extension.has_factor),
        ("locked", locked),
    )
    where = f"Locked out for wrong passwords: `callgate extensions locks {extension.id}` says where and until when."
    return Record(fields=fields, note=where if locked else None)


def _row(listed: ListedExtension, role_name: str) -> tuple[Value, ...]:
    extension = listed.extension
    return (
        extension.id,
        extension.account_id,
        extension.number,
        extension.name,
        extension.type.value,
        extension.status.value,
        extension.email,
        f"+{listed.phone_number}" if listed.phone_number else None,
        role_name,
        listed.has_password,
        extension.has_factor,
    )
