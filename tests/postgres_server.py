"""A real PostgreSQL for tests: a cluster of its own in a temporary folder, reached by a Unix socket, gone at the end.

It lies in memory where there is a file system for that: it syncs as PostgreSQL does by itself, and nothing waits.
Tests of a disk want a cluster that is started otherwise.
"""

import atexit
import functools
import itertools
import os
import pwd
import shutil
import signal
import subprocess
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path

import psycopg
import pytest

from callgate.model.database import PostgresPlace
from callgate.storage.schema_postgres import migrate_postgres

_DEBIAN = Path("/usr/lib/postgresql")
_NEWEST = max(_DEBIAN.glob("*/bin"), key=lambda folder: float(folder.parent.name), default=None)
PROGRAMS = _NEWEST or (Path(found).parent if (found := shutil.which("initdb")) else None)
needs_postgres = pytest.mark.skipif(
    PROGRAMS is None, reason="needs PostgreSQL: `apt-get install postgresql` (./dev test installs it as root)"
)
PROVEN = "proven"
"""A user who is asked for a password; every other comes in by name."""

PASSWORD = "correct horse/battery?staple"
_START_S_MAX = "30"
_LAST_THINGS = 'read -r _; "$0" --pgdata="$1/data" --mode=immediate stop; rm -rf "$1"'
"""Done once the input ends."""

_IN_MEMORY = Path("/dev/shm")
_SMALL = ("listen_addresses=", "shared_buffers=64MB", "max_connections=100", "max_wal_size=64MB", "autovacuum=off")


