"""Revocation: the caller's app is proven, the token's session ends, and everything well-formed answers alike."""

from callgate.model.decisions import Denied, Done
from callgate.model.ids import ClientId
from callgate.model.reference import TokenKind
from callgate.protocol import revoke as protocol
from callgate.service import client as clients
from callgate.service.context import Context
from callgate.service.token import TokenRequest
from callgate.service.uses import note_use
from callgate.service.visit import Visit
from callgate.storage.port import Unit

_KINDS = (TokenKind.ACCESS, TokenKind.REFRESH)


async def revoke(context: Context, request: TokenRequest) -> Done | Denied:
    """The whole session of the token is over when this returns. Raises Unavailable."""
    call = protocol.read_call(
        content_type=request.content_type,
        body=request.body,
        query=request.query,
        authorization=request.authorization,
        query_tokens=context.policy.query_tokens,
    )
    visit = Visit(context, request.network)
    if isinstance(call, Denied):
        return _denied(context, request, denial=await visit.refuse(call, ""), client_id=None)
    proven = await clients.prove(context, call.presented)
    if isinstance(proven, Denied):
        denial = await visit.refuse(proven, call.presented.client_id or "")
        return _denied(context, request, denial=denial, client_id=None)
    # Never refused for its rate: whoever takes a token back makes the world safer.
    reference = await context.keeper.open(call.token, _KINDS)
    decision = Done()
    if reference is not None:
        decision = await context.store.run(
            Unit(
                protocol.lookup(reference),
                lambda facts: protocol.decide(client=proven.evidence, reference=reference, facts=facts),
            )
        )
    note_use(context, proven.client, former=proven.former)
    changed = bool(decision.changes)
    context.events.done("revoke", request.request_id, client_id=proven.client.id, changed=changed)
    return decision


def _denied(context: Context, request: TokenRequest, *, denial: Denied, client_id: ClientId | None) -> Denied:
    context.events.denied(
        "revoke", denial, request_id=request.request_id, client_id=client_id, at_ms=context.clock.now_ms()
    )
    return denial
