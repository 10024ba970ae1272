"""Faults of the grants and of the tokens presented: rows of the catalogue in faults.py (protocol.md D.5).

What a person's state or a credential's is about is explained to the account's administrator, the rest to the app's
owner (architecture.md, idea 5).
"""

from callgate.model.faults import Audience, Fault

# --- the grant ---------------------------------------------------------------------------------------------------

GRANT_UNSUPPORTED = Fault(
    code="OAU-250",
    error="invalid_request",
    text="Unsupported grant type",
    remedy="Send one of grant_types_supported at /.well-known/openid-configuration, to the letter; for a JWT "
    "credential that is urn:ietf:params:oauth:grant-type:jwt-bearer.",
)
GRANT_NOT_ALLOWED = Fault(
    code="OAU-251",
    error="unauthorized_client",
    text="Unauthorized for this grant type",
    remedy="Use a grant the app is registered for, which `callgate apps show APP` lists, or add this one: `callgate "
    "apps update APP --grant …`. For client_credentials an administrator of the account must allow the app: "
    "`callgate apps allow-service APP --account A --role R`.",
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
    remedy="Send both username and password: the password grant needs them.",
)
CREDENTIALS_INVALID = Fault(
    code="OAU-140",
    error="invalid_grant",
    text="Invalid resource owner credentials",
    remedy="Check the password and the login name: an e-mail address, a phone number with +, or the company's number "
    "with extension; the company's number alone is its main administrator.",
    rfc=400,
    vendor=401,
    audience=Audience.ADMINISTRATOR,
)
LOGIN_LOCKED = Fault(
    code="OAU-147",
    error="invalid_grant",
    text="The account is locked out due to multiple unsuccessful logon attempts.",
    remedy="Wait, and stop the program that sends an old password: the lock lasts 15 minutes at first, and is of this "
    "network and login name alone. `callgate extensions unlock EXTENSION` lifts it; JWT credentials and refresh tokens "
    "work on; docs/limits.md.",
    audience=Audience.ADMINISTRATOR,
)
LOGIN_LOCKED_SSO = Fault(
    code="OAU-148",
    error="invalid_grant",
    text="The account is locked out due to multiple unsuccessful logon attempts. Please use Single Sign-on way to "
    "authenticate.",
    remedy="Sign in with single sign-on, which is not locked. Or wait, or have the lock lifted by "
    "`callgate extensions unlock EXTENSION`; docs/limits.md.",
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
    remedy="Have the extension enabled: `callgate extensions enable EXTENSION`.",
    vendor=401,
    audience=Audience.ADMINISTRATOR,
)
SIGN_IN_ACCOUNT_STATE = Fault(
    code="OAU-142",
    error="invalid_grant",
    text="Login to account in current state is not allowed.",
    remedy="Have the account confirmed or enabled: `callgate accounts enable ACCOUNT`.",
    vendor=401,
    audience=Audience.ADMINISTRATOR,
)
APP_PRIVATE = Fault(
    code="OAU-167",
    error="invalid_client",
    text="Account access restricted: the application is private to another account",
    remedy="Register an app in this account, or a public one: a private app serves only its owner's account.",
    vendor=403,
)
THIRD_PARTY_ACCESS = Fault(
    code="CMN-408",
    error="invalid_client",
    text="[ThirdPartyAppAccess] permission required",
    remedy="Have the person's role given the permission: `callgate roles update ROLE --permission "
    "ThirdPartyAppAccess`; or use an app of their own account.",
    audience=Audience.ADMINISTRATOR,
    parameters=("permissionName",),
)
ASSERTION_UNREADABLE = Fault(
    code="OAU-331",
    error="invalid_request",
    text="Assertion cannot be parsed",
    remedy="Send the JWT credential whole, as it was shown at its creation: three parts with dots, on one line.",
)
ASSERTION_SIGNATURE = Fault(
    code="OAU-345",
    error="invalid_request",
    text="Invalid assertion signature",
    remedy="Use a JWT credential of this server, or have another issuer's tokens trusted: `callgate issuers trust`.",
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
    remedy="Create one for this client id, or for all apps of the organisation: `callgate credentials create --person "
    "… --label … --app APP`.",
    audience=Audience.ADMINISTRATOR,
)
SAML_ASSERTION_REFUSED = Fault(
    code="CGT-160",
    error="invalid_grant",
    text="SAML assertion is not accepted: it fails the check [{check}]",
    remedy="Check the assertion with `callgate saml check FILE --grant`: it names every check that fails and what to "
    "set at the identity provider, as docs/saml.md does.",
    audience=Audience.ADMINISTRATOR,
    parameters=("check",),
)
SAML_ASSERTION_USED = Fault(
    code="CGT-161",
    error="invalid_grant",
    text="SAML assertion was used before",
    remedy="Get a new one from the identity provider for each request: an assertion is good once. Between them the "
    "refresh token serves, if the app has the grant refresh_token.",
    audience=Audience.ADMINISTRATOR,
)
SAML_PERSON_UNKNOWN = Fault(
    code="CGT-162",
    error="invalid_grant",
    text="SAML assertion is about nobody in this account",
    remedy="Give the person's extension the address that the identity provider sends: `callgate extensions update "
    "EXTENSION --email …`; or have another attribute read: `callgate sso update CONNECTION --email-attribute …`.",
    audience=Audience.ADMINISTRATOR,
)
SAML_CONNECTION_OFF = Fault(
    code="CGT-163",
    error="invalid_grant",
    text="The connection to this identity provider is disabled or gone",
    remedy="Have it enabled: `callgate sso enable CONNECTION`; `callgate sso list` shows the connections there are.",
    audience=Audience.ADMINISTRATOR,
)
SAML_SSO_OFF = Fault(
    code="CGT-164",
    error="invalid_grant",
    text="Single Sign-On is switched off for this account, and SAML assertions with it",
    remedy="Have it switched on, beside passwords or instead of them: `callgate sso policy ACCOUNT allowed`.",
    audience=Audience.ADMINISTRATOR,
)
EXTENSION_GONE = Fault(
    code="OAU-232",
    error="invalid_grant",
    text="Extension not found",
    remedy="Use another person's credential: the extension of this one was deleted.",
    audience=Audience.ADMINISTRATOR,
)
EXTENSION_DISABLED = Fault(
    code="OAU-236",
    error="invalid_grant",
    text="Extension is disabled or frozen",
    remedy="Have the extension enabled: `callgate extensions enable EXTENSION`.",
    audience=Audience.ADMINISTRATOR,
)
ACCOUNT_GONE = Fault(
    code="OAU-222",
    error="invalid_grant",
    text="Account does not exist",
    remedy="Have the account enabled, `callgate accounts enable ACCOUNT`; if it was deleted, use another account's.",
    audience=Audience.ADMINISTRATOR,
)
ACCOUNT_ID_NEEDED = Fault(
    code="CGT-116",
    error="invalid_request",
    text="Parameter [account_id] is required: more than one account allows this application",
    remedy="Send account_id with the id of the account whose data the app wants.",
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
    remedy="Send the newest refresh token that this very app was given; if that is lost, get new tokens as at first.",
)
REFRESH_SPENT = Fault(
    code="OAU-213",
    error="invalid_grant",
    text="Token not found",
    remedy="Use the newest pair: this refresh token was used, and its successor is in use. Where several processes "
    "share a session, let one refresh for all (docs/refresh.md).",
)
REVOKE_TOKENS_DIFFER = Fault(
    code="OAU-150",
    error="invalid_request",
    text="The value of query parameter [token] should be equal to parameter [token] in request body",
    remedy="Send the token once, in the body.",
)
