"""The operations of the resource API: what an app must be granted, and a person allowed, for each (protocol.md B, I).

One row serves the route table, the judgement (protocol/resources.py) and the documentation.
"""

from typing import NamedTuple

from callgate.model.limits import RateGroup
from callgate.model.permission import COMPANY_CALL_LOG


class Operation(NamedTuple):
    """One operation. Any one of `permissions` is enough, the first is named when none is there; empty asks for none.

    `own_permissions` are asked instead where the extension in the path is the caller's own. `group` says what a
    call weighs.
    """

    method: str
    path: str
    summary: str
    scope: str
    group: RateGroup
    permissions: tuple[str, ...] = ()
    own_permissions: tuple[str, ...] = ()


_ACCOUNT = "/restapi/v1.0/account/{accountId}"
_EXTENSION = f"{_ACCOUNT}/extension/{{extensionId}}"
_READ_EXTENSIONS = ("ReadExtensions",)
_READ_CALL_LOG = ("ReadCallLog",)

READ_ACCOUNT = Operation(
    "GET", _ACCOUNT, "The account: its number, operator and status", "ReadAccounts", RateGroup.LIGHT
)
LIST_EXTENSIONS = Operation(
    "GET", f"{_ACCOUNT}/extension", "The extensions of the account", "ReadAccounts", RateGroup.MEDIUM, _READ_EXTENSIONS
)
READ_EXTENSION = Operation("GET", _EXTENSION, "One extension", "ReadAccounts", RateGroup.LIGHT, _READ_EXTENSIONS)
LIST_QUEUES = Operation(
    "GET",
    f"{_ACCOUNT}/call-queues",
    "The call queues of the account",
    "ReadAccounts",
    RateGroup.MEDIUM,
    _READ_EXTENSIONS,
)
READ_QUEUE = Operation(
    "GET",
    f"{_ACCOUNT}/call-queues/{{groupId}}",
    "One call queue and its settings",
    "ReadAccounts",
    RateGroup.LIGHT,
    _READ_EXTENSIONS,
)
LIST_QUEUE_MEMBERS = Operation(
    "GET",
    f"{_ACCOUNT}/call-queues/{{groupId}}/members",
    "Who takes the calls of a queue",
    "ReadAccounts",
    RateGroup.LIGHT,
    _READ_EXTENSIONS,
)
READ_COMPANY_CALLS = Operation(
    "GET",
    f"{_ACCOUNT}/call-log",
    "The company's call log, newest first",
    "ReadCallLog",
    RateGroup.HEAVY,
    COMPANY_CALL_LOG,
)
READ_COMPANY_CALL = Operation(
    "GET",
    f"{_ACCOUNT}/call-log/{{callRecordId}}",
    "One call of the company",
    "ReadCallLog",
    RateGroup.HEAVY,
    COMPANY_CALL_LOG,
)
READ_EXTENSION_CALLS = Operation(
    "GET",
    f"{_EXTENSION}/call-log",
    "An extension's call log, newest first",
    "ReadCallLog",
    RateGroup.HEAVY,
    COMPANY_CALL_LOG,
    _READ_CALL_LOG,
)
READ_EXTENSION_CALL = Operation(
    "GET",
    f"{_EXTENSION}/call-log/{{callRecordId}}",
    "One call of an extension",
    "ReadCallLog",
    RateGroup.HEAVY,
    COMPANY_CALL_LOG,
    _READ_CALL_LOG,
)
