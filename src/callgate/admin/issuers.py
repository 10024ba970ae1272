"""`callgate issuers`: outside issuers whose tokens an account trusts, for workloads that keep no secret."""

from dataclasses import dataclass, field
from pathlib import Path
from typing import Annotated

import typer

from callgate.admin.asking import YesFlag, require_yes
from callgate.admin.command import Refusal, desk_command, granted, noun
from callgate.admin.paging import After, Limit, take_page
from callgate.admin.view import Record, Rows, Value
from callgate.model.instant import render_instant
from callgate.model.issuer import LIFE_DEFAULT_S, Condition, TrustedIssuer, TrustsListing
from callgate.protocol.administer.issuers import read_condition
from callgate.service.administer.desk import Desk
from callgate.service.administer.finding import find_account, find_app, find_role, find_service, find_trust
from callgate.service.administer.issuers import NewTrust, change_trust, revoke_trust, trust_issuer, try_token

ISSUERS = noun("issuers", "Outside issuers: whose tokens stand for an app of an account, with no secret stored.")

FILE_BYTES_MAX = 64 * 1024

TrustWord = Annotated[str, typer.Argument(metavar="TRUST", help="Id or name.", show_default=False)]
Conditions = Annotated[
    list[str],
    typer.Option(
        "--condition",
        metavar="CLAIM=VALUE",
        help="What a claim must be; repeat for each. * is part of a part, ** anything. As in repository=acme/app.",
        show_default=False,
    ),
]
JwksUrl = Annotated[
    str | None,
    typer.Option(help="Where its keys are; else its own discovery document says.", show_default=False),
]
Jwks = Annotated[Path | None, typer.Option(help="File with its keys, a JWK Set, instead.", show_default=False)]
Repeatable = Annotated[
    bool | None, typer.Option(help="Whether a token is good as often as it lives, not once.", show_default=False)
]


@dataclass(frozen=True, slots=True, kw_only=True)
class TrustOptions:
    """Whom to trust, and what their tokens are worth."""

    name: Annotated[str, typer.Option(help="What the trust is called, and its service extension.", show_default=False)]
    account: Annotated[str, typer.Option(help="Whose data: id, main number or name.", show_default=False)]
    app: Annotated[str, typer.Option(help="The app its tokens are for: client id or name.", show_default=False)]
    issuer: Annotated[str, typer.Option(help="iss, to the letter.", show_default=False)]
    conditions: Conditions
    role: Annotated[
        str | None,
        typer.Option(help="Make a service extension bounded by this role: id or name.", show_default=False),
    ] = None
    service: Annotated[
        str | None, typer.Option(help="Or one that is there, by its extension id.", show_default=False)
    ] = None
    proves_app: Annotated[
        bool, typer.Option("--proves-app", help="Or no extension: its tokens are the app's client assertion.")
    ] = False
    audience: Annotated[str | None, typer.Option(help="aud; else this server's issuer.", show_default=False)] = None
    jwks_url: JwksUrl = None
    jwks: Jwks = None
    life_max_s: Annotated[int, typer.Option(help="The longest life of a token, in seconds.")] = LIFE_DEFAULT_S
    repeatable: Repeatable = None


@dataclass(frozen=True, slots=True)
class ListOptions:
    """Whose, and which page."""

    account: Annotated[str | None, typer.Option(help="Only of this account.", show_default=False)] = None
    app: Annotated[str | None, typer.Option(help="Only for this app.", show_default=False)] = None
    limit: Limit = 100
    after: After = 0


@dataclass(frozen=True, slots=True)
class OneTrust:
    """The trust meant."""

    trust: TrustWord


@dataclass(frozen=True, slots=True)
class RevokeOptions(OneTrust):
    """The trust that is to be over."""

    yes: YesFlag = False


@dataclass(frozen=True, slots=True, kw_only=True)
class ChangeOptions:
    """What is to be different. Conditions grow by what is named, and shrink by what is named to be removed."""

    trust: TrustWord
    audience: Annotated[str | None, typer.Option(help="Another aud.", show_default=False)] = None
    conditions: Conditions = field(default_factory=list)
    remove_conditions: Annotated[
        list[str],
        typer.Option("--remove-condition", metavar="CLAIM=VALUE", help="Repeat for each.", show_default=False),
    ] = field(default_factory=list)
    jwks_url: JwksUrl = None
    jwks: Jwks = None
    life_max_s: Annotated[
        int | None, typer.Option(help="The longest life of a token, in seconds.", show_default=False)
    ] = None
    repeatable: Repeatable = None


@dataclass(frozen=True, slots=True)
class CheckOptions:
    """A token to try."""

    trust: TrustWord
    file: Annotated[Path, typer.Argument(metavar="FILE", help="File with the token.", show_default=False)]


@desk_command(ISSUERS, "trust", options=TrustOptions)
async def trust(desk: Desk, options: TrustOptions) -> Record:
    """Trust an outside issuer's tokens for one app, if they meet every condition."""
    if [options.role is not None, options.service is not None, options.proves_app].count(True) != 1:
        raise Refusal("say what its tokens are worth: one of --role, --service and --proves-app")
    account = granted(await find_account(desk, options.account))
    client = granted(await find_app(desk, options.app))
    role = granted(await find_role(desk, options.role, account_id=account.id)) if options.role else None
    service = granted(await find_service(desk, options.service, account_id=account.id)) if options.service else None
    wanted = NewTrust(
        name=options.name,
        issuer=options.issuer,
        audience=options.audience,
        conditions=_conditions(options.conditions),
        role=role,
        service=service,
        jwks_url=options.jwks_url,
        jwks=_read(options.jwks),
        life_max_s=options.life_max_s,
        repeatable=bool(options.repeatable),
    )
    return Record(fields=_fields(granted(await trust_issuer(desk, client, account, wanted=wanted))))


