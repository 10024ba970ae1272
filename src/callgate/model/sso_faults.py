"""Faults of single sign-on: rows of the catalogue in faults.py. All but the first are shown on a page.

What is wrong with a provider's answer is for the account's administrator: the person at the browser can mend nothing.
"""

from callgate.model.faults import Audience, Fault

SSO_REQUIRED = Fault(
    code="CGT-150",
    error="invalid_grant",
    text="Password login is not allowed. Please use Single Sign-on way to authenticate.",
    remedy="Sign people in by the authorization code flow, with Single Sign-On; give jobs a JWT credential or client "
    "credentials, which work all the same. To exempt one person: `callgate sso exempt EXTENSION`.",
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
    remedy="Have the connection enabled, if it should be: `callgate sso enable CONNECTION`; `callgate sso list` shows "
    "those there are.",
    status=403,
    audience=Audience.ADMINISTRATOR,
)
SSO_ANSWER_REFUSED = Fault(
    code="CGT-153",
    error="access_denied",
    text="The identity provider's answer was not accepted",
    remedy="Check the server's log, which names beside this request id what was wrong; docs/sso.md says what to set at "
    "the identity provider.",
    status=403,
    audience=Audience.ADMINISTRATOR,
)
SSO_ANSWER_USED = Fault(
    code="CGT-154",
    error="access_denied",
    text="The identity provider's answer was used before",
    remedy="Sign in again from the application; an answer is good for one sign-in, whichever process it reaches.",
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
    remedy="Sign in from the application itself; or allow sign-ins that begin at the identity provider: `callgate sso "
    "update CONNECTION --idp-initiated`.",
    status=403,
    audience=Audience.ADMINISTRATOR,
)
SSO_PROVIDER_REFUSED = Fault(
    code="CGT-157",
    error="access_denied",
    text="The identity provider did not sign the person in",
    remedy="Check the server's log, which names beside this request id what the identity provider answered.",
    status=403,
    audience=Audience.ADMINISTRATOR,
)
SSO_CLIENT_REFUSED = Fault(
    code="CGT-159",
    error="access_denied",
    text="The identity provider does not accept this server's client id or secret",
    remedy="Give the connection the secret of today: `callgate sso update-oidc CONNECTION --client-secret-file FILE`; "
    "the server's log names beside this request id what the identity provider answered.",
    status=403,
    audience=Audience.ADMINISTRATOR,
)
SSO_PROVIDER_UNREACHABLE = Fault(
    code="CGT-158",
    error="temporarily_unavailable",
    text="The identity provider cannot be reached",
    remedy="Repeat it in a moment; `callgate sso show CONNECTION` names what must be reachable from here.",
    status=503,
    audience=Audience.ADMINISTRATOR,
)
