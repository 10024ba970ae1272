"""Faults of the resource API: rows of the same catalogue, `error` being the coarse class (protocol.md I.2)."""

from callgate.model.faults import Audience, Fault

AUTHORIZATION_ABSENT = Fault(
    code="AGW-401",
    error="AGW-401",
    text="Authorization header is not specified",
    remedy="Send Authorization: Bearer <access token>.",
    status=401,
)
AUTHORIZATION_MALFORMED = Fault(
    code="AGW-402",
    error="AGW-402",
    text="Invalid Authorization header",
    remedy="Send Authorization: Bearer <access token>; a JWT credential is exchanged at /restapi/oauth/token first.",
    status=401,
)
TOKEN_UNREADABLE = Fault(
    code="OAU-149",
    error="TokenInvalid",
    text="OAuth token is invalid",
    remedy="Send an access token of this server, whole and unchanged; a refresh token or JWT credential is none.",
    status=401,
)
TOKEN_SUPERSEDED = Fault(
    code="OAU-129",
    error="TokenInvalid",
    text="Access token corrupted",
    remedy="Use the newest pair: a refresh replaced this access token.",
    status=401,
)
TOKEN_UNKNOWN = Fault(
    code="OAU-213",
    error="TokenInvalid",
    text="Token not found{because}",
    remedy="Get new tokens: the session of this one is over.",
    status=401,
)
TOKEN_EXPIRED = Fault(
    code="OAU-128",
    error="TokenExpired",
    text="Access token expired",
    remedy="Refresh, or get new tokens: an access token lives at most an hour.",
    status=401,
)
QUERY_TOKEN_OFF = Fault(
    code="CGT-140",
    error="InvalidParameter",
    text="Access tokens in the query are not accepted by this server",
    remedy="Send Authorization: Bearer <access token>.",
    status=400,
)
TOKENS_DIFFER = Fault(
    code="CGT-141",
    error="InvalidParameter",
    text="Authorization header and parameter [access_token] name different tokens",
    remedy="Send the access token once, in the Authorization header (RFC 6750 section 2).",
)
SCOPE_MISSING = Fault(
    code="CMN-401",
    error="InsufficientPermissions",
    text="In order to call this API endpoint, application needs to have [{permissionName}] permission",
    remedy="Register the app with this scope, then get new tokens: `callgate apps update APP --scope …`.",
    status=403,
    parameters=("permissionName",),
)
PERMISSION_MISSING = Fault(
    code="CMN-408",
    error="InsufficientPermissions",
    text="In order to call this API endpoint, user needs to have [{permissionName}] permission for requested resource.",
    remedy="Have the person's role given this permission: `callgate roles update ROLE --permission …`.",
    status=403,
    audience=Audience.ADMINISTRATOR,
    parameters=("permissionName",),
)
RESOURCE_UNKNOWN = Fault(
    code="CMN-102",
    error="CMN-102",
    text="Resource for parameter [{parameterName}] is not found",
    remedy="Check the id, or write ~ for the token's own; ids of other accounts are not found either.",
    status=404,
    parameters=("parameterName",),
)
PATH_UNKNOWN = Fault(
    code="AGW-404",
    error="AGW-404",
    text="Resource not found",
    remedy="Check the path: docs/endpoints.md lists those that this server answers.",
    status=404,
)
METHOD_NOT_ALLOWED = Fault(
    code="AGW-405",
    error="AGW-405",
    text="Method not allowed",
    remedy="Use a method of the reply's Allow header.",
    status=405,
)
PARAMETER_INVALID = Fault(
    code="CMN-101",
    error="InvalidParameter",
    text="Parameter [{parameterName}] value is invalid",
    remedy="Send one of the values that docs/endpoints.md lists for the named parameter.",
    parameters=("parameterName",),
)
FILTERS_EXCLUSIVE = Fault(
    code="CLG-110",
    error="InvalidParameter",
    text="Parameter [{parameterName}] is not allowed for usage along with parameter [{otherName}]",
    remedy="Send one of the two: sessionId goes without other filters, extensionNumber without phoneNumber.",
    parameters=("parameterName",),
)
RATE_EXCEEDED = Fault(
    code="CMN-301",
    error="CMN-301",
    text="Request rate exceeded",
    remedy="Wait as long as Retry-After says, without a call: each call in the meantime makes it longer. "
    "X-Rate-Limit-Remaining says how many are left; docs/limits.md.",
    status=429,
)
UNAVAILABLE = Fault(
    code="CMN-211",
    error="ServiceUnavailable",
    text="Service Unavailable",
    remedy="Repeat after Retry-After seconds; nothing was lost.",
    status=503,
)
INTERNAL_ERROR = Fault(
    code="CMN-201",
    error="InternalError",
    text="Internal Server Error",
    remedy="Give whoever runs the server this reply's RCRequestId: it leads to the cause in the server's log.",
    status=500,
)
