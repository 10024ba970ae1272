"""Faults of the authorize endpoint and its pages: rows of the catalogue in faults.py (protocol.md C.4, ruling 14).

Those about client and redirect URI are shown, never redirected; the others reach the app by redirect.
"""

from callgate.model.faults import Fault

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
    remedy="Send a redirect_uri that equals a registered one to the letter, or register it: `callgate apps update APP "
    "--redirect-uri …`. With more than one registered it must be sent.",
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
    remedy="Send response_type=code: the authorization code flow.",
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
    remedy="Send code_challenge with code_challenge_method=S256: apps that cannot keep a secret must use PKCE (RFC "
    "9700 section 2.1.1).",
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
    remedy="Send 43 to 128 characters of [A-Za-z0-9-._~]: base64url(SHA-256(code_verifier)) without padding (RFC 7636 "
    "section 4.2).",
)
ACCESS_DENIED = Fault(
    code="CGT-125",
    error="access_denied",
    text="The user denied access to your application",
    remedy="Send the person again when they want to: they pressed Cancel.",
)
LOGIN_REQUIRED = Fault(
    code="CGT-126",
    error="login_required",
    text="The person must sign in, which prompt=none forbids",
    remedy="Send the person without prompt=none, so that they can sign in.",
)
CONSENT_REQUIRED = Fault(
    code="CGT-127",
    error="consent_required",
    text="The person must agree, which prompt=none forbids",
    remedy="Send the person without prompt=none, so that they can be asked.",
)
FORM_EXPIRED = Fault(
    code="CGT-128",
    error="invalid_request",
    text="This page is too old or was opened in another browser",
    remedy="Go back to the application and start again; a page lives ten minutes, in the browser that opened it.",
)
POST_LOGOUT_URI_UNREGISTERED = Fault(
    code="CGT-130",
    error="invalid_request",
    text="Parameter [post_logout_redirect_uri] is not registered for this application",
    remedy="Register it, to the letter: `callgate apps update APP --post-logout-redirect-uri …`.",
)
SIGN_OUT_APP_UNNAMED = Fault(
    code="CGT-131",
    error="invalid_request",
    text="Parameter [post_logout_redirect_uri] needs a client_id or a valid id_token_hint",
    remedy="Send the client_id, or an ID token of this server: nothing else says whose address it is.",
)
HINT_OF_OTHER_APP = Fault(
    code="CGT-132",
    error="invalid_request",
    text="Parameter [client_id] is not the application of the id_token_hint",
    remedy="Send the client_id for which the ID token was made, or leave it out.",
)
HINT_INVALID = Fault(
    code="CGT-133",
    error="invalid_request",
    text="Parameter [id_token_hint] is not an ID token of this application",
    remedy="Send the newest ID token that this server made for this very client id, or leave the parameter out.",
)
OTHER_PERSON = Fault(
    code="CGT-134",
    error="login_required",
    text="Somebody else is signed in than the id_token_hint is about",
    remedy="Send the person without id_token_hint, if whoever is there will do, or with prompt=login.",
)
RESPONSE_MODE_UNSUPPORTED = Fault(
    code="CGT-135",
    error="invalid_request",
    text="Parameter [response_mode] must be query or fragment",
    remedy="Leave response_mode out, or send query or fragment; with response_type=token it can only be fragment.",
)
SSO_NOT_CONFIGURED = Fault(
    code="CGT-129",
    error="interaction_required",
    text="Single Sign-On is not configured for this account",
    remedy="Sign in with a password, or ask the administrator to configure Single Sign-On.",
)
