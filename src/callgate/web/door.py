"""The door: every request comes in here, gets an id, and leaves with an answer.

Hot endpoints are found by one dictionary look-up and answered as plain ASGI; everything else goes through Starlette's
router. Both end in an `Endpoint`, which turns the three kinds of trouble into replies: denials are replies already, a
failure of the world is 503, a defect is 500 with its request id in the log.
"""

import itertools
from collections.abc import Mapping
from enum import Enum

from starlette.routing import Router
from starlette.types import ASGIApp, Receive, Scope, Send
from structlog.typing import FilteringBoundLogger

from callgate.model import api_faults, faults
from callgate.model.decisions import Denied
from callgate.model.failure import Unavailable
from callgate.model.policy import Statuses
from callgate.web import cors, envelope
from callgate.web.exchange import Answer
from callgate.web.network import Networks
from callgate.web.tunnel import tunnelled
from callgate.web.wire import NETWORKS, DisconnectedError, Handler, Header, Reply, Request, send_answer


class Family(Enum):
    """Whose envelope errors wear, and whether other origins may read the replies."""

    OAUTH = "oauth"
    API = "api"
    PAGE = "page"


class Endpoint:
    """One path and its methods, as an ASGI application."""

    __slots__ = ("_allow", "_always", "_family", "_handlers", "_log", "_statuses")

    def __init__(
        self,
        handlers: Mapping[str, Handler],
        family: Family,
        *,
        statuses: Statuses,
        log: FilteringBoundLogger,
        always: tuple[Header, ...] = (),
    ) -> None:
        self._handlers = dict(handlers)
        self._family = family
        self._always = always
        self._statuses = statuses
        self._log = log
        self._allow = ", ".join(sorted({*handlers, "OPTIONS"}))

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request, whatever happens."""
        request = Request(scope, receive, scope["callgate.request_id"])
        try:
            reply = await self._answer(request)
        except DisconnectedError:
            return
        except Unavailable as trouble:
            self._log.warning("unavailable", request_id=request.request_id, trouble=str(trouble))
            reply = envelope.unavailable(oauth=self._is_oauth, statuses=self._statuses)
        except Exception:  # noqa: BLE001 - the edge: a defect is logged with its trace and answered
            self._log.exception("defect", request_id=request.request_id)
            reply = envelope.defect(oauth=self._is_oauth, statuses=self._statuses)
        common, own = self._always, reply.headers
        if self._family is not Family.PAGE:  # a page's own fields are cookies and addresses, no two alike
            common, own = reply.headers + common + cors.headers(request.header(b"origin")), ()
        answer = Answer(reply.status, common, own, request.request_id.encode(), reply.body)
        await send_answer(scope, send, answer=answer)

    async def _answer(self, request: Request) -> Reply:
        method = tunnelled(request) if self._family is Family.API else request.method
        if isinstance(method, Denied):
            return envelope.api_error(method)
        handler = self._handlers.get(method)
        if handler is not None:
            return await handler(request)
        if method == "OPTIONS" and self._family is not Family.PAGE:
            return cors.preflight(self._allow)
        if method == "HEAD" and "GET" in self._handlers:
            return await self._handlers["GET"](request)  # the server under us sends its length and keeps its body
        return self._not_allowed(method)

    def _not_allowed(self, method: str) -> Reply:
        if self._is_oauth:
            denied = Denied(fault=faults.METHOD_NOT_ALLOWED, values=(("method", method[:16]),))
            reply = envelope.oauth_error(denied, statuses=self._statuses)
        else:
            reply = envelope.api_error(Denied(fault=api_faults.METHOD_NOT_ALLOWED))
        return reply._replace(headers=(*reply.headers, (b"allow", self._allow.encode())))

    @property
    def _is_oauth(self) -> bool:
        return self._family is not Family.API


class Door:
    """The ASGI application: exact paths first, then the router."""

    def __init__(
        self, exact: Mapping[str, Endpoint], router: Router, *, run_id: str, networks: Networks | None = None
    ) -> None:
        self._networks = networks or Networks()
        self._exact = dict(exact)
        self._router = router
        self._run_id = run_id
        self._serial = itertools.count(1)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Route one HTTP request; anything else is refused."""
        if scope["type"] != "http":
            assert scope["type"] == "lifespan", "websockets are not served"
            await self._router(scope, receive, send)
            return
        scope["callgate.request_id"] = f"{self._run_id}-{next(self._serial):012x}"
        scope[NETWORKS] = self._networks
        endpoint = self._exact.get(scope["path"])
        if endpoint is not None:
            await endpoint(scope, receive, send)
        else:
            await self._router(scope, receive, send)


def not_found(log: FilteringBoundLogger, statuses: Statuses, *, always: tuple[Header, ...] = ()) -> ASGIApp:
    """What answers for paths nobody serves, in the envelope of their neighbourhood (protocol.md N.3)."""

    async def in_oauth(_: Request) -> Reply:
        return envelope.oauth_error(Denied(fault=faults.PATH_UNKNOWN), statuses=statuses)

    async def in_api(_: Request) -> Reply:
        return envelope.api_error(Denied(fault=api_faults.PATH_UNKNOWN))

    def endpoint(handler: Handler, family: Family) -> Endpoint:
        methods = ("GET", "POST", "PUT", "DELETE", "PATCH", "HEAD")
        return Endpoint(dict.fromkeys(methods, handler), family, statuses=statuses, log=log, always=always)

    oauth, api = endpoint(in_oauth, Family.OAUTH), endpoint(in_api, Family.API)

    async def answer(scope: Scope, receive: Receive, send: Send) -> None:
        beneath_oauth = scope["path"].startswith("/restapi/oauth/")
        await (oauth if beneath_oauth else api)(scope, receive, send)

    return answer
