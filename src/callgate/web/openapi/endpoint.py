"""GET /restapi/openapi.json and /restapi/docs: the document for programs and for people, made when first asked for."""

from functools import cached_property

import orjson

from callgate.service.context import Context
from callgate.web.browser import language_of, show_in
from callgate.web.envelope import JSON
from callgate.web.openapi.discovery import OPENAPI
from callgate.web.openapi.document import describe_server
from callgate.web.openapi.reference import read_document
from callgate.web.pages import ApiPage, Locale
from callgate.web.wire import Header, Reply, Request

__all__ = ["DOCS", "OPENAPI", "DocsPage", "OpenapiEndpoint"]

DOCS = "/restapi/docs"

_KEPT: tuple[Header, ...] = ((b"cache-control", b"public, max-age=300"),)


class OpenapiEndpoint:
    """One document for everybody."""

    def __init__(self, context: Context) -> None:
        self._policy = context.policy

    async def __call__(self, _: Request) -> Reply:
        """OpenAPI 3.1, as JSON."""
        return self._reply

    @cached_property
    def _reply(self) -> Reply:
        document = describe_server(self._policy.issuer, statuses=self._policy.statuses)
        return Reply(200, (JSON, *_KEPT), orjson.dumps(document))


class DocsPage:
    """The same, to be read: 200 KB, put together once for each language, for that takes as long as many tokens."""

    def __init__(self, context: Context) -> None:
        self._policy = context.policy
        self._replies: dict[Locale, Reply] = {}

    async def __call__(self, request: Request) -> Reply:
        """The page, framed in the browser's language."""
        locale = language_of(request)
        reply = self._replies.get(locale)
        if reply is None:
            reply = self._replies[locale] = show_in(locale, self._page)
        return reply

    @cached_property
    def _page(self) -> ApiPage:
        issuer = self._policy.issuer
        return read_document(describe_server(issuer, statuses=self._policy.statuses), url=f"{issuer}{OPENAPI}")
