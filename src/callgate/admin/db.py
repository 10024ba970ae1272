"""`callgate db`: the database brought up to date, saved, put back, and looked over."""

from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

import typer

from callgate.admin.asking import require_yes
from callgate.admin.command import NoOptions, Refusal, Run, noun, plain_command
from callgate.admin.progress import progress_bar
from callgate.admin.view import Record

DB = noun("db", "The database: migrations, backups, checks.")


@dataclass(frozen=True, slots=True)
class BackUpOptions:
    """Where to."""

    file: Annotated[Path, typer.Argument(metavar="FILE", help="A file that is not there yet.", show_default=False)]


@dataclass(frozen=True, slots=True)
class RestoreOptions:
    """Where from."""

    file: Annotated[Path, typer.Argument(metavar="FILE", help="A backup.", show_default=False)]
    yes: Annotated[bool, typer.Option("--yes", help="Do not ask.")] = False


@plain_command(DB, "migrate", options=NoOptions)
def migrate(run: Run, _options: NoOptions) -> Record:
    """Make the database, or bring it to this version of Callgate."""
    changed = run.composition.migrate(run.settings)
    return Record(fields=(("database", str(run.settings.database.path)), ("migrated", changed)))


@plain_command(DB, "backup", options=BackUpOptions)
def back_up(run: Run, options: BackUpOptions) -> Record:
    """Copy the database into a file, while it is served."""
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
    require_yes(f"Replace {run.settings.database.path} by {options.file}?", given=options.yes)
    with progress_bar("Restoring") as progress:
        run.composition.restore(run.settings, options.file, progress=progress)
    return Record(
        fields=(("database", str(run.settings.database.path)), ("restored_from", str(options.file))),
        note="Every session and sign-in issued before this moment is over: nothing revoked comes back.",
    )


@plain_command(DB, "check", options=NoOptions)
def check(run: Run, _options: NoOptions) -> Record:
    """Look over the file and the audit log; exit 1 with what is wrong."""
    problems = run.composition.check_file(run.settings)
    with progress_bar("Checking the audit log") as progress:
        seen = run.composition.verify_audit(run.settings, progress=progress)
    if problems or seen.breaks:
        raise Refusal("; ".join((*problems, *seen.breaks)))
    return Record(
        fields=(
            ("database", str(run.settings.database.path)),
            ("bytes", run.settings.database.path.stat().st_size),
            ("audit_links", sum(chain.links for chain in seen.chains)),
            ("whole", True),
        )
    )
