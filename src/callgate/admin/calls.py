"""`callgate calls`: call records brought in from files."""

import asyncio
import gc
import os
import sys
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, nullcontext
from dataclasses import dataclass, field
from itertools import islice
from pathlib import Path
from typing import Annotated, BinaryIO, TextIO

import orjson
import typer

from callgate.admin.call_files import Line, NoColumns, read_calls
from callgate.admin.command import Refusal, desk_command, granted, noun
from callgate.admin.composition import Progress
from callgate.admin.extensions import AccountWord
from callgate.admin.progress import progress_bar
from callgate.admin.view import Record, say
from callgate.model import api_faults
from callgate.model.account import Account
from callgate.model.calls import CallRecord, CallTally
from callgate.model.decisions import Denied
from callgate.model.ids import ExtensionId
from callgate.protocol.call_records import People, parse_call
from callgate.service.administer.calls import add_outcomes, end_import, know_people
from callgate.service.administer.desk import Desk
from callgate.service.administer.finding import find_account, find_person
from callgate.service.call_records import store_calls

CALLS = noun("calls", "Call records: brought in from files.")

BATCH = 500
"""Records of one transaction: some milliseconds, for which a server that writes must wait."""

GC_THRESHOLD = 20_000
"""Objects made beyond those dropped before the young ones are walked: records come and go, and hold no cycles."""

MOVED_MAX = 10_000

ImportFile = Annotated[
    str, typer.Argument(metavar="FILE", help="JSON Lines or CSV; - is standard input.", show_default=False)
]
Moved = Annotated[
    list[str] | None,
    typer.Option(
        metavar="OLD=EXTENSION", help="An extension's id elsewhere, and whose it is here; repeats.", show_default=False
    ),
]


@dataclass(frozen=True, slots=True, kw_only=True)
class ImportOptions:
    """Which file, whose calls, and what happens to lines that are none."""

    file: ImportFile
    account: AccountWord
    rejects: Annotated[
        Path | None, typer.Option(help="A new file for lines that are refused, with the reasons.", show_default=False)
    ] = None
    move: Moved = None
    keep_unknown: Annotated[
        bool, typer.Option("--keep-unknown", help="Take calls of extensions that are not here, as nobody's.")
    ] = False
    extension_logs: Annotated[
        bool, typer.Option("--extension-logs", help="Leave the company's log as it is: these are extensions' records.")
    ] = False


@dataclass(slots=True)
class Rejects:
    """Where lines go that are refused: a file, or standard error."""

    path: Path | None
    count: int = 0
    _file: TextIO | None = field(default=None, repr=False)

    def take(self, line: Line, reason: str) -> None:
        """Write one down."""
        self.count += 1
        if self.path is None:
            say(f"line {line.number}: {reason}")
            return
        if self._file is None:
            self._file = self.path.open("x", encoding="utf-8")
        told = {"line": line.number, "reason": reason, "text": line.text.rstrip("\r\n")}
        self._file.write(orjson.dumps(told).decode() + "\n")

    def close(self) -> None:
        """Close the file, if there is one."""
        if self._file is not None:
            self._file.close()


@desk_command(CALLS, "import", options=ImportOptions)
async def import_calls(desk: Desk, options: ImportOptions) -> Record:
    """Bring in call records; one whose id is there already replaces it. Exit 1 when a line was refused."""
    account = granted(await find_account(desk, options.account))
    moved = await _find_moved(desk, account, options.move or [])
    people = await know_people(desk, account, moved=moved, known_only=not options.keep_unknown)
    if options.rejects is not None and options.rejects.exists():
        raise Refusal(f"{options.rejects} is there already: name a new file")
    rejects = Rejects(options.rejects)
    gc.set_threshold(GC_THRESHOLD, 20, 20)
    with ExitStack() as stack:
        stack.callback(rejects.close)
        stream = stack.enter_context(_open(options.file))
        progress = stack.enter_context(progress_bar("Bringing in call records"))
        lines = _parse(stream, people, rejects=rejects, in_company_log=not options.extension_logs)
        tally = await _store(desk, account, lines=_told(lines, stream, progress=progress), rejects=rejects)
    if rejects.count and options.rejects:
        refused = "1 line was" if rejects.count == 1 else f"{rejects.count} lines were"
        say(f"{refused} refused: {options.rejects} says which and why")
    fields = tuple(tally._asdict().items())
    return Record(fields=(("account_id", account.id), *fields), failed=tally.rejected > 0)


async def _store(desk: Desk, account: Account, *, lines: Iterator[CallRecord], rejects: Rejects) -> CallTally:
    """Batch after batch, the next one read while the disk is waited for; the audit log says how far it came."""
    tally = CallTally()
    try:
        batch = await asyncio.to_thread(_take, lines)
        while batch:
            stored = store_calls(desk.store, batch, account_id=account.id)
            outcomes, batch = await asyncio.gather(stored, asyncio.to_thread(_take, lines))
            tally = add_outcomes(tally, outcomes)
    except NoColumns as error:
        raise Refusal(str(error)) from None
    finally:
        tally = tally._replace(rejected=rejects.count)
        if any(tally):
            await end_import(desk, account, tally)
    return tally


def _take(lines: Iterator[CallRecord]) -> list[CallRecord]:
    return list(islice(lines, BATCH))


def _parse(stream: BinaryIO, people: People, *, rejects: Rejects, in_company_log: bool) -> Iterator[CallRecord]:
    for line in read_calls(stream):
        if line.members is None:
            rejects.take(line, line.problem)
            continue
        record = parse_call(line.members, people=people, in_company_log=in_company_log)
        if isinstance(record, Denied):
            rejects.take(line, _reason(record))
        else:
            yield record


def _reason(denied: Denied) -> str:
    """What is wrong with a record, and what mends it: an administrator may read all of it."""
    text = denied.fault.text.format_map(dict(denied.values))
    if denied.fault is api_faults.EXTENSION_UNKNOWN:
        return f"{text}: --move ID=EXTENSION says whose its calls are here, --keep-unknown takes them as nobody's"
    return f"{text}: {denied.why}" if denied.why else text


def _told(records: Iterator[CallRecord], stream: BinaryIO, *, progress: Progress) -> Iterator[CallRecord]:
    """The records, with a look at how far into the file they are."""
    total = os.fstat(stream.fileno()).st_size if stream.seekable() else 0
    for number, record in enumerate(records):
        if number % BATCH == 0:
            progress(stream.tell() if total else number, total)
        yield record


@contextmanager
def _open(file: str) -> Iterator[BinaryIO]:
    try:
        opened = nullcontext(sys.stdin.buffer) if file == "-" else Path(file).open("rb")  # noqa: SIM115 - closed below
    except OSError as error:
        raise Refusal(f"{file}: {error.strerror}") from None
    with opened as stream:
        yield stream


async def _find_moved(desk: Desk, account: Account, pairs: list[str]) -> dict[int, ExtensionId]:
    moved: dict[int, ExtensionId] = {}
    for pair in pairs[:MOVED_MAX]:
        old, _, word = pair.partition("=")
        if not (old.isascii() and old.isdigit() and word):
            raise Refusal(f"{pair!r} is not an id elsewhere and an extension here, as in 1234=+12025550100*102")
        extension = granted(await find_person(desk, word))
        if extension.account_id != account.id:
            raise Refusal(f"{word!r} is in another account")
        moved[int(old)] = extension.id
    return moved
