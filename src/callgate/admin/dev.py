"""`callgate dev`: a seeded world served on this machine, with a clock that can be moved.

Beside its database lies the settings file with which every other command acts on it (docs/adr/0066).
"""

import shlex
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Annotated

import typer

from callgate.admin.command import Refusal, Run, serving_command
from callgate.admin.notify import announce
from callgate.admin.own_files import write_own
from callgate.admin.seed import is_empty, seed
from callgate.admin.world import WORLD_FILE, WorldFolder, move_world, write_world
from callgate.config import (
    FILE_VARIABLE,
    DatabaseSettings,
    FetchSettings,
    KeySettings,
    LogFormat,
    ServerSettings,
    Settings,
    database_place,
    render_settings,
)
from callgate.service.administer.desk import Desk

PORT = 8080
DATA = Path("var/dev")
CELL = "CGT01T01"
"""T for test: a development token shows that it is one."""

SETTINGS_FILE = "callgate.toml"

_OURS = "# Written anew by `callgate dev` whenever it starts: what is changed here is lost then.\n"
_ABOUT = """\
# With it, the other commands act on what is served from this folder:
#
#   {use}
#   callgate sessions list
#
# Settings of your own go into another file: callgate dev --config FILE
"""

_OWNER_ONLY = 0o700

PortOption = Annotated[int, typer.Option(min=1, max=65_535, help="Port on 127.0.0.1.")]
LimitsFlag = Annotated[bool, typer.Option("--limits", help="Count calls and failed sign-ins, as `serve` does.")]
DatabaseOption = Annotated[
    str | None,
    typer.Option(metavar="URL", help="postgresql://…, empty or this world's, instead of a file.", show_default=False),
]
DataOption = Annotated[
    Path, typer.Option(help="Folder of the world: database, key, dev.json, callgate.toml for other commands.")
]


@dataclass(frozen=True, slots=True)
class DevOptions:
    """Where."""

    port: PortOption = PORT
    data: DataOption = DATA
    limits: LimitsFlag = False
    database: DatabaseOption = None


def add_dev(cli: typer.Typer) -> None:
    """Register the command."""

    @serving_command(cli, "dev", options=DevOptions)
    def dev(run: Run, options: DevOptions) -> None:
        """Serve a development world: seeded when empty, described in DATA/dev.json, its clock movable.

        Other commands act on it with DATA/callgate.toml: export the line that is printed when it is ready.
        """
        options.data.mkdir(parents=True, exist_ok=True, mode=_OWNER_ONLY)
        _spare_file_of_others(options.data)
        where = partial(
            development_settings, run.settings, port=options.port, data=options.data, database=_named(options.database)
        )
        served = where(limits=options.limits)
        # What --limits says is of one start: the file, which the next start may be given, does not repeat it.
        written = where(limits=True)
        run.composition.serve_development(served, WorldFolder(options.data, written))


def development_settings(
    settings: Settings, *, port: int, data: Path, limits: bool = False, database: str | None = None
) -> Settings:
    """The settings of a world: loopback, and everything it keeps in one folder.

    But for a database that was named: never that of the settings, in which people may live. A public URL is kept if it
    is this machine's too, such as http://localhost:8080: passkeys need a name.
    """
    named = settings.server.public_url
    return settings.model_copy(
        update={
            "server": ServerSettings(
                port=port,
                public_url=named if named and named.startswith("http:") else None,
                cell=CELL,
                shutdown_s=settings.server.shutdown_s,
                trusted_proxies=settings.server.trusted_proxies,
                forwarded_field=settings.server.forwarded_field,
            ),
            "database": DatabaseSettings(url=database or f"sqlite:///{data.absolute()}/callgate.db"),
            "keys": KeySettings(key_encryption_key_file=data / "kek"),
            "fetch": FetchSettings(loopback=True),
            "limits": settings.limits.model_copy(update={} if limits else {"rates": False, "lockout": False}),
            "log": settings.log.model_copy(update={"format": LogFormat.CONSOLE}),
        }
    )


async def settle_world(desk: Desk, world: WorldFolder) -> None:
    """Seed an empty database, or find the world that is there. Raises Refusal, Unavailable and OSError."""
    data, base_url = world.data, desk.policy.issuer
    if await is_empty(desk):
        write_world(data, await seed(desk, base_url))
    elif (data / WORLD_FILE).exists():
        move_world(data, base_url)
    else:
        raise Refusal(
            f"{data} holds a database, but no {WORLD_FILE} with its secrets: its seeding did not end, or it is no "
            f"development world. To begin anew: rm -r {data}, or choose another folder with --data"
        )
    about = _ABOUT.format(use=use_world(data))
    write_own(data / SETTINGS_FILE, f"{_OURS}{about}\n{render_settings(world.settings)}")


def use_world(data: Path) -> str:
    """The line for a shell after which commands act on a world."""
    return f"export {FILE_VARIABLE}={shlex.quote(str((data / SETTINGS_FILE).absolute()))}"


def announce_world(settings: Settings, world: WorldFolder) -> None:
    """Say on standard output that the server answers, and how commands act on its world."""
    announce(settings, then=f"Commands act on it after: {use_world(world.data)}\n")


def _named(database: str | None) -> str | None:
    """The database of --database. Raises Refusal."""
    try:
        if database is not None and isinstance(database_place(database), Path):
            raise Refusal("--database is for PostgreSQL: a file lies in the folder of --data")
    except ValueError as error:
        raise Refusal(f"--database {error}") from None
    return database


def _spare_file_of_others(data: Path) -> None:
    """Refuse a folder whose settings somebody wrote, before anything is done. Raises Refusal and OSError."""
    file = data / SETTINGS_FILE
    if file.exists() and not file.read_bytes().startswith(_OURS.encode()):
        raise Refusal(
            f"{file} is not by `callgate dev`, which would write its own in its place: choose another folder with "
            "--data, or give that file another name"
        )
