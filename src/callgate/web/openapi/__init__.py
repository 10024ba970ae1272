"""The server described by itself: one OpenAPI 3.1 document of everything that machines may ask of it.

Paths, methods, scopes, permissions and refusals are those the server works with; choices and bounds come from the
model. What a request and a reply hold is said here, and tests hold every reply of a real server to it.
"""

from callgate.web.openapi.document import all_told, describe_server
from callgate.web.openapi.endpoint import DOCS, OPENAPI, DocsPage, OpenapiEndpoint
from callgate.web.openapi.reference import read_document

__all__ = ["DOCS", "OPENAPI", "DocsPage", "OpenapiEndpoint", "all_told", "describe_server", "read_document"]
