"""`callgate consents`: what people agreed to on the consent page, and taking it back."""

from dataclasses import dataclass
from typing import Annotated

import typer

from callgate.admin.asking import YesFlag, require_yes
from callgate.admin.command import Refusal, desk_command, granted, noun
from callgate.admin.paging import Limit, take_page
from callgate.admin.view import Record, Rows, Value
from callgate.model.ids import ClientId, ExtensionId, read_id
from callgate.model.instant import render_instant
from callgate.model.listings import ConsentsListing, ListedConsent
from callgate.service.administer.consents import withdraw_consent
from callgate.service.administer.desk import Desk
from callgate.service.administer.finding import find_account, find_app, find_person

CONSENTS = noun("consents", "Consents: which apps may act for whom, as people agreed.")


@dataclass(frozen=True, slots=True)
class ListOptions:
    """Whose, and which page."""

    person: Annotated[str | None, typer.Option(help="Only of this person.", show_default=False)] = None
    app: Annotated[str | None, typer.Option(help="Only to this app.", show_default=False)] = None
    account: Annotated[str | None, typer.Option(help="Only of this account's people.", show_default=False)] = None
    limit: Limit = 100
    after: Annotated[
        str, typer.Option(metavar="EXTENSION:APP", help="Go on after this person and app.", show_default=False)
    ] = ""


@dataclass(frozen=True, slots=True)
class OneConsent:
    """The consent meant."""

    extension: Annotated[
        str,
        typer.Argument(metavar="EXTENSION", help="Whose: id, e-mail, +number*extension.", show_default=False),
    ]
    app: Annotated[str, typer.Argument(metavar="APP", help="To which app: client id or name.", show_default=False)]
    yes: YesFlag = False


@desk_command(CONSENTS, "list", options=ListOptions)
async def list_consents(desk: Desk, options: ListOptions) -> Rows:
    """List consents."""
    account_id = granted(await find_account(desk, options.account)).id if options.account else None
    extension_id = granted(await find_person(desk, options.person)).id if options.person else None
    client_id = granted(await find_app(desk, options.app)).id if options.app else None
    listing = ConsentsListing(
        account_id=account_id,
        extension_id=extension_id,
        client_id=client_id,
        after=_read_after(options.after),
        rows=options.limit + 1,
    )
    facts = await desk.store.read(listing)
    page = take_page(facts.consents, options.limit, key=_key)
    return Rows(_COLUMNS, tuple(_values(listed) for listed in page.kept), page.more)


@desk_command(CONSENTS, "withdraw", options=OneConsent)
async def withdraw(desk: Desk, options: OneConsent) -> Record:
    """Take a consent back: the app must ask again, and those of its sessions that began at a browser are over.

    Codes not yet redeemed end too. Sessions that the app opened by itself, with the person's password or a JWT
    credential, go on: `sessions end`, `extensions set-password` and `credentials delete` end those.
    """
    person = granted(await find_person(desk, options.extension))
    client = granted(await find_app(desk, options.app))
    require_yes(f"Withdraw {person.name}'s consent to {client.name}, and end what it opened?", given=options.yes)
    ended = granted(await withdraw_consent(desk, person.id, client.id))
    return Record(
        fields=(
            ("extension_id", person.id),
            ("person", person.name),
            ("client_id", client.id),
            ("app", client.name),
            ("sessions_ended", ended),
        ),
        note="Withdrawn.",
    )


def _read_after(text: str) -> tuple[ExtensionId, ClientId]:
    if not text:
        return ConsentsListing().after
    digits, _, client_id = text.partition(":")
    extension_id = read_id(digits)
    if extension_id is None:
        raise Refusal(f"{text!r} is not an extension id and a client id with a colon between")
    return ExtensionId(extension_id), ClientId(client_id)


def _key(listed: ListedConsent) -> str:
    return f"{listed.consent.extension_id}:{listed.consent.client_id}"


_COLUMNS = ("account_id", "extension_id", "person", "client_id", "app", "scopes", "granted")


def _values(listed: ListedConsent) -> tuple[Value, ...]:
    consent, client, extension = listed
    return (
        consent.account_id,
        consent.extension_id,
        extension.name if extension else None,
        consent.client_id,
        client.name if client else None,
        tuple(sorted(consent.scopes)),
        render_instant(consent.granted_ms),
    )
