"""The keeper on a real store: rotations by several nodes at once, one look for many callers, nothing lost."""

import asyncio
import base64
from collections.abc import Awaitable, Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

import pytest

from callgate.crypto.entropy import SystemEntropy
from callgate.crypto.kek import KeyEncryptionError
from callgate.crypto.keys import rewrap_key
from callgate.crypto.rotation import POLICIES
from callgate.crypto.totp import open_totp_secret, seal_totp_secret
from callgate.model.changes import Change, KeyForgotten, KeyStored
from callgate.model.failure import Unavailable
from callgate.model.ids import ExtensionId
from callgate.model.key import KeyState, KeyUse
from callgate.model.lookups import KeysLookup, Lookup
from callgate.model.reference import Reference, TokenKind
from callgate.service.keeper import Keeper
from callgate.storage.port import Decided, Store, Unit
from callgate.storage.schema import migrate_file
from tests.crypto.factories import CELL, REFERENCE, make_kek
from tests.storage.engines import Opened, copy_database, open_sqlite

F = TypeVar("F")
D = TypeVar("D", bound=Decided)

SEALING = KeyUse.SEALING
KINDS = (TokenKind.ACCESS,)
KNOWN_MS = POLICIES[SEALING].published_for_ms
LIFE_MS = POLICIES[SEALING].active_for_ms or 0
PUBLISHED, ACTIVE, RETIRED = KeyState


