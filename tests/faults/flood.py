"""A flood beside the lanes: `wrk` reads with one token, as fast as it is answered, and counts whatever was not.

A lane's request costs more here than there; a million of these take minutes. What lanes know of their sessions it does
not: it sees that each request was answered, and with 200.
"""

import asyncio
import re
import shutil
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

from tests.faults.founding import World
from tests.faults.traffic import SELF, TOKEN
from tests.faults.wire import Wire

PROGRAM = shutil.which("wrk")
CONNECTIONS = 8
SLICE_S = 10
"""After it the next `wrk` begins: only when it ends does it say what it counted."""

_REQUESTS = re.compile(r"(\d+) requests in ")
_UNANSWERED = re.compile(r"Socket errors: connect (\d+), read (\d+), write (\d+), timeout (\d+)")
_REFUSED = re.compile(r"Non-2xx or 3xx responses: (\d+)")


@dataclass(slots=True)
class Flood:
    """What was asked, and what of it failed, in wrk's words."""

    requests: int = 0
    failures: list[str] = field(default_factory=list)

    @asynccontextmanager
    async def flowing(self, world: World, port: int) -> AsyncIterator[None]:
        """Half of it on kept connections, half on new ones for each request; for as long as this lasts."""
        token, over = await _token(world, port), asyncio.Event()
        flows = [asyncio.create_task(self._flow(port, token, over, fresh=fresh)) for fresh in (False, True)]
        try:
            yield
        finally:
            over.set()
            await asyncio.gather(*flows)

    async def _flow(self, port: int, token: str, over: asyncio.Event, *, fresh: bool) -> None:
        assert PROGRAM, "needs wrk: apt-get install wrk"
        command = [PROGRAM, "-t1", f"-c{CONNECTIONS}", f"-d{SLICE_S}s", "--timeout", "60s"]
        command += ["-H", f"Authorization: Bearer {token}", *(("-H", "Connection: close") if fresh else ())]
        while not over.is_set():
            wrk = await asyncio.create_subprocess_exec(
                *command, f"http://127.0.0.1:{port}{SELF}", stdout=asyncio.subprocess.PIPE
            )
            said, _ = await wrk.communicate()
            self._count(said.decode())

    def _count(self, said: str) -> None:
        asked = _REQUESTS.search(said)
        assert asked, said
        self.requests += int(asked[1])
        self.failures += [found[0] for kind in (_UNANSWERED, _REFUSED) if (found := kind.search(said))]


async def _token(world: World, port: int) -> str:
    wire = await Wire.connect(port)
    answer = await wire.post(TOKEN, world.service, {"grant_type": "client_credentials"})
    wire.close()
    return answer.text("access_token")
