"""What a request must look like before anybody works on it, and the plain answers to those that do not.

llhttp, under uvicorn, refuses nearly all broken framing (two lengths, a length beside a transfer coding, folded
fields, bare line feeds, chunk junk). Here is what it lets through, and the sizes that it leaves unbounded; how bytes
arrive, and when, belongs to `deadline`. The answers are plain text: whoever frames requests like this is no client
of the protocol, and its envelopes are not owed to them.
"""

from collections.abc import Sequence
from http import HTTPStatus
from typing import NamedTuple

Field = tuple[bytes, bytes]

HEAD_BYTES_MAX = 16 * 1024
"""A client assertion, our cookies and a proxy's fields come to 6 KiB at most; other servers give 8 to 16."""

FIELDS_MAX = 64
"""A browser behind two proxies sends about 30."""

TARGET_BYTES_MAX = 8 * 1024
"""RFC 9110 section 4.1 asks for 8,000 octets at least; an authorize request with every parameter has 2,000."""


class Refusal(NamedTuple):
    """A refusal in plain text; the connection ends with it, for nobody knows where its next request would begin."""

    status: HTTPStatus
    text: str

    def encode(self, fields: Sequence[Field]) -> bytes:
        """The whole response, with the fields that every response of the server carries."""
        body = f"{self.text}\n".encode()
        lines = [f"HTTP/1.1 {self.status.value} {self.status.phrase}".encode()]
        lines += [name + b": " + value for name, value in (*fields, *_FIELDS)]
        return b"\r\n".join((*lines, b"content-length: %d" % len(body), b"", body))


_FIELDS = (
    (b"content-type", b"text/plain; charset=utf-8"),
    (b"cache-control", b"no-store"),
    (b"connection", b"close"),
)

MALFORMED = Refusal(HTTPStatus.BAD_REQUEST, "The request is not well-formed HTTP/1.1.")
HOST_UNCLEAR = Refusal(HTTPStatus.BAD_REQUEST, "The request must have one Host field.")
TUNNEL = Refusal(HTTPStatus.BAD_REQUEST, "This server is no proxy.")
CODING_UNKNOWN = Refusal(HTTPStatus.BAD_REQUEST, "The one transfer coding understood is chunked, in HTTP/1.1.")
PIPELINE_TOO_LONG = Refusal(HTTPStatus.BAD_REQUEST, "Too many requests were sent ahead of their answers.")
TOO_SLOW = Refusal(HTTPStatus.REQUEST_TIMEOUT, "The request took too long to arrive.")
TOO_LARGE = Refusal(HTTPStatus.REQUEST_ENTITY_TOO_LARGE, "The request is too large.")
TARGET_TOO_LONG = Refusal(HTTPStatus.REQUEST_URI_TOO_LONG, "The request target is longer than 8 KiB.")
HEAD_TOO_LARGE = Refusal(HTTPStatus.REQUEST_HEADER_FIELDS_TOO_LARGE, "Send at most 64 header fields and 16 KiB.")
CROWDED = Refusal(HTTPStatus.SERVICE_UNAVAILABLE, "Too many connections are open.")
VERSION_UNKNOWN = Refusal(HTTPStatus.HTTP_VERSION_NOT_SUPPORTED, "Speak HTTP/1.1.")


class Head(NamedTuple):
    """A request's head as llhttp read it: names in lower case, values as sent."""

    method: bytes
    target: bytes
    version: str
    fields: Sequence[Field]


def refuse_head(fields: Sequence[Field], *, method: bytes, target: bytes, version: str) -> Refusal | None:
    """Why a head that llhttp accepted is refused all the same; its size in bytes is `head_bytes`.

    RFC 9112 section 3.2 (one Host), section 3.2.3 (CONNECT), section 6.1 (a transfer coding that is not understood,
    or in HTTP/1.0, leaves the length of the body to guesses); RFC 9110 section 7.1 (no fragment in a target).
    """
    values = dict(fields)  # every request comes by here: the ordinary head costs look-ups, no loop
    if version not in _VERSIONS:
        return VERSION_UNKNOWN
    if len(target) > TARGET_BYTES_MAX:
        return TARGET_TOO_LONG
    if len(fields) > FIELDS_MAX:
        return HEAD_TOO_LARGE
    if (b"host" not in values and version == "1.1") or (len(values) < len(fields) and _values(fields, b"host")[1:]):
        return HOST_UNCLEAR
    if b"transfer-encoding" in values and (version == "1.0" or not _is_plainly_chunked(fields)):
        return CODING_UNKNOWN
    if method == b"CONNECT":
        return TUNNEL
    return MALFORMED if b"#" in target else None


def head_bytes(head: Head) -> int:
    """How long a head was, separators and line ends included."""
    line = len(head.method) + len(head.target) + len("  HTTP/1.1\r\n\r\n")
    return line + sum(len(name) + len(value) + len(": \r\n") for name, value in head.fields)


def without_upgrade(head: Head) -> bytes:
    """The same head, asking for no other protocol: a server may ignore Upgrade (RFC 9110 section 7.8).

    Java's HTTP client asks for HTTP/2 in this way with every first request, those with a body among them.
    """
    options = b",".join(_values(head.fields, b"connection")).lower().split(b",")
    kept = [field for field in head.fields if field[0] not in _UPGRADE]
    if b"close" in {option.strip() for option in options}:
        kept.append((b"connection", b"close"))
    line = b"%s %s HTTP/%s" % (head.method, head.target, head.version.encode())
    return b"\r\n".join((line, *(name + b": " + value for name, value in kept), b"", b""))


_VERSIONS = frozenset({"1.1", "1.0"})
_UPGRADE = frozenset({b"upgrade", b"connection", b"http2-settings"})


def _is_plainly_chunked(fields: Sequence[Field]) -> bool:
    return [value.strip().lower() for value in _values(fields, b"transfer-encoding")] == [b"chunked"]


def _values(fields: Sequence[Field], wanted: bytes) -> list[bytes]:
    return [value for name, value in fields if name == wanted]
