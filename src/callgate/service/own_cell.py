"""Whose database it is. Tokens begin with their cell's name: a server of another name would refuse all of them."""

from contextlib import suppress

from structlog.typing import FilteringBoundLogger

from callgate.config import ConfigError
from callgate.model.failure import Unavailable
from callgate.storage.load_upkeep import find_cell
from callgate.storage.pen import Pen
from callgate.storage.port import Engine, Health
from callgate.storage.save_upkeep import name_cell


async def start_as(cell: str, store: Engine, *, log: FilteringBoundLogger) -> None:
    """Start a store, and name its cell where nobody has; where nothing can be written, the log says so.

    Raises ConfigError for the database of another cell, and what the store raises.
    """

    def claim(pen: Pen) -> str:
        found = find_cell(pen.view)
        if found is None:
            name_cell(pen, cell)
        return found or cell

    await store.start()
    if store.health is Health.READ_ONLY:
        log.warning("storage", outcome="read-only", trouble="the file or its file system: mend that, then restart")
    own = cell
    with suppress(Unavailable):
        own = await store.work(claim)
    if own != cell:
        problem = (
            f"server.cell: the database is of cell {own}, whose tokens begin with that name: a server named {cell} "
            f"would refuse all of them. Set it to {own}, or database.url to another database"
        )
        raise ConfigError([problem])
