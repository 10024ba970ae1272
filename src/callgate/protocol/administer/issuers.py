"""Outside issuers: trusted by an account for one app, changed, revoked. Whom a trust would let in is judged here."""

import re
from collections.abc import Callable, Iterator

from callgate.model.account import Extension, ExtensionStatus, ExtensionType
from callgate.model.acts import Refused
from callgate.model.changes import IssuerTrusted, TrustChanged, TrustRevoked
from callgate.model.client import AuthMethod, Client, GrantType
from callgate.model.decisions import Done
from callgate.model.issuer import LIFE_MAX_S, Condition, TrustActFacts, TrustedIssuer
from callgate.protocol.administer.texts import check_text
from callgate.protocol.guards import may_serve

CONDITIONS_MAX = 10
TRUSTS_MAX = 20
"""Of one issuer for one app: each is tried in turn."""

LIFE_MIN_S = 60
NAME_CHARS_MAX = 512
"""Issuers and audiences are URLs, claims are often longer than one likes."""

_CLAIM = re.compile(r"[A-Za-z0-9_.:/@-]{1,128}")
_WILDCARDS_MAX = 4


def read_condition(text: str) -> Condition | Refused:
    """claim=pattern, as in `repository=acme/app` or `sub=repo:acme/*:ref:refs/heads/main`."""
    claim, equals, pattern = text.partition("=")
    if not equals or not _CLAIM.fullmatch(claim):
        return Refused(f"{text!r} is no condition: write CLAIM=VALUE, as in repository=acme/app")
    if not 0 < len(pattern) <= NAME_CHARS_MAX or not pattern.isprintable():
        return Refused(f"the condition on {claim} must be one printable line of 1 to {NAME_CHARS_MAX} characters")
    if pattern.count("*") > _WILDCARDS_MAX or "***" in pattern:
        return Refused(f"the condition on {claim} has too many stars: * is part of a part, ** is anything")
    return Condition(claim, pattern)


def trust_issuer(
    trust: TrustedIssuer, service: Extension | None, *, own_issuer: str, facts: TrustActFacts, by: str
) -> Done | Refused:
    """A new trust. `service`: the extension made with it, where none that is there is named."""
    if facts.client is None or facts.account is None:
        return Refused("there is no such app" if facts.client is None else "there is no such account")
    problem = _check(trust, facts, own_issuer=own_issuer) or _check_worth(trust, service, facts=facts)
    return Refused(problem) if problem else Done((IssuerTrusted(trust, service, by),))


def change_trust(
    edit: Callable[[TrustedIssuer], TrustedIssuer], *, own_issuer: str, facts: TrustActFacts, by: str
) -> Done | Refused:
    """A trust after an edit; what it let in under the former terms is over."""
    before = facts.trust
    if before is None:
        return Refused("there is no such trust")
    edited = edit(before)
    if edited == before:
        return Done()
    problem = _check(edited, facts, own_issuer=own_issuer)
    return Refused(problem) if problem else Done((TrustChanged(before, _next(edited, before), by),))


def revoke_trust(*, facts: TrustActFacts, by: str) -> Done | Refused:
    """The issuer's tokens open nothing from now on, and what they opened is over."""
    if facts.trust is None:
        return Refused("there is no such trust")
    return Done((TrustRevoked(facts.trust, facts.trust.extension_id is not None and not facts.shared, by),))


def _next(edited: TrustedIssuer, before: TrustedIssuer) -> TrustedIssuer:
    return edited._replace(version=before.version + 1)


def _check(trust: TrustedIssuer, facts: TrustActFacts, *, own_issuer: str) -> str | None:
    return next(_problems(trust, facts, own_issuer=own_issuer), None)


def _problems(trust: TrustedIssuer, facts: TrustActFacts, *, own_issuer: str) -> Iterator[str]:
    if problem := check_text("trust's name", trust.name):
        yield problem
    if facts.name_taken:
        yield f"the account has a trust {trust.name} already"
    if facts.beside >= TRUSTS_MAX:
        yield f"an app may trust one issuer {TRUSTS_MAX} times at most"
    for label, text in (("issuer", trust.issuer), ("audience", trust.audience)):
        if problem := check_text(label, text, chars_max=NAME_CHARS_MAX):
            yield problem
    if trust.issuer == own_issuer:
        yield "this server is no outside issuer: use a JWT credential or client_credentials"
    if (trust.jwks_url is None) == (trust.jwks is None):
        yield "give the issuer's keys in one way: by address, or as a file"
    if not LIFE_MIN_S <= trust.life_max_s <= LIFE_MAX_S:
        yield f"the longest life of a token must be {LIFE_MIN_S} to {LIFE_MAX_S} seconds"
    yield from _condition_problems(trust.conditions)


def _condition_problems(conditions: tuple[Condition, ...]) -> Iterator[str]:
    if not 1 <= len(conditions) <= CONDITIONS_MAX:
        yield f"name 1 to {CONDITIONS_MAX} conditions: a public issuer signs tokens for everybody"
    if len(set(conditions)) < len(conditions):
        yield "a condition is named twice"
    if all(condition.pattern.startswith("*") for condition in conditions):
        yield "every condition begins with a star: one must say whose workload it is, as in repository=acme/app"


def _check_worth(trust: TrustedIssuer, service: Extension | None, *, facts: TrustActFacts) -> str | None:
    """What its tokens are to be: the app itself, or a service extension of the account."""
    client = facts.client
    assert client is not None
    if trust.extension_id is None:
        return _check_proof(trust, client)
    if GrantType.JWT_BEARER not in client.grants:
        grant = GrantType.JWT_BEARER.value
        return f"{client.name} is not registered for the grant: callgate apps update {client.id} --grant {grant}"
    extension = service or facts.extension
    if extension is None or extension.account_id != trust.account_id or extension.type is not ExtensionType.SERVICE:
        return "there is no such service extension in this account"
    if extension.status is not ExtensionStatus.ENABLED:
        return f"the service extension {extension.id} is {extension.status.value}"
    return _check_role(client, service, facts=facts)


def _check_role(client: Client, service: Extension | None, *, facts: TrustActFacts) -> str | None:
    assert facts.account is not None
    role = facts.role
    if service is not None and (role is None or role.account_id not in {None, facts.account.id}):
        return "there is no such role in this account"
    refused = may_serve(client, facts.account, role=role)
    return refused.why if refused else None


def _check_proof(trust: TrustedIssuer, client: Client) -> str | None:
    if client.account_id != trust.account_id:
        return "only the account that owns an app can say what proves it"
    if client.auth_method is not AuthMethod.FEDERATED_JWT:
        method = AuthMethod.FEDERATED_JWT.value
        return f"{client.name} proves itself otherwise: callgate apps update {client.id} --auth-method {method}"
    return None
