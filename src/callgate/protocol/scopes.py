"""Scope of a token: the app's, narrowed by the request (protocol.md A.5, ruling 9)."""

from callgate.model.client import Client, GrantType
from callgate.model.scope import IDENTITY_SCOPES, SCOPES, covers

_AT_A_BROWSER = frozenset({GrantType.AUTHORIZATION_CODE, GrantType.DEVICE_CODE})
"""Where a person signs in and says yes: their identity may be asked for."""

_KNOWN = SCOPES | IDENTITY_SCOPES


def narrow_scope(client: Client, requested: str | None) -> tuple[str, ...]:
    """What a token of this app may carry of what was asked; everything when nothing was. Empty: only unknown names."""
    names = (requested or "").split()
    if not names:
        return client.scopes
    return tuple(name for name in dict.fromkeys(names) if _may_have(client, name))


def is_within(scope: str, requested: str | None) -> bool:
    """Whether a refresh asks for nothing the session does not have (RFC 6749 section 6).

    Names nobody knows are ignored, as they were when the session opened (ruling 9): clients repeat their first request.
    """
    names = frozenset((requested or "").split())
    known = names & _KNOWN
    granted = scope.split()
    return all(covers(granted, name) for name in known) and bool(known or not names)


def _may_have(client: Client, name: str) -> bool:
    if name in IDENTITY_SCOPES:
        return not client.grants.isdisjoint(_AT_A_BROWSER)
    # Thousands of names fit into a form: those nobody knows are not searched for.
    return name in client.scopes or (name in SCOPES and covers(client.scopes, name))
