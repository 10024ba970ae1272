"""The schema: up, down, and the constant that spares a start the import of Alembic."""

import io
import subprocess
import sys
from contextlib import closing
from pathlib import Path

import apsw
import pytest
from alembic.config import Config
from alembic.script import ScriptDirectory

import callgate.storage
from callgate.storage.schema import HEAD, migrate, migrate_file, require_head, revision_of
from callgate.storage.scripts import BASE, Dialect, Render, SchemaDiffers, render_apart, render_steps
from callgate.storage.sqlite_file import open_writer

SCRIPTS = Path(callgate.storage.__file__).parent / "migrations"


def revisions() -> list[str]:
    """Every revision, oldest first."""
    config = Config(stdout=io.StringIO())
    config.set_main_option("script_location", str(SCRIPTS))
    return [script.revision for script in reversed(list(ScriptDirectory.from_config(config).walk_revisions()))]


def schema_of(path: Path) -> list[tuple[object, ...]]:
    """Every table and index, as SQLite keeps them."""
    with closing(apsw.Connection(str(path))) as connection:
        sql = "SELECT type, name, sql FROM sqlite_schema WHERE name NOT LIKE 'sqlite_%' ORDER BY type, name"
        return [tuple(row) for row in connection.execute(sql)]


def test_head_is_the_newest_script() -> None:
    """The constant and the folder agree."""
    assert revisions()[-1] == HEAD


def test_every_step_down_undoes_its_step_up(tmp_path: Path) -> None:
    """From nothing to the newest and back, comparing the whole schema at each step."""
    path = tmp_path / "callgate.db"
    steps = [BASE, *revisions()]
    seen = {}
    for revision in steps[1:]:
        assert migrate_file(path, revision)
        assert not migrate_file(path, revision)
        seen[revision] = schema_of(path)
    for revision in reversed(steps[1:-1]):
        assert migrate_file(path, revision)
        assert schema_of(path) == seen[revision]
    assert migrate_file(path, BASE)
    assert schema_of(path) == []
    with closing(open_writer(path)) as connection:
        assert revision_of(connection) == BASE
    assert migrate_file(path)
    assert schema_of(path) == seen[HEAD]


def test_migration_that_fails_changes_nothing(tmp_path: Path) -> None:
    """It is one transaction, and references are enforced again afterwards."""
    path = tmp_path / "callgate.db"
    migrate_file(path, "0001")
    with closing(open_writer(path)) as connection:
        connection.pragma("max_page_count", connection.pragma("page_count"))
        before = schema_of(path)
        with pytest.raises(apsw.FullError):
            migrate(connection)
        assert revision_of(connection) == "0001"
        assert connection.pragma("foreign_keys") == 1
    assert schema_of(path) == before


@pytest.mark.parametrize("render", [render_steps, render_apart])
def test_revision_of_a_newer_version_is_refused(render: Render) -> None:
    """This version cannot know what it is."""
    with pytest.raises(SchemaDiffers, match="newer"):
        render("9999", HEAD, dialect=Dialect.SQLITE)


def test_whoever_meets_another_revision_is_told_which_side_to_change(database: Path) -> None:
    """An older database is migrated; at a newer one it is the installation that is too old."""
    with closing(open_writer(database)) as connection:
        for revision, mend in (("0001", "callgate db migrate"), ("9999", "install the newer version")):
            connection.execute("UPDATE alembic_version SET version_num = ?", (revision,))
            with pytest.raises(SchemaDiffers, match=mend):
                require_head(connection, database)
    with closing(apsw.Connection(":memory:")) as nothing, pytest.raises(SchemaDiffers, match="callgate db migrate"):
        require_head(nothing, database)


@pytest.mark.parametrize("dialect", Dialect)
def test_a_process_apart_writes_the_same_down(dialect: Dialect) -> None:
    """What it imports for that is gone with it (docs/adr/0092-memory.md)."""
    assert render_apart("0026", HEAD, dialect=dialect) == render_steps("0026", HEAD, dialect=dialect) != []


def test_server_of_the_version_before_leaves_a_newer_database_as_it_is(database: Path) -> None:
    """Installed and migrated beneath it: its next worker would find the way down, and what is new would be gone."""
    before = schema_of(database)
    with pytest.raises(SchemaDiffers, match="a version before"):
        migrate_file(database, "0026", render=render_apart)
    assert schema_of(database) == before


def test_start_without_a_migration_imports_no_alembic(database: Path) -> None:
    """It costs a second, which a start does not have (assurance.md R20)."""
    code = (
        "import sys; from pathlib import Path; from callgate.storage.schema import migrate_file;"
        "from callgate.storage.sqlite import SqliteStore;"
        "assert not migrate_file(Path(sys.argv[1]));"
        "SqliteStore.open(Path(sys.argv[1]), clock=lambda: 0);"
        "assert not {'alembic', 'sqlalchemy', 'sqlite3'} & set(sys.modules), 'imported'"
    )
    assert subprocess.run([sys.executable, "-c", code, database], check=False).returncode == 0
