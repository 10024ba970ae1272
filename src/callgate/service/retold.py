"""Explanations told on: why one process refused a request, for whichever process of the cell its app asks.

A refusal is put on the shelf after its answer, one at a time, and nothing waits for it. Whoever shares the shelf can
neither read nor forge one: it is sealed, bound to its app and request. It is bounded twice over. Each app has so many
places, and which one is a refusal's follows from its request id, so that a flood in one app's name overwrites its own;
and a process that has too much to tell drops the oldest: its own memory (events.py) and the log have it all the same.
"""

import asyncio
from collections import deque
from hashlib import sha256
from typing import Final, NamedTuple

import orjson

from callgate.crypto.sealed_box import PAYLOAD_BYTES_MAX
from callgate.model.faults import Audience, Fault
from callgate.model.ids import ClientId
from callgate.service.clock import Clock
from callgate.service.keeper import Keeper
from callgate.storage.shelf import Key, Shelf, Step

KEEP_MS: Final = 3_600_000

PLACES: Final = 4096
"""Of one app: some 2 MB, an hour after a flood in its name."""

WAITING_MAX: Final = 256


class Explanation(NamedTuple):
    """Why a request was denied, for the fault's audience."""

    request_id: str
    at_ms: int
    endpoint: str
    fault: Fault
    why: str
    client_id: ClientId


class Sealed(NamedTuple):
    """An explanation as it lies on the shelf."""

    text: str


class Retold:
    """One process's part in it."""

    def __init__(self, shelf: Shelf[Sealed], keeper: Keeper, clock: Clock) -> None:
        self._shelf = shelf
        self._keeper = keeper
        self._clock = clock
        self._waiting: deque[Explanation] = deque(maxlen=WAITING_MAX)
        self._task: asyncio.Task[None] | None = None

    def tell(self, explanation: Explanation) -> None:
        """Have it put on the shelf."""
        self._waiting.append(explanation)
        if self._task is None or self._task.done():
            self._task = asyncio.get_running_loop().create_task(self._tell_on())

    async def ask(self, request_id: str, client_id: ClientId) -> Explanation | None:
        """What any process told of this app's request within the hour."""
        found = await self._shelf.change(_place(request_id, client_id), lambda before, _: (before, before))
        if found is None:
            return None
        bound_to = _binding(request_id, client_id)
        opened = self._keeper.rings.form_box.open(found.text, self._clock.now_ms(), bound_to=bound_to)
        if not isinstance(opened, bytes):
            return None
        at_ms, endpoint, why, code, error, text, remedy, audience = orjson.loads(opened)
        fault = Fault(code=code, error=error, text=text, remedy=remedy, audience=Audience(audience))
        return Explanation(request_id, at_ms, endpoint, fault, why, client_id)

    async def _tell_on(self) -> None:
        while self._waiting:
            each = self._waiting.popleft()
            fault = each.fault
            told = [each.at_ms, each.endpoint, each.why, fault.code, fault.error, fault.text, fault.remedy]
            payload = orjson.dumps([*told, fault.audience.value])
            if len(payload) > PAYLOAD_BYTES_MAX:
                continue
            expires_ms = self._clock.now_ms() + KEEP_MS
            bound_to = _binding(each.request_id, each.client_id)
            sealed = Sealed(self._keeper.rings.form_box.seal(payload, expires_ms, bound_to=bound_to))
            await self._shelf.change(_place(each.request_id, each.client_id), _putting(sealed))


def _putting(sealed: Sealed) -> Step[Sealed, None]:
    def put(_before: Sealed | None, _now_ms: int) -> tuple[Sealed, None]:
        return sealed, None

    return put


def _place(request_id: str, client_id: ClientId) -> Key:
    digest = sha256(request_id.encode("utf-8", "surrogatepass")).digest()
    return ("refusal", client_id, int.from_bytes(digest[:4], "big") % PLACES)


def _binding(request_id: str, client_id: ClientId) -> bytes:
    return b"refusal " + orjson.dumps([client_id, request_id.encode("utf-8", "surrogatepass").hex()])
