"""The keeper of keys: a node's rings, loaded from the store and unwrapped, reloaded when they are old or lack a number.

Rotation is carried out here too: publish, activate, retire, forget, each one a change like any other (architecture.md,
idea 3). When each is due is judged in crypto/rotation.
"""

import asyncio
from collections.abc import Callable, Iterable, Sequence
from contextlib import suppress
from functools import partial
from typing import NamedTuple, TypeVar

from callgate.crypto.entropy import Entropy
from callgate.crypto.kek import KeyEncryptionError, KeyEncryptionKey
from callgate.crypto.keys import Purpose, new_root, open_ring, unwrap_key
from callgate.crypto.rotation import POLICIES, RotationPlan, plan_rotation
from callgate.crypto.sealed_box import SealedBox
from callgate.crypto.signing_keys import SigningKeys, jwks_document, new_signing_key, open_signing_keys
from callgate.crypto.tokens import Sealer, UnknownKey
from callgate.model.changes import KeyForgotten, KeyStored
from callgate.model.decisions import Done
from callgate.model.facts import KeysFacts
from callgate.model.failure import Unavailable
from callgate.model.key import KeyState, KeyUse, StoredKey
from callgate.model.lookups import KeysLookup
from callgate.model.reference import Reference, TokenKind
from callgate.storage.port import Store, Unit

T = TypeVar("T")

BY_CLOCK = "rotation"
"""Who changes keys when they are due, as the audit log names it."""


class Rings(NamedTuple):
    """Everything unwrapped, of one load."""

    sealer: Sealer
    form_box: SealedBox
    cookie_box: SealedBox
    sso_box: SealedBox
    sync_box: SealedBox
    credentials: SigningKeys
    id_rs256: SigningKeys
    id_es256: SigningKeys
    jwks: bytes

    def __repr__(self) -> str:
        return f"Rings({self.sealer!r}, …)"


class _Made(NamedTuple):
    """A key made before the transaction that stores it; it opens only under the number it was wrapped for."""

    number: int
    wrapped: bytes

    def __repr__(self) -> str:
        return f"_Made(number={self.number}, …)"


