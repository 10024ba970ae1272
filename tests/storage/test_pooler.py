"""PgBouncer between a store and its database: sessions pooled work; transactions pooled are refused before any harm."""

import asyncio
import os
import shutil
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import psycopg
import pytest

from callgate.model.database import PostgresPlace
from callgate.model.lookups import KeysLookup
from callgate.storage.copying import copy_database
from callgate.storage.port import Health
from callgate.storage.postgres import PostgresOptions, PostgresStore
from callgate.storage.postgres_link import Answer, Link
from callgate.storage.schema import ServerUnfit
from callgate.storage.schema_postgres import migrate_postgres, require_postgres_head
from tests.postgres_server import migrated_template, needs_postgres, shared_postgres
from tests.storage.engines import unit_of

BOUNCER = shutil.which("pgbouncer", path=f"{os.environ.get('PATH', '')}:/usr/sbin")

pytestmark = [
    needs_postgres,
    pytest.mark.skipif(
        BOUNCER is None, reason="needs PgBouncer: `apt-get install pgbouncer` (./dev test installs it as root)"
    ),
]

PORT = 6432
"""Of a Unix socket in a folder of its own."""

SETTINGS = """
[databases]
* = host={server} user=callgate
[pgbouncer]
listen_addr =
unix_socket_dir = {folder}
listen_port = {port}
auth_type = any
pool_mode = {mode}
"""


@contextmanager
def pooled(database: str, mode: str) -> Iterator[PostgresPlace]:
    """A database by way of a PgBouncer, set up with no more than it must be."""
    assert BOUNCER
    user = "postgres" if os.geteuid() == 0 else None  # it will not run as root
    folder = Path(tempfile.mkdtemp(prefix="callgate-pooler-"))
    (folder / "ini").write_text(SETTINGS.format(server=shared_postgres().folder, folder=folder, port=PORT, mode=mode))
    if user:
        for path in (folder, folder / "ini"):
            shutil.chown(path, user)
    url = f"postgresql://callgate@/{database}?host={folder}&port={PORT}"
    with subprocess.Popen([BOUNCER, "-q", folder / "ini"], user=user, stderr=subprocess.PIPE) as process:
        try:
            until = time.monotonic() + 20
            while not (folder / f".s.PGSQL.{PORT}").exists():
                assert process.poll() is None, process.stderr and process.stderr.read()
                assert time.monotonic() < until
                time.sleep(0.02)
            yield PostgresPlace(url, None, database)
        finally:
            process.terminate()
    shutil.rmtree(folder)


@pytest.fixture
def empty() -> Iterator[str]:
    """A database without a table."""
    name = shared_postgres().create()
    yield name
    shared_postgres().drop(name)


@pytest.fixture
def migrated() -> Iterator[str]:
    """A database of this version."""
    name = shared_postgres().create(template=migrated_template())
    yield name
    shared_postgres().drop(name)


async def try_out(place: PostgresPlace) -> tuple[Health, Answer]:
    """Start a store, read, write, close; and what a connection of its kind has for settings."""
    store = PostgresStore(place, PostgresOptions(trusts_server=True))
    await store.start()
    try:
        await store.run(unit_of())
        await store.read(KeysLookup())
        health = store.health
    finally:
        await store.close()
    link = await Link.open(place)
    try:
        asked = "SELECT current_setting('lock_timeout'), current_setting('plan_cache_mode')"
        (answer,) = await link.ask([(asked, ())])
    finally:
        link.close()
    return health, answer


def test_store_serves_where_sessions_are_pooled(empty: str) -> None:
    """From no tables on, with every setting its statements rest on: they are not `options`, which PgBouncer refuses."""
    with pooled(empty, "session") as place:
        assert migrate_postgres(place)
        require_postgres_head(place)
        assert asyncio.run(try_out(place)) == (Health.SERVING, [("4s", "force_generic_plan")])


@pytest.mark.parametrize("mode", ["transaction", "statement"])
def test_nothing_is_done_where_transactions_are_pooled(empty: str, migrated: str, tmp_path: Path, mode: str) -> None:
    """A lock would be held by whoever has the connection next, and two lanes have one writer's name."""
    with pooled(empty, mode) as place, pytest.raises(ServerUnfit, match="pool_mode = session"):
        migrate_postgres(place)
    with psycopg.connect(shared_postgres().url(empty)) as connection:
        assert connection.execute("SELECT count(*) FROM pg_tables WHERE schemaname = 'public'").fetchall() == [(0,)]
    with pooled(migrated, mode) as place:
        with pytest.raises(ServerUnfit, match="Connect directly"):
            asyncio.run(try_out(place))
        with pytest.raises(ServerUnfit, match="pool_mode = session"):
            copy_database(place, tmp_path / "back.db", progress=lambda *_: None)
    assert not list(tmp_path.glob("back.db*"))
    with psycopg.connect(shared_postgres().url(migrated)) as connection:
        assert connection.execute("SELECT count(*) FROM writer").fetchall() == [(0,)]
