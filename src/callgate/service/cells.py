"""The cells of one public URL: which of them a request belongs to, and what each has.

A cell asks the others what they have, all of them at once and itself too, and waits for every answer: so how long it
takes tells nothing of a name. A name that nobody has belongs to a cell as well, always the same, which refuses it as it
refuses a wrong password. How requests travel is for `web/cells` to say (docs/adr/0083-cells.md).
"""

import asyncio
import itertools
from collections.abc import AsyncIterator, Collection
from contextlib import AsyncExitStack, asynccontextmanager
from functools import partial
from typing import Final, NamedTuple

import orjson
from structlog.typing import FilteringBoundLogger

from callgate.config import Settings
from callgate.crypto.cell_keys import NOTE_MS, CellKeys, body_fits, digest_body, new_nonce
from callgate.crypto.entropy import Entropy
from callgate.crypto.strict_json import decode_base64url
from callgate.model.account import LoginName
from callgate.model.cells import AccountHeldLookup, Clue, Errand, ExtensionHeldLookup, Head, Held, Note, Question
from callgate.model.device_grant import DeviceHeldLookup
from callgate.model.facts import OffersFacts
from callgate.model.failure import Unavailable
from callgate.model.ids import ClientId, ConnectionId, RowId, read_id
from callgate.model.lookups import ClientLookup, LoginLookup, OffersLookup, ServiceOpening
from callgate.model.mfa import PasskeyLookup
from callgate.model.network import LOCAL
from callgate.model.sso import ConnectionLookup, RouteLookup
from callgate.protocol.client_auth import CLIENT_ID_CHARS_MAX
from callgate.protocol.login_name import parse_login_name
from callgate.service.cell_devices import CellDevices
from callgate.service.cell_links import CellLink, LinkRules, Passed
from callgate.service.clock import Clock
from callgate.service.seen import Seen
from callgate.storage.port import Store

PATH: Final = "/_cells"
"""Where cells ask each other; for anybody else there is nothing."""

_REMEMBERED_MAX: Final = 32_768
_NOTES_MAX: Final = 131_072
"""Notes of half a minute at four thousand requests a second, more than a process answers: some twenty megabytes."""

_STALE_MS: Final = 3_600_000
"""How long it is remembered what a cell had that does not answer now."""

_YES: Final = b'{"has":true}'
_NO: Final = b'{"has":false}'
_KEYS: Final = b'{"keys":true}'
_OFFERS: Final = b'{"offers":true}'


class Silent(NamedTuple):
    """It would be for this cell, or might be, and that does not answer."""

    cell: str


class _Has(NamedTuple):
    """Who has something: for sure, and perhaps, having not answered; and when it was asked."""

    sure: frozenset[str]
    perhaps: frozenset[str]
    at_ms: int


_Heard = tuple[dict[str, bytes], int]
"""What each cell said to a question, and when all were asked."""

_GUESSED: Final = frozenset({Held.LOGIN, Held.PROVIDER})
"""What anybody may ask for at the sign-in page, to find out whether it exists."""

_NOBODY: Final = _Has(frozenset(), frozenset(), 0)
_NOTHING: Final[_Heard] = ({}, 0)


class Place(NamedTuple):
    """This cell: its name, what its clients may be told to come to, and how long it remembers what others have."""

    name: str
    url: str | None
    remember_ms: int


