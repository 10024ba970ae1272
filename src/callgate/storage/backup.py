"""Backup of a file in use, restore, and a file written anew without what is free in it.

A backup is one moment of the database, whole: whatever was acknowledged before it began is in it. A restore makes that
moment the present, except that every session issued before the restore is over: what was revoked after the backup
must not come back to life (ruling 5).
"""

import errno
import os
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager, suppress
from pathlib import Path
from typing import Final

import apsw

from callgate.model.changes import SessionsFromMoved
from callgate.model.decisions import Done
from callgate.model.lookups import KeysLookup
from callgate.storage.port import Unit
from callgate.storage.schema import migrate
from callgate.storage.sqlite_file import (
    APPLICATION_ID,
    NotOurs,
    lock_file,
    make_private,
    open_committed,
    open_writer,
    take_place,
)
from callgate.storage.sqlite_writer import CLOCK_STEP_MS, Writer

Progress = Callable[[int, int], None]
"""Told the pages copied and the pages there are."""

PAGES_PER_STEP: Final = 256


class BackupBroken(Exception):
    """What is to be copied is not a whole database; nothing was written."""


class CopyRefused(Exception):
    """Nothing was copied from one place to the other; the message names the mend."""


def back_up(source: Path, target: Path, *, progress: Progress = lambda _done, _all: None) -> None:
    """Copy a database, whether or not it is being served, to a file that does not exist yet.

    Raises:
        FileExistsError: a backup never overwrites.
        FileNotFoundError: its folder is not there.
        BackupBroken, NotOurs: `source` is damaged, or something else's.
        apsw.Error, OSError: nothing is left at `target`.
    """
    if target.exists():
        raise FileExistsError(target)
    if not target.parent.is_dir():
        raise FileNotFoundError(errno.ENOENT, "there is no such folder", str(target.parent))
    with _drafted(target) as draft:
        _copy(source, draft, progress=progress)


def restore(backup: Path, target: Path, *, clock: Callable[[], int], by: str, progress: Progress | None = None) -> int:
    """Make a backup the database at `target`, in place of what is there; returns the time sessions count from.

    Raises:
        InUse: stop the server first, and let commands end.
        BackupBroken, NotOurs, SchemaDiffers: the backup is not one; `target` is as it was.
        apsw.Error, OSError: `target` is as it was.
    """
    with lock_file(target), take_place(target), _drafted(target) as draft:
        _copy(backup, draft, progress=progress or (lambda _done, _all: None))
        sessions_from_ms = _make_present(draft, clock=clock, by=by)
        _empty_log(target)
    return sessions_from_ms


def compact(path: Path) -> tuple[int, int]:
    """Write a file anew without its free pages, in the format that can become smaller later (ADR 89).

    Gives its bytes before and after.

    Raises:
        InUse: stop the server first, and let commands end.
        BackupBroken, NotOurs: what is there is damaged, or something else's; it is as it was.
        apsw.Error, OSError: it is as it was.
    """
    before = path.stat().st_size  # of one that is not there, nothing is made
    with lock_file(path), take_place(path), _drafted(path) as draft:
        draft.unlink(missing_ok=True)
        make_private(draft)
        with _telling_broken(path), closing(open_writer(path)) as file:
            file.pragma("auto_vacuum", "incremental")
            file.execute("VACUUM INTO ?", (str(draft),))
        with _telling_broken(path), closing(apsw.Connection(str(draft))) as copy:
            _require_whole(copy, path)
        _sync(draft)  # SQLite has done so; its manual says that it does not
        _empty_log(path)
    return before, path.stat().st_size


@contextmanager
def _drafted(target: Path) -> Iterator[Path]:
    """A file that becomes `target` in one step when all went well, and is gone otherwise."""
    draft = target.with_name(target.name + ".draft")
    try:
        yield draft
        draft.replace(target)
        _sync(target.parent)
    finally:
        for leftover in (draft, *(draft.with_name(draft.name + end) for end in ("-wal", "-shm", "-journal"))):
            leftover.unlink(missing_ok=True)


def _copy(source: Path, draft: Path, *, progress: Progress) -> None:
    draft.unlink(missing_ok=True)
    make_private(draft)
    with (
        _telling_broken(source),
        closing(open_committed(source)) as origin,
        closing(apsw.Connection(str(draft))) as copy,
    ):
        if origin.pragma("application_id") != APPLICATION_ID:
            raise NotOurs(f"{source} is not a database of Callgate")
        _copy_pages(origin, copy, progress=progress)
        _leave_alone(copy)  # so that it opens on a read-only medium, too
        _require_whole(copy, source)


@contextmanager
def _telling_broken(source: Path) -> Iterator[None]:
    try:
        yield
    except (apsw.CorruptError, apsw.NotADBError) as error:
        raise BackupBroken(f"{source} is not a whole database") from error


def _require_whole(copy: apsw.Connection, source: Path) -> None:
    found = copy.pragma("integrity_check")
    if found != "ok":
        raise BackupBroken(f"{source} is not a whole database: {found}")


def _copy_pages(origin: apsw.Connection, copy: apsw.Connection, *, progress: Progress) -> None:
    # One transaction over all steps: whatever is committed meanwhile does not begin the copy anew.
    origin.execute("BEGIN")
    origin.pragma("schema_version")
    with copy.backup("main", origin, "main") as steps:
        while not steps.done:
            steps.step(PAGES_PER_STEP)
            progress(steps.page_count - steps.remaining, steps.page_count)


def _make_present(draft: Path, *, clock: Callable[[], int], by: str) -> int:
    connection = open_writer(draft)
    with closing(connection):
        migrate(connection)
        writer = Writer(connection, clock, name="cli")
        writer.begin()
        # Above whatever was issued: the cell's mark may lag behind by a step, and this machine's clock by more.
        sessions_from_ms = writer.now_ms + CLOCK_STEP_MS
        change = SessionsFromMoved(sessions_from_ms, by)
        writer.decide(Unit(KeysLookup(), lambda _: Done((change,))))
        writer.seal()
        writer.commit()
        _leave_alone(connection)
    return sessions_from_ms


def _leave_alone(connection: apsw.Connection) -> None:
    """Fold the log into the file, which goes on without it. Raises apsw.Error; closing would fail and not say so."""
    found = connection.pragma("journal_mode", "delete")
    assert found == "delete", f"a draft is ours alone, and its journal mode is {found}"


def _empty_log(target: Path) -> None:
    """Fold what lies in the log of the database about to be replaced: it must not be taken for the new one's."""
    if not target.exists():
        return
    with suppress(apsw.Error):  # a broken database is why people restore
        open_writer(target).close()
    for end in ("-wal", "-shm"):
        target.with_name(target.name + end).unlink(missing_ok=True)
    _sync(target.parent)  # before the new one has its name: a power cut may keep a rename and lose a removal


def _sync(path: Path) -> None:
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
