"""`callgate sso`: OpenID Connect providers, found by their issuer."""

from dataclasses import dataclass, field
from pathlib import Path
from typing import Annotated

import typer

from callgate.admin.accounts import AccountWord
from callgate.admin.asking import read_line
from callgate.admin.command import Refusal, desk_command, granted
from callgate.admin.sso_view import ConnectionWord, EmailDomains, Name, change, record
from callgate.admin.view import Record
from callgate.model.connection import Connection, ConnectionKind
from callgate.service.administer.connections import NewConnection, create_connection, find_connection
from callgate.service.administer.desk import Desk
from callgate.service.administer.finding import find_account
from callgate.service.administer.providers import discover_oidc_provider

SCOPES = ("openid", "email")
"""What a person's address takes, and no more."""

_SECRET_CHARS_MAX = 4096

SecretFile = Annotated[
    Path | None,
    typer.Option(exists=True, dir_okay=False, help="File whose first line is the client secret.", show_default=False),
]
SecretStdin = Annotated[
    bool, typer.Option("--client-secret-stdin", help="Read the client secret from the first line of standard input.")
]
Claim = Annotated[str, typer.Option(help="The claim that holds the person's e-mail address.")]
Scopes = Annotated[
    list[str],
    typer.Option(
        "--scope",
        metavar="SCOPE",
        help=f"What to ask for, instead of {' and '.join(SCOPES)}; repeat.",
        show_default=False,
    ),
]
UnverifiedEmail = Annotated[
    bool | None,
    typer.Option(
        "--unverified-email/--verified-email",
        help="Take the claim email although email_verified is not true; off for new ones.",
        show_default=False,
    ),
]


@dataclass(frozen=True, slots=True, kw_only=True)
class ConnectOptions:
    """An OpenID Connect provider."""

    account: AccountWord
    name: Name
    issuer: Annotated[
        str, typer.Option(help="Its issuer, to the letter; its discovery document tells the rest.", show_default=False)
    ]
    client_id: Annotated[str, typer.Option(help="What it calls this server.", show_default=False)]
    client_secret_file: SecretFile = None
    client_secret_stdin: SecretStdin = False
    claim: Claim = "email"
    scopes: Scopes = field(default_factory=list)
    unverified_email: UnverifiedEmail = None
    email_domains: EmailDomains = field(default_factory=list)


@dataclass(frozen=True, slots=True, kw_only=True)
class UpdateOptions:
    """What is to be different."""

    connection: ConnectionWord
    discover: Annotated[bool, typer.Option("--discover", help="Read the provider's discovery document anew.")] = False
    issuer: Annotated[
        str | None, typer.Option(help="Another provider; every session of the old one is over.", show_default=False)
    ] = None
    client_id: Annotated[
        str | None, typer.Option(help="Another client id; every session of the old one is over.", show_default=False)
    ] = None
    client_secret_file: SecretFile = None
    client_secret_stdin: SecretStdin = False
    claim: Annotated[str | None, typer.Option(help="Another claim to read.", show_default=False)] = None
    scopes: Scopes = field(default_factory=list)
    unverified_email: UnverifiedEmail = None


def add_oidc(group: typer.Typer) -> None:
    """Register the commands."""
    desk_command(group, "connect-oidc", options=ConnectOptions)(connect_oidc)
    desk_command(group, "update-oidc", options=UpdateOptions)(update_oidc)


async def connect_oidc(desk: Desk, options: ConnectOptions) -> Record:
    """Connect an account to an OpenID Connect provider; nobody uses it until `sso policy` lets them."""
    account = granted(await find_account(desk, options.account))
    secret = _secret(options)
    if secret is None:
        raise Refusal(
            "say --client-secret-file or --client-secret-stdin: the provider gave a secret with the client id"
        )
    provider = granted(await discover_oidc_provider(desk, options.issuer))
    wanted = NewConnection(
        account_id=account.id,
        kind=ConnectionKind.OIDC,
        name=options.name,
        issuer=provider.issuer,
        sso_url=provider.sso_url,
        email_attribute=options.claim,
        email_domains=tuple(options.email_domains),
        signs_requests=False,
        client_id=options.client_id,
        client_secret=secret,
        token_url=provider.token_url,
        jwks_url=provider.jwks_url,
        userinfo_url=provider.userinfo_url,
        scopes=tuple(dict.fromkeys(options.scopes or SCOPES)),
        client_auth=provider.client_auth,
        announces_iss=provider.announces_iss,
        believes_email=options.unverified_email is True,
    )
    connection = granted(await create_connection(desk, wanted))
    note = f"Register our_callback_url there. Then: callgate sso policy {account.id} allowed"
    return record(desk, connection, note=note)


async def update_oidc(desk: Desk, options: UpdateOptions) -> Record:
    """Change what is particular to OpenID Connect; names, domains and the like are `sso update`'s."""
    connection = granted(await find_connection(desk, options.connection))
    if connection.kind is not ConnectionKind.OIDC:
        raise Refusal(f"{connection.name} speaks {connection.kind.value}: `callgate sso update` changes it")
    anew = options.discover or options.issuer is not None
    provider = granted(await discover_oidc_provider(desk, options.issuer or connection.issuer)) if anew else None

    def edit(before: Connection) -> Connection:
        believes = options.unverified_email
        found = (
            before
            if provider is None
            else before._replace(
                issuer=provider.issuer,
                sso_url=provider.sso_url,
                token_url=provider.token_url,
                jwks_url=provider.jwks_url,
                userinfo_url=provider.userinfo_url,
                client_auth=provider.client_auth,
                announces_iss=provider.announces_iss,
            )
        )
        return found._replace(
            client_id=options.client_id or before.client_id,
            email_attribute=options.claim or before.email_attribute,
            scopes=tuple(dict.fromkeys(options.scopes)) or before.scopes,
            believes_email=before.believes_email if believes is None else believes,
        )

    return await change(desk, str(connection.id), edit, client_secret=_secret(options))


def _secret(options: ConnectOptions | UpdateOptions) -> str | None:
    """The first line of what the options name; never an argument, which others on the machine can see."""
    if options.client_secret_file is not None and options.client_secret_stdin:
        raise Refusal("say --client-secret-file or --client-secret-stdin, not both")
    if options.client_secret_stdin:
        return read_line(_SECRET_CHARS_MAX)
    if options.client_secret_file is None:
        return None
    with options.client_secret_file.open(encoding="utf-8", errors="replace") as opened:
        return opened.readline(_SECRET_CHARS_MAX).rstrip("\r\n")
