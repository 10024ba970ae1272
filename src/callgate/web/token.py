"""POST /restapi/oauth/token and /revoke: the bytes around the services (protocol.md D, F)."""

import orjson

from callgate.model.decisions import Denied
from callgate.model.instant import render_instant
from callgate.service.context import Context
from callgate.service.reply import TokenReply
from callgate.service.revoke import revoke
from callgate.service.token import FORM_BYTES_MAX, TokenRequest, exchange
from callgate.web.envelope import JSON, NO_STORE, oauth_error, rate_headers
from callgate.web.wire import BODY_BYTES_MAX, Reply, Request

_HEADERS = (JSON, *NO_STORE)


class TokenEndpoint:
    """Tokens for a grant."""

    def __init__(self, context: Context) -> None:
        self._context = context

    async def __call__(self, request: Request) -> Reply:
        """Answer with tokens in the documented order, or with the envelope."""
        read = await read_proof(request, bytes_max=FORM_BYTES_MAX)
        outcome = read if isinstance(read, Denied) else await exchange(self._context, read)
        if isinstance(outcome, Denied):
            return oauth_error(outcome, statuses=self._context.policy.statuses)
        headers = _HEADERS + rate_headers(outcome.rate)
        return Reply(200, headers, orjson.dumps(render_tokens(outcome)))


class RevokeEndpoint:
    """The end of a session."""

    def __init__(self, context: Context) -> None:
        self._context = context

    async def __call__(self, request: Request) -> Reply:
        """An empty body typed as JSON for anything well-formed: it satisfies every client tried."""
        read = await read_proof(request)
        outcome = read if isinstance(read, Denied) else await revoke(self._context, read)
        if isinstance(outcome, Denied):
            return oauth_error(outcome, statuses=self._context.policy.statuses)
        return Reply(200, _HEADERS, b"")


def render_tokens(reply: TokenReply) -> dict[str, str | int]:
    """Fields, types and order of protocol.md D.3."""
    times = reply.times
    fields: dict[str, str | int] = {
        "access_token": reply.access_token,
        "token_type": "bearer",
        "expires_in": times.expires_in_s,
    }
    if reply.refresh_token is not None and times.refresh_expires_in_s is not None:
        fields["refresh_token"] = reply.refresh_token
        fields["refresh_token_expires_in"] = times.refresh_expires_in_s
    fields["scope"] = reply.scope
    fields["owner_id"] = reply.owner_id
    fields["endpoint_id"] = reply.endpoint_id
    fields["session_id"] = reply.session_id
    if times.session_expires_in_s is not None and times.session_expires_at_ms is not None:
        fields["session_expires_in"] = times.session_expires_in_s
        fields["session_expiration_time"] = render_instant(times.session_expires_at_ms)
    if times.session_idle_timeout_s is not None:
        fields["session_idle_timeout"] = times.session_idle_timeout_s
    if reply.id_token is not None:
        fields["id_token"] = reply.id_token
    return fields


async def read_proof(request: Request, *, bytes_max: int = BODY_BYTES_MAX) -> TokenRequest | Denied:
    """What a request with a client's proof brings: every part of it that may hold one, bounded."""
    body = await request.body(bytes_max=bytes_max)
    if isinstance(body, Denied):
        return body
    return TokenRequest(
        content_type=request.header(b"content-type") or "",
        body=body,
        query=request.query,
        authorization=request.header(b"authorization"),
        request_id=request.request_id,
        network=request.network,
    )
