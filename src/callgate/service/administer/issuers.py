"""Outside issuers: their keys looked at before they are trusted, and tokens tried against a trust."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import NamedTuple

from callgate.crypto.jwks import ClientJwks, JwksRefused, read_issuer_jwks
from callgate.crypto.outside_token import has_key, is_signed_by, read_outside_token
from callgate.crypto.strict_json import parse_object
from callgate.model.account import Account, Extension, ExtensionStatus, ExtensionType, Role
from callgate.model.acts import Refused
from callgate.model.client import Client
from callgate.model.decisions import Done
from callgate.model.fetch import NotFetched
from callgate.model.ids import ExtensionId, RoleId
from callgate.model.issuer import Condition, TrustActLookup, TrustedIssuer
from callgate.protocol.administer import issuers
from callgate.protocol.issuers import check_claims
from callgate.service.administer.desk import Desk
from callgate.service.fetch import Fetcher
from callgate.service.issuers import keys_of
from callgate.service.key_sets import KeySets, NoKeys, fetch_keys


@dataclass(frozen=True, slots=True, kw_only=True)
class NewTrust:
    """A trust as an administrator describes it.

    `service` is a service extension that is there, `role` bounds one made for the purpose; neither: tokens prove the
    app. Without `jwks_url` and `jwks` the issuer's own discovery document says where its keys are.
    """

    name: str
    issuer: str
    audience: str | None
    conditions: tuple[Condition, ...]
    role: Role | None
    service: Extension | None
    jwks_url: str | None
    jwks: str | None
    life_max_s: int
    repeatable: bool


class Tried(NamedTuple):
    """One check of a token, for whoever wants to know why it is refused."""

    check: str
    passed: bool
    detail: str


async def trust_issuer(desk: Desk, client: Client, account: Account, *, wanted: NewTrust) -> TrustedIssuer | Refused:
    """A new trust, whose keys could be read just now. Raises Unavailable."""
    jwks_url = wanted.jwks_url
    if jwks_url is None and wanted.jwks is None:
        found = await discover(desk.fetcher, wanted.issuer)
        if isinstance(found, Refused):
            return found
        jwks_url = found
    refused = await _refuse_keys(desk, jwks_url=jwks_url, jwks=wanted.jwks)
    if refused:
        return refused
    service = _service(desk, wanted, account)
    extension = wanted.service or service
    trust = TrustedIssuer(
        id=desk.draw_row_id(),
        account_id=account.id,
        client_id=client.id,
        extension_id=extension.id if extension else None,
        name=wanted.name,
        issuer=wanted.issuer,
        audience=wanted.audience or desk.policy.issuer,
        conditions=wanted.conditions,
        jwks_url=jwks_url,
        jwks=wanted.jwks,
        life_max_s=wanted.life_max_s,
        repeatable=wanted.repeatable,
        created_ms=desk.clock.now_ms(),
        last_used_ms=None,
        version=1,
    )
    decision = await desk.carry_out(
        _lookup(trust, role_id=extension.role_id if extension else None),
        lambda facts: issuers.trust_issuer(trust, service, own_issuer=desk.policy.issuer, facts=facts, by=desk.by),
    )
    return decision if isinstance(decision, Refused) else trust


async def change_trust(
    desk: Desk, trust: TrustedIssuer, edit: Callable[[TrustedIssuer], TrustedIssuer]
) -> TrustedIssuer | Refused:
    """A trust after an edit. Raises Unavailable."""
    edited = edit(trust)
    if (edited.jwks_url, edited.jwks) != (trust.jwks_url, trust.jwks):
        refused = await _refuse_keys(desk, jwks_url=edited.jwks_url, jwks=edited.jwks)
        if refused:
            return refused
    decision = await desk.carry_out(
        _lookup(edited),
        lambda facts: issuers.change_trust(edit, own_issuer=desk.policy.issuer, facts=facts, by=desk.by),
    )
    return decision if isinstance(decision, Refused) else edited


async def revoke_trust(desk: Desk, trust: TrustedIssuer) -> Done | Refused:
    """Nothing of the issuer's is accepted under it any more. Raises Unavailable."""
    return await desk.carry_out(_lookup(trust), lambda facts: issuers.revoke_trust(facts=facts, by=desk.by))


