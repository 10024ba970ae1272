"""What a cell makes of the others' answers, and of their silence: one cell on a real store, another on loopback."""

import asyncio
import json
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from callgate.crypto.cell_keys import CellKeys
from callgate.crypto.entropy import SeededEntropy
from callgate.model.cells import Clue, Errand, Held, Neighbour, Note, Question
from callgate.model.facts import OffersFacts
from callgate.service import cells as service
from callgate.service.cell_links import CellLink, LinkRules
from callgate.service.cells import Cells, Place, Silent
from callgate.service.clock import Clock
from callgate.service.log import open_log
from callgate.storage.schema import migrate_file
from tests.storage.engines import Opened, open_sqlite

ONE, TWO = "CGT01P01", "CGT01P02"
KEYS = CellKeys(["what only the cells of this test know, 0123456789"])
REMEMBER_S = 5


@pytest.fixture
def opened(tmp_path: Path) -> Iterator[Opened]:
    """A database with nobody in it."""
    migrate_file(tmp_path / "callgate.db")
    with open_sqlite(tmp_path / "callgate.db") as store:
        yield store


class Other:
    """The second cell: says what a test wants it to say, and keeps what it was asked."""

    def __init__(self) -> None:
        self.says = b'{"has":false}'
        self.asked: list[bytes] = []

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Answer each question as a cell does: with the id that its note has."""
        try:
            while head := await reader.readuntil(b"\r\n\r\n"):
                fields = dict(line.split(b": ", 1) for line in head.lower().split(b"\r\n")[1:-2])
                self.asked.append(await reader.readexactly(int(fields[b"content-length"])))
                number = fields[b"callgate-cell"].split(b";")[6]
                length = len(self.says)
                writer.write(
                    b"HTTP/1.1 200 OK\r\nrcrequestid: %b\r\ncontent-length: %d\r\n\r\n%b" % (number, length, self.says)
                )
        except asyncio.IncompleteReadError:
            writer.close()


@asynccontextmanager
async def two_cells(opened: Opened, clock: Clock | None = None) -> AsyncIterator[tuple[Cells, Other]]:
    """The first, and what plays the second."""
    other = Other()
    server = await asyncio.start_server(other.serve, "127.0.0.1", 0)
    address = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"
    link = CellLink(Neighbour(TWO, address), LinkRules(2, 1, 8), log=open_log("critical", for_people=False))
    place = Place(ONE, None, REMEMBER_S * 1000)
    box = KEYS.form_box(SeededEntropy(1))
    try:
        yield Cells(place, [link], keys=KEYS, form_box=box, store=opened.store, clock=clock or Clock()), other
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
            said = Note(Errand.HELLO, TWO, ONE, Clock().now_ms(), "local", "1")
            text = KEYS.sign(said, method="POST", target=b"/_cells", body=b"")
            assert cells.read_note(text, method="POST", target=b"/_cells", body=b"") == said
            assert cells.links[TWO].is_silent

    opened.await_(run())


def test_nobody_is_asked_about_what_no_app_can_be_called(opened: Opened) -> None:
    """A client id that is too long is nobody's."""

    async def run() -> None:
        async with two_cells(opened) as (cells, other):
            assert await cells.find(Clue(client_id="x" * 129)) == ONE
            assert other.asked == []

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


def test_cell_of_another_version_offers_what_it_knows(opened: Opened) -> None:
    """What it has never heard of, it does not offer."""

    async def run() -> None:
        async with two_cells(opened) as (cells, other):
            other.says = b'{"implicit":true}'
            nothing = OffersFacts(*[False] * len(OffersFacts._fields))
            assert await cells.offers(nothing) == nothing._replace(implicit=True)

    opened.await_(run())
