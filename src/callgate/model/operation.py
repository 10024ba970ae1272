"""The operations of the resource API: what an app must be granted, and a person allowed, for each (protocol.md B, I).

One row serves the route table, the judgement (protocol/resources.py) and the documentation.
"""

from typing import NamedTuple

from callgate.model.limits import RateGroup
from callgate.model.permission import COMPANY_CALL_LOG


class Operation(NamedTuple):
    """One operation. Any one of `permissions` is enough, the first is named when none is there; empty asks for none.

    `own_permissions` are asked instead where the extension in the path is the caller's own. `scope` None: any token.
    `group` says what a call weighs. `body_bytes_max` 0: there is no body to be read.
    """

    method: str
    path: str
    summary: str
    scope: str | None
    group: RateGroup
    permissions: tuple[str, ...] = ()
    own_permissions: tuple[str, ...] = ()
    body_bytes_max: int = 0


BODY_BYTES_MAX = 16 * 1024
"""What a JSON body may have: one role or one extension, with room."""

_ACCOUNT = "/restapi/v1.0/account/{accountId}"
_DICTIONARY = "/restapi/v1.0/dictionary"
_USER_ROLE = f"{_ACCOUNT}/user-role"
_EXTENSION = f"{_ACCOUNT}/extension/{{extensionId}}"
_CREDENTIALS = f"{_EXTENSION}/jwt-credentials"
_READ_EXTENSIONS = ("ReadExtensions",)
_EDIT_EXTENSIONS = ("EditExtensions",)
_READ_CALL_LOG = ("ReadCallLog",)
_READ_RECORDING = ("ReadCallRecording", "FullCompanyCallLog")
_GROUPS = ("Groups",)
_READ_ROLES = ("ReadUserRoles",)
_EDIT_ROLES = ("EditUserRoles",)
_ROLES = ("Roles",)
_READ_ASSIGNED = ("ReadAssignedRoles",)
_EDIT_ASSIGNED = ("EditAssignedRoles",)

