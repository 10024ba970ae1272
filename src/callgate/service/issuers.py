"""Proving a token of an outside issuer: which trusts it may mean, whose keys signed it, and what it says.

Signatures and fetches happen here, before the transaction; what is relied on is the trust, which is looked at again
inside it.
"""

from collections.abc import Callable
from functools import partial

from callgate.crypto.jwks import ClientJwks, JwksRefused, read_issuer_jwks
from callgate.crypto.outside_token import OutsideToken, has_key, is_signed_by, read_outside_token
from callgate.model import faults, grant_faults, issuer_faults
from callgate.model.client import Client
from callgate.model.decisions import Denied
from callgate.model.ids import AccountId, ClientId
from callgate.model.issuer import OutsideProven, TrustedIssuer, TrustsLookup
from callgate.protocol.issuers import choose, judge_claims
from callgate.service.context import Context
from callgate.service.key_sets import KeySets, NoKeys


async def is_trusted(context: Context, client_id: ClientId, assertion: str) -> bool:
    """Whether an assertion says that it comes from an issuer trusted for this app; nothing of it is proven yet."""
    token = read_outside_token(assertion)
    return token is not None and bool(await _find(context, client_id, token))


async def prove_service(
    context: Context, client_id: ClientId, assertion: str, *, account_id: AccountId | None
) -> OutsideProven | Denied:
    """A token that stands for a service extension, of the account named if one is. Raises Unavailable."""

    def fits(trust: TrustedIssuer) -> bool:
        return trust.extension_id is not None and account_id in {None, trust.account_id}

    return await _prove(context, client_id, assertion, fits=fits)


async def prove_app(context: Context, client: Client, assertion: str) -> OutsideProven | Denied:
    """A token that proves an app. Only the owner's trusts can: another account would make itself the app."""

    def fits(trust: TrustedIssuer) -> bool:
        return trust.extension_id is None and trust.account_id == client.account_id

    return await _prove(context, client.id, assertion, fits=fits)


async def keys_of(key_sets: KeySets, trust: TrustedIssuer, *, token: OutsideToken) -> ClientJwks | NoKeys:
    """The issuer's keys: those given, or those published now."""
    if trust.jwks_url is not None:
        return await key_sets.get(trust.jwks_url, wanted=partial(has_key, token))
    read = read_issuer_jwks(trust.jwks or "")
    return NoKeys(f"the keys given cannot be used: {read.reason.value}") if isinstance(read, JwksRefused) else read


async def _prove(
    context: Context, client_id: ClientId, assertion: str, *, fits: Callable[[TrustedIssuer], bool]
) -> OutsideProven | Denied:
    token = read_outside_token(assertion)
    if token is None:
        return Denied(fault=grant_faults.ASSERTION_UNREADABLE, why="no token that an outside issuer can have made")
    trusts = [trust for trust in await _find(context, client_id, token) if fits(trust)]
    if not trusts:
        return Denied(fault=issuer_faults.TOKEN_NOT_TRUSTED, why="no trust of its issuer is for this app and use")
    return choose([await _judge(context, token, trust) for trust in trusts])


async def _find(context: Context, client_id: ClientId, token: OutsideToken) -> tuple[TrustedIssuer, ...]:
    return (await context.store.read(TrustsLookup(client_id, token.issuer))).trusts


async def _judge(context: Context, token: OutsideToken, trust: TrustedIssuer) -> OutsideProven | Denied:
    keys = await keys_of(context.key_sets, trust, token=token)
    if isinstance(keys, NoKeys):
        return Denied(fault=faults.TEMPORARILY_UNAVAILABLE, why=f"trust {trust.id}: {keys.why}")
    if not is_signed_by(token, keys):
        missing = "" if has_key(token, keys) else "; no key of its kid and algorithm is published"
        return Denied(fault=issuer_faults.TOKEN_UNSIGNED, why=f"trust {trust.id}: signature{missing}")
    return judge_claims(trust, token.claims, digest=token.digest, now_ms=context.clock.now_ms())