class PostgresServer:
    """One cluster. PostgreSQL will not run as root: then it runs as the package's user."""

    def __init__(self, folder: Path, settings: Sequence[str] = ()) -> None:
        assert PROGRAMS is not None
        self.folder = folder
        self._programs = PROGRAMS
        self._settings = (*_SMALL, f"unix_socket_directories={folder}", *settings)
        self._user = "postgres" if os.geteuid() == 0 else pwd.getpwuid(os.geteuid()).pw_name
        self._numbers = itertools.count(1)
        if os.geteuid() == 0:
            shutil.chown(folder, self._user)
        self._do("initdb", "--username=callgate", "--auth=trust", "--encoding=UTF8", "--no-sync", "--no-instructions")
        hba = folder / "data/pg_hba.conf"
        hba.write_text(f"local all {PROVEN} scram-sha-256\n" + hba.read_text("utf-8"), "utf-8")
        self.start()
        self.execute(f"CREATE ROLE {PROVEN} LOGIN SUPERUSER PASSWORD '{PASSWORD}'")

    def url(self, database: str = "postgres", *, user: str = "callgate") -> str:
        """As the setting `database.url` has it."""
        return f"postgresql://{user}@/{database}?host={self.folder}"

    def place(self, database: str) -> PostgresPlace:
        """As the settings say where everything is kept."""
        return PostgresPlace(self.url(database), None, database)

    def create(self, *, template: str = "template0") -> str:
        """Make a database, as a copy of another; its name."""
        name = f"callgate{next(self._numbers)}"
        self.execute(f"CREATE DATABASE {name} TEMPLATE {template} STRATEGY file_copy")
        return name

    def drop(self, database: str) -> None:
        """Drop a database, whoever is in it."""
        self.execute(f"DROP DATABASE {database} WITH (FORCE)")

    def execute(self, sql: str, *, database: str = "postgres") -> list[tuple[object, ...]]:
        """Carry out one statement."""
        with psycopg.connect(self.url(database), autocommit=True) as connection:
            cursor = connection.execute(sql.encode())
            return cursor.fetchall() if cursor.description else []

    def start(self) -> None:
        """Start it, and wait until it answers."""
        options = " ".join(f"-c {setting}" for setting in self._settings)
        self._do(
            "pg_ctl", "--wait", f"--timeout={_START_S_MAX}", f"--log={self.folder}/log", f"--options={options}", "start"
        )

    def stop(self, mode: str = "immediate") -> None:
        """Stop it: `immediate` as a machine that lost its power, `fast` in order."""
        self._do("pg_ctl", "--wait", f"--mode={mode}", "stop")

    @property
    def lives(self) -> bool:
        """Whether it runs, or is about to again: it gives its number back when it ends in order."""
        return (self.folder / "data/postmaster.pid").exists()

    @property
    def processes(self) -> dict[int, str]:
        """What runs of it, by process id: what each says it does. The postmaster comes first."""
        postmaster = int((self.folder / "data/postmaster.pid").read_text("utf-8").split()[0])
        below = Path(f"/proc/{postmaster}/task/{postmaster}/children").read_text("utf-8").split()
        found = {}
        for pid in (postmaster, *map(int, below)):
            with suppress(FileNotFoundError, ProcessLookupError):
                found[pid] = Path(f"/proc/{pid}/cmdline").read_bytes().rstrip(b"\0 ").decode()
        return found

    def kill(self) -> None:
        """End all of it where it stands, as a machine that crashes would."""
        os.kill(next(iter(self.processes)), signal.SIGSTOP)  # it shall have no more children
        processes = self.processes
        for pid in processes:
            with suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
        while any(map(_lives, processes)):
            time.sleep(0.001)
        # Where nobody buries the dead, the next one would take its number for one that runs.
        for lock in (self.folder / "data/postmaster.pid", *self.folder.glob(".s.PGSQL.*.lock")):
            lock.unlink()

    @contextmanager
    def kept_for_us(self) -> Iterator[None]:
        """It and its folder go when whoever is inside ends, however that comes: nobody else would stop it."""
        assert PROGRAMS is not None
        with subprocess.Popen(
            ["sh", "-c", _LAST_THINGS, PROGRAMS / "pg_ctl", self.folder],
            stdin=subprocess.PIPE,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            user=self._user if os.geteuid() == 0 else None,
            start_new_session=True,
        ) as keeper:
            yield
            assert keeper.stdin
            keeper.stdin.close()

    def _do(self, program: str, *arguments: str) -> None:
        # Not its own output: what it starts would keep the pipe open.
        with (self.folder / f"{program}.log").open("wb") as log:
            done = subprocess.run(
                [self._programs / program, f"--pgdata={self.folder}/data", *arguments],
                stdout=log,
                stderr=subprocess.STDOUT,
                stdin=subprocess.DEVNULL,
                cwd=self.folder,
                user=self._user if os.geteuid() == 0 else None,
                group=self._user if os.geteuid() == 0 else None,
                extra_groups=[] if os.geteuid() == 0 else None,
                check=False,
            )
        logs = [self.folder / name for name in (f"{program}.log", "log")]
        assert done.returncode == 0, "".join(log.read_text("utf-8")[-2000:] for log in logs if log.exists())


def _lives(pid: int) -> bool:
    """Whether a process has not ended; who inherited it may not have looked yet."""
    try:
        return Path(f"/proc/{pid}/stat").read_text("utf-8").rpartition(")")[2].split()[0] != "Z"
    except (FileNotFoundError, ProcessLookupError):
        return False


@contextmanager
def running_postgres(*settings: str, beneath: Path | None = None) -> Iterator[PostgresServer]:
    """Start a cluster of one's own, `beneath` a folder or in memory."""
    memory = _IN_MEMORY if os.access(_IN_MEMORY, os.W_OK) else None
    folder = Path(tempfile.mkdtemp(prefix="callgate-pg-", dir=beneath or memory))
    server = PostgresServer(folder, settings)
    with server.kept_for_us():
        yield server


@functools.cache
def shared_postgres() -> PostgresServer:
    """The one cluster of this process's tests, started when somebody first asks: each has databases of its own."""
    running = running_postgres()
    atexit.register(running.__exit__, None, None, None)
    return running.__enter__()


@functools.cache
def migrated_template() -> str:
    """The name of a database with the whole schema and nothing in it, for others to be copies of."""
    server = shared_postgres()
    name = server.create()
    migrate_postgres(server.place(name))
    return name
