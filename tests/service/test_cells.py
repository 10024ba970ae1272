"""What a cell makes of the others' answers, and of their silence: one cell on a real store, another on loopback."""

import asyncio
import json
import math
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from functools import partial
from itertools import product
from pathlib import Path

import pytest

from callgate.config.cells import _OTHERS_MAX
from callgate.crypto.cell_keys import NOTE_MS, CellKeys, digest_body
from callgate.crypto.entropy import SeededEntropy
from callgate.model.cells import Clue, Errand, Head, Held, Neighbour, Note, Question
from callgate.model.device import USER_CODE_ALPHABET
from callgate.model.facts import OffersFacts
from callgate.service import cell_devices
from callgate.service import cells as service
from callgate.service.cell_devices import CellDevices
from callgate.service.cell_links import CellLink, CellSilentError, LinkRules
from callgate.service.cells import Cells, Place, Silent
from callgate.service.clock import Clock
from callgate.service.log import open_log
from callgate.storage.schema import migrate_file
from tests.storage.engines import Opened, open_sqlite

ONE, TWO = "CGT01P01", "CGT01P02"
KEYS = CellKeys(["what only the cells of this test know, 0123456789"])
REMEMBER_S = 5
HEAD = Head("POST", b"/_cells")


@pytest.fixture
def opened(tmp_path: Path) -> Iterator[Opened]:
    """A database with nobody in it."""
    migrate_file(tmp_path / "callgate.db")
    with open_sqlite(tmp_path / "callgate.db") as store:
        yield store


class Other:
    """The second cell: says what a test wants it to say, as often as it wants, and keeps what it was asked."""

    def __init__(self) -> None:
        self.says = b'{"has":false}'
        self.asked: list[bytes] = []
        self.status = b"200 OK"
        self.answers = math.inf

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Answer each question as a cell does: with the id that its note has."""
        try:
            while head := await reader.readuntil(b"\r\n\r\n"):
                fields = dict(line.split(b": ", 1) for line in head.lower().split(b"\r\n")[1:-2])
                self.asked.append(await reader.readexactly(int(fields[b"content-length"])))
                if self.answers < 1:
                    continue
                self.answers -= 1
                number = fields[b"callgate-cell"].split(b";")[6]
                length = len(self.says)
                head = b"HTTP/1.1 %b\r\nrcrequestid: %b\r\ncontent-length: %d\r\n\r\n" % (self.status, number, length)
                writer.write(head + self.says)
        except asyncio.IncompleteReadError:
            writer.close()


@asynccontextmanager
async def two_cells(
    opened: Opened, clock: Clock | None = None, *, connect_s: float = 1
) -> AsyncIterator[tuple[Cells, Other]]:
    """The first, and what plays the second."""
    other = Other()
    server = await asyncio.start_server(other.serve, "127.0.0.1", 0)
    address = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"
    link = CellLink(Neighbour(TWO, address), LinkRules(2, connect_s, 8), log=open_log("critical", for_people=False))
    place = Place(ONE, None, REMEMBER_S * 1000)
    try:
        yield (
            Cells(
                place,
                [link],
                keys=KEYS,
                entropy=SeededEntropy(1),
                store=opened.store,
                clock=clock or Clock(),
            ),
            other,
        )
    finally:
        await link.close()
        server.close()


def test_cell_that_was_asked_lately_is_known_while_it_is_silent(opened: Opened) -> None:
    """Its yes and its no: nobody else's people hear of its trouble."""
    clock = Clock()

    async def run() -> None:
        async with two_cells(opened, clock) as (cells, other):
            other.says = b'{"has":true}'
            assert await cells.find(Clue(client_id="theirs")) == TWO
            other.says = b'{"has":false}'
            assert await cells.find(Clue(client_id="nobody")) == ONE
            cells.links[TWO].is_silent = True
            clock.advance(REMEMBER_S)
            assert await cells.find(Clue(client_id="nobody")) == ONE
            assert await cells.find(Clue(client_id="theirs")) == TWO
            assert await cells.find(Clue(client_id="another")) == Silent(TWO)

    opened.await_(run())


