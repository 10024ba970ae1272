"""`callgate apps`: registering apps, changing them, their secrets, and who allows them without a user."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from enum import Enum
from pathlib import Path
from typing import Annotated

import typer

from callgate.admin.asking import YesFlag, require_yes
from callgate.admin.command import Refusal, desk_command, granted, noun
from callgate.admin.paging import Limit, take_page
from callgate.admin.view import Record, Rows, Value
from callgate.model.client import AppKind, AuthMethod, Client, GrantType, Switch
from callgate.model.limits import AppRate, RateGroup
from callgate.model.listings import AllowancesListing, AppsListing
from callgate.model.policy import ACCESS_TTL_MAX_S, REFRESH_TTL_DEFAULT_S, SESSION_CAP
from callgate.protocol.administer import apps
from callgate.service.administer.apps import (
    NewApp,
    Registration,
    allow_service,
    change_app,
    disallow_service,
    register_app,
)
from callgate.service.administer.desk import Desk
from callgate.service.administer.finding import find_account, find_app, find_role

APPS = noun("apps", "Apps: kinds, grants, scopes, redirect URIs, secrets.")

JWKS_BYTES_MAX = 64 * 1024

AppWord = Annotated[str, typer.Argument(metavar="APP", help="Client id or name.", show_default=False)]
AccountWord = Annotated[str, typer.Option(help="Id, main number or name.", show_default=False)]


def _names(choices: type[Enum]) -> str:
    return ", ".join(str(choice.value) for choice in choices)


# A line for each: help breaks lines at hyphens, and a name that is broken cannot be copied.
_GRANTS = "Repeat for each:\n\n\b\n" + ",\n".join(grant.value for grant in GrantType)
Grants = Annotated[list[GrantType], typer.Option("--grant", metavar="GRANT", help=_GRANTS, show_default=False)]
Scopes = Annotated[list[str], typer.Option("--scope", metavar="SCOPE", help="Repeat for each.", show_default=False)]
RedirectUris = Annotated[
    list[str], typer.Option("--redirect-uri", metavar="URI", help="Repeat for each.", show_default=False)
]
PostLogoutUris = Annotated[
    list[str],
    typer.Option(
        "--post-logout-redirect-uri",
        metavar="URI",
        help="Where a browser may go after it signed out; repeat for each.",
        show_default=False,
    ),
]
Switches = Annotated[
    list[Switch],
    typer.Option(
        "--switch", metavar="SWITCH", help=f"A deviation, off otherwise: {_names(Switch)}.", show_default=False
    ),
]
Rates = Annotated[
    list[str],
    typer.Option(
        "--rate",
        metavar="GROUP=NUMBER",
        help=f"Calls in 60 seconds, instead of the server's number; repeat for each group: {_names(RateGroup)}.",
        show_default=False,
    ),
]
Method = Annotated[
    AuthMethod | None,
    typer.Option(
        metavar="METHOD",
        help=f"How it proves itself, else as usual for its kind; a new one means a new secret: {_names(AuthMethod)}.",
        show_default=False,
    ),
]
Jwks = Annotated[
    Path | None,
    typer.Option(help="File with the app's public keys, a JWK Set, for private_key_jwt.", show_default=False),
]
RefreshTokens = Annotated[
    bool | None,
    typer.Option(help="Whether it gets refresh tokens; else if it has the grant.", show_default=False),
]


@dataclass(frozen=True, slots=True)
class ListOptions:
    """Whose, and which page."""

    account: Annotated[str | None, typer.Option(help="Only of this account.", show_default=False)] = None
    limit: Limit = 100
    after: Annotated[str, typer.Option(help="Go on after this client id.", show_default=False)] = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class RegisterOptions:
    """An app."""

    account: AccountWord
    name: Annotated[str, typer.Option(help="What people see on the consent page.", show_default=False)]
    kind: Annotated[
        AppKind, typer.Option(metavar="KIND", help=f"Fixed for ever: {_names(AppKind)}.", show_default=False)
    ]
    grants: Grants
    scopes: Scopes
    public: Annotated[bool, typer.Option("--public", help="For people of every account; fixed for ever.")] = False
    redirect_uris: RedirectUris = field(default_factory=list)
    post_logout_redirect_uris: PostLogoutUris = field(default_factory=list)
    auth_method: Method = None
    jwks: Jwks = None
    switches: Switches = field(default_factory=list)
    refresh_tokens: RefreshTokens = None
    access_ttl_s: Annotated[int, typer.Option(help="Life of an access token, in seconds.")] = ACCESS_TTL_MAX_S
    refresh_ttl_s: Annotated[int, typer.Option(help="Life of a refresh token, in seconds.")] = REFRESH_TTL_DEFAULT_S
    session_cap: Annotated[int, typer.Option(help="Sessions of one person at a time.")] = SESSION_CAP
    rates: Rates = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class OneApp:
    """The app meant."""

    app: AppWord


@dataclass(frozen=True, slots=True)
class EndOptions(OneApp):
    """The app of which something is to be over."""

    yes: YesFlag = False


@dataclass(frozen=True, slots=True, kw_only=True)
class UpdateOptions:
    """What is to be different. Lists grow by what is named, and shrink by what is named to be removed."""

    app: AppWord
    name: Annotated[str | None, typer.Option(help="A new name.", show_default=False)] = None
    grants: Grants = field(default_factory=list)
    remove_grants: Annotated[
        list[GrantType], typer.Option("--remove-grant", metavar="GRANT", help="Repeat for each.", show_default=False)
    ] = field(default_factory=list)
    scopes: Scopes = field(default_factory=list)
    remove_scopes: Annotated[
        list[str], typer.Option("--remove-scope", metavar="SCOPE", help="Repeat for each.", show_default=False)
    ] = field(default_factory=list)
    redirect_uris: RedirectUris = field(default_factory=list)
    remove_redirect_uris: Annotated[
        list[str], typer.Option("--remove-redirect-uri", metavar="URI", help="Repeat for each.", show_default=False)
    ] = field(default_factory=list)
    post_logout_redirect_uris: PostLogoutUris = field(default_factory=list)
    remove_post_logout_redirect_uris: Annotated[
        list[str],
        typer.Option("--remove-post-logout-redirect-uri", metavar="URI", help="Repeat for each.", show_default=False),
    ] = field(default_factory=list)
    switches: Switches = field(default_factory=list)
    remove_switches: Annotated[
        list[Switch], typer.Option("--remove-switch", metavar="SWITCH", help="Repeat for each.", show_default=False)
    ] = field(default_factory=list)
    auth_method: Method = None
    jwks: Jwks = None
    refresh_tokens: RefreshTokens = None
    access_ttl_s: Annotated[
        int | None, typer.Option(help="Life of an access token, in seconds.", show_default=False)
    ] = None
    refresh_ttl_s: Annotated[
        int | None, typer.Option(help="Life of a refresh token, in seconds.", show_default=False)
    ] = None
    session_cap: Annotated[int | None, typer.Option(help="Sessions of one person at a time.", show_default=False)] = (
        None
    )
    rates: Rates = field(default_factory=list)
    remove_rates: Annotated[
        list[RateGroup],
        typer.Option(
            "--remove-rate", metavar="GROUP", help="The server's number again; repeat for each.", show_default=False
        ),
    ] = field(default_factory=list)


@dataclass(frozen=True, slots=True, kw_only=True)
class AllowOptions:
    """An app, the account that allows it, and the role that bounds it."""

    app: AppWord
    account: AccountWord
    role: Annotated[str, typer.Option(help="Id or name.", show_default=False)]


@dataclass(frozen=True, slots=True, kw_only=True)
class DisallowOptions:
    """An app, and the account that no longer allows it."""

    app: AppWord
    account: AccountWord
    yes: YesFlag = False


@desk_command(APPS, "list", options=ListOptions)
async def list_apps(desk: Desk, options: ListOptions) -> Rows:
    """List apps."""
    account_id = granted(await find_account(desk, options.account)).id if options.account else None
    listing = AppsListing(account_id=account_id, after=options.after, rows=options.limit + 1)
    page = take_page((await desk.store.read(listing)).apps, options.limit, key=lambda client: client.id)
    rows = tuple(
        (
            client.id,
            client.account_id,
            client.name,
            client.kind.value,
            _audience(client),
            client.status.value,
            _grants(client),
        )
        for client in page.kept
    )
    return Rows(("client_id", "account_id", "name", "kind", "audience", "status", "grants"), rows, page.more)


@desk_command(APPS, "register", options=RegisterOptions)
async def register(desk: Desk, options: RegisterOptions) -> Record:
    """Register an app; its secret, if it has one, is shown once."""
    account = granted(await find_account(desk, options.account))
    wanted = NewApp(
        name=options.name,
        account_id=account.id,
        kind=options.kind,
        grants=frozenset(options.grants),
        scopes=tuple(options.scopes),
        private=not options.public,
        redirect_uris=tuple(options.redirect_uris),
        post_logout_redirect_uris=tuple(options.post_logout_redirect_uris),
        auth_method=options.auth_method,
        jwks=_read(options.jwks),
        switches=frozenset(options.switches),
        issues_refresh_tokens=options.refresh_tokens,
        access_ttl_s=options.access_ttl_s,
        refresh_ttl_s=options.refresh_ttl_s,
        session_cap=options.session_cap,
        rates=_rates((), options.rates, without=()),
    )
    return _registered(granted(await register_app(desk, wanted)))


@desk_command(APPS, "show", options=OneApp)
async def show_app(desk: Desk, options: OneApp) -> Record:
    """Show an app, and the accounts that allow it without a user."""
    client = granted(await find_app(desk, options.app))
    allowances = (await desk.store.read(AllowancesListing(client.id))).allowances
    allowed = tuple(f"{each.account.id}:{each.role.name.replace(' ', '-')}" for each in allowances)
    return Record(fields=(*fields_of(client), ("allowed_by", allowed)))


@desk_command(APPS, "update", options=UpdateOptions)
async def update(desk: Desk, options: UpdateOptions) -> Record:
    """Change an app; a new way of proving itself comes with a new secret, shown once."""

    def edit(client: Client) -> Client:
        return _edited(client, options)

    client = granted(await find_app(desk, options.app))
    return _registered(granted(await change_app(desk, client, edit, jwks=_read(options.jwks))))


@desk_command(APPS, "block", options=EndOptions)
async def block(desk: Desk, options: EndOptions) -> Record:
    """Block an app: it gets no tokens, and every session of it is over for good."""
    client = granted(await find_app(desk, options.app))
    require_yes(f"Block {client.name}, and end every session of it?", given=options.yes)
    return _registered(granted(await change_app(desk, client, apps.blocked)))


@desk_command(APPS, "unblock", options=OneApp)
async def unblock(desk: Desk, options: OneApp) -> Record:
    """Let an app work again."""
    client = granted(await find_app(desk, options.app))
    return _registered(granted(await change_app(desk, client, apps.unblocked)))


@desk_command(APPS, "allow-service", options=AllowOptions)
async def allow(desk: Desk, options: AllowOptions) -> Record:
    """Let an app into an account without a user (client_credentials), bounded by a role."""
    client = granted(await find_app(desk, options.app))
    account = granted(await find_account(desk, options.account))
    role = granted(await find_role(desk, options.role, account_id=account.id))
    extension_id = granted(await allow_service(desk, client, account, role=role))
    return Record(
        fields=(
            ("client_id", client.id),
            ("account_id", account.id),
            ("service_extension_id", extension_id),
            ("role", role.name),
        )
    )


@desk_command(APPS, "disallow-service", options=DisallowOptions)
async def disallow(desk: Desk, options: DisallowOptions) -> Record:
    """Let an app into an account without a user no longer; its sessions there are over at once."""
    client = granted(await find_app(desk, options.app))
    account = granted(await find_account(desk, options.account))
    require_yes(f"Let {client.name} into {account.name} no longer, and end its sessions there?", given=options.yes)
    granted(await disallow_service(desk, client, account))
    return Record(fields=(("client_id", client.id), ("account_id", account.id)), note="No longer allowed.")


def _edited(client: Client, options: UpdateOptions) -> Client:
    grants = client.grants.union(options.grants).difference(options.remove_grants)
    issues = options.refresh_tokens
    if issues is None:
        # Whoever adds or removes the grant means the tokens, unless they say otherwise.
        before, now = GrantType.REFRESH_TOKEN in client.grants, GrantType.REFRESH_TOKEN in grants
        issues = client.issues_refresh_tokens if before == now else now
    return client._replace(
        name=options.name or client.name,
        grants=grants,
        scopes=_grown(client.scopes, options.scopes, without=options.remove_scopes),
        redirect_uris=_grown(client.redirect_uris, options.redirect_uris, without=options.remove_redirect_uris),
        post_logout_redirect_uris=_grown(
            client.post_logout_redirect_uris,
            options.post_logout_redirect_uris,
            without=options.remove_post_logout_redirect_uris,
        ),
        auth_method=options.auth_method or client.auth_method,
        switches=client.switches.union(options.switches).difference(options.remove_switches),
        issues_refresh_tokens=issues,
        access_ttl_s=client.access_ttl_s if options.access_ttl_s is None else options.access_ttl_s,
        refresh_ttl_s=client.refresh_ttl_s if options.refresh_ttl_s is None else options.refresh_ttl_s,
        session_cap=client.session_cap if options.session_cap is None else options.session_cap,
        rates=_rates(client.rates, options.rates, without=options.remove_rates),
    )


def _rates(before: tuple[AppRate, ...], wanted: list[str], *, without: Sequence[RateGroup]) -> tuple[AppRate, ...]:
    numbers = {rate.group: rate.limit for rate in before} | dict(map(_rate, wanted))
    return tuple(AppRate(group, numbers[group]) for group in RateGroup if group in numbers and group not in without)


def _rate(word: str) -> tuple[RateGroup, int]:
    group, _, number = word.partition("=")
    groups = {each.value: each for each in RateGroup}
    if group not in groups or not number.isdecimal():
        raise Refusal(f"--rate {word} is not GROUP=NUMBER; groups are {_names(RateGroup)}")
    return groups[group], int(number)


def _grown(before: tuple[str, ...], added: list[str], *, without: list[str]) -> tuple[str, ...]:
    return tuple(each for each in dict.fromkeys((*before, *added)) if each not in without)


def _read(file: Path | None) -> str | None:
    if file is None:
        return None
    content = file.read_bytes()
    if len(content) > JWKS_BYTES_MAX or not content.isascii():
        raise Refusal(f"{file} is not a JWK Set of at most {JWKS_BYTES_MAX} ASCII bytes")
    return content.decode("ascii")


def _registered(registration: Registration) -> Record:
    secrets = (("client_secret", registration.secret),) if registration.secret else ()
    return Record(fields=fields_of(registration.client), secrets=secrets)


def fields_of(client: Client) -> tuple[tuple[str, Value], ...]:
    """An app as it is shown."""
    return (
        ("client_id", client.id),
        ("account_id", client.account_id),
        ("name", client.name),
        ("kind", client.kind.value),
        ("audience", _audience(client)),
        ("status", client.status.value),
        ("auth_method", client.auth_method.value),
        ("grants", _grants(client)),
        ("scopes", client.scopes),
        ("redirect_uris", client.redirect_uris),
        ("post_logout_redirect_uris", client.post_logout_redirect_uris),
        ("switches", tuple(sorted(switch.value for switch in client.switches))),
        ("issues_refresh_tokens", client.issues_refresh_tokens),
        ("access_ttl_s", client.access_ttl_s),
        ("refresh_ttl_s", client.refresh_ttl_s),
        ("session_cap", client.session_cap),
        ("rates", tuple(str(rate) for rate in client.rates)),
    )


def _audience(client: Client) -> str:
    return "private" if client.private else "public"


def _grants(client: Client) -> tuple[str, ...]:
    return tuple(sorted(grant.value for grant in client.grants))
