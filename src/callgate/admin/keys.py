"""`callgate keys`: the keys that seal and sign, and the key-encryption key that wraps them."""

import asyncio
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

import typer

from callgate.admin.asking import YesFlag, require_yes
from callgate.admin.command import BY, NoOptions, Refusal, Run, desk_command, granted, noun, plain_command
from callgate.admin.view import Record, Rows
from callgate.model.instant import render_instant
from callgate.model.key import KeyUse
from callgate.service.administer.desk import Desk
from callgate.service.administer.keys import list_keys, publish_key, rewrap

KEYS = noun("keys", "Keys: what seals tokens, signs JWTs, and wraps both.")


@dataclass(frozen=True, slots=True)
class RotateOptions:
    """Which."""

    use: Annotated[
        KeyUse, typer.Option(metavar="USE", help=f"What the key is for: {', '.join(each.value for each in KeyUse)}.")
    ] = KeyUse.SEALING


@dataclass(frozen=True, slots=True)
class NewOptions:
    """Where."""

    file: Annotated[
        Path | None, typer.Option(help="Else the file keys.key_encryption_key_file names.", show_default=False)
    ] = None


@dataclass(frozen=True, slots=True)
class DropOptions(NewOptions):
    """Where, and whether it was meant."""

    yes: YesFlag = False


@desk_command(KEYS, "list", options=NoOptions)
async def list_all(desk: Desk, _options: NoOptions) -> Rows:
    """List keys and their states; none can be read."""
    rows = tuple(
        (
            key.use.value,
            key.number,
            key.state.name.lower(),
            render_instant(key.published_ms),
            None if key.active_ms is None else render_instant(key.active_ms),
            None if key.retired_ms is None else render_instant(key.retired_ms),
        )
        for key in await list_keys(desk)
    )
    return Rows(("use", "number", "state", "published", "active", "retired"), rows)


@desk_command(KEYS, "rotate", options=RotateOptions)
async def rotate(desk: Desk, options: RotateOptions) -> Record:
    """Publish a new key now; the server makes it active once every node and client can know it."""
    key = granted(await publish_key(desk, options.use))
    return Record(
        fields=(("use", options.use.value), ("number", key.number), ("state", "published")),
        note=f"It becomes active by itself: {render_instant(key.active_ms)}",
    )


@plain_command(KEYS, "new-kek", options=NewOptions)
def new_kek(run: Run, options: NewOptions) -> Record:
    """Write a new key-encryption key into the key file, before those it holds; then `callgate keys rewrap`."""
    file = _file(run, options.file)
    is_first = not file.exists()
    made = run.composition.add_key_encryption_key(file)
    note = None if is_first else "Reload or restart servers so that they read it, then: callgate keys rewrap"
    return Record(fields=(("file", str(file)), ("key", made)), note=note)


@desk_command(KEYS, "rewrap", options=NoOptions)
async def rewrap_all(desk: Desk, _options: NoOptions) -> Record:
    """Wrap every key and sealed secret by the first key of the key file; safe to repeat."""
    keeper = await desk.keeper()
    return Record(fields=(("key", keeper.kek.id), ("wrapped", granted(await rewrap(desk, keeper.kek)))))


@plain_command(KEYS, "drop-old-keks", options=DropOptions)
def drop_old(run: Run, options: DropOptions) -> Record:
    """Wrap what is left by the first key of the key file, then take the others out of it."""
    file = _file(run, options.file)
    require_yes(f"Take every key but the first out of {file}?", given=options.yes)
    wrapped = asyncio.run(_rewrap(run))
    dropped = run.composition.drop_old_key_encryption_keys(file)
    return Record(
        fields=(("file", str(file)), ("wrapped", wrapped), ("dropped", dropped)),
        note="Backups made before are wrapped by the old keys: keep those elsewhere as long as such backups.",
    )


async def _rewrap(run: Run) -> int:
    async with run.composition.desk(run.settings, by=BY) as desk:
        return granted(await rewrap(desk, (await desk.keeper()).kek))


def _file(run: Run, given: Path | None) -> Path:
    file = given or run.settings.keys.key_encryption_key_file
    if file is None:
        raise Refusal("name the file with --file, or set keys.key_encryption_key_file")
    return file
