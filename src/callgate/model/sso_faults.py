"""Faults of single sign-on: rows of the catalogue in faults.py. All but the first are shown on a page.

What is wrong with a provider's answer is for the account's administrator: the person at the browser can mend nothing.
"""

from callgate.model.faults import Audience, Fault

SSO_REQUIRED = Fault(
    code="CGT-150",
    error="invalid_grant",
    text="Password login is not allowed. Please use Single Sign-on way to authenticate.",
    remedy="People sign in by the authorization code flow, with Single Sign-On. Jobs use a JWT credential or client "
    "credentials, which work under Single Sign-On. For one person: `callgate sso exempt EXTENSION`.",
    audience=Audience.ADMINISTRATOR,
)
SSO_OFF = Fault(
    code="CGT-151",
    error="access_denied",
    text="Single Sign-On is switched off for this account",
    remedy="Sign in with a password, or switch it on: `callgate sso policy ACCOUNT allowed`.",
    status=403,
    audience=Audience.ADMINISTRATOR,
)
SSO_CONNECTION_OFF = Fault(
    code="CGT-152",
    error="access_denied",
    text="This connection to an identity provider is disabled or gone",
    remedy="`callgate sso list` shows the account's connections; `callgate sso enable CONNECTION` enables one.",
    status=403,
    audience=Audience.ADMINISTRATOR,
)
SSO_ANSWER_REFUSED = Fault(
    code="CGT-153",
    error="access_denied",
    text="The identity provider's answer was not accepted",
    remedy="The server's log names, beside this request id, the check that failed; docs/sso.md says what to set at the "
    "identity provider.",
    status=403,
    audience=Audience.ADMINISTRATOR,
)
SSO_ANSWER_USED = Fault(
    code="CGT-154",
    error="access_denied",
    text="The identity provider's answer was used before",
    remedy="Start the sign-in again; an answer is good for one sign-in, whichever process it reaches.",
    status=403,
    audience=Audience.ADMINISTRATOR,
)
SSO_PERSON_UNKNOWN = Fault(
    code="CGT-155",
    error="access_denied",
    text="The identity provider vouches for an address that nobody in this account has",
    remedy="Give the person's extension the address: `callgate extensions update EXTENSION --email …`; or correct the "
    "attribute that is read: `callgate sso update CONNECTION --email-attribute …`.",
    status=403,
    audience=Audience.ADMINISTRATOR,
)
SSO_NOT_ASKED = Fault(
    code="CGT-156",
    error="access_denied",
    text="This connection accepts only sign-ins that begin here",
    remedy="Open the application itself; or allow sign-ins that begin at the identity provider: `callgate sso update "
    "CONNECTION --idp-initiated`.",
    status=403,
    audience=Audience.ADMINISTRATOR,
)
SSO_PROVIDER_REFUSED = Fault(
    code="CGT-157",
    error="access_denied",
    text="The identity provider did not sign the person in",
    remedy="The server's log names, beside this request id, what the identity provider answered.",
    status=403,
    audience=Audience.ADMINISTRATOR,
)
SSO_PROVIDER_UNREACHABLE = Fault(
    code="CGT-158",
    error="temporarily_unavailable",
    text="The identity provider cannot be reached",
    remedy="Try again in a moment; `callgate sso show CONNECTION` names the addresses asked.",
    status=503,
    audience=Audience.ADMINISTRATOR,
)
