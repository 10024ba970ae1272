"""Whether a server can do all that it is for, as load balancers and orchestrators ask.

Asked by anybody, so it costs next to nothing: what the store has seen of itself is read from memory. Only where its
newest batch could not be written is it tried again, once a second at most however many ask, since traffic that was led
away from a server would never tell it that there is room again.
"""

import asyncio
from enum import Enum
from time import monotonic
from typing import Final, NamedTuple, assert_never

from callgate.model.failure import Unavailable
from callgate.storage.port import Engine, Health
from callgate.storage.save_upkeep import touch

STALLED_S: Final = 2.0
"""A batch that takes longer waits for a disk, or another process, that may have stopped."""

TRY_S: Final = 1.0
"""How often a store is tried that could not write."""


class State(Enum):
    """What a server can do now."""

    READY = "ready"
    READ_ONLY = "read-only"
    """Tokens are accepted, and nothing can be written until a restart finds a file system that can be."""

    UNWRITABLE = "unwritable"
    """The disk is full, or another process keeps the database: what was written last was not. It mends itself."""

    STALLED = "stalled"
    """What is to be written has waited for the disk for longer than two seconds."""

    UNREACHABLE = "unreachable"
    """PostgreSQL has not answered a write for seconds: nothing is believed that it was read from."""

    FAILED = "failed"
    """It is unknown what the last commit did: the process is about to end."""

    STOPPED = "stopped"


class Verdict(NamedTuple):
    """A state, and why; that is for whoever operates the server."""

    state: State
    why: str = ""


class Readiness:
    """Asks one store."""

    def __init__(self, store: Engine) -> None:
        self._store = store
        self._trying: asyncio.Task[None] | None = None
        self._tried_s = -TRY_S
        self._why = ""
        self._is_leaving = False

    def leave(self) -> None:
        """The server was told to stop: whoever balances the load shall send nothing more."""
        self._is_leaving = True

    async def look(self) -> Verdict:
        """The state now; takes no longer than a store may take before it counts as stalled."""
        health = self._store.health
        if self._is_leaving and health is Health.SERVING:
            return Verdict(State.STOPPED, "the server was told to stop")
        match health:
            case Health.READ_ONLY:
                return Verdict(State.READ_ONLY, "the file system or the file is read-only")
            case Health.FAILED:
                return Verdict(State.FAILED, "it is unknown what the last commit did")
            case Health.UNREACHABLE:
                return Verdict(State.UNREACHABLE, "PostgreSQL has not answered a write for seconds")
            case Health.STOPPED:
                return Verdict(State.STOPPED)
            case Health.SERVING:
                return await self._look_closer()
            case _:
                assert_never(health)

    async def _look_closer(self) -> Verdict:
        figures = self._store.figures
        if figures.doubtful:
            await self._try()
        if figures.busy_since_s is not None and monotonic() - figures.busy_since_s > STALLED_S:
            return Verdict(State.STALLED, f"{self._store.waiting} units wait behind the batch under way")
        return Verdict(State.UNWRITABLE, self._why) if figures.doubtful else Verdict(State.READY)

    async def _try(self) -> None:
        """Write something; whoever asks meanwhile waits for the same trial."""
        if self._trying is None and monotonic() - self._tried_s >= TRY_S:
            self._trying = asyncio.get_running_loop().create_task(self._touch())
        if self._trying is not None:
            await asyncio.wait({self._trying}, timeout=STALLED_S)

    async def _touch(self) -> None:
        try:
            await self._store.work(touch)
        except Unavailable as trouble:
            self._why = str(trouble)
        finally:
            self._tried_s = monotonic()
            self._trying = None
