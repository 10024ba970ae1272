"""`callgate accounts`: companies, and the main administrator each begins with."""

from dataclasses import dataclass
from typing import Annotated

import typer

from callgate.admin.asking import PasswordFromStdin, PasswordGenerated, YesFlag, choose_password, require_yes
from callgate.admin.command import desk_command, granted, noun
from callgate.admin.paging import After, Limit, take_page
from callgate.admin.view import Record, Rows, Value
from callgate.model.account import Account
from callgate.model.credential import CredentialPolicy
from callgate.model.factor import MfaPolicy
from callgate.model.listings import AccountsListing
from callgate.protocol.administer import accounts
from callgate.service.administer.desk import Desk
from callgate.service.administer.finding import find_account
from callgate.service.administer.people import NewAccount, NewPerson, change_account, open_account

ACCOUNTS = noun("accounts", "Companies: their numbers, time-outs and state.")

AccountWord = Annotated[str, typer.Argument(metavar="ACCOUNT", help="Id, main number or name.", show_default=False)]
AbsoluteTimeout = Annotated[
    int | None, typer.Option(help="Seconds after its sign-in at which a session ends; 0 for never.", show_default=False)
]
IdleTimeout = Annotated[
    int | None,
    typer.Option(help="Seconds without a refresh after which a session ends; 0 for never.", show_default=False),
]


@dataclass(frozen=True, slots=True)
class ListOptions:
    """Which page."""

    limit: Limit = 100
    after: After = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class CreateOptions:
    """A company and its main administrator."""

    name: Annotated[str, typer.Option(help="The company's name.", show_default=False)]
    main_number: Annotated[
        str, typer.Option(help="E.164, as in +12025550100; the administrator signs in with it.", show_default=False)
    ]
    first_name: Annotated[str, typer.Option(help="The administrator's.")] = "Main"
    last_name: Annotated[str, typer.Option(help="The administrator's.")] = "Administrator"
    email: Annotated[str | None, typer.Option(help="The administrator's.", show_default=False)] = None
    brand_id: Annotated[str, typer.Option(help="Number of the brand.")] = "1210"
    absolute_timeout_s: AbsoluteTimeout = None
    idle_timeout_s: IdleTimeout = None
    password_stdin: PasswordFromStdin = False
    generate_password: PasswordGenerated = False


@dataclass(frozen=True, slots=True)
class OneAccount:
    """The account meant."""

    account: AccountWord


@dataclass(frozen=True, slots=True)
class DisableOptions(OneAccount):
    """The account that is to be out of use."""

    yes: YesFlag = False


@dataclass(frozen=True, slots=True, kw_only=True)
class UpdateOptions:
    """What is to be different."""

    account: AccountWord
    name: Annotated[str | None, typer.Option(help="The company's name.", show_default=False)] = None
    main_number: Annotated[str | None, typer.Option(help="E.164, as in +12025550100.", show_default=False)] = None
    absolute_timeout_s: AbsoluteTimeout = None
    idle_timeout_s: IdleTimeout = None
    credentials: Annotated[
        CredentialPolicy | None,
        typer.Option(
            metavar="POLICY",
            help="Who makes JWT credentials: everybody (each their own), administrators or nobody.",
            show_default=False,
        ),
    ] = None
    mfa: Annotated[
        MfaPolicy | None,
        typer.Option(
            metavar="POLICY",
            help="Second factors of those with a password: off, allowed (each person decides) or required.",
            show_default=False,
        ),
    ] = None


@desk_command(ACCOUNTS, "list", options=ListOptions)
async def list_accounts(desk: Desk, options: ListOptions) -> Rows:
    """List accounts."""
    listing = AccountsListing(after=options.after, rows=options.limit + 1)
    facts = await desk.store.read(listing)
    page = take_page(facts.accounts, options.limit, key=lambda account: account.id)
    rows = tuple((account.id, account.name, account.main_number, account.status.value) for account in page.kept)
    return Rows(("id", "name", "main_number", "status"), rows, page.more)


@desk_command(ACCOUNTS, "create", options=CreateOptions)
async def create_account(desk: Desk, options: CreateOptions) -> Record:
    """Open an account with its main administrator, extension 101, whose id is the account's."""
    chosen = choose_password(desk, from_stdin=options.password_stdin, generate=options.generate_password)
    administrator = NewPerson(
        first_name=options.first_name,
        last_name=options.last_name,
        email=options.email,
        password=chosen.password,
    )
    wanted = NewAccount(
        name=options.name,
        main_number=options.main_number,
        administrator=administrator,
        brand_id=options.brand_id,
        absolute_timeout_s=options.absolute_timeout_s or 0,
        idle_timeout_s=options.idle_timeout_s or 0,
    )
    account = granted(await open_account(desk, wanted))
    note = None if chosen.password else f"Its administrator has no password: extensions set-password {account.id}"
    return Record(fields=_fields(account), secrets=chosen.shown, note=note)


@desk_command(ACCOUNTS, "show", options=OneAccount)
async def show_account(desk: Desk, options: OneAccount) -> Record:
    """Show an account."""
    return Record(fields=_fields(granted(await find_account(desk, options.account))))


@desk_command(ACCOUNTS, "update", options=UpdateOptions)
async def update_account(desk: Desk, options: UpdateOptions) -> Record:
    """Change an account; stricter time-outs take hold of running sessions at once.

    Where a second factor becomes required, what a password alone opened is over, and people set one up
    when they sign in.
    """

    def edit(account: Account) -> Account:
        absolute, idle = options.absolute_timeout_s, options.idle_timeout_s
        return account._replace(
            name=options.name or account.name,
            main_number=options.main_number or account.main_number,
            absolute_timeout_s=account.absolute_timeout_s if absolute is None else absolute,
            idle_timeout_s=account.idle_timeout_s if idle is None else idle,
            mfa_policy=options.mfa or account.mfa_policy,
            credential_policy=options.credentials or account.credential_policy,
        )

    account = granted(await find_account(desk, options.account))
    granted(await change_account(desk, account, edit))
    return Record(fields=_fields(edit(account)))


@desk_command(ACCOUNTS, "enable", options=OneAccount)
async def enable_account(desk: Desk, options: OneAccount) -> Record:
    """Let an account's people sign in again."""
    return await _able(desk, granted(await find_account(desk, options.account)), enabled=True)


@desk_command(ACCOUNTS, "disable", options=DisableOptions)
async def disable_account(desk: Desk, options: DisableOptions) -> Record:
    """Let nobody of an account sign in; every session and browser sign-in of it is over for good."""
    account = granted(await find_account(desk, options.account))
    require_yes(f"Disable {account.name}, and end every session and sign-in of it?", given=options.yes)
    return await _able(desk, account, enabled=False)


async def _able(desk: Desk, account: Account, *, enabled: bool) -> Record:
    def edit(account: Account) -> Account:
        return accounts.able(account, enabled=enabled)

    granted(await change_account(desk, account, edit))
    return Record(fields=_fields(edit(account)))


def _fields(account: Account) -> tuple[tuple[str, Value], ...]:
    return (
        ("id", account.id),
        ("name", account.name),
        ("main_number", account.main_number),
        ("status", account.status.value),
        ("brand_id", account.brand_id),
        ("absolute_timeout_s", account.absolute_timeout_s),
        ("idle_timeout_s", account.idle_timeout_s),
        ("sso_policy", account.sso_policy.value),
        ("credential_policy", account.credential_policy.value),
        ("mfa_policy", account.mfa_policy.value),
    )
