"""What a browser carries to an identity provider and back, in cookies of its own, each under its trip's handle.

A provider's answer comes by a POST from another site, which brings no cookie (SameSite=Lax). So the answer is proven
first and put into a cookie, and the browser is sent on by a GET, which brings both: what it left with and what it came
back with. Somebody else's answer meets no departure, and somebody else's browser has none. Why so:
docs/adr/0023-single-sign-on-at-a-browser.md.
"""

from typing import NamedTuple

import orjson

from callgate.crypto.secrets import mint_endpoint_id
from callgate.model.ids import ConnectionId, ExtensionId
from callgate.service.browser import FORM_STATE_MS, Cookies, Pairs
from callgate.service.context import Context

COOKIE_CHARS_MAX = 3900
"""Browsers keep 4,096 bytes of name, value and attributes (RFC 6265 section 6.1)."""

TRIPS_MAX = 4
"""Departures a browser keeps at a time: tabs that sign in at once. Another sends the others' cookies away."""

TRIP_S = FORM_STATE_MS // 1000
"""How long a trip may take: as long as any page of ours lives."""

_BACK_MS = 60 * 1000
"""A redirect takes a blink."""

_ANSWERED_MS = TRIP_S * 1000
"""Somebody who comes unasked is asked whether they meant to, and may read that page for a while."""


class Departure(NamedTuple):
    """What a browser was sent away with: the authorize request to go on with, if any, and OpenID Connect's secrets."""

    connection_id: ConnectionId
    pairs: Pairs | None
    began_ms: int
    nonce: str = ""
    verifier: str = ""

    def __repr__(self) -> str:
        return f"Departure(connection_id={self.connection_id}, …)"


class Arrival(NamedTuple):
    """An answer that was accepted: whose, about whom, with which trust; `asked` when it answers a request of ours."""

    connection_id: ConnectionId
    extension_id: ExtensionId
    trust_version: int
    asked: bool


def new_handle(context: Context) -> str:
    """The name of one trip: nobody can guess it."""
    return mint_endpoint_id(context.entropy)


def seal_departure(context: Context, departure: Departure, handle: str) -> str | None:
    """The cookie; None when the authorize request is too long for one."""
    payload = orjson.dumps([*departure])
    if len(payload) > COOKIE_CHARS_MAX:
        return None
    expires_ms = context.clock.now_ms() + FORM_STATE_MS
    sealed = context.keeper.rings.sso_box.seal(payload, expires_ms, bound_to=_departure(handle))
    return sealed if len(sealed) <= COOKIE_CHARS_MAX else None


def open_departure(context: Context, cookies: Cookies, handle: str) -> Departure | None:
    """What this browser left with on this trip; None when it is another browser, or long ago."""
    text = dict(cookies.departures).get(handle, "")
    opened = context.keeper.rings.sso_box.open(text, context.clock.now_ms(), bound_to=_departure(handle))
    if not isinstance(opened, bytes):
        return None
    connection_id, pairs, began_ms, nonce, verifier = orjson.loads(opened)
    taken = None if pairs is None else [(name, value) for name, value in pairs]
    return Departure(ConnectionId(connection_id), taken, began_ms, nonce, verifier)


def seal_arrival(context: Context, arrival: Arrival, handle: str) -> str:
    """The cookie."""
    expires_ms = context.clock.now_ms() + (_BACK_MS if arrival.asked else _ANSWERED_MS)
    return context.keeper.rings.sso_box.seal(orjson.dumps([*arrival]), expires_ms, bound_to=_arrival(handle))


def open_arrival(context: Context, cookies: Cookies, handle: str) -> Arrival | None:
    """What came back on this trip."""
    text = dict(cookies.arrivals).get(handle, "")
    opened = context.keeper.rings.sso_box.open(text, context.clock.now_ms(), bound_to=_arrival(handle))
    if not isinstance(opened, bytes):
        return None
    connection_id, extension_id, trust_version, asked = orjson.loads(opened)
    return Arrival(ConnectionId(connection_id), ExtensionId(extension_id), trust_version, asked)


def _departure(handle: str) -> bytes:
    return b"departure:" + handle.encode()


def _arrival(handle: str) -> bytes:
    return b"arrival:" + handle.encode()
