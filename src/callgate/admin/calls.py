"""`callgate calls`: call records brought in from files."""

import os
import sys
from collections.abc import Callable, Iterator
from concurrent.futures import BrokenExecutor
from contextlib import ExitStack, contextmanager, nullcontext
from dataclasses import dataclass, field
from pathlib import Path
from typing import Annotated, BinaryIO, TextIO

import orjson
import typer

from callgate.admin.call_files import Line, NoColumns
from callgate.admin.call_reading import Batch, Judging, TakeBatch, open_reader
from callgate.admin.command import Refusal, desk_command, granted, noun
from callgate.admin.drawing import say
from callgate.admin.extensions import AccountWord
from callgate.admin.progress import progress_bar
from callgate.admin.view import Record
from callgate.model.account import Account
from callgate.model.calls import CallTally
from callgate.model.ids import ExtensionId, read_id
from callgate.service.administer.calls import add_outcomes, end_import, know_people
from callgate.service.administer.desk import Desk
from callgate.service.administer.finding import find_account, find_person
from callgate.service.call_records import store_calls

CALLS = noun("calls", "Call records: brought in from files.")

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

    def take(self, batch: Batch) -> None:
        """Write down what was refused of it."""
        self.count += len(batch.refused)
        for line, reason in batch.refused:
            self._tell(line, reason)

    def _tell(self, line: Line, reason: str) -> None:
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
    with ExitStack() as stack:
        stack.callback(rejects.close)
        stream = stack.enter_context(_open(options.file))
        progress = stack.enter_context(progress_bar("Bringing in call records"))
        take = stack.enter_context(open_reader(stream, Judging(people, not options.extension_logs)))
        total = os.fstat(stream.fileno()).st_size if stream.seekable() else 0

        def told(batch: Batch) -> None:
            progress(batch.position, total)
            rejects.take(batch)

        tally = await _store(desk, account, take=take, told=told)
    if rejects.count and options.rejects:
        refused = "1 line was" if rejects.count == 1 else f"{rejects.count} lines were"
        say(f"{refused} refused: {options.rejects} says which and why")
    fields = tuple(tally._asdict().items())
    return Record(fields=(("account_id", account.id), *fields), failed=tally.rejected > 0)


async def _store(desk: Desk, account: Account, *, take: TakeBatch, told: Callable[[Batch], None]) -> CallTally:
    """Batch after batch, the next one read while the disk is waited for; the audit log says how far it came."""
    tally = CallTally()
    try:
        batch = await take()
        while not batch.is_end:
            told(batch)
            tally = tally._replace(rejected=tally.rejected + len(batch.refused))
            ahead = take()
            if batch.records:
                tally = add_outcomes(tally, await store_calls(desk.store, batch.records, account_id=account.id))
            batch = await ahead
    except NoColumns as error:
        raise Refusal(str(error)) from None
    except BrokenExecutor:
        raise Refusal("the process that read the file was killed: import it again, what is in stays as it is") from None
    finally:
        if any(tally):
            await end_import(desk, account, tally)
    return tally


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
        elsewhere = read_id(old)
        if elsewhere is None or not word:
            raise Refusal(f"{pair!r} is not an id elsewhere and an extension here, as in 1234=+12025550100*102")
        extension = granted(await find_person(desk, word))
        if extension.account_id != account.id:
            raise Refusal(f"{word!r} is in another account")
        moved[elsewhere] = extension.id
    return moved
