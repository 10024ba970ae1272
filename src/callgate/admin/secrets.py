"""`callgate apps rotate-secret`, `retire-secret`, `secrets`: a secret changed without a moment in which none works."""

from dataclasses import dataclass
from typing import Annotated

import typer

from callgate.admin.apps import APPS, AppWord, EndOptions, OneApp
from callgate.admin.asking import require_yes
from callgate.admin.command import desk_command, granted
from callgate.admin.spans import read_span
from callgate.admin.view import Record, Value
from callgate.model.client import Client
from callgate.model.client_secret import SecretActLookup
from callgate.model.instant import render_instant
from callgate.protocol.administer.secrets import advise, former_until
from callgate.service.administer.apps import retire_secret, rotate_secret
from callgate.service.administer.desk import Desk
from callgate.service.administer.finding import find_app

__all__ = ["APPS"]


@dataclass(frozen=True, slots=True)
class RotateOptions:
    """The app meant, and how long both secrets count."""

    app: AppWord
    overlap: Annotated[
        str | None,
        typer.Option(help="How long the old one counts as well, as in 12h or 7d; else not at all.", show_default=False),
    ] = None


@desk_command(APPS, "rotate-secret", options=RotateOptions)
async def rotate(desk: Desk, options: RotateOptions) -> Record:
    """Give an app a new secret, shown once; its sessions go on.

    The old one is refused at once, or counts as well for as long as --overlap says.
    """
    client = granted(await find_app(desk, options.app))
    overlap_ms = read_span(options.overlap) if options.overlap else 0
    registration = granted(await rotate_secret(desk, client, overlap_ms=overlap_ms))
    assert registration.secret is not None, "an app that has secrets was given one"
    return Record(fields=await _fields(desk, client), secrets=(("client_secret", registration.secret),))


@desk_command(APPS, "retire-secret", options=EndOptions)
async def retire(desk: Desk, options: EndOptions) -> Record:
    """End an app's former secret before its time; `apps secrets` says whether anybody still uses it."""
    client = granted(await find_app(desk, options.app))
    require_yes(f"End the former secret of {client.name}?", given=options.yes)
    granted(await retire_secret(desk, client))
    return Record(fields=await _fields(desk, client), note="Retired.")


@desk_command(APPS, "secrets", options=OneApp)
async def secrets(desk: Desk, options: OneApp) -> Record:
    """Show when an app's secrets were made and last used, to the hour, and whether the former can go."""
    return Record(fields=await _fields(desk, granted(await find_app(desk, options.app))))


async def _fields(desk: Desk, client: Client) -> tuple[tuple[str, Value], ...]:
    facts = await desk.store.read(SecretActLookup(client.id))
    dates = facts.dates
    until_ms, advice = former_until(dates, now_ms=facts.now_ms), advise(dates, now_ms=facts.now_ms)
    return (
        ("client_id", client.id),
        ("name", client.name),
        ("secret_made", _instant(dates.made_ms)),
        ("secret_last_used", _instant(dates.used_ms)),
        ("former_until", _instant(until_ms)),
        ("former_last_used", None if until_ms is None else _instant(dates.former_used_ms)),
        ("former_advice", advice.text if advice else None),
    )


def _instant(at_ms: int | None) -> str | None:
    return None if at_ms is None else render_instant(at_ms)
