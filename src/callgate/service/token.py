"""The token endpoint: read, prove, decide in one transaction, seal after the commit."""

from typing import NamedTuple

from callgate.crypto.jws import HmacSecret
from callgate.model import device_faults, faults
from callgate.model.decisions import Denied, Granted, LookAgain
from callgate.model.ids import ClientId
from callgate.model.network import LOCAL
from callgate.protocol.token import ASSERTION_BODY_BYTES_MAX, TokenCall, read_call, read_grant
from callgate.service import client as clients
from callgate.service.context import Context
from callgate.service.grants import run_grant, run_repeat
from callgate.service.repeats import Mark, mark_of, repeatable
from callgate.service.reply import TokenReply, id_token_secret, seal
from callgate.service.uses import note_use
from callgate.service.visit import Visit

FORM_BYTES_MAX = ASSERTION_BODY_BYTES_MAX
"""No grant's form is longer; most are refused earlier, when it is known what they ask for."""

LOOKS_MAX = 3
"""How often proofs are made anew when what they relied on changed under them."""


class TokenRequest(NamedTuple):
    """A POST as it came, bounded."""

    content_type: str
    body: bytes
    query: bytes
    authorization: str | None
    request_id: str
    network: str = LOCAL

    def __repr__(self) -> str:
        return f"TokenRequest({self.request_id})"


async def exchange(context: Context, request: TokenRequest) -> TokenReply | Denied:
    """Tokens for a grant, durable before this returns. Raises Unavailable."""
    content_type, body, query, authorization = request[:4]
    visit = Visit(context, request.network)
    mark = mark_of(content_type=content_type, body=body, query=query, authorization=authorization)
    known = None if mark is None else await _decide_repeat(context, mark, visit=visit)
    if isinstance(known, Granted):
        return await _answer(context, request, known, visit=visit)
    call = read_call(content_type=content_type, body=body, query=query, authorization=authorization)
    if isinstance(call, Denied):
        return _denied(context, request, denial=await visit.refuse(call, ""), client_id=None)
    visit.asked = call.grant.value
    decision, client_id, secret = await (
        _decide(context, call, visit=visit, mark=mark) if known is None else _refuse(context, call, known, visit=visit)
    )
    if isinstance(decision, Denied):
        denial = await visit.refuse(decision, client_id or call.presented.client_id or "")
        return _denied(context, request, denial=denial, client_id=client_id, asked=visit.asked)
    return await _answer(context, request, decision, visit=visit, secret=secret)


class _Decided(NamedTuple):
    """What was decided, for which app, and the app's secret where that signs its ID tokens."""

    decision: Granted | Denied
    client_id: ClientId | None = None
    secret: HmacSecret | None = None


async def _decide_repeat(context: Context, mark: Mark, *, visit: Visit) -> Granted | Denied | None:
    """A request known to the letter, while its app is as it was then; None where it is to be read anew."""
    known = context.repeats.get(mark.sha256)
    if known is None or context.apps.get(known.evidence.client_id) is not known.facts:
        return None
    visit.client, visit.asked = known.facts.client, known.asked
    decision = await run_repeat(context, known, mark, visit=visit)
    return None if isinstance(decision, LookAgain) else decision


async def _decide(context: Context, call: TokenCall, *, visit: Visit, mark: Mark | None) -> _Decided:
    """Prove and decide, again when a proof was overtaken by a change."""
    decided = await _decide_from_memory(context, call, visit=visit, mark=mark)
    if decided is not None:
        return decided
    before = None
    for _ in range(LOOKS_MAX):
        proven = await clients.prove(context, call.presented, before=before)
        if isinstance(proven, Denied):
            return _Decided(proven)
        before = proven
        grant = read_grant(call, proven.client)
        if isinstance(grant, Denied):
            return _Decided(grant, proven.client.id)
        visit.client, visit.former = proven.client, proven.former
        secret = await id_token_secret(context, proven.client)
        decision = await run_grant(context, grant, client=proven.evidence, visit=visit)
        if not isinstance(decision, LookAgain):
            return _Decided(decision, proven.client.id, secret)
    return _Decided(Denied(fault=faults.TEMPORARILY_UNAVAILABLE, why="the app or person kept changing"))


async def _decide_from_memory(context: Context, call: TokenCall, *, visit: Visit, mark: Mark | None) -> _Decided | None:
    """Without reading the app first, which the transaction compares with today's; None where memory carries no yes."""
    recalled = clients.recall(context, call.presented)
    if recalled is None:
        return None
    grant = read_grant(call, recalled.client)
    if isinstance(grant, Denied):
        return None
    visit.client, visit.former = recalled.client, recalled.former
    secret = await id_token_secret(context, recalled.client)
    decision = await run_grant(context, grant, client=recalled.evidence, visit=visit)
    if isinstance(decision, LookAgain):
        return None
    if isinstance(decision, Denied):
        return await _refuse(context, call, decision, visit=visit)
    if mark is not None and secret is None and not recalled.former:
        repeat = repeatable(recalled.facts, recalled.evidence, mark=mark, grant=grant)
        if repeat is not None:
            context.repeats.put(mark.sha256, repeat)
    return _Decided(decision, recalled.client.id, secret)


async def _refuse(context: Context, call: TokenCall, denied: Denied, *, visit: Visit) -> _Decided:
    """Denied by what the transaction saw: the app is proven anew, so that nothing is told to an old secret.

    It is not decided anew: the denial of a stolen token has ended its session.
    """
    proven = await clients.prove(context, call.presented)
    if isinstance(proven, Denied):
        return _Decided(proven)
    assert visit.client is not None, "a grant is decided for an app"
    return _Decided(denied, visit.client.id)


async def _answer(
    context: Context, request: TokenRequest, granted: Granted, *, visit: Visit, secret: HmacSecret | None = None
) -> TokenReply:
    reply = await seal(context, granted, secret, rate=visit.grant(granted))
    note_use(context, granted.client, former=visit.former)
    context.events.granted(
        "token",
        request.request_id,
        client_id=granted.client.id,
        session_id=reply.session_id,
        extension_id=granted.extension.id,
        grant=visit.asked,
    )
    return reply


def _denied(
    context: Context, request: TokenRequest, *, denial: Denied, client_id: ClientId | None, asked: str = ""
) -> Denied:
    if denial.fault in device_faults.WAITING and client_id is not None:
        context.events.done("token", request.request_id, client_id=client_id, changed=False)
        return denial
    context.events.denied(
        "token",
        denial,
        request_id=request.request_id,
        client_id=client_id,
        at_ms=context.clock.now_ms(),
        grant=asked,
    )
    return denial
