"""The catalogue of faults: every denial Callgate can answer, with the words for the caller and for whoever mends it.

A fault is a row: vendor code (ours are `CGT-…`), OAuth error or API error class, HTTP statuses, public text, remedy,
and the audience of the detail. Sources: protocol.md D.5 and I.2; rulings 3, 10, 17, 18. What a row's `text` names in
braces is filled from the denial's `values`; those listed in `parameters` are also sent as `parameters` of the envelope.

Here: what a fault is, and the rows about the request itself, the client and the server. The other rows stand in
grant_faults.py, authorize_faults.py and api_faults.py.
"""

from dataclasses import dataclass
from enum import Enum


class Audience(Enum):
    """Who may read why a denial happened, beyond its public text."""

    APP_OWNER = "the app's owner"
    ADMINISTRATOR = "the account's administrator"


@dataclass(frozen=True, slots=True, kw_only=True)
class Fault:
    """One row. `status` is what the platform was seen to answer; `rfc` and `vendor` are chosen by a setting."""

    code: str
    error: str
    text: str
    remedy: str
    status: int = 400
    rfc: int | None = None
    vendor: int | None = None
    audience: Audience = Audience.APP_OWNER
    parameters: tuple[str, ...] = ()


# --- the request itself ------------------------------------------------------------------------------------------

PARAMETER_DUPLICATED = Fault(
    code="OAU-111",
    error="invalid_request",
    text="Request parameter duplication detected",
    remedy="Send each parameter once; only ui_options may repeat.",
    parameters=("parameter",),
)
PARAMETER_INVALID = Fault(
    code="CMN-101",
    error="invalid_request",
    text="Parameter [{parameter}] value is invalid",
    remedy="Send the named parameter in the form that docs/endpoints.md gives for it.",
    parameters=("parameter",),
)
PARAMETER_MISSING = Fault(
    code="CGT-101",
    error="invalid_request",
    text="Parameter [{parameter}] is required",
    remedy="Send the named parameter; an empty value counts as absent (RFC 6749 section 3.1).",
    parameters=("parameter",),
)
BODY_TOO_LARGE = Fault(
    code="CGT-102",
    error="invalid_request",
    text="Request body exceeds {limit}",
    remedy="Send at most 16 KiB and 32 fields, or 64 KiB with a SAML assertion; nothing in the protocol needs more.",
    status=413,
)
BODY_NOT_FORM = Fault(
    code="CGT-103",
    error="invalid_request",
    text="Content type must be application/x-www-form-urlencoded",
    remedy="Send the parameters as a form body with that Content-Type.",
    status=415,
)
BODY_MALFORMED = Fault(
    code="CGT-104",
    error="invalid_request",
    text="Request body is not a well-formed form",
    remedy="Percent-encode each name and value as UTF-8 without control characters.",
)
SECRET_IN_QUERY = Fault(
    code="CGT-105",
    error="invalid_request",
    text="Parameter [{parameter}] must not be sent in the query",
    remedy="Send it in the form body: query strings end up in logs (RFC 6749 section 2.3.1).",
    parameters=("parameter",),
)
METHOD_NOT_ALLOWED = Fault(
    code="CGT-106",
    error="invalid_request",
    text="Method {method} is not allowed here",
    remedy="Use a method of the reply's Allow header: a token is asked for by POST.",
    status=405,
)
PATH_UNKNOWN = Fault(
    code="AGW-404",
    error="invalid_request",
    text="Resource not found",
    remedy="Check the path: docs/endpoints.md lists those that this server answers.",
    status=404,
)
BRAND_INVALID = Fault(
    code="OAU-101",
    error="invalid_request",
    text="Parameter [brandId] is invalid",
    remedy="Leave brand_id out, or send the number of a brand.",
    vendor=403,
)

# --- the client --------------------------------------------------------------------------------------------------

CLIENT_UNKNOWN = Fault(
    code="OAU-153",
    error="invalid_client",
    text="Invalid client: {client_id}",
    remedy="Check the client id; `callgate apps list` shows those of this server.",
    rfc=401,
    vendor=401,
    parameters=("client_id",),
)
CLIENT_UNPROVEN = Fault(
    code="OAU-146",
    error="invalid_client",
    text="Invalid client credentials",
    remedy="Send the client secret as it was shown, with no line end behind it; an app without a secret sends its "
    "client_id alone. A lost secret is replaced by `callgate apps rotate-secret APP`.",
    rfc=401,
    vendor=401,
)
CLIENT_PROOF_MISSING = Fault(
    code="OAU-123",
    error="invalid_client",
    text="Client authentication is required",
    remedy="Send Authorization: Basic base64(client_id:client_secret), or the client assertion if the app is "
    "registered for one. Id and secret in the body need the app's switch client_secret_post.",
    rfc=401,
    vendor=401,
)
AUTHORIZATION_MALFORMED = Fault(
    code="OAU-156",
    error="invalid_client",
    text="Basic authentication header is missing or malformed",
    remedy="Send Authorization: Basic base64(client_id:client_secret), in the standard or URL-safe alphabet.",
    rfc=401,
    vendor=401,
)
CLIENT_PROOFS_TWO = Fault(
    code="OAU-116",
    error="invalid_request",
    text="Invalid authorization method",
    remedy="Prove the client in one way only, and repeat nothing in the body that differs from the header.",
    vendor=403,
)
CLIENT_ASSERTION_INVALID = Fault(
    code="CGT-110",
    error="invalid_client",
    text="Client assertion is invalid",
    remedy="Make a new one: iss and sub the client id, aud this server's issuer, exp at most an hour ahead, a new jti, "
    "signed with the app's registered key or secret (RFC 7523 section 3). Of an app with federated_jwt: a token, not "
    "shown before, of an issuer trusted with --proves-app; `callgate issuers check` says what is wrong with one.",
    rfc=401,
    vendor=401,
)
CLIENT_BLOCKED = Fault(
    code="OAU-127",
    error="invalid_client",
    text="Bad Application Release Status: Blocked",
    remedy="Have the app's owner lift the block: `callgate apps unblock APP`.",
    rfc=401,
    vendor=401,
)

RATE_EXCEEDED = Fault(
    code="CMN-301",
    error="temporarily_unavailable",
    text="Request rate exceeded",
    remedy="Wait as long as Retry-After says, without a call: each call in the meantime makes it longer. Keep an "
    "access token for its hour instead of getting one for each call; docs/limits.md.",
    status=429,
)

# --- the server --------------------------------------------------------------------------------------------------

TEMPORARILY_UNAVAILABLE = Fault(
    code="CGT-190",
    error="temporarily_unavailable",
    text="Service Unavailable",
    remedy="Repeat after Retry-After seconds; nothing was lost, and a repeated refresh gives the same tokens.",
    status=503,
)
SERVER_ERROR = Fault(
    code="CGT-191",
    error="server_error",
    text="Internal Server Error",
    remedy="Give whoever runs the server this reply's RCRequestId: it leads to the cause in the server's log.",
    status=500,
)
EXPLANATION_UNKNOWN = Fault(
    code="CGT-192",
    error="invalid_request",
    text="No such request of this application is remembered",
    remedy="Use the RCRequestId of a recent refused reply: each process keeps its last 10,000 until it ends, and tells "
    "the others, for an hour, where they have limits.store. Where they have not, ask again, on a new connection.",
    status=404,
)
