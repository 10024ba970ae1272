"""Call queues read: an account's queues, one of them, and its members."""

from typing import Final, cast

from callgate.model.account import Extension, ExtensionType
from callgate.model.ids import ExtensionId
from callgate.model.queues import (
    ChoiceFacts,
    ChoiceLookup,
    ExtensionsPage,
    Queue,
    QueueActFacts,
    QueueActLookup,
    QueueFacts,
    QueueListLookup,
    QueueLookup,
    QueueMembersFacts,
    QueueMembersLookup,
    QueueSettings,
)
from callgate.storage.load_view import View
from callgate.storage.rows import Row, Value, columns, extension_from, queue_settings_from

_DEPARTMENT: Final = ExtensionType.DEPARTMENT.value
_EXTENSION: Final = columns(Extension._fields, "extension")

_QUEUES: Final = "FROM extension WHERE account_id = ? AND type = ?"
_QUEUES_OF: Final = f"{_QUEUES} AND id IN (SELECT queue_id FROM queue_member WHERE extension_id = ?)"
_PAGE: Final = f"SELECT {_EXTENSION} {{queues}} ORDER BY id LIMIT ? OFFSET ?"
_TOTAL: Final = "SELECT count(*) {queues}"

_QUEUE: Final = f"""
SELECT {_EXTENSION}, {columns(QueueSettings._fields, "queue")}
FROM extension LEFT JOIN queue ON queue.queue_id = extension.id
WHERE extension.id = ? AND extension.account_id = ? AND extension.type = ?
"""
_MEMBERS: Final = f"""
SELECT {_EXTENSION} FROM queue_member JOIN extension ON extension.id = queue_member.extension_id
WHERE queue_member.queue_id = ? ORDER BY queue_member.extension_id LIMIT ? OFFSET ?
"""
_MEMBERS_TOTAL: Final = "SELECT count(*) FROM queue_member WHERE queue_id = ?"
_MEMBER_IDS: Final = "SELECT extension_id FROM queue_member WHERE queue_id = ?"
_QUEUE_IDS: Final = "SELECT queue_id FROM queue_member WHERE extension_id = ?"
_NAMED: Final = f"SELECT {_EXTENSION} FROM extension WHERE id = ? AND account_id = ?"


def load_queue_list(view: View, lookup: QueueListLookup) -> ExtensionsPage:
    """Answer `QueueListLookup`."""
    query = lookup.query
    queues, values = _QUEUES, cast("tuple[Value, ...]", (query.account_id, _DEPARTMENT))
    if query.member_id is not None:
        queues, values = _QUEUES_OF, (*values, query.member_id)
    total = view.rows(_TOTAL.format(queues=queues), values)[0][0]
    rows = view.rows(_PAGE.format(queues=queues), (*values, query.page.size, query.page.start))
    return ExtensionsPage(tuple(extension_from(row) for row in rows), cast("int", total))


def load_queue(view: View, lookup: QueueLookup) -> QueueFacts:
    """Answer `QueueLookup`."""
    return QueueFacts(_find_queue(view, lookup))


def load_queue_members(view: View, lookup: QueueMembersLookup) -> QueueMembersFacts:
    """Answer `QueueMembersLookup`."""
    query = lookup.query
    if _find_queue(view, QueueLookup(query.account_id, query.queue_id)) is None:
        return QueueMembersFacts(None)
    total = view.rows(_MEMBERS_TOTAL, (query.queue_id,))[0][0]
    rows = view.rows(_MEMBERS, (query.queue_id, query.page.size, query.page.start))
    return QueueMembersFacts(ExtensionsPage(tuple(extension_from(row) for row in rows), cast("int", total)))


def load_queue_act(view: View, lookup: QueueActLookup) -> QueueActFacts:
    """Answer `QueueActLookup`."""
    named = (view.row(_NAMED, (extension_id, lookup.account_id)) for extension_id in sorted(lookup.named))
    members = view.rows(_MEMBER_IDS, (lookup.queue_id,))
    return QueueActFacts(
        queue=_find_queue(view, QueueLookup(lookup.account_id, lookup.queue_id)),
        members=frozenset(ExtensionId(cast("int", row[0])) for row in members),
        named=tuple(extension_from(row) for row in named if row is not None),
    )


def load_choice(view: View, lookup: ChoiceLookup) -> ChoiceFacts:
    """Answer `ChoiceLookup`."""
    member = view.row(_NAMED, (lookup.member_id, lookup.account_id))
    asked = sorted(lookup.named)
    found = (_find_queue(view, QueueLookup(lookup.account_id, queue_id)) for queue_id in asked)
    named = tuple(queue.extension for queue in found if queue is not None)
    return ChoiceFacts(
        member=extension_from(member) if member else None,
        named=named,
        sizes={queue.id: cast("int", view.rows(_MEMBERS_TOTAL, (queue.id,))[0][0]) for queue in named},
        now=frozenset(ExtensionId(cast("int", row[0])) for row in view.rows(_QUEUE_IDS, (lookup.member_id,))),
    )


def _find_queue(view: View, lookup: QueueLookup) -> Queue | None:
    row = view.row(_QUEUE, (lookup.queue_id, lookup.account_id, _DEPARTMENT))
    return _queue(row) if row else None


def _queue(row: Row) -> Queue:
    split = len(Extension._fields)
    extension, settings = extension_from(row[:split]), row[split:]
    if settings[0] is None:
        return Queue(extension, QueueSettings(extension.id, extension.account_id))
    return Queue(extension, queue_settings_from(settings))