def test_note_from_a_silent_cell_ends_no_silence(opened: Opened) -> None:
    """That it reaches us does not say that we reach it."""

    async def run() -> None:
        async with two_cells(opened) as (cells, _):
            cells.links[TWO].is_silent = True
            said = Note(Errand.HELLO, TWO, ONE, Clock().now_ms(), "local", "1", "n" * 16, digest_body(b""))
            assert cells.read_note(KEYS.sign(said, HEAD), HEAD) == said
            assert cells.links[TWO].is_silent

    opened.await_(run())


def test_note_is_good_once_as_long_as_it_is_believed(opened: Opened, monkeypatch: pytest.MonkeyPatch) -> None:
    """What has seen its time is forgotten, and past the bound the oldest: the memory of them has an end."""
    monkeypatch.setattr(service, "_NOTES_MAX", 3)
    clock = Clock()

    def note(nonce: str) -> str:
        said = Note(Errand.HELLO, TWO, ONE, clock.now_ms(), "local", "1", nonce * 16, digest_body(b""))
        return KEYS.sign(said, HEAD)

    async def run() -> None:
        async with two_cells(opened, clock) as (cells, _):
            first = note("a")
            assert cells.read_note(first, HEAD) is not None
            assert cells.read_note(first, HEAD) is None
            clock.advance(NOTE_MS // 1000 - 1)
            assert cells.read_note(first, HEAD) is None
            clock.advance(2)
            assert all(cells.read_note(note(each), HEAD) is not None for each in "bcd")
            assert len(cells._seen) == 3
            assert cells.read_note(note("e"), HEAD) is not None
            assert len(cells._seen) == 3

    opened.await_(run())


def test_nobody_is_asked_about_what_no_app_can_be_called(opened: Opened) -> None:
    """A client id that is too long is nobody's."""

    async def run() -> None:
        async with two_cells(opened) as (cells, other):
            assert await cells.find(Clue(client_id="x" * 129)) == ONE
            assert other.asked == []

    opened.await_(run())


def test_cell_that_leaves_a_question_open_is_asked_no_other_until_it_answers_one(opened: Opened) -> None:
    """Its database hangs, say, and it says that it is there: whoever asked first waits, and nobody after them."""

    async def run() -> None:
        async with two_cells(opened, connect_s=0.2) as (cells, other):
            link, other.answers = cells.links[TWO], 0
            for name in "abcd":
                assert await cells.find(Clue(client_id=name)) == Silent(TWO)
            assert len(other.asked) == 1
            other.answers = math.inf
            looking = asyncio.create_task(link.keep_looking(partial(cells.hello, link), partial(cells.probe, link)))
            until = asyncio.get_running_loop().time() + 20
            while await cells.find(Clue(client_id="e")) != ONE:
                assert asyncio.get_running_loop().time() < until
                await asyncio.sleep(0.01)
            looking.cancel()

    opened.await_(run())


def test_nobody_can_try_out_names_while_a_cell_cannot_look(opened: Opened) -> None:
    """Its database is away, and it says so at once: a name that no living cell has is refused by one, as any other.

    What cannot be guessed is told that its cell is silent, until that looks again.
    """

    async def run() -> None:
        async with two_cells(opened) as (cells, other):
            link, other.status = cells.links[TWO], b"503 Service Unavailable"
            assert await cells.find(Clue(question=Question(Held.LOGIN, "nobody@x.example"))) == ONE
            assert not cells.are_whole
            assert await cells.find(Clue(question=Question(Held.PASSKEY, "AA"))) == Silent(TWO)
            assert len(other.asked) == 1
            other.status = b"200 OK"
            looking = asyncio.create_task(link.keep_looking(partial(cells.hello, link), partial(cells.probe, link)))
            async with asyncio.timeout(20):
                while not link.answers:  # noqa: ASYNC110 - nothing else tells of it
                    await asyncio.sleep(0.01)
            looking.cancel()

    opened.await_(run())


def test_body_is_not_read_for_a_cell_that_has_no_room(opened: Opened) -> None:
    """Neither for a silent one."""

    async def run() -> None:
        async with two_cells(opened) as (cells, _):
            link = cells.links[TWO]
            link.in_flight = 8
            with pytest.raises(CellSilentError):
                link.require_room()
            link.in_flight, link.is_silent = 0, True
            with pytest.raises(CellSilentError):
                link.require_room()
            assert link.forwarded == {"too many": 1, "silent": 1}

    opened.await_(run())


def test_equal_questions_at_one_time_are_one(opened: Opened) -> None:
    """And different ones are not."""

    async def run() -> None:
        async with two_cells(opened) as (cells, other):
            clues = [Clue(client_id=name) for name in ("a", "a", "b", "a")]
            assert await asyncio.gather(*(cells.find(clue) for clue in clues)) == [ONE] * 4
            assert sorted(json.loads(asked)["word"] for asked in other.asked) == ["a", "b"]

    opened.await_(run())


def test_oldest_is_forgotten_first(opened: Opened, monkeypatch: pytest.MonkeyPatch) -> None:
    """A crowd of unknown apps costs each of the known one question, not all at once."""
    monkeypatch.setattr(service, "_REMEMBERED_MAX", 2)

    async def run() -> None:
        async with two_cells(opened) as (cells, _):
            for name in ("a", "b", "c"):
                await cells.find(Clue(client_id=name))
            assert list(cells._remembered) == [Question(Held.CLIENT, name) for name in ("b", "c")]

    opened.await_(run())


def test_documents_without_a_cells_part_are_known_to_lack_it(opened: Opened) -> None:
    """Nobody may keep them; the cell is asked again when it is time, not by each who reads them."""
    own = b'{"keys":[]}'

    clock = Clock()

    async def run() -> None:
        async with two_cells(opened, clock) as (cells, other):
            cells.links[TWO].is_silent = True
            assert json.loads(await cells.key_set(own)) == {"keys": []}
            assert not cells.are_all_known
            cells.links[TWO].is_silent = False
            await cells.key_set(own)
            assert other.asked == []
            clock.advance(REMEMBER_S)
            other.says = b'{"keys":[{"kid":"theirs"}]}'
            assert json.loads(await cells.key_set(own)) == {"keys": [{"kid": "theirs"}]}
            assert cells.are_all_known

    opened.await_(run())


def test_what_one_heard_is_not_lost_when_another_heard_nothing(opened: Opened) -> None:
    """Two read the keys at one time, and the other cell hangs between their questions."""

    async def run() -> None:
        async with two_cells(opened, connect_s=0.2) as (cells, other):
            other.says, other.answers = b'{"keys":[{"kid":"theirs"}]}', 1
            sets = await asyncio.gather(*(cells.key_set(b'{"keys":[]}') for _ in range(2)))
            assert len(other.asked) == 2
            assert json.loads(max(sets)) == json.loads(await cells.key_set(b'{"keys":[]}'))
            assert cells.are_all_known

    opened.await_(run())


def test_codes_of_devices_begin_at_every_cell_however_many_there_are(opened: Opened) -> None:
    """One that no letters lead to would look for a code of its own for ever."""

    async def ask_nobody(_: bytes) -> list[bytes | None]:
        return []

    names = [f"CGT01P{number:02}" for number in range(_OTHERS_MAX + 1)]
    devices = CellDevices(names[0], names, keys=KEYS, store=opened.store, ask_all=ask_nobody)
    codes = ("".join(letters) for letters in product(USER_CODE_ALPHABET, repeat=2))
    assert {devices.cell_of_user_code(code) for code in codes} == set(names)


def test_device_that_a_cell_of_another_version_tells_of_is_taken() -> None:
    """That one has let go of it: whatever else it says, the device must be somewhere."""
    told = {"id": 7, "client_id": "app", "user_code": "BCDFGHJK", "scope": "", "network": "local", "later": True}
    times = {"opened_ms": 1, "expires_ms": 2}
    device = cell_devices._read(json.dumps(told | times | {"secret_sha256": "07" * 32}).encode())
    assert device is not None
    assert (device.id, device.secret_sha256) == (7, b"\x07" * 32)


def test_cell_of_another_version_offers_what_it_knows(opened: Opened) -> None:
    """What it has never heard of, it does not offer."""

    async def run() -> None:
        async with two_cells(opened) as (cells, other):
            other.says = b'{"implicit":true}'
            nothing = OffersFacts(*[False] * len(OffersFacts._fields))
            assert await cells.offers(nothing) == nothing._replace(implicit=True)

    opened.await_(run())
