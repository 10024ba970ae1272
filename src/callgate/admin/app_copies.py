"""`callgate apps export` and `import`: apps of every account, which are in several cells (docs/cells.md)."""

from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

import typer

from callgate.admin.apps import AccountWord, OneApp, fields_of
from callgate.admin.command import desk_command, granted
from callgate.admin.secrets import APPS
from callgate.admin.view import Document, Record
from callgate.service.administer.app_copies import export_app, import_app
from callgate.service.administer.desk import Desk
from callgate.service.administer.finding import find_account, find_app

__all__ = ["APPS"]


@dataclass(frozen=True, slots=True, kw_only=True)
class ImportOptions:
    """What the other cell printed, and whose app it is here."""

    file: Annotated[Path, typer.Argument(metavar="FILE", help="What `apps export` printed.", show_default=False)]
    account: AccountWord


@desk_command(APPS, "export", options=OneApp)
async def export(desk: Desk, options: OneApp) -> Document:
    """Print a public app as another cell takes it in, its secret as a hash only."""
    client = granted(await find_app(desk, options.app))
    return Document("app", granted(await export_app(desk, client)))


@desk_command(APPS, "import", options=ImportOptions)
async def take_in(desk: Desk, options: ImportOptions) -> Record:
    """Take a public app in that another cell exported, or make it here what it is there now."""
    account = granted(await find_account(desk, options.account))
    client = granted(await import_app(desk, options.file.read_bytes(), account))
    return Record(fields=fields_of(client))
