"""Redirect URIs: what may be registered, and when a sent one is it (protocol.md A.4, RFC 9700 section 4.1).

A sent URI is never taken apart to be judged: it is a registered string, or a registered loopback string but for the
port. So nothing a parser may be talked into can lead elsewhere.
"""

import re
from urllib.parse import unquote

from callgate.model.client import AppKind, Client

URIS_MAX = 10
"""protocol.md A.4."""

URI_CHARS_MAX = 2048
"""Beyond it, browsers and proxies begin to cut."""

_PORT_MAX = 65535
_NATIVE = frozenset(
    {
        AppKind.MOBILE_IOS,
        AppKind.MOBILE_ANDROID,
        AppKind.MOBILE_OTHER,
        AppKind.DESKTOP_WINDOWS,
        AppKind.DESKTOP_MAC,
        AppKind.DESKTOP_OTHER,
    }
)
_TEXT = re.compile(r"[!-~]+")
_FORBIDDEN = frozenset('\\"<>^`{|}')
_SCHEME = re.compile(r"(?P<scheme>[a-z][a-z0-9+.-]*):(?P<rest>.+)")
_WEB = re.compile(
    r"//(?P<host>[a-z0-9](?:[a-z0-9.-]*[a-z0-9])?|\[[0-9a-f:.]+\])(?::(?P<port>[1-9][0-9]{0,4}))?"
    r"(?P<path>/[^?]*)?(?:\?.*)?"
)
_HTTP_HOSTS = frozenset({"localhost", "127.0.0.1", "[::1]"})
_LOOPBACK = re.compile(r"(?P<host>http://(?:127\.0\.0\.1|\[::1\])):(?P<port>[1-9][0-9]{0,4})(?P<rest>(?:[/?].*)?)")

RESPONSE_NAMES = frozenset(
    {
        "code",
        "state",
        "iss",
        "error",
        "error_description",
        "error_uri",
        "expires_in",
        "access_token",
        "token_type",
        "scope",
        "endpoint_id",
        "token_uri",
        "discovery_uri",
    }
)
"""What we add to a redirect: a registered URI that brings one of its own would make it ambiguous."""


def check_registered(uri: str) -> str | None:
    """Why this URI may not be registered, in a short sentence; None when it may."""
    if not 1 <= len(uri) <= URI_CHARS_MAX:
        return f"it must have 1 to {URI_CHARS_MAX} characters"
    if not _TEXT.fullmatch(uri) or _FORBIDDEN & set(uri):
        return "it must be ASCII without spaces, quotes or backslashes"
    if "#" in uri:
        return "it must not have a fragment (RFC 6749 section 3.1.2)"
    if "*" in uri:
        return "wildcards are not supported: register each URI"
    found = _SCHEME.fullmatch(uri)
    if found is None:
        return "it must begin with a scheme in lower case, such as https://"
    if names := _response_names(uri):
        return f"its query must not have the parameter {min(names)}, which the response brings"
    if found["scheme"] in {"http", "https"}:
        return _check_web(found["scheme"], found["rest"])
    if "." not in found["scheme"]:
        return "a private scheme must be a reversed domain name such as com.example.app (RFC 8252 section 7.1)"
    return None


def _response_names(uri: str) -> frozenset[str]:
    fields = uri.partition("?")[2].split("&")
    return RESPONSE_NAMES.intersection(unquote(field.partition("=")[0]) for field in fields)


def _check_web(scheme: str, rest: str) -> str | None:
    found = _WEB.fullmatch(rest)
    if found is None or int(found["port"] or 1) > _PORT_MAX:
        return "it must name a host in lower case, and no user"
    path = (found["path"] or "").lower()
    if ".." in path or "%2e" in path:
        return "its path must not contain dot segments"
    if scheme == "http" and found["host"] not in _HTTP_HOSTS:
        return "http is allowed for localhost only; use https"
    return None


def resolve(client: Client, sent: str | None) -> str | None:
    """The URI to redirect to: the sent one if registered to the letter, or the only registered one; else None."""
    if sent is None:
        return client.redirect_uris[0] if len(client.redirect_uris) == 1 else None
    if sent in client.redirect_uris or _is_loopback_twin(client, sent):
        return sent
    return None


def is_claimed_https(uri: str) -> bool:
    """Whether only the owner of a host can receive what is sent there (RFC 8252 section 7.2)."""
    return uri.startswith("https://")


def _is_loopback_twin(client: Client, sent: str) -> bool:
    """Native apps get any port on the loopback address (RFC 8252 section 7.3); all else stays equal."""
    if client.kind not in _NATIVE:
        return False
    wanted = _LOOPBACK.fullmatch(sent)
    if wanted is None or int(wanted["port"]) > _PORT_MAX:
        return False
    return wanted["host"] + wanted["rest"] in {_without_port(uri) for uri in client.redirect_uris}


def _without_port(uri: str) -> str:
    found = _LOOPBACK.fullmatch(uri)
    return found["host"] + found["rest"] if found else uri