READ_ACCOUNT = Operation(
    "GET", _ACCOUNT, "The account: its number, operator and status", "ReadAccounts", RateGroup.LIGHT
)
LIST_EXTENSIONS = Operation(
    "GET", f"{_ACCOUNT}/extension", "The extensions of the account", "ReadAccounts", RateGroup.MEDIUM, _READ_EXTENSIONS
)
CREATE_EXTENSION = Operation(
    "POST",
    f"{_ACCOUNT}/extension",
    "A new person or queue of the account",
    "EditExtensions",
    RateGroup.MEDIUM,
    _EDIT_EXTENSIONS,
    body_bytes_max=BODY_BYTES_MAX,
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
CHANGE_QUEUE = Operation(
    "PUT",
    f"{_ACCOUNT}/call-queues/{{groupId}}",
    "Settings of a call queue, changed",
    "EditExtensions",
    RateGroup.LIGHT,
    _GROUPS,
    body_bytes_max=BODY_BYTES_MAX,
)
ASSIGN_QUEUE_MEMBERS = Operation(
    "POST",
    f"{_ACCOUNT}/call-queues/{{groupId}}/bulk-assign",
    "People who take the calls of a queue, or no longer do",
    "EditExtensions",
    RateGroup.HEAVY,
    _GROUPS,
    body_bytes_max=64 * 1024,
)
LIST_QUEUE_MEMBERS = Operation(
    "GET",
    f"{_ACCOUNT}/call-queues/{{groupId}}/members",
    "Who takes the calls of a queue",
    "ReadAccounts",
    RateGroup.LIGHT,
    _READ_EXTENSIONS,
)
CHOOSE_QUEUES = Operation(
    "PUT",
    f"{_EXTENSION}/call-queues",
    "The queues whose calls somebody takes: those named, and no others",
    "EditAccounts",
    RateGroup.MEDIUM,
    _GROUPS,
    ("EditCallQueuePresence", *_GROUPS),
    body_bytes_max=64 * 1024,
)
LIST_ROLES = Operation(
    "GET", _USER_ROLE, "The predefined roles and the account's own", "ReadAccounts", RateGroup.MEDIUM, _READ_ROLES
)
CREATE_ROLE = Operation(
    "POST",
    _USER_ROLE,
    "A new role of the account's own",
    "RoleManagement",
    RateGroup.MEDIUM,
    _EDIT_ROLES,
    body_bytes_max=BODY_BYTES_MAX,
)
READ_DEFAULT_ROLE = Operation(
    "GET", f"{_USER_ROLE}/default", "The role that new people get", "RoleManagement", RateGroup.LIGHT, _ROLES
)
CHOOSE_DEFAULT_ROLE = Operation(
    "PUT",
    f"{_USER_ROLE}/default",
    "Another role for new people",
    "RoleManagement",
    RateGroup.MEDIUM,
    _ROLES,
    body_bytes_max=BODY_BYTES_MAX,
)
READ_ROLE = Operation("GET", f"{_USER_ROLE}/{{roleId}}", "One role", "ReadAccounts", RateGroup.LIGHT, _READ_ROLES)
CHANGE_ROLE = Operation(
    "PUT",
    f"{_USER_ROLE}/{{roleId}}",
    "A role of the account's own, changed",
    "RoleManagement",
    RateGroup.MEDIUM,
    _EDIT_ROLES,
    body_bytes_max=BODY_BYTES_MAX,
)
DELETE_ROLE = Operation(
    "DELETE",
    f"{_USER_ROLE}/{{roleId}}",
    "A role of the account's own that nobody has, deleted",
    "RoleManagement",
    RateGroup.MEDIUM,
    _EDIT_ROLES,
)
READ_ASSIGNED_ROLE = Operation(
    "GET", f"{_EXTENSION}/assigned-role", "The role somebody has", "ReadAccounts", RateGroup.LIGHT, _READ_ASSIGNED
)
ASSIGN_ROLE = Operation(
    "PUT",
    f"{_EXTENSION}/assigned-role",
    "Another role for somebody",
    "RoleManagement",
    RateGroup.MEDIUM,
    _EDIT_ASSIGNED,
    _EDIT_ASSIGNED,
    body_bytes_max=BODY_BYTES_MAX,
)
READ_PROFILE = Operation(
    "GET",
    f"{_EXTENSION}/authz-profile",
    "Everything somebody's role permits",
    "ReadAccounts",
    RateGroup.LIGHT,
    _READ_ASSIGNED,
)
CHECK_PERMISSION = Operation(
    "GET",
    f"{_EXTENSION}/authz-profile/check",
    "Whether somebody's role permits one thing",
    "ReadAccounts",
    RateGroup.LIGHT,
    _READ_ASSIGNED,
)
LIST_CREDENTIALS = Operation(
    "GET",
    _CREDENTIALS,
    "Somebody's JWT credentials, never their text; ours, not the platform's ([how](credentials.md#from-a-program))",
    "EditUserCredentials",
    RateGroup.MEDIUM,
    _EDIT_EXTENSIONS,
)
CREATE_CREDENTIAL = Operation(
    "POST",
    _CREDENTIALS,
    "A JWT credential, shown this once ([how](credentials.md#from-a-program))",
    "EditUserCredentials",
    RateGroup.HEAVY,
    _EDIT_EXTENSIONS,
    body_bytes_max=BODY_BYTES_MAX,
)
READ_CREDENTIAL = Operation(
    "GET",
    f"{_CREDENTIALS}/{{credentialId}}",
    "One JWT credential, never its text",
    "EditUserCredentials",
    RateGroup.LIGHT,
    _EDIT_EXTENSIONS,
)
REPLACE_CREDENTIAL = Operation(
    "POST",
    f"{_CREDENTIALS}/{{credentialId}}/replacement",
    "A JWT credential's successor, shown this once; both count for a while ([how](credentials.md#from-a-program))",
    "EditUserCredentials",
    RateGroup.HEAVY,
    _EDIT_EXTENSIONS,
    body_bytes_max=BODY_BYTES_MAX,
)
DELETE_CREDENTIAL = Operation(
    "DELETE",
    f"{_CREDENTIALS}/{{credentialId}}",
    "A JWT credential deleted, and its sessions over",
    "EditUserCredentials",
    RateGroup.MEDIUM,
    _EDIT_EXTENSIONS,
)
READ_CLIENT_INFO = Operation(
    "GET", "/restapi/v1.0/client-info", "The app of the token", "ReadClientInfo", RateGroup.LIGHT
)
LIST_PERMISSIONS = Operation(
    "GET", f"{_DICTIONARY}/permission", "Every permission a role may carry", None, RateGroup.LIGHT
)
READ_PERMISSION = Operation(
    "GET", f"{_DICTIONARY}/permission/{{permissionId}}", "One permission", None, RateGroup.LIGHT
)
LIST_CATEGORIES = Operation(
    "GET", f"{_DICTIONARY}/permission-category", "What permissions are about", None, RateGroup.LIGHT
)
READ_CATEGORY = Operation(
    "GET", f"{_DICTIONARY}/permission-category/{{permissionCategoryId}}", "One such category", None, RateGroup.LIGHT
)
LIST_PREDEFINED_ROLES = Operation("GET", f"{_DICTIONARY}/user-role", "The predefined roles", None, RateGroup.LIGHT)
READ_PREDEFINED_ROLE = Operation(
    "GET", f"{_DICTIONARY}/user-role/{{roleId}}", "One predefined role", None, RateGroup.LIGHT
)
READ_COMPANY_CALLS = Operation(
    "GET",
    f"{_ACCOUNT}/call-log",
    "The company's call log, newest first",
    "ReadCallLog",
    RateGroup.HEAVY,
    COMPANY_CALL_LOG,
)
RECORD_COMPANY_CALLS = Operation(
    "POST",
    f"{_ACCOUNT}/call-log",
    "Calls that a telephone system tells of; ours, not the platform's ([how](calls.md#from-a-telephone-system))",
    "WriteCallLog",
    RateGroup.LIGHT,
    ("WriteCompanyCallLog",),
    body_bytes_max=512 * 1024,
)
READ_COMPANY_CALL = Operation(
    "GET",
    f"{_ACCOUNT}/call-log/{{callRecordId}}",
    "One call of the company",
    "ReadCallLog",
    RateGroup.HEAVY,
    COMPANY_CALL_LOG,
)
SYNC_COMPANY_CALLS = Operation(
    "GET",
    f"{_ACCOUNT}/call-log-sync",
    "The company's newest calls, then what changed since ([how](calls.md#keeping-a-copy))",
    "ReadCallLog",
    RateGroup.HEAVY,
    COMPANY_CALL_LOG,
)
EXTRACT_COMPANY_CALLS = Operation(
    "GET",
    f"{_ACCOUNT}/call-log-extract-sync",
    "All of the company's calls since a moment, part by part, then what changed ([how](calls.md#keeping-a-copy))",
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
DELETE_EXTENSION_CALLS = Operation(
    "DELETE",
    f"{_EXTENSION}/call-log",
    "An extension's calls until now, or those that filters name, deleted ([how](calls.md#deleting))",
    "EditCallLog",
    RateGroup.HEAVY,
    ("FullCompanyCallLog",),
    ("EditCallLog",),
)
READ_RECORDING = Operation(
    "GET",
    f"{_ACCOUNT}/recording/{{recordingId}}",
    "A call's recording, of one's own calls without FullCompanyCallLog ([what is told](calls.md#recordings))",
    "ReadCallRecording",
    RateGroup.HEAVY,
    _READ_RECORDING,
)
READ_RECORDING_CONTENT = Operation(
    "GET",
    f"{_ACCOUNT}/recording/{{recordingId}}/content",
    "A recording's sound: refused, for Callgate keeps none ([where it is](calls.md#recordings))",
    "ReadCallRecording",
    RateGroup.HEAVY,
    _READ_RECORDING,
)
SYNC_EXTENSION_CALLS = Operation(
    "GET",
    f"{_EXTENSION}/call-log-sync",
    "An extension's newest calls, then what changed since ([how](calls.md#keeping-a-copy))",
    "ReadCallLog",
    RateGroup.HEAVY,
    COMPANY_CALL_LOG,
    _READ_CALL_LOG,
)
