"""Devices that ask whether somebody has said yes: when each asked last, and how long it is to wait.

Kept on a shelf: a pace that is lost costs a read more; to write it down would cost a commit for each poll.
"""

from callgate.model.ids import ClientId, RowId
from callgate.protocol.device import Poll, pace
from callgate.storage.shelf import Shelf


class Polls:
    """The paces of one server's devices."""

    def __init__(self, paces: Shelf[Poll]) -> None:
        self._paces = paces

    async def comes_too_soon(self, row_id: RowId, client_id: ClientId) -> bool:
        """Note a poll; True where it is to be told to slow down. Another app's polls are no matter of the device's."""
        return await self._paces.change((row_id, client_id), lambda before, now_ms: pace(before, now_ms=now_ms))
