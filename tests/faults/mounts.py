"""Small file systems of a test's own, in memory, that can be filled up and made read-only. Needs root."""

import errno
import os
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tests.faults.founding import World, copy_world

FILLER = "filler"


@contextmanager
def mounted_world(world: World, folder: Path, *, megabytes: int = 48) -> Iterator[World]:
    """A copy of the world whose database lies on a file system of its own.

    It has room for SQLite's log, which is folded into the database when it has 16 MB.
    """
    with mounted(folder / "data", kilobytes=megabytes * 1024):
        yield copy_world(world, folder)


@contextmanager
def mounted(folder: Path, *, kilobytes: int) -> Iterator[None]:
    """A file system at a folder that is not there yet."""
    folder.mkdir()
    subprocess.run(["mount", "-t", "tmpfs", "-o", f"size={kilobytes}k,mode=0700", "tmpfs", str(folder)], check=True)
    try:
        yield
    finally:
        subprocess.run(["umount", "--lazy", str(folder)], check=True)


def resize(folder: Path, *, kilobytes: int) -> None:
    """Give the file system another size."""
    subprocess.run(["mount", "-o", f"remount,size={kilobytes}k", str(folder)], check=True)


def fill(folder: Path) -> None:
    """Leave no byte of room."""
    with (folder / FILLER).open("ab", buffering=0) as filler:
        for size in (1 << 20, 1 << 12, 1):
            _write_until_full(filler.fileno(), bytes(size))


def make_room(folder: Path) -> None:
    """Give the room back."""
    (folder / FILLER).unlink()


def remount(folder: Path, mode: str) -> None:
    """Make the file system `ro` or `rw`; nothing on it may be open for writing."""
    subprocess.run(["mount", "-o", f"remount,{mode}", str(folder)], check=True)


def _write_until_full(descriptor: int, block: bytes) -> None:
    try:
        while os.write(descriptor, block) == len(block):
            continue
    except OSError as error:
        if error.errno != errno.ENOSPC:
            raise
