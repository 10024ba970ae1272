"""Call queues: found, measured, and given people."""

from collections.abc import Callable

from callgate.model.account import Extension
from callgate.model.acts import Refused
from callgate.model.decisions import Done
from callgate.model.ids import ExtensionId
from callgate.model.queues import Queue, QueueActLookup, QueueLookup, QueueSettings
from callgate.protocol.administer import queues
from callgate.service.administer.desk import Desk
from callgate.service.administer.finding import find_person


async def find_queue(desk: Desk, word: str) -> Queue | Refused:
    """By extension id, or +number*extension. Raises Unavailable."""
    extension = await find_person(desk, word)
    if isinstance(extension, Refused):
        return Refused(f"there is no queue {word!r}: give its id, or +number*extension")
    queue = (await desk.store.read(QueueLookup(extension.account_id, extension.id))).queue
    return queue or Refused(f"{extension.name} is no queue: it is of type {extension.type.value}")


async def change_settings(
    desk: Desk, queue: Extension, edit: Callable[[QueueSettings], QueueSettings]
) -> Done | Refused:
    """A queue's settings after an edit. Raises Unavailable."""
    return await desk.carry_out(
        QueueActLookup(queue.account_id, queue.id),
        lambda facts: queues.change_settings(edit, facts=facts, by=desk.by),
    )


async def change_members(
    desk: Desk,
    queue: Extension,
    *,
    added: frozenset[ExtensionId] = frozenset(),
    removed: frozenset[ExtensionId] = frozenset(),
) -> Done | Refused:
    """People added to a queue, and removed from it. Raises Unavailable."""
    return await desk.carry_out(
        QueueActLookup(queue.account_id, queue.id, added),
        lambda facts: queues.change_members(added=added, removed=removed, facts=facts, by=desk.by),
    )
