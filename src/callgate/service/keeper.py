"""The keeper of keys: a node's rings, loaded from the store and unwrapped, reloaded when they are old or lack a number.

Rotation runs here too: publish, activate, retire, forget, each one a change like any other (architecture.md, idea 3).
"""

import asyncio
from collections.abc import Iterable
from functools import partial
from typing import NamedTuple

from callgate.crypto.entropy import Entropy
from callgate.crypto.kek import KeyEncryptionKey
from callgate.crypto.keys import KeyRing, Purpose, new_root, open_ring
from callgate.crypto.rotation import RotationPlan, RotationPolicy, plan_rotation
from callgate.crypto.sealed_box import SealedBox
from callgate.crypto.signing_keys import SigningKeys, jwks_document, new_signing_key, open_signing_keys
from callgate.crypto.tokens import Sealer, UnknownKey
from callgate.model.changes import KeyForgotten, KeyStored
from callgate.model.decisions import Done
from callgate.model.facts import KeysFacts
from callgate.model.key import KeyState, KeyUse, StoredKey
from callgate.model.lookups import KeysLookup
from callgate.model.policy import REFRESH_TTL_MAX_S
from callgate.model.reference import Reference, TokenKind
from callgate.storage.port import Store, Unit

_DAY_MS = 24 * 3600 * 1000
_LEARN_MS = 60_000
"""A node reloads its keys this often, so a key is published this long before it is used."""

POLICIES = {
    KeyUse.SEALING: RotationPolicy(
        active_for_ms=90 * _DAY_MS, published_for_ms=2 * _LEARN_MS, retired_for_ms=(REFRESH_TTL_MAX_S + 3600) * 1000
    ),
    # A JWT credential may live for decades and is accepted by its row; its key is kept to tell ours from forged.
    KeyUse.JWT_CREDENTIAL: RotationPolicy(
        active_for_ms=None, published_for_ms=2 * _LEARN_MS, retired_for_ms=100 * 365 * _DAY_MS
    ),
    KeyUse.ID_TOKEN_RS256: RotationPolicy(
        active_for_ms=90 * _DAY_MS, published_for_ms=_DAY_MS, retired_for_ms=2 * _DAY_MS
    ),
    KeyUse.ID_TOKEN_ES256: RotationPolicy(
        active_for_ms=90 * _DAY_MS, published_for_ms=_DAY_MS, retired_for_ms=2 * _DAY_MS
    ),
}
"""JWKS clients are told to keep their copy for less than the day an ID-token key is published before use."""


class Rings(NamedTuple):
    """Everything unwrapped, of one load."""

    sealer: Sealer
    form_box: SealedBox
    cookie_box: SealedBox
    credentials: SigningKeys
    id_rs256: SigningKeys
    id_es256: SigningKeys
    jwks: bytes

    def __repr__(self) -> str:
        return f"Rings({self.sealer!r}, …)"


class Keeper:
    """Gives the rings of now. `start` before anything else; it makes the first keys of a new cell."""

    def __init__(self, store: Store, kek: KeyEncryptionKey, entropy: Entropy, *, cell: str) -> None:
        self._store = store
        self._kek = kek
        self._entropy = entropy
        self._cell = cell
        self._reloading: asyncio.Task[None] | None = None
        self._rings: Rings | None = None

    @property
    def rings(self) -> Rings:
        """The rings as last loaded."""
        assert self._rings is not None, "start() comes first"
        return self._rings

    @property
    def kek(self) -> KeyEncryptionKey:
        """The key outside the database, for secrets that must be read again."""
        return self._kek

    async def start(self) -> None:
        """Make what is missing, carry out what is due, and load."""
        await self.rotate()

    async def reload(self) -> None:
        """Load the rings anew; callers at the same time share one load."""
        if self._reloading is None or self._reloading.done():
            self._reloading = asyncio.get_running_loop().create_task(self._load())
        await asyncio.shield(self._reloading)

    async def rotate(self) -> None:
        """Carry out what each use's plan finds due, then load. Safe to repeat and to run on every node."""
        for use, policy in POLICIES.items():
            stored = (await self._store.read(KeysLookup())).keys
            numbers = [key.number for key in stored if key.use is use]
            made = await self._make(use, max(numbers, default=0) + 1)
            await self._store.run(Unit(KeysLookup(), partial(_carry_out, use=use, policy=policy, made=made)))
        await self._load()

    async def publish(self, use: KeyUse) -> int:
        """Publish a new key by hand: the next `rotate` after its waiting time activates it. Gives its number."""
        stored = (await self._store.read(KeysLookup())).keys
        number = max((key.number for key in stored if key.use is use), default=0) + 1
        wrapped = await self._make(use, number)
        await self._store.run(
            Unit(KeysLookup(), lambda facts: Done((_stored(use, number, KeyState.PUBLISHED, wrapped, facts.now_ms),)))
        )
        return number

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

    async def _make(self, use: KeyUse, number: int) -> bytes:
        if use is KeyUse.SEALING:
            return new_root(self._kek, self._entropy, number=number)
        return await asyncio.to_thread(new_signing_key, self._kek, use=use, number=number)

    async def _load(self) -> None:
        stored = (await self._store.read(KeysLookup())).keys
        ring = open_ring(stored, self._kek)
        pairs = {use: open_signing_keys(stored, self._kek, use=use) for use in KeyUse if use is not KeyUse.SEALING}
        credentials = pairs[KeyUse.JWT_CREDENTIAL]
        id_rs256, id_es256 = pairs[KeyUse.ID_TOKEN_RS256], pairs[KeyUse.ID_TOKEN_ES256]
        assert isinstance(ring, KeyRing)
        assert credentials is not None
        assert id_rs256 is not None
        assert id_es256 is not None
        self._rings = Rings(
            sealer=Sealer(ring, cell=self._cell),
            form_box=SealedBox(ring, Purpose.FORM_STATE, self._entropy),
            cookie_box=SealedBox(ring, Purpose.COOKIES, self._entropy),
            credentials=credentials,
            id_rs256=id_rs256,
            id_es256=id_es256,
            jwks=jwks_document(id_rs256, id_es256).encode(),
        )


def _carry_out(facts: KeysFacts, *, use: KeyUse, policy: RotationPolicy, made: bytes) -> Done:
    keys = [key for key in facts.keys if key.use is use]
    plan: RotationPlan = plan_rotation(keys, policy, now_ms=facts.now_ms)
    changes: list[KeyStored | KeyForgotten] = [KeyStored(key, "rotation") for key in plan.changed]
    changes += [KeyForgotten(use, number, "rotation") for number in plan.forgotten]
    if plan.make is not None:
        number = max((key.number for key in keys), default=0) + 1
        changes.append(_stored(use, number, plan.make, made, facts.now_ms))
    return Done(tuple(changes))


def _stored(use: KeyUse, number: int, state: KeyState, wrapped: bytes, now_ms: int) -> KeyStored:
    active_ms = now_ms if state is KeyState.ACTIVE else None
    return KeyStored(StoredKey(use, number, state, wrapped, now_ms, active_ms, None), "rotation")
