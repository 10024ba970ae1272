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
ORIGIN_FOREIGN = Fault(
    code="CGT-142",
    error="CGT-142",
    text="A web page may not call this",
    remedy="Use a program: the development clock is for tests and scripts, not for a page of another origin.",
    status=403,
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
    remedy="Send the named parameter or member as docs/endpoints.md has it: a number in its bounds, a word it lists, "
    "an instant in ISO 8601, an id of digits.",
    parameters=("parameterName",),
)
FILTERS_EXCLUSIVE = Fault(
    code="CLG-110",
    error="InvalidParameter",
    text="Parameter [{parameterName}] is not allowed for usage along with parameter [{otherName}]",
    remedy="Send one of the two: sessionId goes without other filters, extensionNumber without phoneNumber.",
    parameters=("parameterName",),
)
SYNC_TOKEN_EXPIRED = Fault(
    code="CLG-101",
    error="InvalidParameter",
    text="Parameter [syncToken] is invalid [Sync token expired, call log was reset]",
    remedy="Send syncType=FSync to begin anew. A token is good for thirty days, for the log, the operation and the "
    "view it came from; a restore of the server's database ends every one.",
    parameters=("parameterName",),
)
SYNC_TOO_MUCH = Fault(
    code="CLG-104",
    error="InvalidParameter",
    text="Parameter [syncToken] is invalid [max sync record number limit is exceeded]",
    remedy="Send syncType=FSync to begin anew, and sync more often: more than 250 records changed since the last sync.",
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
PARAMETER_REQUIRED = Fault(
    code="CGT-170",
    error="InvalidParameter",
    text="Parameter [{parameterName}] is required",
    remedy="Send the named parameter; null and the empty value count as absent.",
    parameters=("parameterName",),
)
BODY_NOT_JSON = Fault(
    code="CGT-171",
    error="InvalidContentType",
    text="Content type must be application/json",
    remedy="Send the body as JSON, in UTF-8, with that Content-Type.",
    status=415,
)
BODY_MALFORMED = Fault(
    code="CMN-103",
    error="CMN-103",
    text="Request body is not a JSON object that can be read in one way only",
    remedy="Send one object: each member named once, numbers of at most 18 digits; docs/endpoints.md says how much.",
)
BODY_TOO_LARGE = Fault(
    code="CGT-172",
    error="InvalidParameter",
    text="Request body exceeds {limit}",
    remedy="Send less at a time; docs/endpoints.md says how much an operation takes.",
    status=413,
)
ACT_REFUSED = Fault(
    code="CGT-173",
    error="InvalidParameter",
    text="Not done: {problem}",
    remedy="Send the request again with what the message names put right; nothing was changed.",
    audience=Audience.ADMINISTRATOR,
)
ROLE_EXCEEDS_GIVER = Fault(
    code="CGT-174",
    error="InsufficientPermissions",
    text="Permission [{permissionName}] is not the caller's to give or to take",
    remedy="Have it done by somebody whose role has that permission, or on the command line: `callgate roles update`.",
    status=403,
    audience=Audience.ADMINISTRATOR,
    parameters=("permissionName",),
)
EXTENSION_UNKNOWN = Fault(
    code="CGT-178",
    error="InvalidParameter",
    text="There is no extension with {extension} in this account",
    remedy="Give the id or the extension number that it has here; GET account/~/extension lists them. What an import "
    "does with calls of others, --move and --keep-unknown say; docs/calls.md.",
    parameters=("parameterName",),
)
RECORDING_ELSEWHERE = Fault(
    code="CGT-177",
    error="CMN-102",
    text="Callgate keeps no sound, only what the call log says of a recording{place}",
    remedy="Get the sound from the telephone system or the archive that recorded the call; docs/calls.md#recordings.",
    status=404,
    parameters=("parameterName",),
)
METHODS_DIFFER = Fault(
    code="CGT-175",
    error="InvalidParameter",
    text="Header X-HTTP-Method-Override and parameter [_method] name different methods",
    remedy="Send one of the two, with a POST: they are for clients that can send no other method.",
)
CREDENTIAL_EXCEEDS_TOKEN = Fault(
    code="CGT-176",
    error="InsufficientPermissions",
    text="A credential for app [{clientId}] would open [{permissionName}], which this token does not",
    remedy="Make it for apps that may do no more than the token's scope, or at a browser, on the page "
    "/restapi/oauth/security/credentials.",
    status=403,
    parameters=("permissionName",),
)
UNAVAILABLE = Fault(
    code="CMN-211",
    error="ServiceUnavailable",
    text="Service Unavailable",
    remedy="Repeat after Retry-After seconds; nothing was lost.",
    status=503,
)
CELL_SILENT = Fault(
    code="CGT-193",
    error="ServiceUnavailable",
    text="The part of this service that has the account does not answer",
    remedy="Repeat after Retry-After seconds; nothing was lost. Whoever runs the server finds out which cell it is at "
    "/health/ready of the second address; docs/cells.md.",
    status=503,
)
INTERNAL_ERROR = Fault(
    code="CMN-201",
    error="InternalError",
    text="Internal Server Error",
    remedy="Give whoever runs the server this reply's RCRequestId: it leads to the cause in the server's log.",
    status=500,
)