@pytest.fixture(scope="module")
def founded(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A database with the first key of each use, which take a moment to make."""
    path = tmp_path_factory.mktemp("keys") / "callgate.db"
    migrate_file(path)
    with open_sqlite(path) as opened:
        opened.await_(node(opened.store).start())
    return path


@pytest.fixture
def opened(founded: Path, tmp_path: Path) -> Iterator[Opened]:
    """A copy of it, open."""
    with open_sqlite(copy_database(founded, tmp_path)) as store:
        yield store


@dataclass(slots=True)
class Observed:
    """The real store seen by one node, as slow as one across a network; `before_run` lets another node be faster."""

    store: Store
    reads: int = 0
    runs: int = 0
    before_run: Callable[[], Awaitable[object]] | None = None
    writable: bool = True

    async def read(self, lookup: Lookup[F]) -> F:
        """Answer later than it read."""
        self.reads += 1
        facts = await self.store.read(lookup)
        await asyncio.sleep(0)
        return facts

    async def run(self, unit: Unit[F, D]) -> D:
        """Carry out, after whoever is faster."""
        self.runs += 1
        if not self.writable:
            raise Unavailable("the file system is read-only")
        if self.before_run:
            hurry, self.before_run = self.before_run, None
            await hurry()
        return await self.store.run(unit)

    def save_later(self, changes: tuple[Change, ...]) -> None:
        """Save, or not."""
        self.store.save_later(changes)


def node(store: Store) -> Keeper:
    """A node of the cell, not yet started."""
    return Keeper(store, make_kek(), SystemEntropy(), cell=CELL)


def started(opened: Opened) -> Keeper:
    """A node that serves."""
    keeper = node(opened.store)
    opened.await_(keeper.start())
    return keeper


def keys_of(opened: Opened, use: KeyUse = SEALING) -> list[tuple[int, KeyState]]:
    """The stored keys of a use."""
    return [(key.number, key.state) for key in opened.read(KeysLookup()).keys if key.use is use]


async def replace_key(opened: Opened, keeper: Keeper) -> None:
    """Publish a sealing key, wait until every node can know it, activate it."""
    assert await keeper.publish(SEALING, by="test")
    opened.clock.now_ms += KNOWN_MS
    await keeper.rotate()


def of_key(number: int) -> Reference:
    """A reference under a key."""
    return REFERENCE._replace(key_number=number)


def renumbered(token: str, number: int) -> str:
    """A token that names another key, as anybody can write it."""
    raw = base64.urlsafe_b64decode(token)
    return base64.urlsafe_b64encode(raw[:9] + b"%06d" % number + raw[15:]).decode()


def test_start_makes_one_active_key_of_each_use_when_there_is_none(opened: Opened) -> None:
    """A new cell can issue at once."""
    assert all(keys_of(opened, use) == [(1, ACTIVE)] for use in KeyUse)


def test_start_runs_nothing_when_nothing_is_due(opened: Opened) -> None:
    """Every command that needs a key starts a keeper: it must not make pairs to throw them away."""
    observed = Observed(opened.store)
    opened.await_(node(observed).start())
    assert observed.runs == 0


def test_start_serves_with_old_keys_when_nothing_can_be_written(opened: Opened) -> None:
    """A rotation is due and must wait; tokens need not."""
    opened.clock.now_ms += LIFE_MS
    keeper = node(Observed(opened.store, writable=False))
    opened.await_(keeper.start())
    assert keeper.rings.sealer.active_key_number == 1
    with pytest.raises(Unavailable):
        opened.await_(keeper.rotate())


def test_start_fails_when_there_are_no_keys_and_none_can_be_written(opened: Opened) -> None:
    """Nothing could be sealed at all."""
    opened.save(*(KeyForgotten(use, 1, "test") for use in KeyUse))
    with pytest.raises(Unavailable, match="no keys yet"):
        opened.await_(node(Observed(opened.store, writable=False)).start())


def test_one_key_of_each_use_is_made_when_two_nodes_start_at_once(opened: Opened) -> None:
    """The slower one's are thrown away, and both seal alike."""
    opened.save(*(KeyForgotten(use, 1, "test") for use in KeyUse))
    first, second = node(Observed(opened.store)), node(Observed(opened.store))

    async def start() -> None:
        await asyncio.gather(first.start(), second.start())

    opened.await_(start())
    assert all(keys_of(opened, use) == [(1, ACTIVE)] for use in KeyUse)
    assert first.seal(of_key(1)) == second.seal(of_key(1))


def test_published_key_takes_over_when_every_node_can_know_it(opened: Opened) -> None:
    """The former one still opens what it sealed, and seals what rows name it for."""
    keeper = started(opened)
    token = keeper.seal(of_key(1))
    assert opened.await_(keeper.publish(SEALING, by="test")) == 2
    opened.clock.now_ms += KNOWN_MS - 1
    opened.await_(keeper.rotate())
    assert keeper.rings.sealer.active_key_number == 1
    opened.clock.now_ms += 1
    opened.await_(keeper.rotate())
    assert keeper.rings.sealer.active_key_number == 2
    assert keys_of(opened) == [(1, RETIRED), (2, ACTIVE)]
    assert opened.await_(keeper.open(token, KINDS)) == of_key(1)
    assert keeper.seal(of_key(1)) == token


def test_publish_refuses_when_one_waits(opened: Opened) -> None:
    """A second would only make the first useless; other uses have their own."""
    keeper = started(opened)
    assert opened.await_(keeper.publish(SEALING, by="test")) == 2
    assert opened.await_(keeper.publish(SEALING, by="test")) is None
    assert opened.await_(keeper.publish(KeyUse.ID_TOKEN_ES256, by="test")) == 2


def test_publish_replaces_no_key_when_another_node_took_its_number(opened: Opened) -> None:
    """The other one published and activated it meanwhile: tokens are sealed with it already."""
    rival, observed = started(opened), Observed(opened.store)
    keeper = node(observed)
    opened.await_(keeper.start())
    observed.before_run = lambda: replace_key(opened, rival)
    assert opened.await_(keeper.publish(SEALING, by="test")) == 3
    assert keys_of(opened) == [(1, RETIRED), (2, ACTIVE), (3, PUBLISHED)]
    assert opened.await_(started(opened).open(rival.seal(of_key(2)), KINDS)) == of_key(2)


def test_rotation_replaces_no_key_when_another_node_took_its_number(opened: Opened) -> None:
    """Due on two nodes at once: one successor, wrapped as the number it has."""
    opened.clock.now_ms += LIFE_MS
    observed = Observed(opened.store)
    slow, fast = node(observed), node(opened.store)
    observed.before_run = fast.start
    opened.await_(slow.start())
    assert keys_of(opened) == [(1, ACTIVE), (2, PUBLISHED)]
    assert slow.seal(of_key(2)) == fast.seal(of_key(2))


def test_unknown_number_is_looked_for_once_when_many_ask(opened: Opened) -> None:
    """Sixty-four calls with tokens of a key this node has not heard of: one look, none refused."""
    other, observed = started(opened), Observed(opened.store)
    keeper = node(observed)
    opened.await_(keeper.start())
    opened.await_(replace_key(opened, other))
    token, before = other.seal(of_key(2)), observed.reads

    async def ask() -> list[Reference | None]:
        return await asyncio.gather(*(keeper.open(token, KINDS) for _ in range(64)))

    assert opened.await_(ask()) == [of_key(2)] * 64
    assert observed.reads - before <= 2, "one for the first, and one for those who came while it was under way"


def test_look_under_way_is_not_enough_for_those_who_come_later(opened: Opened) -> None:
    """It may have read before the key they ask for was stored."""
    other, observed = started(opened), Observed(opened.store)
    keeper = node(observed)
    opened.await_(keeper.start())

    async def ask() -> Reference | None:
        early = asyncio.create_task(keeper.reload())
        await asyncio.sleep(0)
        assert observed.reads, "it has read, and its answer is under way"
        await other.publish(SEALING, by="test")
        await other.reload()
        late = await keeper.open(other.seal(of_key(2)), KINDS)
        await early
        return late

    assert opened.await_(ask()) == of_key(2)


def test_made_up_number_unwraps_nothing(opened: Opened) -> None:
    """A stranger's token names a key of the future: it costs a read, and is refused."""
    keeper, observed = started(opened), Observed(opened.store)
    watched = node(observed)
    opened.await_(watched.start())
    rings, before = watched.rings, observed.reads
    assert opened.await_(watched.open(renumbered(keeper.seal(of_key(1)), 2), KINDS)) is None
    assert (watched.rings is rings, observed.reads - before) == (True, 1)


def test_forgotten_number_is_refused_unread(opened: Opened) -> None:
    """A number below the ring's never comes back."""
    keeper, observed = started(opened), Observed(opened.store)
    watched = node(observed)
    opened.await_(watched.start())
    before = observed.reads
    assert opened.await_(watched.open(renumbered(keeper.seal(of_key(1)), 0), KINDS)) is None
    assert observed.reads == before


def test_keys_wrapped_by_a_key_we_lack_stop_a_start_and_nothing_else(opened: Opened) -> None:
    """An operator wrapped the keys anew before servers knew how: those that run go on with what they loaded."""
    keeper, stranger = started(opened), Keeper(opened.store, make_kek(2), SystemEntropy(), cell=CELL)
    token = keeper.seal(of_key(1))
    opened.save(*(KeyForgotten(use, 1, "test") for use in KeyUse))
    opened.await_(stranger.start())
    with pytest.raises(KeyEncryptionError):
        opened.await_(node(opened.store).start())
    with pytest.raises(Unavailable):
        opened.await_(keeper.reload())
    assert opened.await_(keeper.open(token, KINDS)) == of_key(1)


@pytest.mark.parametrize("due_ms", [LIFE_MS, LIFE_MS + KNOWN_MS], ids=["a key", "a change"])
def test_wrong_key_encryption_key_changes_no_keys_when_a_rotation_is_due(opened: Opened, due_ms: int) -> None:
    """A start with the wrong key file fails; with the right one, afterwards, everything is as it was."""
    before = opened.read(KeysLookup()).keys
    opened.clock.now_ms += due_ms
    stranger = Keeper(opened.store, make_kek(2), SystemEntropy(), cell=CELL)
    with pytest.raises(KeyEncryptionError):
        opened.await_(stranger.start())
    assert opened.read(KeysLookup()).keys == before
    started(opened)


def test_secret_wrapped_by_a_key_we_lack_is_trouble_of_the_world(opened: Opened) -> None:
    """The key file was changed under a node: until its restart it says that it cannot, and not that it is broken."""
    keeper, changed, person = started(opened), make_kek(2, 1), ExtensionId(7)
    ours, theirs = (seal_totp_secret(kek, b"s" * 20, extension_id=person) for kek in (keeper.kek, changed))
    assert keeper.unwrap(lambda kek: open_totp_secret(kek, ours, extension_id=person)) == b"s" * 20
    with pytest.raises(Unavailable):
        keeper.unwrap(lambda kek: open_totp_secret(kek, theirs, extension_id=person))


def test_node_makes_no_key_when_the_key_file_was_changed_under_it(opened: Opened) -> None:
    """What it would wrap, nobody could open once the old key has left the file."""
    keeper = started(opened)
    changed = make_kek(2, 1)
    opened.save(*(KeyStored(rewrap_key(changed, key), "test") for key in opened.read(KeysLookup()).keys))
    opened.clock.now_ms += LIFE_MS
    with pytest.raises(KeyEncryptionError):
        opened.await_(keeper.rotate())
    with pytest.raises(KeyEncryptionError):
        opened.await_(keeper.publish(SEALING, by="test"))
    assert all(changed.is_current(key.wrapped) for key in opened.read(KeysLookup()).keys)
