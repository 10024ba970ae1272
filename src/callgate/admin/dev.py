"""`callgate dev`: a seeded world served on this machine, with a clock that can be moved."""

import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

import typer

from callgate.admin.command import Refusal, Run, plain_command
from callgate.admin.seed import is_empty, seed
from callgate.admin.world import WORLD_FILE, move_world, write_world
from callgate.config import (
    DatabaseSettings,
    FetchSettings,
    KeySettings,
    LogFormat,
    LogSettings,
    ServerSettings,
    Settings,
)
from callgate.service.administer.desk import Desk

PORT = 8080
DATA = Path("var/dev")
CELL = "CGT01T01"
"""T for test: a development token shows that it is one."""

_OWNER_ONLY = 0o700

PortOption = Annotated[int, typer.Option(min=1, max=65_535, help="Port on 127.0.0.1.")]
LimitsFlag = Annotated[bool, typer.Option("--limits", help="Count calls and failed sign-ins, as `serve` does.")]
DataOption = Annotated[Path, typer.Option(help="Folder of the world: database, key, dev.json.")]


@dataclass(frozen=True, slots=True)
class DevOptions:
    """Where."""

    port: PortOption = PORT
    data: DataOption = DATA
    limits: LimitsFlag = False


def add_dev(cli: typer.Typer) -> None:
    """Register the command."""

    @plain_command(cli, "dev", options=DevOptions)
    def dev(run: Run, options: DevOptions) -> None:
        """Serve a development world: seeded when empty, described in DATA/dev.json, its clock movable."""
        options.data.mkdir(parents=True, exist_ok=True, mode=_OWNER_ONLY)
        settings = development_settings(run.settings, port=options.port, data=options.data, limits=options.limits)
        run.composition.serve_development(settings, data=options.data)


def development_settings(settings: Settings, *, port: int, data: Path, limits: bool = False) -> Settings:
    """The settings of a world: loopback, and everything it keeps in one folder.

    A public URL is kept if it is this machine's too, such as http://localhost:8080: passkeys need a name.
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
            "database": DatabaseSettings(url=f"sqlite:///{data.absolute()}/callgate.db"),
            "keys": KeySettings(key_encryption_key_file=data / "kek"),
            "fetch": FetchSettings(loopback=True),
            "limits": settings.limits.model_copy(update={} if limits else {"rates": False, "lockout": False}),
            "log": LogSettings(level=settings.log.level, format=LogFormat.CONSOLE),
        }
    )


async def settle_world(desk: Desk, data: Path) -> None:
    """Seed an empty database, or find the world that is there. Raises Refusal, Unavailable and OSError."""
    base_url = desk.policy.issuer
    if await is_empty(desk):
        write_world(data, await seed(desk, base_url))
    elif (data / WORLD_FILE).exists():
        move_world(data, base_url)
    else:
        raise Refusal(
            f"{data} holds a database, but no {WORLD_FILE} with its secrets: its seeding did not end, or it is no "
            f"development world. To begin anew: rm -r {data}, or choose another folder with --data"
        )


def announce(settings: Settings) -> None:
    """Say on standard output that the server answers; whoever waits for it reads this line."""
    sys.stdout.write(f"callgate is ready on {settings.server.issuer}\n")
    sys.stdout.flush()
