"""The catalogue of faults: every denial Callgate can answer, with the words for the caller and for whoever mends it.

A fault is a row: vendor code (ours are `CGT-…`), OAuth error or API error class, HTTP statuses, public text, remedy,
and the audience of the detail. Sources: protocol.md D.5 and I.2; rulings 3, 10, 17, 18. What a row's `text` names in
braces is filled from the denial's `values`; those listed in `parameters` are also sent as `parameters` of the envelope.
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
    remedy="See docs/endpoints.md for the form this parameter must have.",
    parameters=("parameter",),
)
PARAMETER_MISSING = Fault(
    code="CGT-101",
    error="invalid_request",
    text="Parameter [{parameter}] is required",
    remedy="Send the parameter; an empty value counts as absent (RFC 6749 section 3.1).",
    parameters=("parameter",),
)
BODY_TOO_LARGE = Fault(
    code="CGT-102",
    error="invalid_request",
    text="Request body exceeds {limit}",
    remedy="Send at most 16 KiB and 32 fields; nothing in the protocol needs more.",
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
    remedy="The Allow header lists the methods of this endpoint.",
    status=405,
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
    remedy="Check the client secret; `callgate apps rotate-secret APP` makes a new one.",
    rfc=401,
    vendor=401,
)
CLIENT_PROOF_MISSING = Fault(
    code="OAU-123",
    error="invalid_client",
    text="Client authentication is required",
    remedy="Send Authorization: Basic base64(client_id:client_secret), or the registered client assertion.",
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
    remedy="iss and sub must be the client id, aud this server's issuer, exp at most an hour ahead, jti new, "
    "and the signature made with the app's registered key or secret (RFC 7523 section 3).",
    rfc=401,
    vendor=401,
)
CLIENT_BLOCKED = Fault(
    code="OAU-127",
    error="invalid_client",
    text="Bad Application Release Status: Blocked",
    remedy="The app is blocked; its owner can lift that with `callgate apps unblock APP`.",
    rfc=401,
    vendor=401,
)

# --- the grant ---------------------------------------------------------------------------------------------------

GRANT_UNSUPPORTED = Fault(
    code="OAU-250",
    error="invalid_request",
    text="Unsupported grant type",
    remedy="grant_type must be one of those listed at /.well-known/openid-configuration.",
)
GRANT_NOT_ALLOWED = Fault(
    code="OAU-251",
    error="unauthorized_client",
    text="Unauthorized for this grant type",
    remedy="The app is not registered for this grant; `callgate apps show APP` lists its grants and "
    "`callgate apps update APP --grant …` adds one. For client_credentials an administrator of the account must allow "
    "the app: `callgate apps allow-service APP --account A --role R`.",
)
SCOPE_INVALID = Fault(
    code="CGT-111",
    error="invalid_scope",
    text="None of the requested scopes belongs to this application",
    remedy="Leave scope out for all the app has, or name a subset of the app's scopes.",
)
CODE_INVALID = Fault(
    code="OAU-106",
    error="invalid_grant",
    text="Invalid authorization code",
    remedy="Send the code of the latest redirect, once, with the code_verifier whose challenge began the sign-in.",
    vendor=403,
)
CODE_EXPIRED = Fault(
    code="OAU-108",
    error="invalid_grant",
    text="Authorization code is expired",
    remedy="Exchange the code within 60 seconds of the redirect.",
    vendor=403,
)
REDIRECT_URI_MISMATCH = Fault(
    code="OAU-109",
    error="invalid_grant",
    text="Redirect URIs do not match",
    remedy="Send the very redirect_uri string of the authorize request, which must be registered for the app.",
    vendor=403,
)
CODE_FOR_OTHER_CLIENT = Fault(
    code="OAU-110",
    error="invalid_grant",
    text="Authorization code was not issued for this application",
    remedy="Exchange the code with the client id that asked for it.",
    vendor=403,
)
CREDENTIALS_INCOMPLETE = Fault(
    code="CGT-112",
    error="invalid_request",
    text="Resource Owner credentials are incomplete.",
    remedy="The password grant needs username and password.",
)
CREDENTIALS_INVALID = Fault(
    code="OAU-140",
    error="invalid_grant",
    text="Invalid resource owner credentials",
    remedy="Check the login name (e-mail, +phone, or company number with extension) and the password.",
    rfc=400,
    vendor=401,
    audience=Audience.ADMINISTRATOR,
)
SIGN_IN_TYPE = Fault(
    code="OAU-105",
    error="invalid_grant",
    text="Login for {extension_type} extension is not allowed.",
    remedy="Use an extension a person stands behind; a service gets in by client_credentials.",
    vendor=403,
    audience=Audience.ADMINISTRATOR,
)
SIGN_IN_QUEUE = Fault(
    code="OAU-163",
    error="invalid_grant",
    text="Login for call queue extension is not allowed",
    remedy="Use a member's or a helper extension instead of the queue itself.",
    vendor=403,
    audience=Audience.ADMINISTRATOR,
)
SIGN_IN_STATE = Fault(
    code="OAU-141",
    error="invalid_grant",
    text="Login for extension in current state is not allowed.",
    remedy="Enable the extension: `callgate extensions enable`.",
    vendor=401,
    audience=Audience.ADMINISTRATOR,
)
SIGN_IN_ACCOUNT_STATE = Fault(
    code="OAU-142",
    error="invalid_grant",
    text="Login to account in current state is not allowed.",
    remedy="Confirm or enable the account: `callgate accounts enable`.",
    vendor=401,
    audience=Audience.ADMINISTRATOR,
)
APP_PRIVATE = Fault(
    code="OAU-167",
    error="invalid_client",
    text="Account access restricted: the application is private to another account",
    remedy="A private app serves only its owner's account; make it public or register one in this account.",
    vendor=403,
)
THIRD_PARTY_ACCESS = Fault(
    code="CMN-408",
    error="invalid_client",
    text="[ThirdPartyAppAccess] permission required",
    remedy="Give the person's role the ThirdPartyAppAccess permission, or use an app of their own account.",
    audience=Audience.ADMINISTRATOR,
    parameters=("permissionName",),
)
ASSERTION_UNREADABLE = Fault(
    code="OAU-331",
    error="invalid_request",
    text="Assertion cannot be parsed",
    remedy="Send the JWT credential exactly as it was shown at creation.",
)
ASSERTION_SIGNATURE = Fault(
    code="OAU-345",
    error="invalid_request",
    text="Invalid assertion signature",
    remedy="Use a JWT credential made on this server; a self-signed JWT or another server's is not accepted.",
)
ASSERTION_ALGORITHM = Fault(
    code="OAU-347",
    error="invalid_request",
    text="Assertion algorithm is not supported",
    remedy="Use a JWT credential made on this server; it is signed with RS256.",
)
CREDENTIAL_GONE = Fault(
    code="CGT-113",
    error="invalid_grant",
    text="JWT credential was deleted",
    remedy="Create a new one: `callgate credentials create --person … --label …`.",
    audience=Audience.ADMINISTRATOR,
)
CREDENTIAL_EXPIRED = Fault(
    code="CGT-114",
    error="invalid_grant",
    text="JWT credential is expired",
    remedy="Create a new one, with a later expiry or none: `callgate credentials create`.",
    audience=Audience.ADMINISTRATOR,
)
CREDENTIAL_OTHER_APP = Fault(
    code="CGT-115",
    error="invalid_grant",
    text="JWT credential does not allow this application",
    remedy="Create a credential for this client id, or for all apps of the organisation.",
    audience=Audience.ADMINISTRATOR,
)
EXTENSION_GONE = Fault(
    code="OAU-232",
    error="invalid_grant",
    text="Extension not found",
    remedy="The extension was deleted; use another person's credential.",
    audience=Audience.ADMINISTRATOR,
)
EXTENSION_DISABLED = Fault(
    code="OAU-236",
    error="invalid_grant",
    text="Extension is disabled or frozen",
    remedy="Enable the extension: `callgate extensions enable`.",
    audience=Audience.ADMINISTRATOR,
)
ACCOUNT_GONE = Fault(
    code="OAU-222",
    error="invalid_grant",
    text="Account does not exist",
    remedy="The account was deleted or is disabled.",
    audience=Audience.ADMINISTRATOR,
)
ACCOUNT_ID_NEEDED = Fault(
    code="CGT-116",
    error="invalid_request",
    text="Parameter [account_id] is required: more than one account allows this application",
    remedy="Name the account whose data the app wants.",
    parameters=("parameter",),
)

# --- presented tokens --------------------------------------------------------------------------------------------

TOKEN_EXPIRED = Fault(
    code="OAU-210",
    error="invalid_grant",
    text="Token expired",
    remedy="Sign in again, or use the JWT credential again; a refresh token lives seven days from its issue.",
)
TOKEN_REVOKED = Fault(
    code="OAU-211",
    error="invalid_grant",
    text="Token revoked{because}",
    remedy="Get new tokens. If nobody revoked these: more sessions of one person with one app than its limit end the "
    "oldest, a login with the same endpoint_id replaces the former, and a replayed refresh token ends its session.",
)
TOKEN_NOT_FOUND = Fault(
    code="OAU-213",
    error="invalid_grant",
    text="Token not found",
    remedy="Present the newest refresh token of a session of this very app.",
)
REFRESH_SPENT = Fault(
    code="OAU-213",
    error="invalid_grant",
    text="Token not found",
    remedy="This refresh token was used and its successor is in use. Keep the newest pair; one process should refresh "
    "for all (docs/refresh.md).",
)
REVOKE_TOKENS_DIFFER = Fault(
    code="OAU-150",
    error="invalid_request",
    text="The value of query parameter [token] should be equal to parameter [token] in request body",
    remedy="Send the token once, in the body.",
)

# --- authorize ---------------------------------------------------------------------------------------------------

REDIRECT_URI_NONE = Fault(
    code="OAU-113",
    error="invalid_client",
    text="No redirect uri is registered for the client",
    remedy="Register one: `callgate apps update APP --redirect-uri …`. An app without a page uses a JWT credential.",
    status=403,
)
REDIRECT_URI_UNREGISTERED = Fault(
    code="OAU-109",
    error="invalid_redirect_uri",
    text="Redirect URIs do not match",
    remedy="The redirect_uri must equal a registered one to the letter; with more than one registered it must be sent.",
)
GRANT_NOT_ALLOWED_HERE = Fault(
    code="OAU-112",
    error="unauthorized_client",
    text="The client is unauthorized for the required grant type: [{grant_type}]",
    remedy="Register the app for this grant: `callgate apps update APP --grant …`.",
    status=403,
)
IMPLICIT_DISABLED = Fault(
    code="OAU-152",
    error="unauthorized_client",
    text="The client is unauthorized for the required grant type: [IMPLICIT]",
    remedy="Use the authorization code flow with PKCE; implicit is for old apps whose switch is on.",
)
RESPONSE_TYPE_UNSUPPORTED = Fault(
    code="CGT-120",
    error="unsupported_response_type",
    text="Parameter [response_type] must be code",
    remedy="Send response_type=code.",
)
REQUEST_OBJECT_UNSUPPORTED = Fault(
    code="CGT-121",
    error="request_not_supported",
    text="Request objects are not supported",
    remedy="Send the parameters themselves instead of request or request_uri.",
)
CHALLENGE_REQUIRED = Fault(
    code="CGT-122",
    error="invalid_request",
    text="Parameter [code_challenge] is required for this application",
    remedy="Apps that cannot keep a secret must use PKCE with S256 (RFC 9700 section 2.1.1).",
)
CHALLENGE_METHOD = Fault(
    code="CGT-123",
    error="invalid_request",
    text="Parameter [code_challenge_method] must be S256",
    remedy="Send code_challenge_method=S256; an omitted method means plain (RFC 7636), which needs the app's switch.",
)
CHALLENGE_INVALID = Fault(
    code="CGT-124",
    error="invalid_request",
    text="Parameter [code_challenge] value is invalid",
    remedy="43 to 128 characters of [A-Za-z0-9-._~] (RFC 7636 section 4.2).",
)
ACCESS_DENIED = Fault(
    code="CGT-125",
    error="access_denied",
    text="The user denied access to your application",
    remedy="The person pressed Cancel; ask again when they want to.",
)
LOGIN_REQUIRED = Fault(
    code="CGT-126",
    error="login_required",
    text="The person must sign in, which prompt=none forbids",
    remedy="Send the person without prompt=none.",
)
CONSENT_REQUIRED = Fault(
    code="CGT-127",
    error="consent_required",
    text="The person must agree, which prompt=none forbids",
    remedy="Send the person without prompt=none.",
)
FORM_EXPIRED = Fault(
    code="CGT-128",
    error="invalid_request",
    text="This page is too old or was opened in another browser",
    remedy="Go back to the application and start again; a page lives ten minutes, in the browser that opened it.",
)
SSO_NOT_CONFIGURED = Fault(
    code="CGT-129",
    error="interaction_required",
    text="Single Sign-On is not configured for this account",
    remedy="Sign in with a password, or ask the administrator to configure Single Sign-On.",
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
    remedy="Look the request id up in the server's log.",
    status=500,
)
