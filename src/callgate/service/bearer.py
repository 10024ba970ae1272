"""Bearer tokens admitted: open, compare with the row, mark a first use lazily."""

from callgate.model import api_faults
from callgate.model.decisions import Admitted, Denied
from callgate.model.lookups import SessionLookup
from callgate.model.reference import TokenKind
from callgate.protocol import bearer
from callgate.service.context import Context

_ACCESS = (TokenKind.ACCESS,)


async def admit(context: Context, authorization: str | None, query: bytes) -> Admitted | Denied:
    """Who is calling, from committed rows; works while nothing can be written. Raises Unavailable."""
    token = bearer.read_token(authorization, query, query_tokens=context.policy.query_tokens)
    if isinstance(token, Denied):
        return token
    reference = await context.keeper.open(token, _ACCESS)
    if reference is None:
        return Denied(fault=api_faults.TOKEN_UNREADABLE, why="not an access token of this server")
    lookup = SessionLookup(reference.account_id, reference.row_id)
    decision = bearer.decide(reference, await context.store.read(lookup))
    if isinstance(decision, Admitted) and decision.changes:
        context.store.save_later(decision.changes)
    return decision
