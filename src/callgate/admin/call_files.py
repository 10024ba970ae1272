"""Files of call records, line by line: JSON Lines of the API's own records, or CSV with their members as columns.

A file whose first line begins with a brace is JSON Lines. What a record may say: protocol/call_records.py.
"""

import csv
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from typing import BinaryIO, Final, NamedTuple

import orjson

from callgate.protocol.administer.texts import NAME_CHARS_MAX, nearest

LINE_BYTES_MAX: Final = 256 * 1024
"""A record with all the legs it may have is far below."""


_STRANGE_TOLD: Final = 5


class Line(NamedTuple):
    """One record as it stands in a file: its members, or why it has none. `number` counts lines from 1."""

    number: int
    text: str
    members: Mapping[str, object] | None
    problem: str = ""


class NoColumns(Exception):
    """The first line of a CSV file does not name columns that we know."""


def _number(text: str) -> object:
    try:
        return int(text)
    except ValueError:
        return _fraction(text)


def _fraction(text: str) -> object:
    try:
        return float(text)
    except ValueError:
        return text


def _flag(text: str) -> object:
    return {"true": True, "false": False}.get(text.lower(), text)


def _side(name: str, dialed: str) -> dict[str, Callable[[str], object]]:
    members = ("phoneNumber", "extensionNumber", "extensionId", "name", "location", "device.id", dialed)
    return {f"{name}.{member}": str for member in members}


COLUMNS: Final[Mapping[str, Callable[[str], object]]] = {
    **dict.fromkeys(("id", "sessionId", "telephonySessionId", "partyId", "startTime"), str),
    **dict.fromkeys(("duration", "durationMs"), _number),
    **dict.fromkeys(("type", "internalType", "direction", "action", "result", "reason", "reasonDescription"), str),
    **_side("from", "dialerPhoneNumber"),
    **_side("to", "dialedPhoneNumber"),
    **dict.fromkeys(("extension.id", "extension.extensionNumber", "transport"), str),
    **dict.fromkeys(("recording.id", "recording.type", "recording.contentType", "recording.contentUri"), str),
    "recording.duration": _number,
    **dict.fromkeys(("message.id", "message.type"), str),
    "shortRecording": _flag,
    **dict.fromkeys(("delegate.id", "delegate.name", "delegationType", "sipUuidInfo"), str),
    **dict.fromkeys(("transferTarget.telephonySessionId", "transferee.telephonySessionId"), str),
    **dict.fromkeys(("billing.costIncluded", "billing.costPurchased"), _number),
    "metadataCategories": str.split,
    "lastModifiedTime": str,
    **dict.fromkeys(("deleted", "companyLog"), _flag),
}
"""What a CSV file may have, and what each text means; legs have no place in it."""


def read_calls(stream: BinaryIO) -> Iterator[Line]:
    """Every record of a file. Raises NoColumns."""
    lines = _read_lines(stream)
    first = next(lines, None)
    if first is None:
        return
    if first.text.removeprefix("\ufeff").lstrip().startswith("{"):
        yield from _read_json(first._replace(text=first.text.removeprefix("\ufeff")))
        for line in lines:
            yield from _read_json(line)
    else:
        yield from _read_csv(first, lines)


def _read_lines(stream: BinaryIO) -> Iterator[Line]:
    """Lines with their ends, as text; one that is too long, or no UTF-8, has a problem."""
    number = 0
    while raw := stream.readline(LINE_BYTES_MAX + 1):
        number += 1
        problem = ""
        if len(raw) > LINE_BYTES_MAX:
            problem = f"longer than {LINE_BYTES_MAX // 1024} KiB"
            while raw and not raw.endswith(b"\n"):
                raw = stream.readline(LINE_BYTES_MAX)
        try:
            yield Line(number, "" if problem else raw.decode("utf-8"), None, problem)
        except UnicodeDecodeError:
            yield Line(number, raw.decode("utf-8", "replace"), None, "not UTF-8")


def _read_json(line: Line) -> Iterator[Line]:
    if line.problem or not line.text.strip():
        return iter(()) if not line.problem else iter((line,))
    try:
        members = orjson.loads(line.text)
    except orjson.JSONDecodeError:
        return iter((line._replace(problem="not JSON"),))
    found = line._replace(members=members) if isinstance(members, dict) else line._replace(problem="not a JSON object")
    return iter((found,))


def _read_csv(first: Line, lines: Iterator[Line]) -> Iterator[Line]:
    columns = _read_columns(first)
    taken: list[Line] = []

    def feed() -> Iterator[str]:
        for line in lines:
            taken.append(line)
            yield line.text if not line.problem else "\n"

    rows = csv.reader(feed(), strict=True)
    while True:
        taken.clear()
        try:
            row = next(rows)
        except StopIteration:
            return
        except csv.Error as error:
            yield _whole(taken, problem=f"not CSV: {error}")
            rows = csv.reader(feed(), strict=True)
            continue
        problem = next((line.problem for line in taken if line.problem), "")
        if not problem and row and len(row) != len(columns):
            problem = f"{len(row)} fields, where the first line names {len(columns)}"
        if row or problem:
            line = _whole(taken, problem=problem)
            yield line if problem else line._replace(members=_nest(columns, row))


def _read_columns(first: Line) -> list[str]:
    columns = next(csv.reader([first.text.removeprefix("\ufeff")]), [])
    problem = first.problem or _find_problem(columns)
    if problem:
        raise NoColumns(f"line {first.number}: {problem}")
    return columns


def _find_problem(columns: list[str]) -> str:
    """What keeps a first line from naming columns, or the empty text."""
    strange = [column for column in columns if column not in COLUMNS]
    if len(strange) == len(columns):
        return "neither a JSON object nor the columns of a CSV file"
    if strange:
        return "; ".join(map(_tell_strange, strange[:_STRANGE_TOLD]))
    twice = next((column for column, times in Counter(columns).items() if times > 1), None)
    return f"column {twice!r} is there twice" if twice else ""


def _tell_strange(column: str) -> str:
    near = nearest(column, COLUMNS)
    return f"there is no column {column[:NAME_CHARS_MAX]!r}" + (f", did you mean {near!r}?" if near else "")


def _whole(lines: list[Line], *, problem: str) -> Line:
    """The lines of one record, which has the number of the first."""
    number = lines[0].number if lines else 0
    return Line(number, "".join(line.text for line in lines), None, problem)


def _nest(columns: list[str], row: list[str]) -> Mapping[str, object]:
    members: dict[str, object] = {}
    for column, text in zip(columns, row, strict=True):
        if not text:
            continue
        inner = members
        *path, name = column.split(".")
        for step in path:
            deeper = inner.setdefault(step, {})
            assert isinstance(deeper, dict)
            inner = deeper
        inner[name] = COLUMNS[column](text)
    return members
