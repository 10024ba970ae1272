"""A trace of a server's system calls, read: what it did to its files and what it told its clients, in one order.

strace stops each call at its entry and at its end, so whatever one call's thread did because another had ended comes
later in the trace: a reply that waited for a sync stands behind it.
"""

import re
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import NamedTuple

CALLS = (
    "write,writev,sendto,sendmsg,pwrite64,pwritev,fsync,fdatasync,ftruncate,fallocate,"
    "openat,unlink,unlinkat,rename,renameat,renameat2"
)
_STRING_BYTES_MAX = 70_000


class Wrote(NamedTuple):
    """Bytes at an offset of a file; None instead of bytes is a new length."""

    path: Path
    offset: int
    data: bytes | None


class SyncBegan(NamedTuple):
    """Whatever was written to the file before will be on the disk when the sync ends."""

    path: Path
    thread: int


class SyncEnded(NamedTuple):
    """The file's, or the folder's, sync that this thread began has ended well."""

    path: Path
    thread: int


class Failed(NamedTuple):
    """A call on a file came back with an error: its name, as in `EIO`."""

    path: Path
    error: str


class Created(NamedTuple):
    """A name that may have been there before."""

    path: Path


class Removed(NamedTuple):
    """A name that is gone."""

    path: Path


class Renamed(NamedTuple):
    """A file under another name, in the place of whatever had it."""

    path: Path
    to: Path


class Told(NamedTuple):
    """Bytes handed to a socket: from here on the client may have them."""

    data: bytes


Event = Wrote | SyncBegan | SyncEnded | Failed | Created | Removed | Renamed | Told

_LINE = re.compile(r"(?P<thread>\d+) +(?:<\.\.\. (?P<resumed>\w+) resumed>(?P<rest>.*)|(?P<call>\w+)\((?P<args>.*))")
_STRING = re.compile(r'"((?:\\x[0-9a-f]{2})*)"(\.\.\.)?')
_FILE = re.compile(r"\d+<((?:\\x[0-9a-f]{2})+)>")
_RESULT = re.compile(r"\) += (-?\d+)(?: (E[A-Z]+))?")
_REQUEST_ID = re.compile(rb"\r\nrcrequestid: ([0-9a-f-]+)\r\n")
_OFFSET = re.compile(r", (\d+)(?:\)| <unfinished)")


def strace(trace: Path, *, inject: str | None = None) -> list[str]:
    """The command that runs another and writes its trace.

    `inject` is what the kernel is to answer instead, as in `fdatasync:error=EIO:when=60`, counted in each thread.
    """
    bound = str(_STRING_BYTES_MAX)
    command = ["strace", "-f", "--seccomp-bpf", "-qq", "-y", "-xx", "-s", bound, "-e", f"trace={CALLS}"]
    return [*command, *(("-e", f"inject={inject}") if inject else ()), "-o", str(trace)]


def places_told(events: Iterable[Event]) -> dict[str, int]:
    """Where in a trace each request id was told to a client."""
    return {
        request_id.decode(): place
        for place, event in enumerate(events)
        if isinstance(event, Told)
        for request_id in _REQUEST_ID.findall(event.data)
    }


def read_trace(trace: Path, folder: Path) -> Iterator[Event]:
    """What happened to the files of a folder, and on sockets, in order."""
    pending: dict[tuple[int, str], str] = {}
    with trace.open("r", encoding="ascii") as lines:
        for line in lines:
            match = _LINE.match(line)
            if match is None:
                continue  # a signal, or a thread's end
            thread = int(match["thread"])
            call = match["resumed"] or match["call"]
            entry = pending.pop((thread, call)) if match["resumed"] else match["args"]
            if not match["resumed"]:
                yield from _began(call, entry, folder=folder, thread=thread)
            if line.rstrip().endswith("<unfinished ...>"):
                pending[thread, call] = entry
                continue
            ended = match["rest"] or entry
            yield from _ended(call, entry, ended=ended, folder=folder, thread=thread)


def _began(call: str, entry: str, *, folder: Path, thread: int) -> Iterator[Event]:
    match call:
        case "write" | "writev" | "sendto" | "sendmsg" if _opened(entry).startswith("socket:"):
            yield Told(b"".join(_strings(entry)))
        case "fsync" | "fdatasync":
            path = _file(entry, folder)
            if path:
                yield SyncBegan(path, thread)
        case _:
            return


def _ended(call: str, entry: str, *, ended: str, folder: Path, thread: int) -> Iterator[Event]:
    result = _RESULT.search(ended)
    if result is None:
        return
    if int(result[1]) < 0:
        path = _file(entry, folder)
        if path:
            yield Failed(path, result[2])
        return
    match call:
        case "pwrite64":
            yield from _wrote(entry, int(result[1]), folder)
        case "ftruncate":
            path, length = _file(entry, folder), _OFFSET.search(entry)
            if path and length:
                yield Wrote(path, int(length[1]), None)
        case "fsync" | "fdatasync":
            path = _file(entry, folder)
            if path:
                yield SyncEnded(path, thread)
        case "openat" if "O_CREAT" in entry:
            yield from (Created(path) for path in _named(entry, folder))
        case "unlink" | "unlinkat":
            yield from (Removed(path) for path in _named(entry, folder))
        case "rename" | "renameat" | "renameat2":
            yield from _renamed(entry, folder)
        case "pwritev" | "fallocate" | "write" if _file(entry, folder):
            raise AssertionError(f"the replay does not know what {call} does to a file: {entry[:200]}")
        case _:
            return


def _wrote(entry: str, written: int, folder: Path) -> Iterator[Event]:
    path, offset = _file(entry, folder), _OFFSET.search(entry.rpartition('"')[2].partition(",")[2])
    if path:
        assert offset, entry[-100:]
        [data] = _strings(entry)
        yield Wrote(path, int(offset[1]), data[:written])


def _renamed(entry: str, folder: Path) -> Iterator[Event]:
    path, to = (Path(name.decode()) for name in _strings(entry))
    assert (path.parent == folder) == (to.parent == folder), f"{path} came or went as {to}"
    if to.parent == folder:
        yield Renamed(path, to)


def _strings(text: str) -> list[bytes]:
    found = _STRING.findall(text)
    assert not any(cut for _, cut in found), "a string was longer than strace was told to print"
    return [_bytes(digits) for digits, _ in found]


def _bytes(digits: str) -> bytes:
    return bytes.fromhex(digits.replace("\\x", ""))


def _opened(entry: str) -> str:
    """What the descriptor in the first place is of."""
    match = _FILE.match(entry)
    return _bytes(match[1]).decode() if match else ""


def _file(entry: str, folder: Path) -> Path | None:
    path = Path(_opened(entry))
    return path if folder in {path, path.parent} else None


def _named(entry: str, folder: Path) -> list[Path]:
    path = Path(_strings(entry)[0].decode())
    return [path] if path.parent == folder else []
