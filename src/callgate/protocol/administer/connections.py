"""Connections to identity providers: made, changed and removed; and the switches of accounts and people."""

import re
from collections.abc import Callable

from callgate.model.account import Account, Extension
from callgate.model.acts import Refused
from callgate.model.changes import AccountChanged
from callgate.model.connection import (
    CERTIFICATES_MAX,
    NAME_ID,
    Connection,
    ConnectionKind,
    ConnectionSecret,
    SsoExemption,
    SsoPolicy,
)
from callgate.model.decisions import Done
from callgate.model.sso import (
    ConnectionActFacts,
    ConnectionChanged,
    ConnectionCreated,
    ConnectionRemoved,
    SsoPolicyActFacts,
)
from callgate.protocol.administer.texts import check_text, first_problem

ISSUER_CHARS_MAX = 1024
"""SAML core section 8.3.6 bounds an entity id so."""

URL_CHARS_MAX = 2048
DOMAINS_MAX = 50
SCOPES_MAX = 20
CLIENT_SECRET_CHARS_MAX = 512
_ATTRIBUTE_CHARS_MAX = 256
_URL = re.compile(r"(?P<scheme>https?)://(?P<host>[A-Za-z0-9.-]+|\[[0-9A-Fa-f:]+\])(:\d{1,5})?([/?][!-\"$-~]*)?\Z")
"""No user, no fragment, nothing but printable ASCII: a browser's Location must not be able to say something else."""

_SCOPE = re.compile(r"[!#-\[\]-~]{1,128}\Z")
_CLIENT_SECRET = re.compile(rf"(?! )[ -~]{{1,{CLIENT_SECRET_CHARS_MAX}}}(?<! )\Z")
_LOOPBACK = re.compile(r"(localhost|127(\.\d{1,3}){3}|\[::1\])\Z")
_DOMAIN = re.compile(r"(?=.{1,189}\Z)[a-z0-9-]+(\.[a-z0-9-]+)+\Z")


def create_connection(
    connection: Connection, secret: ConnectionSecret, *, facts: ConnectionActFacts, by: str
) -> Done | Refused:
    """A new way in; nothing changes for anybody until the account's switch lets people use it."""
    proven = connection.kind is ConnectionKind.SAML or secret.sealed_client_secret is not None
    problem = first_problem(
        "there is no such account" if facts.account is None else _check(connection, facts),
        None if proven else "an OpenID Connect provider must have given a client secret",
    )
    return Refused(problem) if problem else Done((ConnectionCreated(connection, secret, by),))


def change_connection(
    edit: Callable[[Connection], Connection], *, secret: ConnectionSecret | None, facts: ConnectionActFacts, by: str
) -> Done | Refused:
    """A connection after an edit; nothing is written when nothing changed."""
    before = facts.connection
    if before is None:
        return Refused("there is no such connection")
    edited = _withdraw_trust(before, edit(before))
    if edited == before and secret is None:
        return Done()
    problem = _check(edited, facts)
    if problem:
        return Refused(problem)
    return Done((ConnectionChanged(before, edited._replace(version=before.version + 1), secret, by),))


def remove_connection(*, facts: ConnectionActFacts, by: str) -> Done | Refused:
    """A connection gone, and every session it opened with it."""
    if facts.connection is None:
        return Refused("there is no such connection")
    return Done((ConnectionRemoved(facts.connection, by),))


def set_policy(policy: SsoPolicy, *, facts: SsoPolicyActFacts, by: str) -> Done | Refused:
    """An account's switch. Nothing is enforced that nobody could follow."""
    account = facts.account
    if account is None:
        return Refused("there is no such account")
    if account.sso_policy is policy:
        return Done()
    if policy is SsoPolicy.ENFORCED and not any(connection.enabled for connection in facts.connections):
        return Refused(
            "the account has no enabled connection: nobody could sign in; `callgate sso connect-saml` and "
            "`callgate sso connect-oidc` make one"
        )
    after = account._replace(sso_policy=policy, version=account.version + 1)
    return Done((AccountChanged(account, after, by),))


def able(connection: Connection, *, enabled: bool) -> Connection:
    """The connection in use, or not."""
    return connection._replace(enabled=enabled)


def exempted(extension: Extension, exemption: SsoExemption) -> Extension:
    """The person with a switch of their own, or the account's."""
    return extension._replace(sso_exemption=exemption)


