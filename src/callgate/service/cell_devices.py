"""Devices where there are several cells: one begins at the cell whose door it came to, and goes to that of its person.

Its code opens at every cell, its row is at one (docs/adr/0076-devices-go-to-their-people.md).
"""

from collections.abc import Awaitable, Callable, Sequence
from functools import partial
from typing import Final

import orjson

from callgate.crypto.cell_keys import CellKeys
from callgate.crypto.tokens import cell_named
from callgate.model.decisions import Denied
from callgate.model.device import USER_CODE_ALPHABET, DeviceCode, DeviceState
from callgate.model.device_grant import UserCodeLookup
from callgate.model.failure import Unavailable
from callgate.model.ids import RowId
from callgate.model.lookups import AuthorizeLookup
from callgate.model.reference import Reference, TokenKind
from callgate.protocol import device as protocol
from callgate.storage.port import Store, Unit

AskAll = Callable[[bytes], Awaitable[Sequence[bytes | None]]]
"""What each of the other cells answers to a question; None of one that does not."""

_TOLD: Final = ("id", "client_id", "user_code", "scope", "network", "opened_ms", "expires_ms")


class CellDevices:
    """The devices of this cell among those of all."""

    def __init__(self, own: str, names: Sequence[str], *, keys: CellKeys, store: Store, ask_all: AskAll) -> None:
        self._own = own
        self._names = names
        self._sealers = {name: keys.device_sealer(name) for name in names}
        self._store = store
        self._ask_all = ask_all

    def cell_of_user_code(self, code: str) -> str:
        """Where such a code begins: its first two letters tell, so that nobody need be asked about guesses."""
        first, second = map(USER_CODE_ALPHABET.index, code[:2])
        return self._names[(first + second * len(USER_CODE_ALPHABET)) % len(self._names)]

    def is_own(self, user_code: str) -> bool:
        """Whether such a code begins here."""
        return self.cell_of_user_code(user_code) == self._own

    def seal(self, reference: Reference) -> str:
        """The code of a device that begins here."""
        sealer = self._sealers[self._own]
        sealed = sealer.seal(reference._replace(key_number=sealer.active_key_number))
        assert isinstance(sealed, str), "it is the active key"
        return sealed

    def open(self, code: str) -> Reference | None:
        """What a device's code opens, wherever it began."""
        sealer = self._sealers.get(cell_named(code) or "")
        opened = None if sealer is None else sealer.open(TokenKind.DEVICE, code)
        return opened if isinstance(opened, Reference) else None

    def row_of(self, code: str) -> RowId | None:
        """The row it opens, at whichever cell that is."""
        opened = self.open(code)
        return None if opened is None else opened.row_id

    async def fetch(self, user_code: str) -> None:
        """Have a device that waits at another cell wait here. Raises Unavailable where one that may have it is silent.

        The cell that has it lets go of it before it says so, and whoever else asks gets nothing: it waits at one cell,
        or, where the way was cut in between, at none, and its person is told to begin again.
        """
        said = await self._ask_all(orjson.dumps({"waits": user_code}))
        device = next((each for each in map(_read, said) if each is not None), None)
        if device is not None:
            lookup = AuthorizeLookup(device.client_id, None, user_code)
            await self._store.run(Unit(lookup, partial(protocol.take_over, device)))
        elif None in said:
            raise Unavailable("a cell that may have the device does not answer")

    async def hand_over(self, user_code: str) -> bytes | None:
        """Another cell has its person: from now on it waits there. None where it does not wait here."""
        decision = await self._store.run(Unit(UserCodeLookup(user_code), protocol.hand_over))
        if isinstance(decision, Denied):
            return None
        device = decision.device
        told = {name: getattr(device, name) for name in _TOLD}
        return orjson.dumps(told | {"secret_sha256": device.secret_sha256.hex()})


def _read(said: bytes | None) -> DeviceCode | None:
    told = orjson.loads(said) if said is not None else {}
    if "id" not in told:
        return None
    known = {name: told[name] for name in _TOLD}  # a cell of another version may say more
    return DeviceCode(**known, secret_sha256=bytes.fromhex(told["secret_sha256"]), state=DeviceState.PENDING)
