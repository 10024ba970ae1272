"""Cross-origin calls, as SDKs in browsers make them (protocol.md L; assurance.md section 1).

Any origin may call the token endpoint, discovery and the API, because none of them looks at a cookie: a page gets what
it could get from its own server with the same token. Pages with cookies (authorize, sign-in, consent) are never here.
"""

from callgate.web.wire import Header, Reply

_EXPOSED = (
    b"Retry-After, RCRequestId, WWW-Authenticate, discovery-required, discovery-tag, "
    b"X-Rate-Limit-Group, X-Rate-Limit-Limit, X-Rate-Limit-Remaining, X-Rate-Limit-Window"
)
_ALLOWED = b"Authorization, Client-Id, X-User-Agent, Content-Type, Discovery-Tag, Accept"
_VARY: Header = (b"vary", b"Origin")


def headers(origin: str | None) -> tuple[Header, ...]:
    """What lets the page of this origin read the reply; the explicit origin, for SDKs send `credentials: include`."""
    if origin is None:
        return (_VARY,)
    return (
        (b"access-control-allow-origin", origin.encode("latin-1")),
        (b"access-control-allow-credentials", b"true"),
        (b"access-control-expose-headers", _EXPOSED),
        _VARY,
    )


def preflight(methods: str) -> Reply:
    """The answer to OPTIONS; the origin's own headers are added like to any reply."""
    return Reply(
        204,
        (
            (b"access-control-allow-methods", methods.encode()),
            (b"access-control-allow-headers", _ALLOWED),
            (b"access-control-max-age", b"600"),
        ),
        b"",
    )
