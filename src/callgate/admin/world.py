"""dev.json: the development world as tests, documents and demonstrations share it, and its keeping on disk.

The file is the world's only copy of its secrets: the database has hashes.
"""

import json
from dataclasses import asdict, dataclass, field
from pathlib import Path

from callgate.admin.own_files import write_own
from callgate.config import Settings

WORLD_FILE = "dev.json"


@dataclass(frozen=True, slots=True, kw_only=True)
class WorldAccount:
    """A company."""

    id: str
    main_number: str
    name: str


@dataclass(frozen=True, slots=True, kw_only=True)
class WorldPerson:
    """A person or queue; `account` is a key of the same file."""

    id: str
    account: str
    extension_number: str
    email: str
    phone_number: str | None
    password: str = field(repr=False)
    role: str
    status: str


@dataclass(frozen=True, slots=True, kw_only=True)
class WorldApp:
    """An app; `account` is a key of the same file, grant types are spelled as on the wire."""

    client_id: str
    client_secret: str | None = field(repr=False)
    kind: str
    account: str
    private: bool
    grant_types: tuple[str, ...]
    redirect_uris: tuple[str, ...]
    scopes: tuple[str, ...]
    issues_refresh_tokens: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class WorldCredential:
    """A JWT credential; `person` and `apps` are keys of the same file, `apps` None: all of the organisation."""

    person: str
    apps: tuple[str, ...] | None
    jwt: str = field(repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class World:
    """Everything that was seeded, each thing under the name it is spoken of."""

    base_url: str
    accounts: dict[str, WorldAccount]
    people: dict[str, WorldPerson]
    apps: dict[str, WorldApp]
    jwt_credentials: dict[str, WorldCredential]


@dataclass(frozen=True, slots=True)
class WorldFolder:
    """Where a world is kept, and the settings with which other commands act on it."""

    data: Path
    settings: Settings


def write_world(data: Path, world: World) -> None:
    """Write the file. Raises OSError."""
    _write(data / WORLD_FILE, asdict(world))


def move_world(data: Path, base_url: str) -> None:
    """Tell the file where the world is served now; its secrets stay. Raises OSError."""
    file = data / WORLD_FILE
    world = json.loads(file.read_text("utf-8"))
    if world["base_url"] != base_url:
        _write(file, {**world, "base_url": base_url})


def read_world(data: Path) -> World:
    """Read the file. Raises OSError."""
    world = json.loads((data / WORLD_FILE).read_text("utf-8"))
    return World(
        base_url=world["base_url"],
        accounts={name: WorldAccount(**each) for name, each in world["accounts"].items()},
        people={name: WorldPerson(**each) for name, each in world["people"].items()},
        apps={name: WorldApp(**each) for name, each in world["apps"].items()},
        jwt_credentials={name: WorldCredential(**each) for name, each in world["jwt_credentials"].items()},
    )


def _write(file: Path, world: dict[str, object]) -> None:
    write_own(file, json.dumps(world, indent=1, ensure_ascii=False) + "\n")