@desk_command(ISSUERS, "list", options=ListOptions)
async def list_trusts(desk: Desk, options: ListOptions) -> Rows:
    """List the issuers trusted."""
    account_id = granted(await find_account(desk, options.account)).id if options.account else None
    client_id = granted(await find_app(desk, options.app)).id if options.app else None
    listing = TrustsListing(account_id=account_id, client_id=client_id, after=options.after, rows=options.limit + 1)
    page = take_page((await desk.store.read(listing)).trusts, options.limit, key=lambda each: each.trust.id)
    rows = tuple(
        (
            each.trust.id,
            each.trust.account_id,
            each.trust.name,
            each.client.name,
            each.role.name if each.role else "proves the app",
            each.trust.issuer,
            tuple(str(condition) for condition in each.trust.conditions),
            _instant(each.trust.last_used_ms),
        )
        for each in page.kept
    )
    columns = ("id", "account_id", "name", "app", "role", "issuer", "conditions", "last_used")
    return Rows(columns, rows, page.more)


@desk_command(ISSUERS, "show", options=OneTrust)
async def show_trust(desk: Desk, options: OneTrust) -> Record:
    """Show a trust."""
    return Record(fields=_fields(granted(await find_trust(desk, options.trust))))


@desk_command(ISSUERS, "change", options=ChangeOptions)
async def change(desk: Desk, options: ChangeOptions) -> Record:
    """Change a trust; what it let in under its former terms is over at once."""
    added, removed = _conditions(options.conditions), _conditions(options.remove_conditions)
    jwks = _read(options.jwks)

    def edit(trust: TrustedIssuer) -> TrustedIssuer:
        kept = (each for each in dict.fromkeys((*trust.conditions, *added)) if each not in removed)
        new_keys = options.jwks_url is not None or jwks is not None
        return trust._replace(
            audience=options.audience or trust.audience,
            conditions=tuple(kept),
            jwks_url=options.jwks_url if new_keys else trust.jwks_url,
            jwks=jwks if new_keys else trust.jwks,
            life_max_s=trust.life_max_s if options.life_max_s is None else options.life_max_s,
            repeatable=trust.repeatable if options.repeatable is None else options.repeatable,
        )

    found = granted(await find_trust(desk, options.trust))
    return Record(fields=_fields(granted(await change_trust(desk, found, edit))))


@desk_command(ISSUERS, "revoke", options=RevokeOptions)
async def revoke(desk: Desk, options: RevokeOptions) -> Record:
    """Trust an issuer no longer; its sessions are over at once, a service extension of its own is disabled."""
    found = granted(await find_trust(desk, options.trust))
    require_yes(f"Trust {found.name} no longer, and end what its tokens opened?", given=options.yes)
    granted(await revoke_trust(desk, found))
    told = ("id", "name", "issuer", "account_id", "client_id", "service_extension_id")
    fields = tuple((name, value) for name, value in _fields(found) if name in told)
    return Record(fields=(*fields, ("revoked", True)), note=f"{found.name} is trusted no longer.")


@desk_command(ISSUERS, "check", options=CheckOptions)
async def check(desk: Desk, options: CheckOptions) -> Rows:
    """Try a token: which check passes, which fails, and what stands in it. Nothing is spent. Exit 1 when one fails."""
    found = granted(await find_trust(desk, options.trust))
    tried = await try_token(desk, found, (_read(options.file) or "").strip())
    return Rows(
        ("check", "passed", "detail"),
        tuple((each.check, each.passed, each.detail) for each in tried),
        failed=not all(each.passed for each in tried),
    )


def _conditions(texts: list[str]) -> tuple[Condition, ...]:
    return tuple(granted(read_condition(text)) for text in texts)


def _read(file: Path | None) -> str | None:
    if file is None:
        return None
    content = file.read_bytes()
    if len(content) > FILE_BYTES_MAX or not content.isascii():
        raise Refusal(f"{file} is longer than {FILE_BYTES_MAX} bytes, or no ASCII text")
    return content.decode("ascii")


def _fields(trust: TrustedIssuer) -> tuple[tuple[str, Value], ...]:
    return (
        ("id", trust.id),
        ("account_id", trust.account_id),
        ("client_id", trust.client_id),
        ("service_extension_id", trust.extension_id),
        ("name", trust.name),
        ("issuer", trust.issuer),
        ("audience", trust.audience),
        ("conditions", tuple(str(condition) for condition in trust.conditions)),
        ("keys", trust.jwks_url or "given as a file"),
        ("life_max_s", trust.life_max_s),
        ("repeatable", trust.repeatable),
        ("created", render_instant(trust.created_ms)),
        ("last_used", _instant(trust.last_used_ms)),
    )


def _instant(at_ms: int | None) -> str | None:
    return None if at_ms is None else render_instant(at_ms)