class Keeper:
    """Gives the rings of now. `start` before anything else; it makes the first keys of a new cell."""

    def __init__(self, store: Store, kek: KeyEncryptionKey, entropy: Entropy, *, cell: str) -> None:
        self._store = store
        self._kek = kek
        self._entropy = entropy
        self._cell = cell
        self._rings: Rings | None = None
        self._loaded: tuple[StoredKey, ...] | None = None
        self._looking = asyncio.Lock()
        self._looks_begun = 0
        self._look_done = 0

    @property
    def rings(self) -> Rings:
        """The rings as last loaded."""
        assert self._rings is not None, "start() comes first"
        return self._rings

    @property
    def loaded(self) -> tuple[StoredKey, ...]:
        """The rows that the rings were opened from."""
        return self._loaded or ()

    @property
    def kek(self) -> KeyEncryptionKey:
        """The key outside the database, to wrap secrets that must be read again."""
        return self._kek

    def unwrap(self, opened: Callable[[KeyEncryptionKey], T]) -> T:
        """What `opened` makes of such a secret with the key. Raises Unavailable.

        The key file was changed under us then, and a restart reads it anew (docs/operating.md, "Keys").
        """
        try:
            return opened(self._kek)
        except KeyEncryptionError as error:
            raise Unavailable(str(error)) from error

    async def start(self) -> None:
        """Make what is missing, carry out what is due, and load. Raises Unavailable and KeyEncryptionError.

        Where nothing can be written, what is due waits: the keys that are there seal and open.
        """
        with suppress(Unavailable):
            await self._carry_out_due()
        await self._look()

    async def rotate(self) -> None:
        """Carry out what each use's plan finds due, then load. Safe to repeat and to run on every node.

        Raises Unavailable, and KeyEncryptionError as `publish` does.
        """
        await self._carry_out_due()
        await self.reload()

    async def reload(self) -> None:
        """Look for new keys, and load them if there are any. Raises Unavailable."""
        try:
            await self._look()
        except KeyEncryptionError as error:
            raise Unavailable(str(error)) from error

    async def publish(self, use: KeyUse, *, by: str) -> int | None:
        """Publish a new key by hand: the next `rotate` after its waiting time activates it.

        Gives its number, or None while one waits already. Raises Unavailable, and KeyEncryptionError where the keys
        that are there do not open: nobody could open what we would wrap.
        """
        while True:
            keys = _of_use((await self._store.read(KeysLookup())).keys, use)
            if any(key.state is KeyState.PUBLISHED for key in keys):
                return None
            made = await self._make(use, _next_number(keys))
            decide = partial(self._publish, use=use, made=made, by=by)
            if (await self._store.run(Unit(KeysLookup(), decide))).changes:
                return made.number

    def seal(self, reference: Reference) -> str:
        """The one string of a reference. Its key number was read from this ring or from a row it sealed."""
        sealed = self.rings.sealer.seal(reference)
        assert isinstance(sealed, str), f"key {reference.key_number} is not in the ring"
        return sealed

    async def open(self, text: str, kinds: Iterable[TokenKind]) -> Reference | None:
        """The reference in a token, or None; an unknown key number means one reload before refusal."""
        opened = self.rings.sealer.open_any(text, kinds)
        if isinstance(opened, UnknownKey):
            await self.reload()
            opened = self.rings.sealer.open_any(text, kinds)
        return None if isinstance(opened, UnknownKey) else opened

    async def knows(self, number: int) -> None:
        """Make sure a row's key number is in the ring before its tokens are sealed."""
        if not self.rings.sealer.knows(number):
            await self.reload()

    async def _look(self) -> None:
        """Callers at the same time share one look, and it began after they called: one before may have missed a key.

        Rows as loaded are not unwrapped again, so that made-up key numbers cost a read each and no more.
        """
        before = self._looks_begun
        async with self._looking:
            if self._look_done > before:
                return
            self._looks_begun += 1
            self._load((await self._store.read(KeysLookup())).keys)
            self._look_done = self._looks_begun

    async def _carry_out_due(self) -> None:
        """Look first: nearly always nothing is due, and a pair takes a tenth of a second to make."""
        for use in POLICIES:
            facts = await self._store.read(KeysLookup())
            plan = _plan(facts, use)
            if plan == RotationPlan():
                continue
            made = await self._make(use, _next_number(_of_use(facts.keys, use))) if plan.make else None
            await self._store.run(Unit(KeysLookup(), partial(self._carry_out, use=use, made=made)))

    async def _make(self, use: KeyUse, number: int) -> _Made:
        if use is KeyUse.SEALING:
            return _Made(number, new_root(self._kek, self._entropy, number=number))
        return _Made(number, await asyncio.to_thread(new_signing_key, self._kek, use=use, number=number))

    def _carry_out(self, facts: KeysFacts, *, use: KeyUse, made: _Made | None) -> Done:
        """What is due by the facts of the transaction.

        A key whose number went to another's meanwhile is not stored: it would replace one that tokens are sealed with.
        """
        self._require_opens(facts)
        plan = _plan(facts, use)
        changes: list[KeyStored | KeyForgotten] = [KeyStored(key, BY_CLOCK) for key in plan.changed]
        changes += [KeyForgotten(use, number, BY_CLOCK) for number in plan.forgotten]
        if plan.make and made and made.number == _next_number(_of_use(facts.keys, use)):
            changes.append(_stored(use, made, state=plan.make, now_ms=facts.now_ms, by=BY_CLOCK))
        return Done(tuple(changes))

    def _publish(self, facts: KeysFacts, *, use: KeyUse, made: _Made, by: str) -> Done:
        self._require_opens(facts)
        keys = _of_use(facts.keys, use)
        waits = any(key.state is KeyState.PUBLISHED for key in keys)
        if waits or made.number != _next_number(keys):
            return Done()
        return Done((_stored(use, made, state=KeyState.PUBLISHED, now_ms=facts.now_ms, by=by),))

    def _require_opens(self, facts: KeysFacts) -> None:
        """One row that the others' key file does not open would stop every later start."""
        for key in facts.keys:
            unwrap_key(self._kek, key)

    def _load(self, stored: tuple[StoredKey, ...]) -> None:
        if stored == self._loaded:
            return
        ring = open_ring(stored, self._kek)
        credentials = open_signing_keys(stored, self._kek, use=KeyUse.JWT_CREDENTIAL)
        id_rs256 = open_signing_keys(stored, self._kek, use=KeyUse.ID_TOKEN_RS256)
        id_es256 = open_signing_keys(stored, self._kek, use=KeyUse.ID_TOKEN_ES256)
        if ring is None or credentials is None or id_rs256 is None or id_es256 is None:
            raise Unavailable("the database has no keys yet, and none could be written")
        self._rings = Rings(
            sealer=Sealer(ring, cell=self._cell),
            form_box=SealedBox(ring, Purpose.FORM_STATE, self._entropy),
            cookie_box=SealedBox(ring, Purpose.COOKIES, self._entropy),
            sso_box=SealedBox(ring, Purpose.SINGLE_SIGN_ON, self._entropy),
            sync_box=SealedBox(ring, Purpose.SYNC_TOKENS, self._entropy),
            credentials=credentials,
            id_rs256=id_rs256,
            id_es256=id_es256,
            jwks=jwks_document(id_rs256, id_es256).encode(),
        )
        self._loaded = stored


def _of_use(keys: Iterable[StoredKey], use: KeyUse) -> list[StoredKey]:
    return [key for key in keys if key.use is use]


def _next_number(keys: Sequence[StoredKey]) -> int:
    return max((key.number for key in keys), default=0) + 1


def _plan(facts: KeysFacts, use: KeyUse) -> RotationPlan:
    return plan_rotation(_of_use(facts.keys, use), POLICIES[use], now_ms=facts.now_ms)


def _stored(use: KeyUse, made: _Made, *, state: KeyState, now_ms: int, by: str) -> KeyStored:
    active_ms = now_ms if state is KeyState.ACTIVE else None
    return KeyStored(StoredKey(use, made.number, state, made.wrapped, now_ms, active_ms, None), by)
