"""A file of call records, read and judged batch by batch beside the loop that has them stored.

To read a record takes a third as long as to store it, and two threads of one interpreter do not do both at once: a
long file is read by a process of its own, which hands over records that are judged already. A short one, or what comes
down a pipe, is read by a thread: another interpreter takes longer to start than a short file takes to read.
"""

import asyncio
import gc
import os
import signal
import stat
from collections.abc import Callable, Iterator
from concurrent.futures import Executor, ProcessPoolExecutor, ThreadPoolExecutor
from contextlib import contextmanager
from itertools import islice
from multiprocessing import get_context
from pathlib import Path
from typing import BinaryIO, ClassVar, Final, NamedTuple

from callgate.admin.call_files import Line, read_calls
from callgate.model import api_faults
from callgate.model.calls import CallRecord
from callgate.model.decisions import Denied
from callgate.protocol.call_records import People, parse_call

LINES_MAX: Final = 1000
"""Lines of a batch, and records of one transaction: tens of milliseconds, for which a server that writes must wait."""

GC_THRESHOLD: Final = 20_000
"""Objects made beyond those dropped before the young ones are walked: records come and go, and hold no cycles."""

LONG_FILE_BYTES: Final = 4 * 1024 * 1024
"""From here on a process of its own has been worth its start."""


class Judging(NamedTuple):
    """How a record is judged: whose extensions there are, and whether the company's log shows what does not say."""

    people: People
    in_company_log: bool


class Batch(NamedTuple):
    """The lines read at one go. `position` is the byte up to which the file was looked at, 0 for what has no end."""

    records: tuple[CallRecord, ...]
    refused: tuple[tuple[Line, str], ...]
    position: int

    @property
    def is_end(self) -> bool:
        """Whether there was no line left."""
        return not self.records and not self.refused


TakeBatch = Callable[[], "asyncio.Future[Batch]"]
"""Starts reading the next batch; raises NoColumns, or BrokenExecutor when the process that reads was killed."""


@contextmanager
def open_reader(stream: BinaryIO, judging: Judging) -> Iterator[TakeBatch]:
    """Read a file while inside. One at a time in a process."""
    loop = asyncio.get_running_loop()
    gc.set_threshold(GC_THRESHOLD, 20, 20)
    with _choose_executor(stream, judging) as executor:
        yield lambda: loop.run_in_executor(executor, _take_next)


def _choose_executor(stream: BinaryIO, judging: Judging) -> Executor:
    found = os.fstat(stream.fileno())
    if stat.S_ISREG(found.st_mode) and found.st_size >= LONG_FILE_BYTES and isinstance(stream.name, str):
        # What we have open may be called /dev/stdin, which is another file there.
        place = Path(stream.name).resolve()
        return ProcessPoolExecutor(1, get_context("spawn"), _begin_alone, (place, judging))
    return ThreadPoolExecutor(1, "call-reader", _begin, (stream, judging))


class _Here:
    batches: ClassVar[Iterator[Batch]] = iter(())


def _begin(stream: BinaryIO, judging: Judging) -> None:
    _Here.batches = _read_batches(stream, judging)


def _begin_alone(place: Path, judging: Judging) -> None:
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # whoever stops the import stops us
    gc.set_threshold(GC_THRESHOLD, 20, 20)
    _begin(place.open("rb"), judging)


def _take_next() -> Batch:
    return next(_Here.batches, Batch((), (), 0))


def _read_batches(stream: BinaryIO, judging: Judging) -> Iterator[Batch]:
    has_end = stream.seekable()
    lines = read_calls(stream)
    while some := list(islice(lines, LINES_MAX)):
        judged = [(line, _judge(line, judging)) for line in some]
        yield Batch(
            tuple(found for _, found in judged if isinstance(found, CallRecord)),
            tuple((line._replace(members=None), found) for line, found in judged if isinstance(found, str)),
            stream.tell() if has_end else 0,
        )


def _judge(line: Line, judging: Judging) -> CallRecord | str:
    """The record, or why it is none."""
    if line.members is None:
        return line.problem
    record = parse_call(line.members, people=judging.people, in_company_log=judging.in_company_log)
    return _reason(record) if isinstance(record, Denied) else record


def _reason(denied: Denied) -> str:
    """What is wrong with a record, and what mends it: an administrator may read all of it."""
    text = denied.fault.text.format_map(dict(denied.values))
    if denied.fault is api_faults.EXTENSION_UNKNOWN:
        return f"{text}: --move ID=EXTENSION says whose its calls are here, --keep-unknown takes them as nobody's"
    return f"{text}: {denied.why}" if denied.why else text