class Cells:
    """This cell among the others."""

    def __init__(
        self,
        place: Place,
        links: Collection[CellLink],
        *,
        keys: CellKeys,
        entropy: Entropy,
        store: Store,
        clock: Clock,
    ) -> None:
        self.own, self.own_url, self._remember_ms = place
        self.links = {link.cell: link for link in links}
        self.names = tuple(sorted((self.own, *self.links)))
        self.form_box = keys.form_box(entropy)
        self.devices = CellDevices(self.own, self.names, keys=keys, store=store, ask_all=self._ask_each)
        self._keys = keys
        self._entropy = entropy
        self._seen = Seen(_NOTES_MAX)
        self._store = store
        self._clock = clock
        self._remembered: dict[Question, _Has] = {}
        self._under_way: dict[Question, asyncio.Task[_Has]] = {}
        self._serial = itertools.count(1)
        self._heard: dict[bytes, _Heard] = {}

    # --- whose a request is ---------------------------------------------------------------------------------------

    async def find(self, clue: Clue) -> str | Silent:
        """The cell that a request is for; this one, too, may be silent."""
        if clue.cell in self.names:
            return clue.cell
        among = _Has(frozenset(self.names), frozenset(), 0)
        if clue.client_id is not None:
            known = len(clue.client_id) <= CLIENT_ID_CHARS_MAX  # no app has a longer one, and nobody need be asked
            among = await self._who_has(Question(Held.CLIENT, clue.client_id)) if known else _NOBODY
        if len(among.sure) == 1 and not among.perhaps:
            return min(among.sure)
        if clue.question is not None and (among.sure or among.perhaps):
            return await self._find_by(clue.question, among.sure | among.perhaps, kept=clue.kept)
        if among.perhaps and not among.sure:
            return Silent(min(among.perhaps))
        return next((each for each in (clue.kept, self.own) if each in among.sure), min(among.sure, default=self.own))

    async def _find_by(self, question: Question, among: frozenset[str], *, kept: str | None) -> str | Silent:
        has = await self._who_has(question)
        if question.held in _GUESSED:
            # What such a cell has, and what nobody has, is refused alike, as a wrong password is.
            among = among - {cell for cell, link in self.links.items() if not link.answers} or among
        sure, perhaps = has.sure & among, has.perhaps & among
        if sure:
            return min(sure)
        if perhaps:
            return Silent(min(perhaps))
        places = sorted(among)
        if question.held is Held.DEVICE:
            return kept if kept in among else self.own  # over, or on its way: where it began they know
        return places[self._keys.spread(question.word, len(places))]

    async def _who_has(self, question: Question) -> _Has:
        now_ms = self._clock.now_ms()
        before = self._remembered.get(question)
        if before is not None and now_ms - before.at_ms < self._remember_ms:
            return before
        asking = self._under_way.get(question)
        if asking is None:
            asking = asyncio.get_running_loop().create_task(self._ask_all(question, before))
            self._under_way[question] = asking
            asking.add_done_callback(lambda _: self._under_way.pop(question))
        return await asyncio.shield(asking)  # the others who ask the same wait on where one hangs up

    async def _ask_all(self, question: Question, before: _Has | None) -> _Has:
        """Who has it; of a cell that does not answer it counts what it said when last all answered, not long ago."""
        now_ms = self._clock.now_ms()
        own, *others = await asyncio.gather(
            self._look_here(question), *(self._ask(link, question) for link in self.links.values())
        )
        answers = dict(zip(self.links, others, strict=True)) | {self.own: own}
        sure = frozenset(cell for cell, has in answers.items() if has)
        silent = frozenset(cell for cell, has in answers.items() if has is None)
        if silent and before is not None and now_ms - before.at_ms < _STALE_MS:
            return _Has(sure | (silent & before.sure), frozenset(), now_ms)
        found = _Has(sure, silent, now_ms)
        if not silent:
            self._remember(question, found)
        return found

    def _remember(self, question: Question, found: _Has) -> None:
        self._remembered.pop(question, None)
        if len(self._remembered) >= _REMEMBERED_MAX:
            del self._remembered[next(iter(self._remembered))]  # the oldest
        self._remembered[question] = found

    async def _ask_each(self, question: bytes) -> list[bytes | None]:
        """What every other cell answers, all asked at once."""
        return await asyncio.gather(*(link.ask(self._passed(link, question)) for link in self.links.values()))

    async def _look_here(self, question: Question) -> bool | None:
        try:
            return await self.holds(question)
        except Unavailable:
            return None

    async def _ask(self, link: CellLink, question: Question) -> bool | None:
        answer = await link.ask(self._passed(link, _about(question)))
        return {_YES: True, _NO: False}.get(answer or b"")

    # --- what this cell has ---------------------------------------------------------------------------------------

    async def answer(self, body: bytes, *, own_keys: bytes) -> bytes:
        """What another cell asks, which has proven that it is one. Raises Unavailable."""
        asked = orjson.loads(body)
        if "keys" in asked:
            return own_keys
        if "offers" in asked:
            return orjson.dumps((await self._store.read(OffersLookup()))._asdict())
        if "waits" in asked:
            return await self.devices.hand_over(str(asked["waits"])) or _NO
        return _YES if await self.holds(Question(Held(asked["held"]), str(asked["word"]))) else _NO

    async def holds(self, question: Question) -> bool:
        """Whether it is here. Raises Unavailable."""
        store, word = self._store, question.word
        number = read_id(word) or 0
        match question.held:
            case Held.CLIENT:
                return (await store.read(ClientLookup(ClientId(word)))).client is not None
            case Held.SERVICE:
                return bool((await store.read(ServiceOpening(ClientId(word), None))).allowed)
            case Held.ACCOUNT:
                return await store.read(AccountHeldLookup(number))
            case Held.EXTENSION:
                return await store.read(ExtensionHeldLookup(number))
            case Held.CONNECTION:
                return (await store.read(ConnectionLookup(ConnectionId(number)))).connection is not None
            case Held.PASSKEY:
                return (await store.read(PasskeyLookup(decode_base64url(word) or b""))).extension is not None
            case Held.LOGIN:
                named = await store.read(LoginLookup(_login(word)))
                return named.extension is not None or named.company_id is not None
            case Held.PROVIDER:
                return (await store.read(RouteLookup(_login(word)))).account is not None
            case Held.DEVICE:
                return await store.read(DeviceHeldLookup(RowId(number)))

    # --- notes ----------------------------------------------------------------------------------------------------

    def sign(self, passed: Passed, *, to: str, errand: Errand, network: str) -> Passed:
        """A request with the note that takes it to another cell."""
        now_ms, nonce = self._clock.now_ms(), new_nonce(self._entropy)
        note = Note(errand, self.own, to, now_ms, network, passed.request_id, nonce, digest_body(passed.body))
        return passed._replace(note=self._keys.sign(note, passed.head).encode())

    def read_note(self, text: str, head: Head) -> Note | None:
        """What a cell says of a request it sent here a moment ago; None for whatever else the field holds.

        A note is good once. Whether the body `fits` it is to be seen when that is read.
        """
        note = self._keys.read(text, head)
        if note is None or note.to != self.own or note.sender not in self.links:
            return None
        now_ms = self._clock.now_ms()
        if abs(now_ms - note.at_ms) > NOTE_MS:
            return None
        return note if self._seen.is_new(note.nonce, now_ms=now_ms, until_ms=note.at_ms + NOTE_MS) else None

    def fits(self, note: Note, body: bytes) -> bool:
        """Whether the note is this body's."""
        return body_fits(note, body)

    def hello(self, link: CellLink) -> Passed:
        """The question whether a cell is there."""
        return self._passed(link, b"", errand=Errand.HELLO)

    def probe(self, link: CellLink) -> Passed:
        """A question that has to be looked up, about nobody."""
        return self._passed(link, _about(Question(Held.CLIENT, "")))

    def _passed(self, link: CellLink, body: bytes, *, errand: Errand = Errand.QUESTION) -> Passed:
        bare = Passed(Head("POST", PATH.encode()), body, f"{next(self._serial):x}")
        return self.sign(bare, to=link.cell, errand=errand, network=LOCAL)

    # --- what is of all cells together ----------------------------------------------------------------------------

    async def key_set(self, own: bytes) -> bytes:
        """The public keys of every cell in one set; of a silent cell those that were last heard of."""
        sets = [own, *await self._hear_all(_KEYS)]
        return orjson.dumps({"keys": [key for each in sets for key in orjson.loads(each)["keys"]]})

    async def offers(self, own: OffersFacts) -> OffersFacts:
        """What an app of any cell may use."""
        theirs = [orjson.loads(each) for each in await self._hear_all(_OFFERS)]
        offered = own._asdict().items()  # a cell of another version may not know them all
        return OffersFacts(*(mine or any(each.get(name, False) for each in theirs) for name, mine in offered))

    @property
    def are_whole(self) -> bool:
        """Whether every other cell answers, and did a moment ago."""
        return all(link.is_whole for link in self.links.values())

    @property
    def are_all_known(self) -> bool:
        """Whether each cell that was asked for its keys, or what it offers, has ever said so."""
        return all(len(heard) == len(self.links) for heard, _ in self._heard.values())

    async def _hear_all(self, question: bytes) -> list[bytes]:
        """What the others say to a question; of a silent cell what it said last."""
        heard, at_ms = self._heard.get(question, _NOTHING)
        now_ms = self._clock.now_ms()
        if now_ms - at_ms >= self._remember_ms:
            said = zip(self.links, await self._ask_each(question), strict=True)
            heard, _ = self._heard.get(question, _NOTHING)  # somebody else may have heard more meanwhile
            heard = heard | {cell: answer for cell, answer in said if answer is not None}
            self._heard[question] = heard, now_ms
        return list(heard.values())


