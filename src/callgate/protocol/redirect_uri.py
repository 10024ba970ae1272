"""Redirect URIs: what may be registered, and when a sent one is it (protocol.md A.4, RFC 9700 section 4.1)."""

from collections.abc import Sequence
from urllib.parse import SplitResult, urlsplit

from callgate.model.client import AppKind, Client

URIS_MAX = 10
URI_CHARS_MAX = 2048
_LOOPBACK = ("127.0.0.1", "::1")
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
_DANGEROUS = frozenset({"javascript", "data", "vbscript", "file", "about", "blob", "view-source"})
_FORBIDDEN = set('\\"<>^`{|} ')


def check_registered(uri: str) -> str | None:
    """Why this URI may not be registered, in a short sentence; None when it may."""
    if not uri or len(uri) > URI_CHARS_MAX:
        return "it must have 1 to 2048 characters"
    if not uri.isascii() or not uri.isprintable() or _FORBIDDEN & set(uri):
        return "it must be ASCII without spaces, quotes or backslashes"
    parts = urlsplit(uri)
    if not parts.scheme or parts.scheme in _DANGEROUS:
        return "its scheme cannot be redirected to"
    if "#" in uri:
        return "it must not have a fragment (RFC 6749 section 3.1.2)"
    if "*" in uri:
        return "wildcards are not supported: register each URI"
    if parts.scheme in {"http", "https"}:
        return _check_web(parts)
    if "." not in parts.scheme and parts.scheme not in {"msal", "app"}:
        return "a private scheme must be a reversed domain name such as com.example.app (RFC 8252 section 7.1)"
    return None


def _check_web(parts: SplitResult) -> str | None:
    if not parts.hostname or "@" in parts.netloc:
        return "it must name a host and no user"
    if ".." in parts.path or "%2e" in parts.path.lower():
        return "its path must not contain dot segments"
    if parts.scheme == "http" and parts.hostname not in {*_LOOPBACK, "localhost"}:
        return "http is allowed for localhost only; use https"
    return None


def resolve(client: Client, sent: str | None) -> str | None:
    """The URI to redirect to: the sent one if registered to the letter, or the only registered one; else None."""
    if sent is None:
        return client.redirect_uris[0] if len(client.redirect_uris) == 1 else None
    if sent in client.redirect_uris:
        return sent
    if client.kind in _NATIVE and _loopback_twin(client.redirect_uris, sent):
        return sent
    return None


def is_claimed_https(uri: str) -> bool:
    """Whether only the owner of a host can receive what is sent there (RFC 8252 section 7.2)."""
    return uri.startswith("https://")


def origin(uri: str) -> str:
    """scheme://host[:port] of a web URI, or `scheme:` of a private one: a CSP source for form-action."""
    parts = urlsplit(uri)
    return f"{parts.scheme}://{parts.netloc}" if parts.netloc else f"{parts.scheme}:"


def _loopback_twin(registered: Sequence[str], sent: str) -> bool:
    """Native apps get any port on the loopback literal (RFC 8252 section 7.3); all else stays equal."""
    if not sent.isascii() or not sent.isprintable() or _FORBIDDEN & set(sent) or "#" in sent or "@" in sent:
        return False
    parts = urlsplit(sent)
    if parts.scheme != "http" or parts.hostname not in _LOOPBACK:
        return False
    port = parts.netloc.rpartition(":")[2]
    if not port.isdigit() or len(port) > len("65535"):
        return False
    return any(_without_port(uri) == _without_port(sent) for uri in registered)


def _without_port(uri: str) -> tuple[str, str | None, str, str]:
    parts = urlsplit(uri)
    return (parts.scheme, parts.hostname, parts.path, parts.query)