def locked_out(account: Account, connections: tuple[Connection, ...]) -> bool:
    """Whether single sign-on is enforced and no connection is enabled: what an administrator is told at once."""
    return account.sso_policy is SsoPolicy.ENFORCED and not any(connection.enabled for connection in connections)


def url_problem(what: str, url: str) -> str | None:
    """What is wrong with an address browsers are sent to or that we ask: https, or http on this machine alone."""
    found = _URL.match(url) if len(url) <= URL_CHARS_MAX else None
    if found is None:
        return f"the {what} must be an https URL of at most {URL_CHARS_MAX} characters, without a fragment"
    if found["scheme"] == "http" and not _LOOPBACK.match(found["host"]):
        return f"the {what} must be https; http is for this machine alone"
    return None


def client_secret_problem(secret: str) -> str | None:
    """What is wrong with a secret that a provider is said to have given (RFC 6749 appendix A.2); it is not repeated."""
    if _CLIENT_SECRET.match(secret):
        return None
    return f"a client secret is one line of 1 to {CLIENT_SECRET_CHARS_MAX} printable ASCII characters"


def _withdraw_trust(before: Connection, after: Connection) -> Connection:
    """Another provider, or none: whatever the one before vouched for is over, for good (as of a disabled account)."""
    withdrawn = (before.enabled and not after.enabled) or (before.issuer, before.client_id) != (
        after.issuer,
        after.client_id,
    )
    return after._replace(trust_version=before.trust_version + 1) if withdrawn else after


def _check(connection: Connection, facts: ConnectionActFacts) -> str | None:
    taken = facts.domains_taken
    return first_problem(
        check_text("connection's name", connection.name),
        check_text("issuer", connection.issuer, chars_max=ISSUER_CHARS_MAX),
        check_text("e-mail attribute", connection.email_attribute, chars_max=_ATTRIBUTE_CHARS_MAX),
        url_problem("sign-in address", connection.sso_url),
        _check_saml(connection) if connection.kind is ConnectionKind.SAML else _check_oidc(connection),
        _check_domains(connection.email_domains),
        f"the account has a connection to {connection.issuer} already" if facts.issuer_taken else None,
        f"the account has a connection {connection.name} already" if facts.name_taken else None,
        f"the domain {taken[0]} belongs to another connection" if taken else None,
    )


def _check_saml(connection: Connection) -> str | None:
    if not 1 <= len(connection.certificates) <= CERTIFICATES_MAX:
        return "a SAML connection has one or two certificates: a primary and a secondary"
    if len(set(connection.certificates)) != len(connection.certificates):
        return "the secondary certificate is the primary one"
    return None


def _check_oidc(connection: Connection) -> str | None:
    return first_problem(
        check_text("client id", connection.client_id, chars_max=_ATTRIBUTE_CHARS_MAX),
        url_problem("issuer", connection.issuer),
        url_problem("token endpoint", connection.token_url),
        url_problem("JWK Set's address", connection.jwks_url),
        url_problem("UserInfo endpoint", connection.userinfo_url) if connection.userinfo_url else None,
        _check_scopes(connection.scopes),
        _check_not_saml(connection),
    )


def _check_scopes(scopes: tuple[str, ...]) -> str | None:
    if "openid" not in scopes:
        return "openid must be among the scopes: without it the provider gives no ID token"
    if len(scopes) > SCOPES_MAX:
        return f"at most {SCOPES_MAX} scopes are asked for"
    wrong = next((scope for scope in scopes if not _SCOPE.match(scope)), None)
    return None if wrong is None else f"{wrong!r} is not a scope"


def _check_not_saml(connection: Connection) -> str | None:
    """What OpenID Connect has no word for."""
    if connection.email_attribute == NAME_ID:
        return "NameID is SAML's: name a claim, such as email"
    if connection.certificates:
        return "an OpenID Connect provider publishes its keys: a connection to one has no certificates"
    if connection.signs_requests:
        return "requests to an OpenID Connect provider are not signed"
    if connection.allows_idp_initiated:
        return "a sign-in by OpenID Connect begins here: give the provider's portal our_start_url"
    return None


def _check_domains(domains: tuple[str, ...]) -> str | None:
    if len(domains) > DOMAINS_MAX:
        return f"a connection has at most {DOMAINS_MAX} e-mail domains"
    wrong = next((domain for domain in domains if not _DOMAIN.match(domain)), None)
    return None if wrong is None else f"{wrong!r} is not a domain of e-mail addresses, such as example.com"
