"""Client authentication: exactly one presented method, read from header and body (RFC 6749 section 2.3, ruling 11).

Only reading belongs here; proving is the service's slow work. Order of the guards: header first, since a body may only
repeat it.
"""

import binascii
import re
from dataclasses import dataclass, field
from typing import assert_never

from callgate.model import faults
from callgate.model.client import AuthMethod, Client, Switch
from callgate.model.decisions import Denied
from callgate.model.ids import ClientId
from callgate.model.value import value
from callgate.protocol.forms import Form

ASSERTION_TYPE = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"

_ASSERTED = frozenset({AuthMethod.CLIENT_SECRET_JWT, AuthMethod.PRIVATE_KEY_JWT, AuthMethod.FEDERATED_JWT})

CLIENT_ID_CHARS_MAX = 128
"""Ours have 22; the platform's oldest had 32."""

_BASE64 = re.compile(r"[A-Za-z0-9+/_-]*={0,2}\Z")
_BASIC_CHARS_MAX = 1024
"""An id and a secret of 128 characters each, thrice over for percent-encoding."""


@value
class ClientNamed:
    """No secret: only a client id, as apps that can keep none send it.

    `by_grant`: the assertion that is its grant may prove it as well (RFC 7521 section 4.1).
    """

    client_id: ClientId
    by_grant: bool = False


@value
class SecretPresented:
    """A client id and its secret; `in_body` when there was no header (client_secret_post)."""

    client_id: ClientId
    secret: str = field(repr=False)
    in_body: bool = False


@dataclass(frozen=True, slots=True)
class AssertionPresented:
    """A signed client assertion (RFC 7523 section 2.2); `client_id` is the body's, if sent."""

    client_id: ClientId | None
    assertion: str = field(repr=False)


Presented = ClientNamed | SecretPresented | AssertionPresented


def presented(authorization: str | None, form: Form) -> Presented | Denied:
    """The one way in which this request names or proves its client. Empty parameters count as absent."""
    if form.get("client_assertion") or form.get("client_assertion_type"):
        return _assertion(authorization, form)
    if authorization:
        return _basic(authorization, form)
    client_id, secret = form.get("client_id"), form.get("client_secret")
    if client_id is None:
        return Denied(fault=faults.CLIENT_PROOF_MISSING, why="neither an Authorization header nor client_id")
    if len(client_id) > CLIENT_ID_CHARS_MAX:
        return unknown(client_id)
    if secret is not None:
        return SecretPresented(ClientId(client_id), secret, in_body=True)
    return ClientNamed(ClientId(client_id))


def unknown(client_id: str) -> Denied:
    """No such app; the id is echoed, bounded."""
    return Denied(fault=faults.CLIENT_UNKNOWN, values=(("client_id", client_id[:64]),), why="no such client id")


def method_allowed(client: Client, shown: Presented) -> Denied | None:
    """Whether this app may prove itself in this way: only in the one it is registered for (RFC 9700 section 2.5)."""
    match shown:
        case ClientNamed(by_grant=by_grant):
            if client.auth_method is not AuthMethod.NONE and not (
                by_grant and client.auth_method is AuthMethod.FEDERATED_JWT
            ):
                return Denied(fault=faults.CLIENT_PROOF_MISSING, why=_registered_for(client))
        case SecretPresented(in_body=in_body):
            if client.auth_method is not AuthMethod.CLIENT_SECRET_BASIC:
                return Denied(fault=faults.CLIENT_UNPROVEN, why=_registered_for(client))
            if in_body and Switch.CLIENT_SECRET_POST not in client.switches:
                return Denied(fault=faults.CLIENT_PROOF_MISSING, why="the secret came in the body, without a header")
        case AssertionPresented():
            if client.auth_method not in _ASSERTED:
                return Denied(fault=faults.CLIENT_ASSERTION_INVALID, why=_registered_for(client))
        case _:
            assert_never(shown)
    return None


def _registered_for(client: Client) -> str:
    return f"the app is registered for {client.auth_method.value}"


def _assertion(authorization: str | None, form: Form) -> AssertionPresented | Denied:
    if authorization or form.get("client_secret"):
        return Denied(fault=faults.CLIENT_PROOFS_TWO, why="an assertion beside a secret")
    assertion = form.get("client_assertion")
    if form.get("client_assertion_type") != ASSERTION_TYPE or assertion is None:
        return Denied(fault=faults.CLIENT_ASSERTION_INVALID, why="client_assertion_type or client_assertion")
    client_id = form.get("client_id")
    return AssertionPresented(ClientId(client_id) if client_id else None, assertion)


def _basic(authorization: str, form: Form) -> ClientNamed | SecretPresented | Denied:
    scheme, _, blob = authorization.partition(" ")
    blob = blob.strip()
    if scheme.lower() != "basic" or len(blob) > _BASIC_CHARS_MAX or not _BASE64.match(blob):
        return Denied(fault=faults.AUTHORIZATION_MALFORMED, why="not a Basic header")
    client_id, colon, secret = _debase64(blob).partition(":")
    if not colon or not client_id or len(client_id) > CLIENT_ID_CHARS_MAX:
        return Denied(fault=faults.AUTHORIZATION_MALFORMED, why="no client id before the colon")
    # Header against body, both the caller's own: neither is compared with anything of ours here.
    if form.get("client_id") not in {None, client_id} or form.get("client_secret") not in {None, secret}:
        return Denied(fault=faults.CLIENT_PROOFS_TWO, why="header and body name different clients")
    if not secret:
        return ClientNamed(ClientId(client_id))
    return SecretPresented(ClientId(client_id), secret)


def _debase64(blob: str) -> str:
    """Standard or URL-safe base64, padded or not; what is no text, or spells it in a second way, decodes to nothing."""
    standard = blob.rstrip("=").replace("-", "+").replace("_", "/")
    if len(standard) % 4 == 1:
        return ""
    raw = binascii.a2b_base64(standard + "=" * (-len(standard) % 4))
    if binascii.b2a_base64(raw, newline=False).rstrip(b"=") != standard.encode():
        return ""
    text = raw.decode("utf-8", "replace")
    return "" if "\x00" in text or "\ufffd" in text else text
