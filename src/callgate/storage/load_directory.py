"""The directory read: an account's extensions as the resource API lists them."""

from typing import Final, cast

from callgate.model.account import Extension, ExtensionStatus
from callgate.model.directory import (
    ExtensionFacts,
    ExtensionListFacts,
    ExtensionListLookup,
    ExtensionListQuery,
    ExtensionLookup,
    ListedExtension,
)
from callgate.storage.load_view import View
from callgate.storage.rows import Row, Value, columns, extension_from

# Somebody may have several direct numbers; the directory shows one, always the same.
_LISTED: Final = f"""
SELECT {columns(Extension._fields)},
    (SELECT min(phone.number) FROM phone WHERE phone.extension_id = extension.id), password_hash IS NOT NULL
FROM extension
"""
_ONE: Final = f"{_LISTED} WHERE id = ? AND account_id = ?"
_PAGE: Final = f"{_LISTED} WHERE {{where}} ORDER BY id LIMIT ? OFFSET ?"
_TOTAL: Final = "SELECT count(*) FROM extension WHERE {where}"


def load_extension(view: View, lookup: ExtensionLookup) -> ExtensionFacts:
    """Answer `ExtensionLookup`."""
    row = view.row(_ONE, (lookup.extension_id, lookup.account_id))
    return ExtensionFacts(_listed(row) if row else None)


def load_extension_list(view: View, lookup: ExtensionListLookup) -> ExtensionListFacts:
    """Answer `ExtensionListLookup`."""
    query = lookup.query
    conditions, values = _filter(query)
    where = " AND ".join(conditions)
    total = view.rows(_TOTAL.format(where=where), values)[0][0]
    rows = view.rows(_PAGE.format(where=where), (*values, query.page.size, query.page.start))
    return ExtensionListFacts(tuple(_listed(row) for row in rows), cast("int", total))


def _listed(row: Row) -> ListedExtension:
    *fields, phone_number, has_password = row
    return ListedExtension(extension_from(tuple(fields)), cast("str | None", phone_number), has_password == 1)


def _filter(query: ExtensionListQuery) -> tuple[list[str], tuple[Value, ...]]:
    conditions, values = ["account_id = ?"], [cast("Value", query.account_id)]
    if query.extension_number is not None:
        conditions.append("number = ?")
        values.append(query.extension_number)
    if query.emails:
        conditions.append(f"email_normal IN ({', '.join('?' * len(query.emails))})")
        values.extend(sorted(query.emails))
    if query.types:
        conditions.append(f"type IN ({', '.join('?' * len(query.types))})")
        values.extend(sorted(kind.value for kind in query.types))
    if query.statuses:
        # Unassigned is asked for where extensions have no number, whatever their row says.
        unassigned = "OR number IS NULL" if ExtensionStatus.UNASSIGNED in query.statuses else ""
        conditions.append(f"(status IN ({', '.join('?' * len(query.statuses))}) {unassigned})")
        values.extend(sorted(status.value for status in query.statuses))
    return conditions, tuple(values)