@asynccontextmanager
async def open_cells(
    settings: Settings, store: Store, *, clock: Clock, entropy: Entropy, log: FilteringBoundLogger
) -> AsyncIterator[Cells | None]:
    """The cells of the settings, each looked after; None where there is one alone."""
    wanted = settings.cells
    if not wanted.others:
        yield None
        return
    rules = LinkRules(wanted.wait_ms / 1000, wanted.connect_ms / 1000, wanted.in_flight_max, wanted.ca_file)
    keys = CellKeys(wanted.secrets)
    cells = Cells(
        Place(settings.server.cell, wanted.own_url, wanted.remember_s * 1000),
        [CellLink(neighbour, rules, log=log) for neighbour in wanted.neighbours],
        keys=keys,
        entropy=entropy,
        store=store,
        clock=clock,
    )
    async with AsyncExitStack() as stack:
        for link in cells.links.values():
            stack.push_async_callback(link.close)
            looking = asyncio.get_running_loop().create_task(
                link.keep_looking(partial(cells.hello, link), partial(cells.probe, link))
            )
            stack.callback(looking.cancel)
        yield cells


def _about(question: Question) -> bytes:
    return orjson.dumps({"held": question.held.value, "word": question.word})


def _login(word: str) -> LoginName:
    return parse_login_name(word, None) or LoginName(None, None, None)
