"""`callgate db`: the database brought up to date, saved, put back, moved, and looked over."""

import asyncio
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

import typer

from callgate.admin.asking import YesFlag, require_yes
from callgate.admin.command import BY, NoOptions, Refusal, Run, granted, noun, plain_command
from callgate.admin.progress import progress_bar
from callgate.admin.view import Record, Rows
from callgate.config import Place, database_place
from callgate.model.database import PostgresPlace
from callgate.service.administer.sessions import end_every_session

DB = noun("db", "The database: migrations, backups, checks, its space, the move to PostgreSQL.")


@dataclass(frozen=True, slots=True)
class BackUpOptions:
    """Where to."""

    file: Annotated[Path, typer.Argument(metavar="FILE", help="A file that is not there yet.", show_default=False)]


@dataclass(frozen=True, slots=True)
class RestoreOptions:
    """Where from."""

    file: Annotated[Path, typer.Argument(metavar="FILE", help="A backup.", show_default=False)]
    yes: YesFlag = False


@dataclass(frozen=True, slots=True)
class RestoredOptions:
    """Whether to ask."""

    yes: YesFlag = False


@dataclass(frozen=True, slots=True)
class CopyOptions:
    """From where, to where; the settings' own where one is not said, whose password then stands in no list."""

    source: Annotated[
        str | None,
        typer.Option(
            "--from",
            metavar="URL",
            help="sqlite:///NAME or postgresql://…; without it, the database of the settings.",
            show_default=False,
        ),
    ] = None
    target: Annotated[
        str | None,
        typer.Option(
            "--to",
            metavar="URL",
            help="An empty postgresql://…, or a file that is not there yet; without it, the database of the settings.",
            show_default=False,
        ),
    ] = None


@plain_command(DB, "migrate", options=NoOptions)
def migrate(run: Run, _options: NoOptions) -> Record:
    """Make the database, or bring it to this version of Callgate."""
    changed = run.composition.migrate(run.settings)
    return Record(fields=(("database", str(run.settings.database.place)), ("migrated", changed)))


@plain_command(DB, "backup", options=BackUpOptions)
def back_up(run: Run, options: BackUpOptions) -> Record:
    """Copy the database into a file, while it is served; on PostgreSQL, use its own tools."""
    if isinstance(run.settings.database.place, PostgresPlace):
        raise Refusal(
            "PostgreSQL has its own: pg_dump --format=custom for one moment, pg_basebackup and archived WAL for every "
            "moment (docs/operating.md, PostgreSQL)"
        )
    if options.file.exists():
        raise Refusal(f"{options.file} is there already: a backup is never written over")
    with progress_bar("Backing up") as progress:
        run.composition.back_up(run.settings, options.file, progress=progress)
    return Record(
        fields=(("backup", str(options.file)), ("bytes", options.file.stat().st_size)),
        note="Keep it apart from the key-encryption key: together they are everything.",
    )


@plain_command(DB, "restore", options=RestoreOptions)
def restore(run: Run, options: RestoreOptions) -> Record:
    """Put a backup in the database's place, the server stopped; every session issued until now is over."""
    if isinstance(run.settings.database.place, PostgresPlace):
        raise Refusal(
            "PostgreSQL has its own: stop every server, restore with pg_restore or to a point in time, then run "
            "`callgate db restored` before the first server starts (docs/operating.md, PostgreSQL)"
        )
    require_yes(f"Replace {run.settings.database.path} by {options.file}?", given=options.yes)
    with progress_bar("Restoring") as progress:
        run.composition.restore(run.settings, options.file, progress=progress)
    return Record(
        fields=(("database", str(run.settings.database.path)), ("restored_from", str(options.file))),
        note="Every session and sign-in issued before this moment is over: nothing revoked comes back.",
    )


@plain_command(DB, "restored", options=RestoredOptions)
def restored(run: Run, options: RestoredOptions) -> Record:
    """Make good a restore by PostgreSQL's own tools, before any server starts: every session until now is over."""
    place = run.settings.database.place
    require_yes(f"End every session in {place}, and bring it to this version?", given=options.yes)
    run.composition.migrate(run.settings)
    asyncio.run(_end_all(run))
    return Record(
        fields=(("database", str(place)), ("ended", "all")),
        note="Every session and sign-in issued before this moment is over: nothing revoked comes back.",
    )


@plain_command(DB, "compact", options=NoOptions)
def compact(run: Run, _options: NoOptions) -> Record:
    """Write the SQLite file anew without what is free in it, the server stopped; needs as much room again."""
    if isinstance(run.settings.database.place, PostgresPlace):
        raise Refusal(
            "PostgreSQL has its own: VACUUM FULL and REINDEX; servers do what is needed (docs/operating.md, Space)"
        )
    before, after = run.composition.compact(run.settings)
    return Record(
        fields=(("database", str(run.settings.database.path)), ("bytes_before", before), ("bytes", after)),
        note="It becomes smaller by itself from now on.",
    )


@plain_command(DB, "copy", options=CopyOptions)
def copy(run: Run, options: CopyOptions) -> Rows:
    """Move a database from SQLite to PostgreSQL or back, its servers stopped: every row copied, then compared."""
    if options.source is None and options.target is None:
        raise Refusal("say --from URL, --to URL, or both: the other is the database of the settings")
    source = _read_url(options.source, "--from", otherwise=run.settings.database.place)
    target = _read_url(options.target, "--to", otherwise=run.settings.database.place)
    if isinstance(source, Path) and isinstance(target, Path):
        raise Refusal("both are files: `callgate db backup` copies one, while it is served")
    with progress_bar("Copying and comparing") as progress:
        copied = run.composition.copy(source, target, progress=progress)
    total = sum(table.rows for table in copied)
    return Rows(
        ("table", "rows", "sha256"),
        tuple(copied),
        f"All {total} rows are in {target}, and the same. Set database.url to it, keep the key-encryption key and the "
        f"cell's name, and serve {source} never again: what is revoked in one place would live on in the other.",
    )


@plain_command(DB, "check", options=NoOptions)
def check(run: Run, _options: NoOptions) -> Record:
    """Look over the database and the audit log; exit 1 with what is wrong."""
    database = run.composition.look_over(run.settings)
    with progress_bar("Checking the audit log") as progress:
        seen = run.composition.verify_audit(run.settings, progress=progress)
    if database.problems or seen.breaks:
        raise Refusal("; ".join((*database.problems, *seen.breaks)))
    return Record(
        fields=(
            ("database", str(run.settings.database.place)),
            ("bytes", database.size),
            ("audit_links", sum(chain.links for chain in seen.chains)),
            ("whole", True),
        )
    )


async def _end_all(run: Run) -> None:
    async with run.composition.desk(run.settings, by=BY) as desk:
        granted(await end_every_session(desk))


def _read_url(text: str | None, option: str, *, otherwise: Place) -> Place:
    try:
        return otherwise if text is None else database_place(text)
    except ValueError as error:
        raise Refusal(f"{option} {error}") from None
