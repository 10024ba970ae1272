"""The door: every request comes in here, gets an id, and leaves with an answer.

Hot endpoints are found by one dictionary look-up and answered as plain ASGI; everything else goes through Starlette's
router. Both end in an `Endpoint`, which turns the three kinds of trouble into replies: denials are replies already, a
failure of the world is 503, a defect is 500 with its request id in the log.
"""

import itertools
from bisect import bisect_left
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from enum import Enum
from time import monotonic

from starlette.routing import Router
from starlette.types import ASGIApp, Receive, Scope, Send
from structlog.typing import FilteringBoundLogger

from callgate.model import api_faults, faults
from callgate.model.decisions import Denied
from callgate.model.failure import Unavailable
from callgate.model.policy import Statuses
from callgate.service.figures import GONE, LATENCY_BOUNDS_S, Figures, PathFigures
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


@dataclass(frozen=True, slots=True, kw_only=True)
class Manner:
    """How all endpoints of a server answer, and whom they tell of it: `figures` always, the log where `tells`.

    Each answer has the fields of `always`, and those of a browser's way through OAuth's pages have `pages` too.
    """

    statuses: Statuses
    log: FilteringBoundLogger
    figures: Figures
    always: tuple[Header, ...] = ()
    pages: tuple[Header, ...] = ()
    tells: bool = False


First = Callable[[Scope, Receive, Send], Awaitable[Receive | None]]
"""Looks at each request before any endpoint: gives None where it has answered, else the body for the endpoint."""

BENEATH_OAUTH = "/restapi/oauth/"

UNKNOWN = "(unknown)"
"""Stands for every path that nobody serves."""


class Endpoint:
    """One path and its methods, as an ASGI application."""

    __slots__ = ("_allow", "_always", "_family", "_figures", "_handlers", "_log", "_statuses", "_tells", "path")

    def __init__(self, handlers: Mapping[str, Handler], family: Family, *, path: str, manner: Manner) -> None:
        self._handlers = dict(handlers)
        self._family = family
        self.path = path
        self._figures: PathFigures = manner.figures.path(path)
        self._always = manner.always
        if family is Family.PAGE and path.startswith(BENEATH_OAUTH):
            self._always += manner.pages
        self._statuses = manner.statuses
        self._log = manner.log
        self._tells = manner.tells
        self._allow = ", ".join(sorted({*handlers, "OPTIONS"}))

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request, whatever happens."""
        began_s = monotonic()
        request = Request(scope, receive, scope["callgate.request_id"])
        try:
            reply = await self._answer(request)
        except DisconnectedError:
            self._figures[GONE].add(monotonic() - began_s)
            return
        except (Unavailable, MemoryError) as trouble:
            self._log.warning("unavailable", request_id=request.request_id, trouble=str(trouble) or "no memory")
            reply = envelope.unavailable(oauth=self._is_oauth, statuses=self._statuses)
        except Exception:  # noqa: BLE001 - the edge: a defect is logged with its trace and answered
            self._log.exception("defect", request_id=request.request_id)
            reply = envelope.defect(oauth=self._is_oauth, statuses=self._statuses)
        common, own = self._always, reply.headers
        if self._family is not Family.PAGE:  # a page's own fields are cookies and addresses, no two alike
            common, own = reply.headers + common + cors.headers(request.header(b"origin")), ()
        answer = Answer(reply.status, common, own, request.request_id.encode(), reply.body)
        await send_answer(scope, send, answer=answer)
        seconds = monotonic() - began_s
        seen = self._figures[reply.status]
        seen.counts[bisect_left(LATENCY_BOUNDS_S, seconds)] += 1  # `seen.add`, without the call
        seen.total += seconds
        if self._tells:
            self._tell(request, reply.status, seconds=seconds)

    def _tell(self, request: Request, status: int, *, seconds: float) -> None:
        self._log.info(
            "request",
            request_id=request.request_id,
            method=request.method[:16],
            path=self.path,  # the template: what stands in the place of an id is the caller's
            status=status,
            ms=round(seconds * 1000, 3),
        )

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
        self,
        exact: Mapping[str, Endpoint],
        router: Router,
        *,
        run_id: str,
        networks: Networks | None = None,
        first: First | None = None,
    ) -> None:
        self._first = first
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
        if self._first is not None:
            here = await self._first(scope, receive, send)
            if here is None:
                return
            receive = here
        endpoint = self._exact.get(scope["path"])
        if endpoint is not None:
            await endpoint(scope, receive, send)
        else:
            await self._router(scope, receive, send)

    def path_of(self, scope: Scope) -> str:
        """The template of the path that a request was answered at."""
        endpoint = self._exact.get(scope["path"]) or scope.get("endpoint")
        return endpoint.path if isinstance(endpoint, Endpoint) else UNKNOWN


def not_found(manner: Manner) -> ASGIApp:
    """What answers for paths nobody serves, in the envelope of their neighbourhood (protocol.md N.3)."""

    async def in_oauth(_: Request) -> Reply:
        return envelope.oauth_error(Denied(fault=faults.PATH_UNKNOWN), statuses=manner.statuses)

    async def in_api(_: Request) -> Reply:
        return envelope.api_error(Denied(fault=api_faults.PATH_UNKNOWN))

    def endpoint(handler: Handler, family: Family) -> Endpoint:
        methods = ("GET", "POST", "PUT", "DELETE", "PATCH", "HEAD")
        return Endpoint(dict.fromkeys(methods, handler), family, path=UNKNOWN, manner=manner)

    oauth, api = endpoint(in_oauth, Family.OAUTH), endpoint(in_api, Family.API)

    async def answer(scope: Scope, receive: Receive, send: Send) -> None:
        beneath_oauth = scope["path"].startswith(BENEATH_OAUTH)
        await (oauth if beneath_oauth else api)(scope, receive, send)

    return answer
