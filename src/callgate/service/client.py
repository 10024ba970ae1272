"""Proving a client: by secret, by assertion, or, for an app that keeps no secret, by its word."""

from typing import NamedTuple

from callgate.crypto.client_assertion import (
    AssertionFault,
    AssertionRefused,
    AssertionRules,
    AssertionVerified,
    read_client_assertion,
    verify_client_assertion,
)
from callgate.crypto.jwks import ClientJwks, JwksRefused, read_jwks
from callgate.crypto.jws import HmacSecret
from callgate.crypto.secrets import open_client_secret, secret_held
from callgate.model import faults
from callgate.model.changes import AssertionClaimed
from callgate.model.client import AuthMethod, Client, ClientKeys, Switch
from callgate.model.decisions import Denied, Done
from callgate.model.evidence import ClientProven
from callgate.model.facts import AssertionFacts, ClientFacts
from callgate.model.issuer import TrustFacts, TrustOpening
from callgate.model.lookups import AssertionLookup, ClientLookup
from callgate.protocol.client_auth import (
    AssertionPresented,
    ClientNamed,
    Presented,
    SecretPresented,
    method_allowed,
    unknown,
)
from callgate.protocol.guards import client_reliance
from callgate.protocol.issuers import refuse_spent, spend, stands
from callgate.service import issuers
from callgate.service.context import Context
from callgate.storage.port import Unit

_FORMER = 1
"""The second of those compared."""

_NOBODY = ClientFacts(None, None)


class Proven(NamedTuple):
    """The app as it was when proven, and the proof.

    `claimed`: this request has used its assertion up. `former`: it was proven by the secret before the one of today.
    """

    client: Client
    evidence: ClientProven
    claimed: bool = False
    former: bool = False


class Recalled(NamedTuple):
    """The app as memory has it, and the proof by that."""

    facts: ClientFacts
    client: Client
    evidence: ClientProven
    former: bool


def recall(context: Context, shown: Presented) -> Recalled | None:
    """The proof by what was read of the app lately, None where that does not carry it: then `prove`.

    Only for whoever has the transaction compare the proof with today's app; see `service.lately`.
    """
    if isinstance(shown, AssertionPresented):
        return None
    # An unknown client costs the same look at nothing as a wrong secret at what is known.
    facts = context.apps.get(shown.client_id) or _NOBODY
    proven = _judge(facts, shown, now_ms=context.clock.now_ms())
    return None if isinstance(proven, Denied) else Recalled(facts, proven.client, proven.evidence, proven.former)


async def prove(context: Context, shown: Presented, *, before: Proven | None = None) -> Proven | Denied:
    """Unknown client and wrong secret take the same path and time; only then does the method matter.

    `before`: what this same request was proven by before the app changed under it. An assertion is then held against
    the app's keys of today, and not claimed a second time: a claim is the request's, not the look's.
    """
    if isinstance(shown, AssertionPresented):
        return await _prove_assertion(context, shown, claimed=before is not None and before.claimed)
    found = await context.store.read(ClientLookup(shown.client_id))
    if found.client is not None and context.apps.get(found.client.id) != found:
        # Not where it is the same: requests known to the letter are known by it, and anybody may name an app.
        context.apps.put(found.client.id, found)
    return _judge(found, shown, now_ms=context.clock.now_ms())


def _judge(found: ClientFacts, shown: ClientNamed | SecretPresented, *, now_ms: int) -> Proven | Denied:
    client, keys = found
    proven, former = True, False
    if isinstance(shown, SecretPresented):
        # Both are compared, whether or not there are two: the time tells neither which it was nor how many there are.
        held = secret_held(shown.secret, *((keys.secret_sha256, keys.former_sha256) if keys else (None, None)))
        former = held == _FORMER
        proven = held is not None and (not former or _former_counts(keys, now_ms=now_ms))
    if client is None:
        return unknown(shown.client_id)
    refused = method_allowed(client, shown)
    if refused:
        return refused
    if not proven:
        return Denied(fault=faults.CLIENT_UNPROVEN, why=f"wrong secret of {client.id}")
    by_grant = client.auth_method is AuthMethod.FEDERATED_JWT
    return Proven(client, _evidence(client, by_grant=by_grant), former=former)


def _former_counts(keys: ClientKeys | None, *, now_ms: int) -> bool:
    return keys is not None and keys.former_until_ms is not None and now_ms < keys.former_until_ms


def _evidence(client: Client, *, by_grant: bool = False) -> ClientProven:
    return ClientProven(client.id, client_reliance(client), by_grant=by_grant)