async def try_token(desk: Desk, trust: TrustedIssuer, text: str) -> list[Tried]:
    """Every check of a token under a trust, in their order; nothing is spent."""
    token = read_outside_token(text)
    if token is None:
        detail = "a compact JWS of RS256, PS256, ES256 or EdDSA, with iss, and no header but alg, kid, typ, x5t"
        return [Tried("form", passed=False, detail=f"must be {detail}")]
    issuer = Tried("iss", token.issuer == trust.issuer, f"must be {trust.issuer}; is {token.issuer[:200]}")
    keys = await keys_of(KeySets(desk.fetcher), trust, token=token)
    if isinstance(keys, NoKeys):
        return [issuer, Tried("keys", passed=False, detail=keys.why)]
    names = ", ".join(key.kid or "without kid" for key in keys.keys)
    known = Tried("kid", has_key(token, keys), f"is {token.kid} for {token.alg}; published: {names}")
    signed = Tried("signature", is_signed_by(token, keys), f"by the key of {token.kid}")
    checks = check_claims(trust, token.claims, now_ms=desk.clock.now_ms())
    return [issuer, known, signed, *(Tried(check.name, check.passed, check.detail) for check in checks)]


async def discover(fetcher: Fetcher, issuer: str) -> str | Refused:
    """Where an issuer's keys are, by its own word (OpenID Connect Discovery section 4)."""
    url = f"{issuer.rstrip('/')}/.well-known/openid-configuration"
    got = await fetcher.get(url)
    if isinstance(got, NotFetched):
        return Refused(f"{url} was not fetched: {got}; give --jwks-url, or the keys themselves with --jwks")
    document = parse_object(got.body) or {}
    if not isinstance(document.get("jwks_uri"), str):
        return Refused(f"{url} names no jwks_uri; give --jwks-url, or the keys themselves with --jwks")
    if document.get("issuer") != issuer:
        return Refused(f"{url} is of the issuer {document.get('issuer')!r}: spell it so, or give --jwks-url")
    return str(document["jwks_uri"])


async def _refuse_keys(desk: Desk, *, jwks_url: str | None, jwks: str | None) -> Refused | None:
    """A mistake in the keys is found now, not by the first job at night."""
    read: ClientJwks | JwksRefused | NoKeys | None = None
    if jwks_url is not None:
        read = await fetch_keys(desk.fetcher, jwks_url)
    elif jwks is not None:
        read = read_issuer_jwks(jwks)
    match read:
        case NoKeys(why=why):
            return Refused(why)
        case JwksRefused(reason=reason):
            return Refused(f"the JWK Set cannot be used: {reason.value}")
        case _:
            return None


def _service(desk: Desk, wanted: NewTrust, account: Account) -> Extension | None:
    if wanted.role is None or wanted.service is not None:
        return None
    return Extension(
        id=ExtensionId(desk.draw_id()),
        account_id=account.id,
        number=None,
        type=ExtensionType.SERVICE,
        status=ExtensionStatus.ENABLED,
        first_name=wanted.name,
        last_name="",
        email=None,
        role_id=wanted.role.id,
        password_version=1,
        sessions_from_ms=0,
        version=1,
    )


def _lookup(trust: TrustedIssuer, *, role_id: RoleId | None = None) -> TrustActLookup:
    return TrustActLookup(
        trust_id=trust.id,
        account_id=trust.account_id,
        client_id=trust.client_id,
        issuer=trust.issuer,
        name=trust.name,
        role_id=role_id,
        extension_id=trust.extension_id,
    )
