"""Who may do what on the resource API: the app's scope, the person's permission, the account in the path.

The bearer was admitted before (protocol/bearer.py). The order is the platform's: the app's right first, then whether
the path leads into the caller's own account (another's is not found, so nobody learns which ids exist), then the
person's right, then whether there is such an extension, which only who may see extensions is told.
"""

import re
from typing import NamedTuple

from callgate.model import api_faults
from callgate.model.account import ExtensionStatus, ExtensionType, normalize_email
from callgate.model.decisions import Admitted, Denied
from callgate.model.directory import ExtensionListQuery
from callgate.model.faults import Fault
from callgate.model.ids import AccountId, ExtensionId
from callgate.model.operation import Operation
from callgate.model.permission import holds
from callgate.model.scope import covers
from callgate.protocol.paging import read_page
from callgate.protocol.query import Query, QueryReader

OWN = "~"
"""The caller's own account or extension, in a path."""

ID = re.compile(r"[1-9][0-9]{0,17}", re.ASCII)
"""An id of an account, extension, queue or role."""

_EXTENSION_NUMBER = re.compile(r"[0-9]{1,10}", re.ASCII)
_EMAIL = re.compile(r"[^@\s\x00-\x1f]{1,128}@[^@\s\x00-\x1f]{1,128}")


class Subject(NamedTuple):
    """What a path names: the caller's account and, where the operation is about one, an extension of it."""

    account_id: AccountId
    extension_id: ExtensionId | None


def judge(
    admitted: Admitted, operation: Operation, *, account: str = OWN, extension: str | None = None
) -> Subject | Denied:
    """Whether the bearer may do this on what the path names.

    Args:
        admitted: The bearer.
        operation: What is asked for.
        account: The path's account id, or `~`.
        extension: The path's extension id, or `~`; None where the path has none.
    """
    scope = operation.scope
    if scope is not None and not (
        covers(admitted.session.scope.split(), scope) and covers(admitted.client.scopes, scope)
    ):
        return _lacking(api_faults.SCOPE_MISSING, scope, why=_explain_scope(admitted))
    if account not in {OWN, str(admitted.account.id)}:
        return no_such("accountId", why="the path names another account than the token's")
    extension_id = _find_extension(admitted, extension)
    own = extension_id == admitted.extension.id
    needed = operation.own_permissions if own else operation.permissions
    if needed and not holds(admitted.role.permissions, needed):
        return _lacking(api_faults.PERMISSION_MISSING, needed[0], why=f"role {admitted.role.name} lacks it")
    if extension is not None and extension_id is None:
        return no_such_extension()
    return Subject(admitted.account.id, extension_id)


def parse_extension_list(query: Query, *, subject: Subject) -> ExtensionListQuery | Denied:
    """The page of the account's extensions a query asks for; unknown parameters are ignored."""
    reader = QueryReader(query)
    asked = ExtensionListQuery(
        subject.account_id,
        extension_number=reader.text("extensionNumber", form=_EXTENSION_NUMBER),
        emails=frozenset(normalize_email(email) for email in reader.texts("email", form=_EMAIL)),
        statuses=reader.choices("status", among=ExtensionStatus),
        types=reader.choices("type", among=ExtensionType),
        page=read_page(reader),
    )
    return reader.refused or asked


def no_such(parameter: str, *, why: str) -> Denied:
    """There is nothing of the id that this part of the path has."""
    return Denied(fault=api_faults.RESOURCE_UNKNOWN, values=(("parameterName", parameter),), why=why)


def no_such_extension() -> Denied:
    """There is no such extension in the account."""
    return no_such("extensionId", why="no extension of the account has this id")


def no_such_call() -> Denied:
    """There is no such record in this log."""
    return no_such("callRecordId", why="no record of this log has this id")


def no_such_queue() -> Denied:
    """There is no such call queue in the account."""
    return no_such("groupId", why="no call queue of the account has this id")


def find_id(word: str | None) -> int | None:
    """The number an id in a path means, or None for what is no id."""
    return int(word) if word is not None and ID.fullmatch(word) else None


def _find_extension(admitted: Admitted, extension: str | None) -> ExtensionId | None:
    if extension == OWN:
        return admitted.extension.id
    found = find_id(extension)
    return None if found is None else ExtensionId(found)


def _explain_scope(admitted: Admitted) -> str:
    return f"the app has [{' '.join(admitted.client.scopes)}], the token was issued for [{admitted.session.scope}]"


def _lacking(fault: Fault, permission: str, *, why: str) -> Denied:
    return Denied(fault=fault, values=(("permissionName", permission),), why=why)
