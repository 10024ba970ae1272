"""A database with the world in it, made once, and a store on a copy of it for each test."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from callgate.storage import group_commit
from callgate.storage.schema import migrate_file
from callgate.storage.sqlite import StoreOptions
from tests.postgres_server import needs_postgres
from tests.storage.engines import (
    FaultyDisk,
    Opened,
    OpenedFile,
    Plan,
    PostgresWorld,
    copy_database,
    open_postgres,
    open_sqlite,
    postgres_world,
)
from tests.storage.world import FOUNDING


@pytest.fixture(autouse=True)
def unhurried(monkeypatch: pytest.MonkeyPatch) -> None:
    """What is submitted at once shares a batch, however little of the processor this machine gives us."""
    monkeypatch.setattr(group_commit, "BATCH_S", 60.0)


@pytest.fixture(scope="session")
def template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A closed database with the founding of the world."""
    path = tmp_path_factory.mktemp("template") / "callgate.db"
    migrate_file(path)
    with open_sqlite(path, StoreOptions(writer="cli")) as opened:
        opened.save(*FOUNDING)
    return path


@pytest.fixture
def database(template: Path, tmp_path: Path) -> Path:
    """A closed database of the test's own."""
    return copy_database(template, tmp_path)


@pytest.fixture
def world() -> PostgresWorld:
    """A database on PostgreSQL, as it was founded."""
    found = postgres_world()
    found.put_back()
    return found


@pytest.fixture(params=["sqlite", pytest.param("postgresql", marks=needs_postgres)])
def store(request: pytest.FixtureRequest) -> Iterator[Opened]:
    """An open store; the contract is the same for every engine."""
    if request.param == "sqlite":
        yield request.getfixturevalue("embedded")
        return
    with open_postgres(request.getfixturevalue("world")) as opened:
        yield opened


@pytest.fixture
def embedded(database: Path) -> Iterator[OpenedFile]:
    """An open store on SQLite: for what only that engine does."""
    with open_sqlite(database) as opened:
        yield opened


@pytest.fixture
def plan() -> Plan:
    """What the disk of `faulty` does."""
    return Plan()


@pytest.fixture
def faulty(database: Path, plan: Plan) -> Iterator[OpenedFile]:
    """An open store whose disk follows `plan`."""
    disk = FaultyDisk("faulty", plan)
    fatal: list[Exception] = []
    with open_sqlite(database, StoreOptions(vfs="faulty", on_fatal=fatal.append)) as opened:
        opened.fatal = fatal
        yield opened
    disk.unregister()
