"""`callgate credentials`: JWT credentials of people, for unattended scripts."""

from dataclasses import dataclass, field
from typing import Annotated

import typer

from callgate.admin.asking import YesFlag, require_yes
from callgate.admin.command import Refusal, desk_command, granted, noun
from callgate.admin.paging import After, Limit, take_page
from callgate.admin.spans import read_span
from callgate.admin.view import Record, Rows, Value
from callgate.model.credential import JwtCredential
from callgate.model.instant import parse_instant, render_instant
from callgate.model.listings import CredentialsListing
from callgate.protocol.radar import advise_on
from callgate.service.administer.credentials import (
    NewCredential,
    create_credential,
    delete_credential,
    replace_credential,
)
from callgate.service.administer.desk import Desk
from callgate.service.administer.finding import find_account, find_app, find_credential, find_person

CREDENTIALS = noun("credentials", "JWT credentials: what unattended scripts get tokens with.")


@dataclass(frozen=True, slots=True, kw_only=True)
class CreateOptions:
    """A credential."""

    person: Annotated[str, typer.Option(help="Whose rights it has: id, e-mail, +number*extension.", show_default=False)]
    label: Annotated[str, typer.Option(help="What it is for.", show_default=False)]
    apps: Annotated[
        list[str],
        typer.Option(
            "--app",
            metavar="APP",
            help="Only for this app; repeat for each. Else all of the organisation.",
            show_default=False,
        ),
    ] = field(default_factory=list)
    expires: Annotated[
        str | None,
        typer.Option(help="ISO 8601, as in 2030-01-31 or 2030-01-31T12:00:00Z; else never.", show_default=False),
    ] = None
    by: Annotated[
        str | None,
        typer.Option(help="The person who makes it, judged by the account's rule; else you.", show_default=False),
    ] = None


@dataclass(frozen=True, slots=True, kw_only=True)
class RotateOptions:
    """The credential meant, how long both count, and until when the new one does."""

    credential: Annotated[str, typer.Argument(metavar="ID", help="Its id.", show_default=False)]
    overlap: Annotated[str, typer.Option(help="How long the old one counts as well, as in 12h; at most 90d.")] = "7d"
    expires: Annotated[
        str | None,
        typer.Option(help="When the new one does: ISO 8601, as in 2030-01-31; else never.", show_default=False),
    ] = None


@dataclass(frozen=True, slots=True)
class ListOptions:
    """Whose, and which page."""

    person: Annotated[str | None, typer.Option(help="Only of this person.", show_default=False)] = None
    account: Annotated[str | None, typer.Option(help="Only of this account.", show_default=False)] = None
    limit: Limit = 100
    after: After = 0


@dataclass(frozen=True, slots=True)
class DeleteOptions:
    """The credential meant."""

    credential: Annotated[str, typer.Argument(metavar="ID", help="Its id.", show_default=False)]
    yes: YesFlag = False


@desk_command(CREDENTIALS, "create", options=CreateOptions)
async def create(desk: Desk, options: CreateOptions) -> Record:
    """Create a JWT credential; the JWT is shown once."""
    person = granted(await find_person(desk, options.person))
    found = [granted(await find_app(desk, word)) for word in options.apps]
    wanted = NewCredential(
        label=options.label,
        client_ids=frozenset(client.id for client in found) or None,
        expires_ms=None if options.expires is None else _read_expiry(desk, options.expires),
    )
    giver = granted(await find_person(desk, options.by)) if options.by else None
    issued = granted(await create_credential(desk, person, wanted, giver=giver))
    return Record(fields=_fields(issued.credential, desk), secrets=(("jwt", issued.jwt),))


@desk_command(CREDENTIALS, "rotate", options=RotateOptions)
async def rotate(desk: Desk, options: RotateOptions) -> Record:
    """Create a credential's successor, shown once, for the same person and apps.

    Both count until the overlap is over; `credentials list` says when the old one is safe to delete.
    """
    before = granted(await find_credential(desk, options.credential))
    person = granted(await find_person(desk, str(before.extension_id)))
    expires_ms = None if options.expires is None else _read_expiry(desk, options.expires)
    overlap_ms = read_span(options.overlap)
    issued = granted(await replace_credential(desk, person, before, overlap_ms=overlap_ms, expires_ms=expires_ms))
    fields = (*_fields(issued.credential, desk), ("replaces", before.id))
    return Record(fields=fields, secrets=(("jwt", issued.jwt),))


@desk_command(CREDENTIALS, "list", options=ListOptions)
async def list_credentials(desk: Desk, options: ListOptions) -> Rows:
    """List JWT credentials, never their text."""
    account_id = granted(await find_account(desk, options.account)).id if options.account else None
    extension_id = granted(await find_person(desk, options.person)).id if options.person else None
    listing = CredentialsListing(
        account_id=account_id, extension_id=extension_id, after=options.after, rows=options.limit + 1
    )
    facts = await desk.store.read(listing)
    page = take_page(facts.credentials, options.limit, key=lambda credential: credential.id)
    rows = tuple(tuple(value for _, value in _fields(credential, desk)) for credential in page.kept)
    return Rows(_COLUMNS, rows, page.more)


@desk_command(CREDENTIALS, "delete", options=DeleteOptions)
async def delete(desk: Desk, options: DeleteOptions) -> Record:
    """Delete a JWT credential; its sessions are over at once."""
    credential = granted(await find_credential(desk, options.credential))
    require_yes(f"Delete {credential.label} ({credential.id}), and end its sessions?", given=options.yes)
    granted(await delete_credential(desk, credential))
    return Record(fields=_fields(credential, desk), note="Deleted.")


def _read_expiry(desk: Desk, text: str) -> int:
    expires_ms = parse_instant(text)
    if expires_ms is None:
        raise Refusal(f"{text!r} is not an ISO 8601 date or time, as in 2030-01-31T12:00:00Z")
    if expires_ms <= desk.clock.now_ms():
        raise Refusal(f"{text} is over: nobody could use the credential")
    return expires_ms


_COLUMNS = ("id", "account_id", "extension_id", "label", "apps", "created", "expires", "last_used", "advice")


def _fields(credential: JwtCredential, desk: Desk) -> tuple[tuple[str, Value], ...]:
    apps = tuple(sorted(credential.client_ids)) if credential.client_ids is not None else "all"
    advice = advise_on(credential, now_ms=desk.clock.now_ms())
    values: tuple[Value, ...] = (
        credential.id,
        credential.account_id,
        credential.extension_id,
        credential.label,
        apps,
        render_instant(credential.created_ms),
        _instant(credential.expires_ms),
        _instant(credential.last_used_ms),
        advice.text if advice else None,
    )
    return tuple(zip(_COLUMNS, values, strict=True))


def _instant(at_ms: int | None) -> str | None:
    return None if at_ms is None else render_instant(at_ms)