async def _prove_assertion(context: Context, shown: AssertionPresented, *, claimed: bool) -> Proven | Denied:
    if shown.client_id is not None:
        named = (await context.store.read(ClientLookup(shown.client_id))).client
        if named is not None and named.auth_method is AuthMethod.FEDERATED_JWT:
            return await _prove_federated(context, named, shown.assertion, claimed=claimed)
    read = read_client_assertion(shown.assertion)
    if isinstance(read, AssertionRefused):
        return _refused(read.reason.value)
    if shown.client_id not in {None, read.client_id}:
        return Denied(fault=faults.CLIENT_PROOFS_TWO, why="client_id is not the assertion's sub")
    client, keys = await context.store.read(ClientLookup(read.client_id))
    if client is None or keys is None:
        return unknown(read.client_id)
    refused = method_allowed(client, shown)
    if refused:
        return refused
    key = _key(context, client, keys)
    if key is None:
        return _refused("the app has no key registered")
    now_ms, former = context.clock.now_ms(), False
    verified = verify_client_assertion(read, key, rules=_rules(context, client), now_ms=now_ms)
    if isinstance(verified, AssertionRefused) and verified.reason is AssertionFault.SIGNATURE:
        older = _former_secret(context, client, keys) if _former_counts(keys, now_ms=now_ms) else None
        if older is not None:
            former = True
            verified = verify_client_assertion(read, older, rules=_rules(context, client), now_ms=now_ms)
    if isinstance(verified, AssertionRefused):
        return _refused(verified.reason.value)
    refused = None if claimed else await _claim(context, verified)
    return refused or Proven(client, _evidence(client), claimed=True, former=former)


async def _prove_federated(context: Context, client: Client, assertion: str, *, claimed: bool) -> Proven | Denied:
    """By a token that its account's outside issuer made; its `sub` is the workload, so client_id names the app."""
    judged = await issuers.prove_app(context, client, assertion)
    if isinstance(judged, Denied):
        unreachable = judged.fault is faults.TEMPORARILY_UNAVAILABLE
        return judged if unreachable else _refused(f"{judged.fault.text}: {judged.why}")
    proven = Proven(client, _evidence(client), claimed=True)
    if claimed:
        return proven

    def decide(facts: TrustFacts) -> Done | Denied:
        if not stands(judged, client=proven.evidence, facts=facts):
            return _refused("its trust or the app changed meanwhile")
        return refuse_spent(judged, facts) or Done(spend(judged, now_ms=facts.now_ms))

    decision = await context.store.run(Unit(TrustOpening(client.id, judged), decide))
    return _refused(decision.why) if isinstance(decision, Denied) else proven


def _rules(context: Context, client: Client) -> AssertionRules:
    issuer = context.policy.issuer
    token_url = f"{issuer}/restapi/oauth/token" if Switch.ASSERTION_FOR_TOKEN_URL in client.switches else None
    return AssertionRules(client_id=client.id, issuer=issuer, token_url=token_url)


def _key(context: Context, client: Client, keys: ClientKeys) -> HmacSecret | ClientJwks | None:
    if client.auth_method is AuthMethod.CLIENT_SECRET_JWT:
        return hmac_secret(context, client, keys)
    jwks = read_jwks(keys.jwks) if keys.jwks else None
    return None if isinstance(jwks, JwksRefused) else jwks


def hmac_secret(context: Context, client: Client, keys: ClientKeys) -> HmacSecret | None:
    """The secret of an app that uses HMAC, unwrapped; None where only its hash is stored. Raises Unavailable."""
    return _opened(context, client, keys.sealed_secret)


def _former_secret(context: Context, client: Client, keys: ClientKeys) -> HmacSecret | None:
    """The one before, of an app that proves itself by HMAC."""
    by_hmac = client.auth_method is AuthMethod.CLIENT_SECRET_JWT
    return _opened(context, client, keys.former_sealed) if by_hmac else None


def _opened(context: Context, client: Client, sealed: bytes | None) -> HmacSecret | None:
    if sealed is None:
        return None
    return HmacSecret(context.keeper.unwrap(lambda kek: open_client_secret(kek, sealed, client_id=client.id)))


async def _claim(context: Context, verified: AssertionVerified) -> Denied | None:
    """An assertion works once, on every process."""

    def decide(facts: AssertionFacts) -> Done | Denied:
        if facts.claimed:
            return _refused("its jti was presented before")
        return Done((AssertionClaimed(verified.client_id, verified.jti, verified.remember_until_ms),))

    decision = await context.store.run(Unit(AssertionLookup(verified.client_id, verified.jti), decide))
    return decision if isinstance(decision, Denied) else None


def _refused(why: str) -> Denied:
    return Denied(fault=faults.CLIENT_ASSERTION_INVALID, why=f"client assertion: {why}")
